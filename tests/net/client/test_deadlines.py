"""One deadline over everything, kept within 250 ms wherever the receiver stalls."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from hookline.model.attempt import Cause, Exchange
from hookline.net.client import Client
from hookline.net.dial import DialRefused
from hookline.net.url import Url, parse_url
from tests.net.client.conftest import post
from tests.net.hostile import Conversation, Dials, RememberingDials, receiving

TIMEOUT = 0.3
LATE = 0.25


async def timed(client: Client, url: Url, body: bytes = b"{}") -> Exchange:
    """Late is what comes after a sleeper of the same length: a machine that stalls keeps both waiting."""
    began = time.monotonic()
    sleeper = asyncio.ensure_future(_woken(TIMEOUT))
    told = await post(client, url, body, seconds=TIMEOUT)
    ended = time.monotonic()
    assert began + TIMEOUT - 0.01 <= ended <= await sleeper + LATE
    assert TIMEOUT - 0.01 <= told.timings.total / 1000 <= ended - began
    return told


class Ahead(asyncio.SelectorEventLoop):
    """Its clock is not the monotonic one: uvloop's on macOS counts the time that a machine has slept."""

    def time(self) -> float:
        return super().time() + 3600


def test_a_deadline_is_one_of_the_loops_own_clock() -> None:
    async def exchanges() -> list[Exchange]:
        async def script(peer: Conversation) -> None:
            await peer.answer()
            await peer.answer()
            await peer.hang()

        client = Client(dial=RememberingDials())
        async with receiving(script) as receiver:
            told = [await post(client, receiver.url(), seconds=TIMEOUT) for _ in range(3)]
        await client.close()
        return told

    with asyncio.Runner(loop_factory=Ahead) as runner:
        told = runner.run(exchanges())
    assert [(one.status, one.cause) for one in told] == [(200, None), (200, None), (None, Cause.TIMEOUT)]
    assert all(one.timings.total < 1000 * (TIMEOUT + LATE) for one in told)


async def _woken(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return time.monotonic()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
async def test_a_receiver_that_never_finishes_its_headers_times_out(client: Client, start: bytes) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(start)
        await peer.hang()

    async with receiving(script) as receiver:
        told = await timed(client, receiver.url())
        assert (told.status, told.cause, told.headers) == (None, Cause.TIMEOUT, ())


async def test_a_receiver_that_never_reads_times_out(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.hang()

    async with receiving(script) as receiver:
        told = await timed(client, receiver.url(), b"b" * 12_000_000)
        assert (told.status, told.cause) == (None, Cause.TIMEOUT)


async def test_bytes_now_and_then_do_not_move_the_deadline(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.request()
        while True:
            await peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
            await asyncio.sleep(0.02)

    async with receiving(script) as receiver:
        assert (await timed(client, receiver.url())).cause is Cause.TIMEOUT


@pytest.mark.parametrize("status", [200, 503])
async def test_a_slow_body_is_cut_and_its_status_kept(client: Client, status: int) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer(f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\n\r\n".encode())
        while True:
            await peer.say(b"z")
            await asyncio.sleep(0.02)

    async with receiving(script) as receiver:
        told = await timed(client, receiver.url())
        assert (told.status, told.truncated, told.cause) == (status, True, None)
        assert told.headers == (("Retry-After", "7"),)
        assert told.body.startswith(b"zz")
        assert told.detail == "the deadline passed inside the body"


async def test_a_used_connection_keeps_each_deadline(client: Client) -> None:
    """A long one first: the timer that it leaves behind must not be the one that counts."""

    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.answer()
        await peer.request()
        await peer.hang()

    async with receiving(script) as receiver:
        assert (await post(client, receiver.url(), seconds=60)).status == 200
        assert (await post(client, receiver.url(), seconds=0.1)).status == 200
        assert (await timed(client, receiver.url())).cause is Cause.TIMEOUT
        assert receiver.connections == 1


async def test_a_late_answer_over_a_short_timer_of_the_exchange_before_arrives(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.request()
        await asyncio.sleep(0.25)
        await peer.say(b"HTTP/1.1 202 Late\r\nContent-Length: 0\r\n\r\n")
        await peer.hang()

    async with receiving(script) as receiver:
        assert (await post(client, receiver.url(), seconds=0.1)).status == 200
        assert (await post(client, receiver.url(), seconds=5)).status == 202


@contextmanager
def swallowing(host: str, port: int = 0) -> Iterator[int]:
    """A full backlog drops what comes next, as a firewall does."""
    with socket.create_server((host, port), backlog=0) as listener, ExitStack() as stack:
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield port


async def test_a_host_that_swallows_connections_fails_to_connect(client: Client) -> None:
    with swallowing("127.0.0.1") as port:
        told = await timed(client, parse_url(f"http://receiver.test:{port}/"))
        assert (told.status, told.cause) == (None, Cause.CONNECT_FAILED)


async def test_an_address_that_swallows_connections_leaves_time_for_the_next() -> None:
    async def script(peer: Conversation) -> None:
        await peer.answer()

    client = Client(dial=RememberingDials("127.0.0.2", "127.0.0.1"))
    async with receiving(script) as receiver:
        with swallowing("127.0.0.2", receiver.port):
            told = await post(client, receiver.url(), seconds=2.2)
        assert (told.status, told.address) == (200, "127.0.0.1")
        assert 1050 <= told.timings.connect <= 1350
    await client.close()


class Hanging:
    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()


class Refusing:
    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        raise DialRefused(Cause.ADDRESS_REFUSED, "not here")

    def cached(self, host: str, port: int) -> Sequence[str] | None:
        return None if host == "unknown.test" else self.refuse()

    def refuse(self) -> Sequence[str]:
        raise DialRefused(Cause.ADDRESS_REFUSED, "not here")


async def test_a_name_that_hangs_times_out() -> None:
    client = Client(dial=Hanging())
    assert (await timed(client, parse_url("http://slow.test/"))).cause is Cause.DNS_TIMEOUT
    await client.close()


@pytest.mark.parametrize("host", ["known.test", "unknown.test"])
async def test_what_the_dial_refuses_is_told_in_its_words(host: str) -> None:
    client = Client(dial=Refusing())
    told = await post(client, parse_url(f"http://{host}/"))
    assert (told.status, told.cause, told.detail) == (None, Cause.ADDRESS_REFUSED, "not here")
    await client.close()


async def test_a_name_without_address_is_a_dns_failure() -> None:
    dial = Dials()
    dial.approved = ()
    client = Client(dial=dial)
    assert (await post(client, parse_url("http://none.test/"))).cause is Cause.DNS_FAILED
    await client.close()
