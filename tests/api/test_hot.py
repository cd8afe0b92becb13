"""The hot way past uvicorn's ASGI cycle: which requests take it, and that all others take uvicorn's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from hookline.api.app import send_answer
from hookline.api.problem import Answer
from hookline.api.reading import Receive, Scope, Send, read_body
from hookline.server import Server
from hookline.server_hot import MAX_BODY
from hookline.server_protocol import GuardedProtocol
from hookline.server_repeat import PATIENCE, Head
from tests.api.raw import Wire, wire
from tests.api.running import settings_for

HOT = b"/v1/events"


class TwoWays:
    """An application that answers which way a request has come, and what it held."""

    def is_hot(self, target: bytes) -> bool:
        return target == HOT

    def __init__(self, *, begins: bool) -> None:
        """`begins`: it answers without a task."""
        self._begins = begins

    def begin(self, scope: Scope, body: bytes, done: Callable[[Answer], None]) -> bool:
        if self._begins:
            asyncio.get_running_loop().call_soon(done, self._told(b"direct", scope, body))
        return self._begins

    async def direct(self, scope: Scope, receive: Receive) -> Answer | None:
        return await self._answer(b"direct", scope, receive)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(send, await self._answer(b"cycle", scope, receive))

    async def _answer(self, way: bytes, scope: Scope, receive: Receive) -> Answer:
        return self._told(way, scope, await read_body(scope, receive, 1_000_000))

    def _told(self, way: bytes, scope: Scope, body: bytes) -> Answer:
        told = f" {scope['method']} {scope['path']} {len(body)}".encode()
        return Answer(200, [(b"content-type", b"text/plain")], way + told)


@pytest_asyncio.fixture(loop_scope="session", params=[False, True], ids=["task", "begun"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Wire]:
    server = Server(settings_for(tmp_path))
    await server.bind()
    await server.start(TwoWays(begins=request.param))
    async with wire(server.port) as found:
        yield found
    await server.stop()


def post(body: bytes, *more: bytes, path: bytes = HOT) -> bytes:
    head = [b"POST " + path + b" HTTP/1.1", b"Host: x", *more, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*head, b"", body])


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


async def test_a_plain_request_takes_it_again_and_again_on_one_connection(client: Wire) -> None:
    """In whatever pieces it comes. Were it never taken, everything would work and be slow."""
    for size in (0, 1, MAX_BODY):
        await client.send(post(b"x" * size))
        assert body_of(await client.answer()) == b"direct POST /v1/events %d" % size
    for piece in (b"POST /v1/ev", b"ents HTTP/1.1\r\nHost: x\r\nContent-", b"Length: 4\r\n\r\n12", b"34"):
        await client.send(piece)
    assert body_of(await client.answer()) == b"direct POST /v1/events 4"


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (post(b"x", path=b"/v1/tenants"), b"cycle POST /v1/tenants 1"),
        (post(b"x", path=b"/v1/events?a=b"), b"cycle POST /v1/events 1"),
        (post(b"x" * (MAX_BODY + 1)), b"cycle POST /v1/events %d" % (MAX_BODY + 1)),
        (b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", b"cycle GET /v1/events 0"),
        (
            b"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            b"cycle POST /v1/events 2",
        ),
    ],
    ids=["path", "query", "large", "method", "chunked"],
)
async def test_what_is_not_plain_does_not_and_the_next_one_does(
    client: Wire, request_: bytes, told: bytes
) -> None:
    await client.send(request_)
    assert body_of(await client.answer()) == told
    await client.send(post(b"abc"))
    assert body_of(await client.answer()) == b"direct POST /v1/events 3"


async def test_whoever_waits_for_a_hundred_gets_it(client: Wire) -> None:
    whole = post(b"abc", b"Expect: 100-continue")
    await client.send(whole[:-3])
    assert (await client.answer()).startswith(b"HTTP/1.1 100 ")
    await client.send(b"abc")
    assert body_of(await client.answer()) == b"cycle POST /v1/events 3"


async def test_requests_sent_at_once_are_answered_in_order(client: Wire) -> None:
    """A second one that comes before the first is answered waits, in uvicorn's own queue."""
    await client.send(b"".join(post(b"x" * size) for size in (1, 2, 3)))
    answers = [body_of(await client.answer()) for _ in range(3)]
    assert [answer.rpartition(b" ")[2] for answer in answers] == [b"1", b"2", b"3"]
    assert answers[0].startswith(b"direct")


async def test_a_client_that_will_send_no_more_is_told_that_the_connection_ends(client: Wire) -> None:
    await client.send(post(b"x", b"Connection: close"))
    answer = await client.rest()
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert body_of(answer) == b"direct POST /v1/events 1"


async def test_a_head_that_comes_again_is_not_read_again(
    client: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the third request on, at the latest. Were it always read, everything would work and be slower."""
    taken: list[bool] = []
    plain = GuardedProtocol._repeated

    def noted(self: GuardedProtocol, head: Head, data: bytes) -> bool:
        taken.append(plain(self, head, data))
        return taken[-1]

    monkeypatch.setattr(GuardedProtocol, "_repeated", noted)
    for size in (0, 1, 10, 3000, MAX_BODY // 2):
        await client.send(post(b"x" * size))
        assert body_of(await client.answer()) == b"direct POST /v1/events %d" % size
    assert taken[:2] == [True, True]


async def test_heads_that_never_come_again_are_soon_not_remembered(client: Wire) -> None:
    """Its client writes each anew, with a trace or a key: remembering would cost more than it brings."""
    for number in range(2 * PATIENCE):
        await client.send(post(b"x" * number, b"Traceparent: %d" % number))
        assert body_of(await client.answer()) == b"direct POST /v1/events %d" % number
