"""The hot way past uvicorn's ASGI cycle: which requests take it, and that all others take uvicorn's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from hookline import server_protocol
from hookline.api.app import send_answer
from hookline.api.problem import Answer
from hookline.api.reading import Receive, Scope, Send, read_body
from hookline.server import Server
from hookline.server_hot import MAX_BODY
from hookline.server_protocol import GuardedProtocol
from hookline.server_repeat import PATIENCE, Head
from tests.api.raw import Wire, wire
from tests.api.running import settings_for
from tests.engine.gateway import until

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


def noting(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request that came with a head in memory had that head."""
    taken: list[bool] = []
    plain = GuardedProtocol._repeated

    def noted(self: GuardedProtocol, head: Head, data: bytes) -> bool:
        taken.append(plain(self, head, data))
        return taken[-1]

    monkeypatch.setattr(GuardedProtocol, "_repeated", noted)
    return taken


async def test_a_head_that_comes_again_is_not_read_again(
    client: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the third request on, at the latest. Were it always read, everything would work and be slower."""
    taken = noting(monkeypatch)
    for size in (0, 1, 10, 3000, MAX_BODY // 2):
        await client.send(post(b"x" * size))
        assert body_of(await client.answer()) == b"direct POST /v1/events %d" % size
    assert taken[:2] == [True, True]


async def test_heads_that_never_come_again_are_soon_not_remembered(
    client: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client writes each anew, with a trace or a key: remembering would cost more than it brings."""
    remembered: list[bytes] = []
    monkeypatch.setattr(server_protocol, "head_of", lambda data, *_: remembered.append(data))
    for number in range(3 * PATIENCE):
        await client.send(post(b"x", b"Traceparent: %d" % number))
        assert body_of(await client.answer()) == b"direct POST /v1/events 1"
    assert len(remembered) == PATIENCE


async def test_a_new_head_takes_the_place_of_the_last(client: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """And each that is met makes good for those that were not."""
    taken = noting(monkeypatch)
    for number in range(2 * PATIENCE):
        for _ in range(3):
            await client.send(post(b"x", b"X-Number: %d" % number))
            await client.answer()
    assert taken.count(True) >= 2 * (2 * PATIENCE) - 1


async def test_a_body_that_looks_like_a_request_is_a_body(client: Wire) -> None:
    """In pieces, so that it stands alone in what is read: between two requests alone may a head be met."""
    inner = post(b"inner")
    for _ in range(3):
        await client.send(post(b"outer"))
        assert body_of(await client.answer()) == b"direct POST /v1/events 5"
    whole = post(inner)
    await client.send(whole[: -len(inner)])
    await asyncio.sleep(0.05)
    await client.send(inner)
    assert body_of(await client.answer()) == b"direct POST /v1/events %d" % len(inner)
    await client.send(post(b"z"))
    assert body_of(await client.answer()) == b"direct POST /v1/events 1"


async def test_a_request_that_begins_inside_another_head_is_a_header(held: tuple["Holding", Wire]) -> None:
    application, client = held
    await known(application, client)
    await client.send(b"POST /v1/events HTTP/1.1\r\nX-Inner: ")
    await asyncio.sleep(0.05)
    await client.send(post(b"x"))
    await application.begun(1)
    headers = dict(application.answer()["headers"])
    assert headers[b"x-inner"] == b"POST /v1/events HTTP/1.1"
    assert body_of(await client.answer()) == b"held"


class Holding(TwoWays):
    """Answers when it is told to, with the headers that it was given."""

    def __init__(self) -> None:
        super().__init__(begins=True)
        self.waiting: list[tuple[Scope, Callable[[Answer], None]]] = []

    def begin(self, scope: Scope, body: bytes, done: Callable[[Answer], None]) -> bool:
        self.waiting.append((scope, done))
        return True

    def answer(self) -> Scope:
        scope, done = self.waiting.pop(0)
        done(Answer(200, [], b"held"))
        return scope

    async def begun(self, count: int) -> None:
        await until(lambda: len(self.waiting) >= count)


@pytest_asyncio.fixture(loop_scope="session")
async def held(tmp_path: Path) -> AsyncIterator[tuple[Holding, Wire]]:
    application, server = Holding(), Server(settings_for(tmp_path))
    await server.bind()
    await server.start(application)
    async with wire(server.port) as found:
        yield application, found
    while application.waiting:
        application.answer()
    await server.stop()


async def known(application: Holding, client: Wire) -> None:
    """Until its head is remembered."""
    for _ in range(3):
        await client.send(post(b"x"))
        await application.begun(1)
        application.answer()
        assert body_of(await client.answer()) == b"held"


async def test_a_known_head_waits_for_the_answer_before_it(held: tuple[Holding, Wire]) -> None:
    application, client = held
    await known(application, client)
    await client.send(post(b"first"))
    await application.begun(1)
    await client.send(post(b"second"))
    await asyncio.sleep(0.05)
    assert len(application.waiting) == 1
    application.answer()
    assert body_of(await client.answer()) == b"held"
    assert (
        body_of(await client.answer()) == b"cycle POST /v1/events 6"
    )  # it was behind another: uvicorn's own way


async def test_the_headers_are_those_of_this_request(held: tuple[Holding, Wire]) -> None:
    application, client = held
    await known(application, client)
    seen = []
    for body in (b"1", b"22", b"333"):
        await client.send(post(body))
        await application.begun(1)
        seen.append(application.answer())
        await client.answer()
    assert [dict(scope["headers"])[b"content-length"] for scope in seen] == [b"1", b"2", b"3"]
    assert [len(scope["headers"]) for scope in seen] == [2, 2, 2]
    assert {(scope["path"], scope["method"], scope["client"][0]) for scope in seen} == {
        ("/v1/events", "POST", "127.0.0.1")
    }


async def test_a_known_head_that_waits_is_not_an_idle_connection(
    held: tuple[Holding, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer may take longer than a connection may be idle, and longer than a request may take to arrive."""
    application, client = held
    protocols: list[GuardedProtocol] = []
    plain = GuardedProtocol._repeated

    def noted(self: GuardedProtocol, head: Head, data: bytes) -> bool:
        protocols.append(self)
        return plain(self, head, data)

    monkeypatch.setattr(GuardedProtocol, "_repeated", noted)
    await known(application, client)
    await client.send(post(b"slow"))
    await application.begun(1)
    assert [one is None for one in (protocols[-1]._idle_since, protocols[-1]._deadline)] == [True, True]
    assert protocols[-1]._first == b""  # it may hold a body
    application.answer()
    assert body_of(await client.answer()) == b"held"
