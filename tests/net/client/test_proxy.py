"""The egress proxy: every dial is a CONNECT, and what the proxy does wrong is not the endpoint's fault."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trustme

from hookline.errors import ConfigurationError
from hookline.model.attempt import Cause
from hookline.net.client import Client
from hookline.net.dial import DialRefused
from hookline.net.proxy import Proxy, parse_proxy
from hookline.net.url import parse_url
from tests.net.client.conftest import post
from tests.net.hostile import Conversation, Receiver, RememberingDials, receiving

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def answering(peer: Conversation) -> None:
    while True:
        await peer.answer()


class Tunnels:
    """A correct CONNECT proxy that sends every tunnel to 127.0.0.1."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def __call__(self, peer: Conversation) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await peer.say(ESTABLISHED)
        await asyncio.gather(pump(peer.reader, writer), pump(reader, peer.writer), return_exceptions=True)
        writer.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def through(
    proxy: Receiver, *, names: bool = False, authorization: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Client]:
    where = Proxy(host="127.0.0.1", port=proxy.port, names=names, authorization=authorization)
    client = Client(dial=RememberingDials("192.0.2.7"), proxy=where, tls=tls)
    yield client
    await client.close()


async def test_plain_and_tls_targets_go_through_a_tunnel_to_the_approved_address() -> None:
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("receiver.test").configure_cert(context)
    authority.configure_trust(trusting)
    for tls in (None, context):
        tunnels = Tunnels()
        async with (
            receiving(answering, tls) as receiver,
            receiving(tunnels) as proxy,
            through(proxy, authorization="Basic eA==", tls=trusting) as client,
        ):
            told = [await post(client, receiver.url()) for _ in range(2)]
            assert [(one.status, one.body, one.address) for one in told] == [(200, b"ok", "192.0.2.7")] * 2
            where = f"192.0.2.7:{receiver.port}"
            head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\nProxy-Authorization: Basic eA==\r\n\r\n"
            assert tunnels.heads == [head.encode()]
            assert b"Proxy-Authorization" not in receiver.requests[0]


async def test_names_go_to_a_proxy_that_filters_them() -> None:
    tunnels = Tunnels()
    async with (
        receiving(answering) as receiver,
        receiving(tunnels) as proxy,
        through(proxy, names=True) as client,
    ):
        assert (await post(client, receiver.url())).status == 200
        assert (await post(client, receiver.url("198.51.100.9"))).status == 200
        asked = [head.split(b" ")[1].rpartition(b":")[0] for head in tunnels.heads]
        assert asked == [b"receiver.test", b"192.0.2.7"], "a literal address is still the guard's to approve"


class Refusing:
    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        raise DialRefused(Cause.ADDRESS_REFUSED, "not here")


async def test_what_the_guard_refuses_never_reaches_the_proxy() -> None:
    async with receiving(Tunnels()) as proxy:
        for names, url in ((False, "http://receiver.test/"), (True, "http://10.0.0.1/")):
            client = Client(dial=Refusing(), proxy=Proxy(host="127.0.0.1", port=proxy.port, names=names))
            assert (await post(client, parse_url(url))).cause is Cause.ADDRESS_REFUSED
            await client.close()
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"not HTTP at all\r\n\r\n",
        ESTABLISHED + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 2",
        b"",
    ],
)
async def test_a_proxy_that_refuses_or_fails_is_our_side(answer: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(answer)

    async with receiving(script) as proxy, through(proxy) as client:
        for _ in range(2):
            told = await post(client, parse_url("http://receiver.test/"))
            assert (told.status, told.cause, told.body) == (None, Cause.PROXY_FAILED, b"")


async def test_a_proxy_that_hangs_ends_at_the_deadline() -> None:
    async def script(peer: Conversation) -> None:
        await peer.hang()

    async with receiving(script) as proxy, through(proxy) as client:
        told = await post(client, parse_url("https://receiver.test/"), seconds=0.3)
        assert (told.status, told.cause) == (None, Cause.PROXY_FAILED)
        assert 290 <= told.timings.total <= 550


async def test_a_proxy_that_is_down_is_our_side() -> None:
    async with receiving(answering) as proxy:
        port = proxy.port
    client = Client(dial=RememberingDials(), proxy=Proxy(host="127.0.0.1", port=port))
    assert (await post(client, parse_url("http://receiver.test/"))).cause is Cause.PROXY_FAILED
    await client.close()


async def test_a_tunnel_that_ends_is_the_receiver_again() -> None:
    """Once the tunnel stands, what happens inside it is told as without a proxy."""

    async def silent(peer: Conversation) -> None:
        await peer.request()

    async with receiving(silent) as receiver, receiving(Tunnels()) as proxy, through(proxy) as client:
        assert (await post(client, receiver.url())).cause is Cause.CLOSED


def test_a_proxy_is_written_as_a_url() -> None:
    proxy = parse_proxy("http://us%40er:p%3Ass@proxy.test:3128", names=True)
    basic = "Basic " + base64.b64encode(b"us@er:p:ss").decode()
    assert proxy == Proxy(host="proxy.test", port=3128, authorization=basic, names=True)
    assert parse_proxy("http://[::1]:3128/") == Proxy(host="::1", port=3128)
    assert basic not in repr(proxy)


def test_an_ipv6_address_is_bracketed() -> None:
    assert (
        Proxy(host="p", port=1)
        .connect("2001:db8::1", 443)
        .startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n")
    )


@pytest.mark.parametrize(
    "text", ["", "proxy:3128", "https://secret@proxy:1", "http://proxy", "http://p:x", "http://p:1/x"]
)
def test_a_proxy_url_that_is_not_understood_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_proxy(text)
    assert "secret" not in str(refused.value)
