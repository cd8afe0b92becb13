"""Reading a request without a framework: the few headers that count, and a body that never grows over its limit."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from hookline.errors import BadRequest, BodyTooLarge

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before its request was whole: nobody waits for an answer."""


def header_values(scope: Scope, names: Sequence[bytes]) -> list[bytes]:
    """The value of each header (lower case), empty where it is absent. Raises BadRequest for one that is given twice."""
    found = dict.fromkeys(names, b"")
    for name, value in scope["headers"]:
        if name in found:
            if found[name] and found[name] != value:
                shown = name.decode("latin-1")
                raise BadRequest(f"The header {shown} is given twice.", hint="Send it once.", field=shown)
            found[name] = value
    return list(found.values())


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Raises BodyTooLarge at the first byte over `limit`, or before reading when the length is announced."""
    _check_announced(scope, limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(body, receive, limit)
    elif message["type"] == "http.disconnect":
        raise ClientGone
    if len(body) > limit:
        raise too_large(limit)
    return body


def _check_announced(scope: Scope, limit: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise too_large(limit)


class Drained:
    """A body that is read to its end whatever its size, of which no more is kept than a limit and one message: whoever
    sends cannot tell where the limit is.
    """

    def __init__(self, scope: Scope, receive: Receive, maximum: int) -> None:
        """Raises BodyTooLarge for an announced length over `maximum`; all that reads does, once it is over it."""
        _check_announced(scope, maximum)
        self._receive = receive
        self._maximum = maximum
        self._parts: list[bytes] = []
        self._size = 0
        self._more = True

    async def within(self, limit: int) -> bytes | None:
        """All of it; None as soon as it is over `limit`. Then a larger limit may be asked for, until it is `drained`."""
        while self._more and self._size <= limit:
            self._parts.append(await self._next())
        return b"".join(self._parts) if self._size <= limit else None

    async def drained(self) -> None:
        """Nothing is kept, and the rest is read."""
        self._parts = []
        while self._more:
            await self._next()

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        self._more = message.get("more_body", False)
        self._size += len(part)
        if self._size > self._maximum:
            raise too_large(self._maximum)
        return part


async def _rest(first: bytes, receive: Receive, limit: int) -> bytes:
    parts, size = [first], len(first)
    while size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            break
    return b"".join(parts)


def too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.", hint="Send less, or in several requests.")
