"""Hot requests: the two publishing routes, answered without uvicorn's ASGI cycle, which costs more than the route.

A `HotExchange` stands where uvicorn's protocol keeps its cycle, and does as one: it gathers the body, runs once it
is whole, writes the answer at once and hands the connection back. Whatever is not plain (a large or chunked body,
`Expect`, pipelining, another path) takes uvicorn's own way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hookline.api.problem import NO_CONTENT, Answer
from hookline.api.reading import Message, Receive, Scope

MAX_BODY = 64 * 1024
"""Bytes of a body that is gathered here; above, uvicorn's flow control is wanted."""
_RawHeaders = Sequence[tuple[bytes, bytes]]


class Direct(Protocol):
    """What an application offers beside ASGI."""

    def is_hot(self, target: bytes) -> bool:
        """Whether a POST to this path, with or without a query, may be answered here."""
        ...

    def begin(self, scope: Scope, body: bytes, done: Callable[[Answer], None]) -> bool:
        """Answer without a task: True when `done` will be called, once and later; False: ask `direct`."""
        ...

    async def direct(self, scope: Scope, receive: Receive) -> Answer | None:
        """The answer, whatever happens; None when the client is gone."""
        ...


class HotExchange:
    """The attributes are those that uvicorn's protocol reads and writes on its cycle (0.54)."""

    def __init__(
        self,
        *,
        direct: Direct,
        scope: Scope,
        keep_alive: bool,
        start: Callable[[Awaitable[None]], None],
        write: Callable[["HotExchange", Answer], None],
    ) -> None:
        self.body = b""
        self.more_body = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.keep_alive = keep_alive
        self._direct = direct
        self._scope = scope
        self._start = start
        self._write = write
        self._begun = False

    @property
    def message_event(self) -> "HotExchange":
        """Itself, made when asked for: kept, it would be a cycle that only the collector ends."""
        return self

    def set(self) -> None:
        """Uvicorn says that something has arrived."""
        if not (self.more_body or self._begun or self.disconnected):
            self._begun = True
            if not self._direct.begin(self._scope, self.body, self._answer):
                self._start(self._run())

    async def _run(self) -> None:
        answer = await self._direct.direct(self._scope, self._receive)
        if answer is not None:
            self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        if not self.disconnected:
            self.response_started = self.response_complete = True
            self._write(self, answer)

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": self.body, "more_body": False}


def is_plain(headers: _RawHeaders) -> bool:
    """Whether the body has a length that is small, and nothing is expected in between."""
    length = -1
    for name, value in headers:
        if name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name in {b"transfer-encoding", b"expect", b"upgrade"}:
            return False
    return 0 <= length <= MAX_BODY


def answer_bytes(answer: Answer, defaults: _RawHeaders, *, keep_alive: bool) -> bytes:
    parts = [STATUS_LINE[answer.status]]
    for name, value in (*defaults, *answer.headers):
        parts += (name, b": ", value, b"\r\n")
    ends = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
    if answer.status in NO_CONTENT:
        parts.append(ends)
    else:
        parts += (b"content-length: %d\r\n" % len(answer.body), ends, answer.body)
    return b"".join(parts)


def direct_of(app: Any) -> Direct | None:
    """`app` itself, when it offers the direct way; a middleware around it (trusted proxies) does not."""
    return app if all(hasattr(app, name) for name in ("begin", "direct", "is_hot")) else None


def started(tasks: "set[asyncio.Task[None]]", loop: asyncio.AbstractEventLoop) -> Callable[[Any], None]:
    """As uvicorn starts its cycles: it waits for these tasks when it stops."""

    def start(work: Any) -> None:
        task = loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return start
