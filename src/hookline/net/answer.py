"""Answer: reads one HTTP/1.1 answer from bytes, however they are cut, and says what it is worth. No I/O.

A complete header section of a final status (200 and up) decides: whatever goes wrong afterwards only truncates the body.
1xx answers are skipped. The parser is llhttp in its strict mode (RFC 9112 section 6.3: length and chunks together are
refused, and so are bare LF, folded headers and blanks before a colon).
"""

import time
from typing import NamedTuple, Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from hookline.model.attempt import Cause, Headers
from hookline.net.limits import Limits

_FIRST_STATUS, _FIRST_FINAL_STATUS = 100, 200
_SHORT = 1024
"""Bytes of an answer that is remembered: enough for what nearly all receivers say to a webhook."""


class Whole(NamedTuple):
    """An answer that came in one piece and left its connection good for another, with what was read from it. Receivers say
    the same again and again, and the same bytes at the beginning of an answer mean the same: they are not read twice.
    """

    data: bytes
    status: int
    headers: Headers
    body: bytes


class Parser(Protocol):
    """What is used of httptools' parser."""

    def feed_data(self, data: bytes) -> None: ...
    def get_status_code(self) -> int: ...
    def should_keep_alive(self) -> bool: ...


class Answer:
    """The `on_…` methods are llhttp's callbacks. Call `release` at the end: parser and answer hold one another."""

    # Most answers repeat the last one, and then most of these stay as they are.
    status = 0
    head_done = over = reusable = truncated = False
    surplus = False
    """More came than the answer: bytes nobody asked for."""
    cause: Cause | None = None
    detail = ""
    first_byte_at = 0.0
    whole: Whole | None = None
    """To be remembered; the last one, where this is its repeat."""
    _parser: Parser | None = None
    _in_head = True
    _kept = _raw = 0

    def __init__(self, limits: Limits, *, head_only: bool = False) -> None:
        """`head_only`: the answer to HEAD or CONNECT, which ends with its headers whatever they say."""
        self._limits = limits
        self._head_only = head_only
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    @property
    def untouched(self) -> bool:
        """Not a byte has come."""
        return self._raw == 0

    @property
    def headers(self) -> Headers:
        if self.whole is not None:
            return self.whole.headers
        if not self._fields:
            return ()
        # One decoding for all: no name or value holds a line end.
        lines = b"\n".join([part for field in self._fields for part in field]).decode("latin-1").split("\n")
        return tuple(zip(lines[::2], lines[1::2], strict=True))

    @property
    def body(self) -> bytes:
        return b"".join(self._body) if self.whole is None else self.whole.body

    def feed(self, data: bytes, last: Whole | None = None) -> bool:
        """True when the answer is over, well or not; feed nothing more then. `last`: of the same connection."""
        first = not self._raw
        if first:
            self.first_byte_at = time.perf_counter()
            if last is not None and last.data == data and not self._head_only:
                return self._repeat(last)
            self._parser = HttpResponseParser(self)
        self._raw += len(data)
        self._parse(data)
        if first and self.reusable and not self._head_only and len(data) <= _SHORT:
            self.whole = Whole(data, self.status, self.headers, self.body)
        return self.over

    def _repeat(self, last: Whole) -> bool:
        self.whole = last
        self._raw = len(last.data)
        self.status = last.status
        self._in_head = False
        self.head_done = self.over = self.reusable = True
        return True

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            self._break_off(Cause.BAD_ANSWER, "the receiver switched protocols, which nobody asked for")
        except HttpParserError as error:
            self._break_off(Cause.BAD_ANSWER, f"the answer is not valid HTTP: {error}")
        if not self.over:
            self._bound()

    def end(self) -> None:
        """The receiver ended its side: some answers end like that, others are cut."""
        if self.over:
            return
        if self.head_done and not _delimited(self._fields):
            self.over = True
        elif self.head_done:
            self._break_off(Cause.CLOSED, "the connection was closed inside the body")
        elif self._raw:
            self._break_off(Cause.CLOSED, "the connection was closed inside the header section")
        else:
            self._break_off(Cause.CLOSED, "the connection was closed without an answer")

    def stop(self, cause: Cause, detail: str) -> None:
        """Something outside the answer ends it: the deadline, a reset."""
        if not self.over:
            self._break_off(cause, f"{detail} {self._place()}")

    def release(self) -> None:
        self._parser = None

    def on_message_begin(self) -> None:
        if self.over:
            self._refuse_more()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer, or a second answer
        if len(self._fields) == self._limits.headers:
            self._refuse_head()
        else:
            self._fields.append((name, value.rstrip()))

    def on_headers_complete(self) -> None:
        if self.over or self._parser is None:
            return
        self.status = self._parser.get_status_code()
        if self._raw > self._limits.head_bytes and _size(self._fields) > self._limits.head_bytes:
            self._refuse_head()
        elif self.status < _FIRST_STATUS:
            self._break_off(Cause.BAD_ANSWER, f"the answer is not valid HTTP: status {self.status:03}")
        elif self.status >= _FIRST_FINAL_STATUS:
            self._in_head = False
            self.head_done = True
            self.over = self._head_only

    def on_body(self, chunk: bytes) -> None:
        if self.over:
            self._refuse_more()
            return
        room = self._limits.body_bytes - self._kept
        self._body.append(chunk[:room])
        self._kept += min(len(chunk), room)
        if len(chunk) > room:
            self._break_off(
                Cause.ANSWER_TOO_LARGE, f"the body is longer than the {self._limits.body_bytes} bytes kept"
            )

    def on_message_complete(self) -> None:
        if self.over or self._parser is None:
            return
        if not self.head_done:
            self._fields.clear()  # 100 and 103 are answers of their own to the parser
            return
        self.over = True
        self.reusable = self._parser.should_keep_alive()  # right only inside callbacks

    def _refuse_more(self) -> None:
        self.surplus = True
        self.reusable = False

    def _bound(self) -> None:
        if not self.head_done and self._raw > self._limits.head_bytes:
            self._refuse_head()
        elif self._raw > self._limits.head_bytes + self._limits.framing * self._limits.body_bytes:
            self._break_off(Cause.ANSWER_TOO_LARGE, "the body has more framing than content")

    def _refuse_head(self) -> None:
        limits = self._limits
        detail = f"the header section is over {limits.head_bytes} bytes or {limits.headers} headers"
        self._break_off(Cause.ANSWER_TOO_LARGE, detail)

    def _break_off(self, cause: Cause, detail: str) -> None:
        self.reusable = False
        if self.over:
            return
        self.over = True
        self._in_head = False
        self.detail = detail
        if self.head_done:
            self.truncated = True
        else:
            self.cause = cause

    def _place(self) -> str:
        if self.head_done:
            return "inside the body"
        return "inside the header section" if self._raw else "before any byte of the answer"


def _size(fields: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in fields)


def _delimited(fields: list[tuple[bytes, bytes]]) -> bool:
    """The headers say where the body ends; without that it ends with the connection."""
    for name, value in fields:
        lower = name.lower()
        if lower == b"content-length":
            return True
        if lower == b"transfer-encoding":
            return value.lower().rpartition(b",")[2].strip() == b"chunked"
    return False
