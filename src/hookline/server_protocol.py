"""uvicorn's HTTP protocol with the guards that it lacks: a cap on the header section, and a deadline for slow clients.

What uvicorn and llhttp do already: a keep-alive timeout between requests, flow control of bodies, and the refusal of
requests with two lengths, or with a length and chunks. Each refusal is a problem document here.
"""

import asyncio
from contextlib import suppress
from typing import Any, cast

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from hookline.api.problem import MEDIA_TYPE, Answer, Problem, kind_of
from hookline.server_hot import Direct, HotExchange, answer_bytes, direct_of, is_plain, started
from hookline.server_repeat import PATIENCE, Head, head_of
from hookline.server_writes import JoinedWrites

LINGER = 2.0
"""Seconds for which we read on and forget after a refusal: closing at once would take the answer away from the client."""
BAD, SLOW, LARGE = 400, 408, 431


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    header_bytes: int
    read_seconds: float


class GuardedProtocol(HttpToolsProtocol):
    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._direct = direct_of(config.loaded_app)
        self._start_hot = started(self.tasks, self.loop)
        self._head_bytes = 0
        self._in_head = True
        self._deadline: float | None = None
        """By when the request must be here whole, by the loop's clock; None between requests, and only then: llhttp stands before a
        message."""
        self._idle_since: float | None = None
        """Since when the last answer is out and nothing has come."""
        self._watch: asyncio.TimerHandle | None = None
        self._refused = False
        self._head: Head | None = None
        """Of the last hot request."""
        self._first = b""
        """The bytes that a request began with, until its head is read."""
        self._patience = PATIENCE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._joined = JoinedWrites(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", self._joined))
        self._expect_by(self._limits.read_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._first = b""
        if self._deadline is None:
            if self._head is not None and self._repeated(self._head, data):
                return
            self._first = data
            self._deadline = self.loop.time() + self._limits.read_seconds
            self._idle_since = None
        if self._in_head:
            # Counted raw: a line that does not end fires no callback, and neither do blank lines.
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self._limits.header_bytes and not self._refused:
            self._refuse(LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._deadline = self.loop.time() + self._limits.read_seconds

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.header_bytes:
            self._refuse(LARGE)
            return
        self._in_head = False
        self._head_bytes = 0
        first, self._first = self._first, b""  # it may hold a body, which is not to be kept
        if self._direct is not None and self._direct.is_hot(self.url) and self._may_be_direct():
            self._begin_hot(self._direct, first)
        else:
            super().on_headers_complete()

    def _repeated(self, head: Head, data: bytes) -> bool:
        """Whether `data` is a whole request with this head: then it is begun, past the parser, which stands between two."""
        direct = self._direct
        if direct is None or not self._free() or (body := head.body_in(data)) is None:
            return False
        self._idle_since = None
        self._patience = PATIENCE
        super().on_message_begin()
        self.url = head.url
        self.headers += head.with_length(len(body))
        exchange = self._hot(direct, keep_alive=True)
        exchange.body = body
        exchange.more_body = False
        exchange.set()
        return True

    def _free(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _may_be_direct(self) -> bool:
        free = self._free()
        plain = self.parser.get_http_version() == "1.1" and self.parser.get_method() == b"POST"
        return free and plain and is_plain(self.headers)

    def _begin_hot(self, direct: Direct, first: bytes) -> None:
        keep_alive = self.parser.should_keep_alive()
        self._hot(direct, keep_alive=keep_alive)
        if first and keep_alive and self._patience:
            self._patience -= 1
            self._head = head_of(first, self.url, self.headers)

    def _hot(self, direct: Direct, *, keep_alive: bool) -> HotExchange:
        target, _, query = self.url.partition(b"?")
        self.scope["method"], self.scope["path"] = "POST", target.decode("ascii")
        self.scope["query_string"] = query
        exchange = HotExchange(
            direct=direct,
            scope=cast("dict[str, Any]", self.scope),
            keep_alive=keep_alive,
            start=self._start_hot,
            write=self._write_hot,
        )
        self.cycle = cast("RequestResponseCycle", exchange)
        return exchange

    def _write_hot(self, exchange: HotExchange, answer: Answer) -> None:
        if self._refused or self.transport.is_closing():
            return  # the refusal of what came behind it has ended the connection
        keep_alive = exchange.keep_alive
        self._joined.write_whole(
            answer_bytes(answer, self.server_state.default_headers, keep_alive=keep_alive)
        )
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._deadline = None
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
        else:
            # As uvicorn does it, but without a timer for each answer: `_look` ends idle connections.
            self.server_state.total_requests += 1
            self.flow.resume_reading()
            self._idle_since = self.loop.time()
        if self._deadline is not None and not self.pipeline:  # answered before the whole body was here
            self._expect_by(LINGER)

    def send_400_response(self, msg: str) -> None:
        self._refuse(BAD, msg)

    def _expect_by(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self.loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        """One timer for the whole connection: a request costs a look at the clock, not a timer of its own."""
        now = self.loop.time()
        if (
            self._deadline is None
            and self._idle_since is not None
            and now - self._idle_since >= self.timeout_keep_alive
        ):
            self.timeout_keep_alive_handler()
        elif self._deadline is None or self._deadline > now:
            again = self._deadline if self._deadline is not None else now + self.timeout_keep_alive
            self._watch = self.loop.call_at(again, self._look)
        elif self._refused or self._answered():
            self.transport.close()
        else:
            self._refuse(SLOW)

    def _answered(self) -> bool:
        """Whether the request that is late has its answer already. A head that is late is a request of its own."""
        if self.cycle is None or (self._in_head and self.cycle.response_complete):
            return False
        return self.cycle.response_started

    def _refuse(self, status: int, detail: str = "") -> None:
        """Answer, and end the connection; when an answer has begun already, only the latter."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self.cycle.response_started:
            self.transport.close()
            return
        if busy:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_refusal(status, detail))
        if self.transport.can_write_eof():
            with suppress(OSError):  # the client has gone meanwhile
                self.transport.write_eof()
        self._expect_by(LINGER)


def _refusal(status: int, detail: str) -> bytes:
    code, sentence = _REFUSALS[status]
    body = msgspec.json.encode(
        Problem(
            type=kind_of(code),
            title="The request is not accepted",
            status=status,
            code=code,
            detail=detail or sentence,
        )
    )
    lines = [
        STATUS_LINE[status],
        f"content-type: {MEDIA_TYPE}\r\n".encode(),
        f"content-length: {len(body)}\r\n".encode(),
        b"connection: close\r\n\r\n",
    ]
    return b"".join(lines) + body


_REFUSALS = {
    BAD: ("bad_request", "This is not a valid HTTP/1.1 request."),
    SLOW: ("request_timeout", "The request did not arrive in time."),
    LARGE: ("headers_too_large", "The header section is larger than allowed."),
}
