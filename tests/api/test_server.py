"""The server against clients that are slow, large or malformed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hookline.errors import ConfigurationError
from hookline.server import Server
from hookline.setting_types import Seconds, Secret, Size
from tests.api.conftest import Keys, make_keys
from tests.api.raw import Wire, post, wire
from tests.api.running import Running, serving, settings_for
from tests.engine.gateway import until

EVENT = b'{"type":"a.b","data":1}'


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def tight(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Small limits, so that tests are quick."""
    settings = settings_for(
        tmp_path_factory.mktemp("tight"),
        read_timeout=Seconds(0.5),
        header_limit=Size(4096),
        body_limit=Size(2048),
        batch_limit=Size(4096),
        metrics_token=Secret("m3trics"),
    )
    async with serving(settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def tight_keys(tight: Running) -> Keys:
    return await make_keys(tight)


async def test_a_client_that_leaves_is_no_fault_of_ours(tight: Running, tight_keys: Keys) -> None:
    """It closes in the middle of its body: a line says so, and no line tells of an error within."""
    head = (
        f"PUT /v1/event-types/left.early HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tight_keys['manage']}\r\n"
        "Content-Length: 100\r\n\r\n"
    )
    async with wire(tight.port) as client:
        await client.send(head.encode() + b"{")
        await asyncio.sleep(0.05)  # for the handler to wait for the rest
    await until(lambda: b"left.early" in tight.log.getvalue())
    assert tight.faults() == []


async def test_slow_headers_end_with_408(tight: Running) -> None:
    """A client that sends its headers byte by byte is told so and disconnected at the deadline."""
    async with wire(tight.port) as client:
        await client.send(b"POST /v1/events HTTP/1.1\r\nHost")
        told = await client.rest()
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in told


async def test_a_client_that_says_nothing_is_let_go(tight: Running) -> None:
    """A connection without a byte ends at the deadline."""
    async with wire(tight.port) as client:
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_blank_lines_do_not_keep_a_connection(tight: Running) -> None:
    """Blank lines between requests are neither a request nor a reason to wait for ever."""
    async with wire(tight.port) as client:
        await client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in await client.answer()
        feeding = asyncio.create_task(drip(client, b"\r\n"))
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        feeding.cancel()


async def drip(client: Wire, data: bytes) -> None:
    while True:
        await asyncio.sleep(0.1)
        await client.send(data)


async def test_a_slow_body_ends_with_408(tight: Running, tight_keys: Keys) -> None:
    """A body that does not arrive frees its handler, and leaves no event."""
    whole = post(tight_keys["publish"], EVENT)
    async with wire(tight.port) as client:
        await client.send(whole[:-5])
        told = await client.rest()
    assert told.startswith(b"HTTP/1.1 408 ")
    found = await tight.call("GET", "/v1/events", tight_keys["read"])
    assert found.json["items"] == []


async def test_large_headers_end_with_431(tight: Running) -> None:
    """Whether in one piece, in one endless line, or in many lines: over the limit is over."""
    for head in (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 900 + b"\r\n",
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        async with wire(tight.port) as client:
            await client.send(head)
            told = await client.rest()
        assert told.startswith(b"HTTP/1.1 431 "), told[:80]
        assert told.count(b"HTTP/1.1") == 1


async def test_nothing_behind_a_refusal_is_served(tight: Running) -> None:
    """What a client pipelines behind a refused request is not looked at."""
    async with wire(tight.port) as client:
        large = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5000 + b"\r\n\r\n"
        await client.send(large + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        told = await client.rest()
    assert b"431" in told
    assert b"200 OK" not in told


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 23", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked", b"Content-Length: 23"],
        [b"Content-Length: 23", b"Content-Length: 24"],
        [b"Content-Length: +23"],
        [b"Content-Length: 2 3"],
        [b"Transfer-Encoding: chunked, identity"],
        [b"Con\x00nection: close"],
        [b"X: a\x00b"],
    ],
)
async def test_requests_that_two_servers_could_read_differently(
    tight: Running, tight_keys: Keys, lines: list[bytes]
) -> None:
    """Two lengths, a length and chunks, a NUL: refused before anything is stored."""
    head = [
        b"POST /v1/events HTTP/1.1",
        b"Host: x",
        b"Authorization: Bearer " + tight_keys["publish"].encode(),
    ]
    async with wire(tight.port) as client:
        await client.send(b"\r\n".join([*head, *lines, b"", EVENT]))
        told = await client.rest()
    assert told.startswith(b"HTTP/1.1 400 "), told[:200]


