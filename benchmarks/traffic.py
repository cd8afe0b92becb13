"""Traffic: the bytes of publishing requests, and of what a receiver gets for them."""

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

TYPE = "call.started"
SIGNATURE = "X-Signature"
SOURCE = {"provider": "generic", "parameters": {"header": SIGNATURE}}
"""HMAC-SHA256 over the body. Its events have no id, so that the same bytes are a new event each time."""


def data_of(size: int) -> dict[str, object]:
    """A plausible payload whose JSON has `size` bytes."""
    data: dict[str, object] = {
        "call_id": "c_01HZX4J2N6Y4Q8",
        "from": "+4930123456",
        "to": "+4989654321",
        "queue": {"id": 17, "name": "support", "waiting": 3},
        "price": 1.1,
        "transcript": "",
    }
    missing = size - len(msgspec.json.encode(data))
    return data | {"transcript": "x" * max(0, missing)}


def publish_request(token: str, size: int, type_: str = TYPE) -> bytes:
    return _request("/v1/events", token, _event(size, type_))


def batch_request(token: str, size: int, count: int) -> bytes:
    events = b",".join([_event(size, TYPE)] * count)
    return _request("/v1/events/batch", token, b'{"events":[' + events + b"]}")


def received_request(path: str, size: int, secret: str) -> bytes:
    """As a provider sends it to a source of `SOURCE`, signed."""
    body = _event(size, TYPE)
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _raw(path, [f"{SIGNATURE}: {signature}"], body)


def saved_request(token: str, size: int, mark: bytes) -> bytes:
    """A record that is new each time, since `mark` stands for its id: it makes one event."""
    number = mark.decode()
    state = {
        "id": number,
        "name": "Ana Ruiz",
        "email": "ana@example.com",
        "notes": data_of(size)["transcript"],
    }
    body = msgspec.json.encode(state)
    path = f"/v1/records/contact/{number}?system=urpa"
    return _raw(path, [f"Authorization: Bearer {token}"], body, method="PUT")


def delivered_body(size: int) -> bytes:
    """As the dialect `standard` wraps it: what the ceilings post."""
    return msgspec.json.encode(
        {"type": TYPE, "timestamp": "2026-01-01T00:00:00.000000Z", "data": data_of(size)}
    )


def receiver_request(size: int) -> bytes:
    """A delivery, for measuring the harness itself."""
    return _raw("/bare", ["webhook-id: evt_bare"], delivered_body(size))


def endpoint_at(port: int, path: str, events: str = "*") -> dict[str, object]:
    """With default settings, at this path of the receiver."""
    return {"url": f"http://127.0.0.1:{port}{path}", "events": [events]}


def _event(size: int, type_: str) -> bytes:
    return msgspec.json.encode({"type": type_, "data": data_of(size)})


def _request(path: str, token: str, body: bytes) -> bytes:
    return _raw(path, [f"Authorization: Bearer {token}"], body)


def _raw(path: str, headers: Sequence[str], body: bytes, *, method: str = "POST") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *headers,
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
