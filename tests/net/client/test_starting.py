"""`Client.start`: an exchange without a task. Its end is told once, and harms nobody who comes after it."""

import asyncio
import gc
import socket
import time
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from hookline.model.attempt import Cause, Exchange
from hookline.net.client import Client, Request
from hookline.net.url import Url, parse_url
from tests.engine.gateway import until
from tests.net.client.conftest import post
from tests.net.hostile import OK, Conversation, Dials, RememberingDials, receiving

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TIMES = 50


class ClosingBehind(asyncio.Protocol):
    """Answers, and behind every second answer closes its side at once; it goes on counting what comes."""

    def __init__(self, received: list[bytes]) -> None:
        self._received = received
        self._answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        self._answered += 1
        if self._answered > 2:
            return
        self._transport.write(ANSWER)
        if self._answered == 2:
            self._transport.write_eof()


@asynccontextmanager
async def closing_behind(received: list[bytes]) -> AsyncIterator[Url]:
    server = await asyncio.get_running_loop().create_server(lambda: ClosingBehind(received), "127.0.0.1", 0)
    async with server:
        yield parse_url(f"http://receiver.test:{server.sockets[0].getsockname()[1]}/")


async def test_a_receiver_that_closes_right_behind_its_answer_gets_each_request_once(client: Client) -> None:
    """The next exchange begins in the very call that ends the last, and must not meet the close."""
    received: list[bytes] = []
    told: list[Exchange] = []
    ready = asyncio.Event()

    async with closing_behind(received) as url:
        request = Request(url=url, body=b"{}")

        def over(exchange: Exchange) -> None:
            told.append(exchange)
            if len(told) < TIMES:
                client.start(request, over)
            else:
                ready.set()

        client.start(request, over)
        async with asyncio.timeout(10):
            await ready.wait()
    assert [one.status for one in told] == [200] * TIMES
    assert not any(one.resent for one in told)
    assert len(received) == TIMES


async def test_to_cancel_what_has_ended_harms_nobody(client: Client) -> None:
    """Its connection may be another's by then."""
    gate = asyncio.Event()

    async def script(peer: Conversation) -> None:
        await peer.answer()
        await peer.answer()
        await peer.request()
        await gate.wait()
        await peer.say(OK)
        await peer.hang()

    async with receiving(script) as receiver:
        request = Request(url=receiver.url(), body=b"{}")
        await post(client, receiver.url())
        ended: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
        first = client.start(request, ended.set_result)
        assert (await ended).status == 200
        second = asyncio.ensure_future(client.send(request))
        await until(lambda: len(receiver.requests) == 3)
        first.cancel()
        gate.set()
        assert (await second).status == 200
        assert receiver.connections == 1


class Heavy:
    """What an exchange's caller keeps until it is told: an event, its body."""

    def told(self, exchange: Exchange) -> None:
        self.exchange = exchange


async def told_to_somebody(client: Client, request: Request) -> "weakref.ref[Heavy]":
    somebody = Heavy()
    client.start(request, somebody.told)
    await until(lambda: hasattr(somebody, "exchange"))
    return weakref.ref(somebody)


