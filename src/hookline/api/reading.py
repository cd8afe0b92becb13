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
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise too_large(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(body, receive, limit)
    elif message["type"] == "http.disconnect":
        raise ClientGone
    if len(body) > limit:
        raise too_large(limit)
    return body


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