async def test_a_body_that_nobody_waits_for_is_no_request(tight: Running, tight_keys: Keys) -> None:
    """Its request was answered before it was here; then it comes, and looks like one that was met before."""
    known = post(tight_keys["publish"], EVENT)
    async with wire(tight.port) as client:
        for _ in range(3):
            await client.send(known)
            assert b" 202 " in await client.answer()
        head = f"POST /v1/endpoints HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tight_keys['manage']}\r\n"
        await client.send(head.encode() + b"Content-Length: 100000\r\n\r\n")
        assert b" 413 " in await client.answer()
        await client.send(known)
        assert await client.rest() == b""


async def test_413_comes_before_the_body_has_been_read(tight: Running, tight_keys: Keys) -> None:
    """An announced length over the limit is refused at once; chunks are, at the first byte over it."""
    head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
    head %= tight_keys["publish"].encode()
    async with wire(tight.port) as client:
        await client.send(head + b"Content-Length: 1000000000\r\n\r\n")
        assert b" 413 " in await client.answer()
    async with wire(tight.port) as client:
        await client.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"a" * 1024 + b"\r\n")
        await client.send(b"401\r\n" + b"a" * 1025 + b"\r\n")
        told = await client.answer()
        assert b" 413 " in told
        assert b'"code":"body_too_large"' in told
        assert await client.rest() == b""  # and the rest of the body is not waited for


async def test_413_on_the_other_routes(tight: Running, tight_keys: Keys) -> None:
    """A large body to any other route is refused alike."""
    for path, limit in (("/v1/endpoints", 2048), ("/v1/events/batch", 4096), ("/v1/events", 2048)):
        told = await tight.call("POST", path, tight_keys["manage"], body=b" " * (limit + 1))
        assert (told.status, told.code) == (413, "body_too_large"), path


async def test_pipelined_requests_are_answered_in_order(tight: Running, tight_keys: Keys) -> None:
    """Several requests in one write get their answers one after the other."""
    async with wire(tight.port) as client:
        await client.send(post(tight_keys["publish"], EVENT) * 3)
        for _ in range(3):
            assert b" 202 " in await client.answer()


async def test_an_idle_connection_outlives_the_read_timeout(tight: Running, tight_keys: Keys) -> None:
    """Between requests the deadline rests: keep-alive has a time of its own."""
    async with wire(tight.port) as client:
        await client.send(post(tight_keys["publish"], EVENT))
        assert b" 202 " in await client.answer()
        await asyncio.sleep(0.8)  # longer than the read timeout, which is real time in the server
        await client.send(post(tight_keys["publish"], EVENT))
        assert b" 202 " in await client.answer()


async def test_an_upgrade_is_not_taken(tight: Running) -> None:
    """There is nothing to upgrade to; the request is answered as what it is."""
    async with wire(tight.port) as client:
        await client.send(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b" 200 " in await client.answer()


async def test_metrics_ask_for_their_token_when_there_is_one(tight: Running, tight_keys: Keys) -> None:
    """No API key opens them, only the token of the settings."""
    for token, status in (("", 401), (tight_keys["admin"], 401), ("m3trics", 200)):
        assert (await tight.call("GET", "/metrics", token)).status == status


async def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """A port that another program has gives an error that says how to mend it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = Server(settings_for(tmp_path, port=other.getsockname()[1]))
        with pytest.raises(ConfigurationError, match="Cannot listen on") as told:
            await server.bind()
        assert "HOOKLINE_PORT" in told.value.hint