async def test_an_idle_connection_keeps_nothing_of_its_last_exchange(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        while True:
            await peer.answer()

    async with receiving(script) as receiver:
        request = Request(url=receiver.url(), body=b"{}")
        await post(client, receiver.url())
        gc.disable()
        try:
            assert (await told_to_somebody(client, request))() is None
        finally:
            gc.enable()
        assert receiver.connections == 1


class Broken(RememberingDials):
    """A bug of ours."""

    def cached(self, host: str, port: int) -> Sequence[str] | None:
        raise ZeroDivisionError("nobody foresaw this")


async def test_a_bug_of_ours_is_told_and_ends_the_exchange_all_the_same() -> None:
    client = Client(dial=Broken())
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    told = await client.send(Request(url=parse_url("http://receiver.test/")))
    assert (told.cause, told.detail) == (Cause.NOT_SENT, "It could not be sent: ZeroDivisionError")
    assert [type(fault["exception"]) for fault in faults] == [ZeroDivisionError]
    await client.close()


async def test_who_is_told_and_fails_keeps_no_neighbour_from_hearing(client: Client) -> None:
    async def script(peer: Conversation) -> None:
        while True:
            await peer.answer()

    def failing(exchange: Exchange) -> None:
        raise ZeroDivisionError(exchange.status)

    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with receiving(script) as receiver:
        await asyncio.gather(*(post(client, receiver.url()) for _ in range(4)))
        heard: list[Exchange] = []
        request = Request(url=receiver.url(), body=b"{}")
        for tell in (failing, heard.append, failing, heard.append):
            client.start(request, tell)
        await until(lambda: len(heard) == len(faults) == 2)
    assert [one.status for one in heard] == [200, 200]


@pytest.mark.parametrize("dial", [Dials, RememberingDials])
async def test_its_end_is_never_told_from_inside_the_beginning(dial: type[Dials]) -> None:
    client = Client(dial=dial())
    await client.close()
    told: list[Exchange] = []
    client.start(Request(url=parse_url("http://receiver.test/")), told.append)
    assert told == []
    await asyncio.sleep(0.05)
    assert [one.cause for one in told] == [Cause.NOT_SENT]


async def _accepted(listener: socket.socket) -> socket.socket:
    peer, _ = await asyncio.get_running_loop().sock_accept(listener)
    peer.setblocking(False)
    return peer


async def _answered(peer: socket.socket, answer: bytes) -> bytes:
    """The request that came, after it was answered so."""
    loop = asyncio.get_running_loop()
    request = await loop.sock_recv(peer, 65_536)
    await loop.sock_sendall(peer, answer)
    return request


async def test_what_a_receiver_says_before_the_request_is_sent_answers_nothing(client: Client) -> None:
    """The next request waits for the end of the turn in which its connection says 200 by itself."""
    loop = asyncio.get_running_loop()
    told: list[Exchange] = []
    near, far = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, near, far:
        listener.setblocking(False)
        request = Request(url=parse_url(f"http://receiver.test:{listener.getsockname()[1]}/"), body=b"{}")
        client.start(request, told.append)
        with await _accepted(listener) as kept:
            await _answered(kept, ANSWER)
            await until(lambda: len(told) == 1)

            def begin() -> None:
                loop.remove_reader(near)
                client.start(request, told.append)

            loop.add_reader(near, begin)
            await asyncio.sleep(0)
            far.send(
                b"!"
            )  # both are there when the loop looks: first the reason to begin, then the answer to nothing
            kept.send(ANSWER)
            async with asyncio.timeout(5):
                fresh = await _accepted(listener)
            with fresh:
                assert b"POST" in await _answered(fresh, ANSWER.replace(b"200 OK", b"201 Made"))
                await until(lambda: len(told) == 2)
            assert b"POST" not in await loop.sock_recv(kept, 65_536), "a request on a connection given up"
    assert [one.status for one in told] == [200, 201]
    assert not told[1].resent, "the receiver cannot have seen it twice"


async def _kept(client: Client, listener: socket.socket, request: Request) -> socket.socket:
    """The receiver's end of a connection that waits for its second request."""
    told: list[Exchange] = []
    client.start(request, told.append)
    kept = await _accepted(listener)
    await _answered(kept, ANSWER)
    await until(lambda: len(told) == 1)
    return kept


async def test_a_deadline_that_passes_within_the_turn_does_not_count_against_the_receiver(
    client: Client,
) -> None:
    loop = asyncio.get_running_loop()
    told: list[Exchange] = []
    near, far = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, near, far:
        listener.setblocking(False)
        url = parse_url(f"http://receiver.test:{listener.getsockname()[1]}/")
        with await _kept(client, listener, Request(url=url, body=b"{}")) as kept:

            def begin() -> None:
                loop.remove_reader(near)
                client.start(Request(url=url, body=b"second", timeout=0.02), told.append)
                time.sleep(0.05)  # a turn that takes longer than the request may

            loop.add_reader(near, begin)
            far.send(b"!")
            async with asyncio.timeout(5):
                assert b"second" in await _answered(kept, ANSWER)
                await until(lambda: len(told) == 1)
    assert told[0].status == 200


@pytest.mark.parametrize("ending", ["cancel", "close"])
async def test_what_ends_before_it_is_sent_is_told_once_and_writes_nothing(
    client: Client, ending: str
) -> None:
    loop = asyncio.get_running_loop()
    told: list[Exchange] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = parse_url(f"http://receiver.test:{listener.getsockname()[1]}/")
        with await _kept(client, listener, Request(url=url, body=b"{}")) as kept:
            sending = client.start(Request(url=url, body=b"second"), told.append)
            if ending == "cancel":
                sending.cancel()
            else:
                await client.close()
            async with asyncio.timeout(5):
                await until(lambda: bool(told))
                with suppress(ConnectionResetError):
                    assert await loop.sock_recv(kept, 65_536) == b""
    assert [one.cause for one in told] == [Cause.INTERRUPTED]
