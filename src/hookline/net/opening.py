"""Opening: from a host name to a connection that is ready for a request: addresses, TCP, CONNECT, TLS."""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Sequence

from hookline.model.attempt import Cause
from hookline.net.answer import Answer
from hookline.net.connection import Connection, Key
from hookline.net.dial import CachedDial, Dial, DialRefused
from hookline.net.failures import SendError, connecting, handshaking
from hookline.net.limits import Limits
from hookline.net.proxy import Proxy
from hookline.net.request import Request
from hookline.net.watch import Watch

_SUCCESS = range(200, 300)
_HANDSHAKE_SLACK = 5.0
"""Seconds after the deadline: the loop's own handshake timer must never be the one that fires."""

_LEAST_SHARE = 1.0
"""Seconds to connect to one of many addresses: a far one must not fail because a name has a thousand."""


class Opener:
    def __init__(self, *, dial: Dial, tls: ssl.SSLContext, proxy: Proxy | None, limits: Limits) -> None:
        self._dial = dial
        self._cached = dial if isinstance(dial, CachedDial) else None
        self._tls = tls
        self._proxy = proxy
        self._limits = limits

    def known(self, host: str, port: int) -> Sequence[str] | None:
        """The approved addresses when that needs no waiting. Raises DialRefused."""
        if self._by_name(host):
            return ("",)
        return None if self._cached is None else self._cached.cached(host, port)

    async def addresses(self, request: Request, watch: Watch) -> Sequence[str]:
        """The approved addresses; one empty one when the proxy resolves the name."""
        host, port = request.url.host, request.url.port
        if self._by_name(host):
            return ("",)
        watch.enter("resolving the host name", Cause.DNS_TIMEOUT)
        try:
            found = await self._dial.addresses(host, port, watch.deadline)
        finally:
            watch.dns = watch.lap()
        if not found:
            raise DialRefused(Cause.DNS_FAILED, "the host name has no address")
        return found

    async def open(
        self, request: Request, addresses: Sequence[str], watch: Watch, lost: Callable[[Connection], None]
    ) -> Connection:
        """A connection to the first address that takes one. Raises SendError, or TimeoutError at the deadline."""
        connection = await self._first(request, addresses, watch, lost)
        try:
            if self._proxy is not None:
                await self._tunnel(self._proxy, connection, request, watch)
            if request.url.scheme == "https":
                await self._secure(connection, request, watch)
        except BaseException:
            connection.abort()
            raise
        return connection

    def _by_name(self, host: str) -> bool:
        """Literal addresses are asked for even then: that the guard can judge without DNS."""
        return self._proxy is not None and self._proxy.names and not _is_address(host)

    async def _first(
        self, request: Request, addresses: Sequence[str], watch: Watch, lost: Callable[[Connection], None]
    ) -> Connection:
        """Each address gets its share of the time that is left, so that one black hole does not eat it all."""
        if self._proxy is not None:
            addresses = addresses[:1]  # the same TCP connection whichever it is
        watch.enter("connecting", Cause.CONNECT_FAILED if self._proxy is None else Cause.PROXY_FAILED)
        failure = SendError(Cause.CONNECT_FAILED, "no address to connect to")
        loop = asyncio.get_running_loop()
        for tried, address in enumerate(addresses):
            share = max((watch.deadline - loop.time()) / (len(addresses) - tried), _LEAST_SHARE)
            try:
                async with asyncio.timeout(share if tried + 1 < len(addresses) else None):
                    connection = await self._connect(key_of(request, address), lost)
            except OSError as error:
                failure = connecting(error)
            else:
                watch.connect = watch.lap()
                return connection
        if self._proxy is not None:
            raise SendError(Cause.PROXY_FAILED, f"the egress proxy: {failure.detail}")
        raise failure

    async def _connect(self, key: Key, lost: Callable[[Connection], None]) -> Connection:
        host, port = (key[4], key[3]) if self._proxy is None else (self._proxy.host, self._proxy.port)
        loop = asyncio.get_running_loop()
        connection = Connection(key, lost)
        try:
            await loop.create_connection(lambda: connection, host, port)
        except BaseException:
            connection.abort()  # it may stand already when the deadline comes between
            raise
        return connection

    async def _tunnel(self, proxy: Proxy, connection: Connection, request: Request, watch: Watch) -> None:
        head = proxy.connect(connection.address or request.url.host, request.url.port)
        answer = await connection.exchange(head, b"", Answer(self._limits, head_only=True), watch)
        watch.connect = watch.lap()
        if answer.cause is not None:
            raise SendError(Cause.PROXY_FAILED, f"the egress proxy: {answer.detail}")
        if answer.status not in _SUCCESS:
            raise SendError(
                Cause.PROXY_FAILED, f"the egress proxy answered CONNECT with status {answer.status}"
            )
        if answer.surplus or connection.closing:
            raise SendError(Cause.PROXY_FAILED, "the egress proxy did not keep the tunnel open")

    async def _secure(self, connection: Connection, request: Request, watch: Watch) -> None:
        watch.enter("securing the connection (TLS handshake)")
        identity = request.identity
        loop = asyncio.get_running_loop()
        slack = watch.deadline - loop.time() + _HANDSHAKE_SLACK
        try:
            transport = await loop.start_tls(
                connection.transport,
                connection,
                self._tls if identity is None else identity.context,
                server_hostname=request.url.host,
                ssl_handshake_timeout=max(slack, 1.0),
            )
        except OSError as error:
            raise handshaking(error) from None
        if transport is None:
            raise SendError(Cause.TLS_FAILED, "the connection ended in the TLS handshake")
        connection.secured(transport)
        watch.tls = watch.lap()


def key_of(request: Request, address: str) -> Key:
    url, identity = request.url, request.identity
    digest = None if identity is None else identity.digest
    return (request.tenant, url.scheme, url.host, url.port, address, digest)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
