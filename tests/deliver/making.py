"""Events, endpoints and dialects for the tests of the delivery stage."""

from typing import Any

import msgspec

from hookline.catalog.dialect_rules import check_dialect
from hookline.catalog.loader import load_dialects
from hookline.clock import Micros
from hookline.deliver.dialect import Envelope, compile_dialect
from hookline.deliver.target import Target, compile_target
from hookline.model.attempt import Headers
from hookline.model.dialect import Dialect
from hookline.model.endpoint import Endpoint, Secret
from hookline.model.event import JSON, Event
from hookline.model.ids import EndpointId, EventId, SecretId, TenantId
from hookline.net.request import Request, head_of

NOW = Micros(1_701_964_805_999_999)
_CLIENTS = frozenset({"Host", "Accept-Encoding", "Content-Length", "Connection"})
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://receiver.example/hook"


def event(data: bytes = b'{"a":1}', **changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": EventId("evt_1"),
        "tenant_id": TenantId("ten_1"),
        "type": "call.started",
        "data": data,
        "content_type": JSON,
        "time": Micros(1_701_964_800_123_456),
        "accepted_at": Micros(1_701_964_800_200_000),
    }
    return Event(**values | changes)


def secret(value: str, expires_at: int | None = None) -> Secret:
    expires = None if expires_at is None else Micros(expires_at)
    return Secret(id=SecretId("sec_1"), value=value, created_at=Micros(0), expires_at=expires)


def endpoint(*secrets: str | Secret, **changes: Any) -> Endpoint:
    values: dict[str, Any] = {
        "id": EndpointId("ep_1"),
        "tenant_id": TenantId("ten_1"),
        "url": URL,
        "secrets": tuple(secret(value) if isinstance(value, str) else value for value in secrets),
        "created_at": Micros(0),
        "updated_at": Micros(0),
    }
    return Endpoint(**values | changes)


def standard() -> Envelope:
    return compile_dialect(load_dialects()["standard"])


def dialect(**values: Any) -> Dialect:
    """A checked dialect written as its YAML would be."""
    base: dict[str, Any] = {
        "name": "made",
        "title": "Made",
        "body": {"json": "{data}", "binary": "{data}"},
        "headers": {},
    }
    made = msgspec.convert(base | values, Dialect)
    check_dialect(made)
    return made


def target(*secrets: str | Secret, envelope: Envelope | None = None, **changes: Any) -> Target:
    return compile_target(endpoint(*secrets, **changes), envelope or standard())


def send(sent: Event, to: Target, attempt: int = 1, now: Micros = NOW) -> tuple[dict[str, str], bytes]:
    """Headers and body of one attempt."""
    request = to.request(sent, body=to.dialect.body(sent), attempt=attempt, now=now)
    return dict(lines(request)), request.body


def lines(request: Request) -> Headers:
    """The header lines as they go out, but for those that the client adds."""
    found = head_of(request).decode("latin-1").split("\r\n")[1:-2]
    pairs = [line.partition(": ") for line in found]
    return tuple((name, value) for name, _, value in pairs if name not in _CLIENTS)
