"""The doctor's look at the network: names, the proxy, TLS to the outside, our port, a gateway that runs."""

import asyncio
import socket

import msgspec

from hookline.address import address_of
from hookline.cli.findings import Finding, fail, ok, warn
from hookline.client.faults import Unreachable
from hookline.client.gateway import Gateway
from hookline.client.requests import Request as ApiRequest
from hookline.clock import SystemClock
from hookline.config import Settings
from hookline.net.client import Client
from hookline.net.dial import DialRefused
from hookline.net.dns import DnsResolver
from hookline.net.guard import Guard
from hookline.net.proxy import Proxy, parse_proxy
from hookline.net.request import Request
from hookline.net.url import parse_url

OUTSIDE = "example.com"
_SECONDS = 5.0


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What /readyz tells."""

    ready: bool
    database: str = ""
    node: str = ""


async def network(settings: Settings, *, online: bool) -> list[Finding]:
    text = settings.proxy.reveal()
    proxy = parse_proxy(text, names=settings.proxy_resolves_names) if text else None
    found = [await _proxy(proxy)]
    resolver = DnsResolver(SystemClock())
    try:
        found.append(await _names(resolver))
        if online:
            found.append(await _tls(settings, resolver, proxy))
    finally:
        await resolver.close()
    return found


def port(settings: Settings) -> Finding:
    check, place = "port", f"{settings.host} port {settings.port}"
    if settings.port == 0:
        return ok(check, "a free one is taken at start")
    ready = _readiness(address_of(settings.host, settings.port))
    if ready is not None:
        return ok(check, f"{place} is taken by a gateway that runs")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return fail(
                check,
                f"{place} cannot be had: {error.strerror or error}",
                "Stop whoever uses it, or set HOOKLINE_PORT to another one.",
            )
    return ok(check, f"{place} is free")


def gateway(settings: Settings) -> Finding:
    check, url = "gateway", settings.url or address_of(settings.host, settings.port)
    ready = _readiness(url)
    if ready is None:
        return ok(check, f"none runs at {url}")
    if ready == "":
        return ok(check, f"{url} is ready")
    return fail(check, f"{url} is not ready: {ready}", "See its log.")


def _readiness(url: str) -> str | None:
    """Empty: ready; else why not. None: no Hookline answers there."""
    try:
        with Gateway(url, timeout=_SECONDS) as there:
            answer = there.send(ApiRequest(method="GET", path="/readyz"))
        told = msgspec.json.decode(answer.body, type=_Ready)
    except (Unreachable, ValueError, msgspec.MsgspecError):
        return None
    return "" if told.ready else f"database {told.database}, node {told.node}"


async def _names(resolver: DnsResolver) -> Finding:
    check = "DNS"
    try:
        found = await resolver.resolve(OUTSIDE, asyncio.get_running_loop().time() + _SECONDS)
    except (DialRefused, TimeoutError) as error:
        return warn(
            check,
            f"{OUTSIDE} does not resolve: {error}",
            "Check /etc/resolv.conf. Without names only endpoints by address can be reached.",
        )
    return ok(check, f"{OUTSIDE} resolves to {found[0]}")


async def _proxy(proxy: Proxy | None) -> Finding:
    check = "proxy"
    if proxy is None:
        return ok(check, "none is set; requests go out directly")
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(proxy.host, proxy.port)
    except (OSError, TimeoutError) as error:
        why = str(error) or "no answer in time"
        return fail(check, f"{proxy.host}:{proxy.port} cannot be reached: {why}", "See HOOKLINE_PROXY.")
    writer.close()
    return ok(check, f"{proxy.host}:{proxy.port} takes connections")


async def _tls(settings: Settings, resolver: DnsResolver, proxy: Proxy | None) -> Finding:
    check, url = "outbound TLS", f"https://{OUTSIDE}/"
    guard = Guard(resolver=resolver, nat64=settings.nat64)
    client = Client(dial=guard, proxy=proxy)
    try:
        exchange = await client.send(Request(url=parse_url(url), method="GET", timeout=_SECONDS * 2))
    finally:
        await client.close()
    if exchange.status is None:
        return fail(
            check,
            f"{url}: {exchange.cause}: {exchange.detail}",
            "Check the firewall, the proxy (HOOKLINE_PROXY) and the system's certificates.",
        )
    return ok(check, f"{url} answers {exchange.status} over TLS in {exchange.timings.total:.0f} ms")
