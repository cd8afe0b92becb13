"""Repeated heads: a client that keeps its connection sends the same head again and again, often with another length alone.
Then it is not read again: reading it is a twentieth of what publishing an event costs.

A connection remembers the head of its last hot request, no more. What the bytes of a head mean depends on nothing else,
so that equal bytes at the beginning of a request may take what was read before.
"""

from typing import NamedTuple

from hookline.api.problem import RawHeaders
from hookline.server_hot import MAX_BODY

_LENGTH = b"content-length"
_END = b"\r\n"
_LONGEST = 2048
"""Bytes of a head that is remembered: a connection holds no more."""
PATIENCE = 3
"""Heads in a row that were remembered for nothing, after which a connection remembers no other: its client writes each anew."""


class Head(NamedTuple):
    """As it was read, with a gap where the body's length stood."""

    before: bytes
    after: bytes
    url: bytes
    headers: RawHeaders

    def body_in(self, data: bytes) -> bytes | None:
        """What follows this head in `data`, when that is a request with it, whole, and nothing more."""
        if not data.startswith(self.before):
            return None
        gap = len(self.before)
        end = data.find(_END, gap)
        body = data[end + len(self.after) :]
        whole = data.startswith(self.after, end) and data[gap:end] == b"%d" % len(body)
        return body if whole and len(body) <= MAX_BODY else None

    def with_length(self, size: int) -> RawHeaders:
        """The headers, for a body of `size` bytes."""
        length = b"%d" % size
        return [(name, length if name == _LENGTH else value) for name, value in self.headers]


def head_of(data: bytes, url: bytes, headers: RawHeaders) -> Head | None:
    """The head at the beginning of `data`, from which llhttp has read a POST to `url` with `headers` (names in lower case).

    None where that is not certain. It fails closed: the lines must be those that were read, one by one, with no line end but
    CRLF, so that the first empty line is the head's end for every reader; and one of them is the length.
    """
    head = data[: data.find(_END + _END) + len(_END + _END)]
    if len(head) > _LONGEST:
        return None
    lines = head.split(_END)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        return None
    if lines[0] != b"POST %b HTTP/1.1" % url or lines[-2:] != [b"", b""]:
        return None
    read = [_header(line) for line in lines[1:-2]]
    lengths = [place for place, (name, _) in enumerate(headers) if name == _LENGTH]
    if read != headers or len(lengths) != 1:
        return None
    line, value = lines[1 + lengths[0]], headers[lengths[0]][1]
    gap = head.index(_END + line + _END) + len(_END) + line.index(value, len(_LENGTH))
    return Head(head[:gap], head[gap + len(value) :], url, [*headers])


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip(b" \t")
