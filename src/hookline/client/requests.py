"""Requests to the API, built by pure functions. A collection is the part after `/v1/`: `endpoints`, `events` …"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

Fields = Mapping[str, object]

_encode = msgspec.json.Encoder().encode


class Request(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    """Below the gateway's URL, query included."""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """Beside those that the gateway's shell adds: who calls, and the body's type."""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once (RFC 9110, 9.2.2)."""
        return self.method in ("GET", "PUT", "DELETE") or any(
            name == "Idempotency-Key" for name, _ in self.headers
        )


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    type: str
    data: msgspec.Raw
    order_key: str = ""
    tags: tuple[str, ...] = ()
    system: str = ""


def publish(
    event_type: str,
    data: bytes,
    *,
    idempotency_key: str = "",
    order_key: str = "",
    tags: Sequence[str] = (),
    system: str = "",
) -> Request:
    """`data` is JSON; it is sent, kept and delivered as these bytes. With a key, a repeat makes no second event.
    With a system, endpoints of other systems do not get it.
    """
    event = _Event(
        type=event_type, data=msgspec.Raw(data), order_key=order_key, tags=tuple(tags), system=system
    )
    headers = (("Idempotency-Key", idempotency_key),) if idempotency_key else ()
    return Request(method="POST", path="/v1/events", body=_encode(event), headers=headers)


def listing(collection: str, query: Mapping[str, str | int | None]) -> Request:
    """What is empty or None is left out."""
    given = {name: value for name, value in query.items() if value is not None and value != ""}
    tail = f"?{urlencode(given)}" if given else ""
    return Request(method="GET", path=f"/v1/{collection}{tail}")


def fetch(collection: str, name: str, part: str = "") -> Request:
    """One of a collection, or a part of it, as its `stats`."""
    return Request(method="GET", path=_one(collection, name, part))


def create(collection: str, fields: Fields) -> Request:
    return Request(method="POST", path=f"/v1/{collection}", body=_encode(fields))


def put(collection: str, name: str, fields: Fields, part: str = "") -> Request:
    """The whole of it, or of a part of it: what is not given falls back to its default."""
    return Request(method="PUT", path=_one(collection, name, part), body=_encode(fields))


def change(collection: str, name: str, fields: Fields) -> Request:
    """Only the given fields: a merge patch (RFC 7396)."""
    return Request(method="PATCH", path=_one(collection, name), body=_encode(fields))


def in_system(request: Request, system: str) -> Request:
    """The same, where it must be said whose; empty: it need not."""
    if not system:
        return request
    return msgspec.structs.replace(request, path=f"{request.path}?{urlencode({'system': system})}")


def remove(collection: str, name: str, part: str = "") -> Request:
    return Request(method="DELETE", path=_one(collection, name, part))


def act(collection: str, name: str, verb: str, fields: Fields | None = None) -> Request:
    """Something that is done to it: `retry` a delivery, `test` an endpoint."""
    body = b"" if fields is None else _encode(fields)
    return Request(method="POST", path=_one(collection, name, verb), body=body)


def _one(collection: str, name: str, part: str = "") -> str:
    return f"/v1/{collection}/{quote(name, safe='')}" + (f"/{part}" if part else "")
