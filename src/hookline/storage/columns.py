"""How events, deliveries and attempts lie in columns: the one order that all hot statements share."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hookline.model.attempt import Attempt, Cause
from hookline.model.delivery import Delivery, State
from hookline.model.event import Event, Origin
from hookline.model.ids import EndpointId
from hookline.storage.ledger import Accepted, Result

Row = Sequence[Any]

EVENT = (
    "tenant_id",
    "id",
    "type",
    "data",
    "content_type",
    "time",
    "accepted_at",
    "idempotency_key",
    "fingerprint",
    "order_key",
    "tags",
    "matched",
    "failures",
    "origin",
    "system",
)
DELIVERY = (
    "tenant_id",
    "id",
    "event_id",
    "endpoint_id",
    "event_type",
    "state",
    "reason",
    "due_at",
    "attempts",
    "failures",
    "interruptions",
    "last_status",
    "last_cause",
    "created_at",
    "finished_at",
    "order_key",
    "batch_id",
)

_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_matched = msgspec.json.Decoder(tuple[EndpointId, ...]).decode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode
_decode_origin = msgspec.json.Decoder(Origin).decode
_decode_attempt = msgspec.json.Decoder(Attempt).decode


def event_row(event: Event, long_text: Callable[[bytes], Any] = bytes.decode) -> tuple[Any, ...]:
    """`long_text`: how the database takes what is long and full of quotes."""
    return (
        event.tenant_id,
        event.id,
        event.type,
        event.data,
        event.content_type,
        event.time,
        event.accepted_at,
        event.idempotency_key,
        event.fingerprint or None,
        event.order_key,
        _text(event.tags),
        _text(event.matched),
        _text(event.failures),
        long_text(_encode(event.origin)) if event.origin is not None else None,
        event.system or None,
    )


def in_hand_text(accepted: Accepted) -> str | None:
    return _text(accepted.in_hand)


def read_event(row: Row) -> Event:
    """From the columns of EVENT."""
    return Event(
        tenant_id=row[0],
        id=row[1],
        type=row[2],
        data=row[3],
        content_type=row[4],
        time=row[5],
        accepted_at=row[6],
        idempotency_key=row[7],
        fingerprint=row[8] or b"",
        order_key=row[9],
        tags=_decode_list(row[10]) if row[10] else (),
        matched=_decode_matched(row[11]) if row[11] else (),
        failures=_decode_map(row[12]) if row[12] else {},
        origin=_decode_origin(row[13]) if row[13] else None,
        system=row[14] or "",
    )


def delivery_row(delivery: Delivery) -> tuple[Any, ...]:
    return (
        delivery.tenant_id,
        delivery.id,
        delivery.event_id,
        delivery.endpoint_id,
        delivery.event_type,
        str(delivery.state),  # exactly a str, and quicker than the property `value`
        delivery.reason or None,
        delivery.due_at,
        delivery.attempts,
        delivery.failures,
        delivery.interruptions,
        delivery.last_status,
        str(delivery.last_cause) if delivery.last_cause else None,
        delivery.created_at,
        delivery.finished_at,
        delivery.order_key,
        delivery.batch_id,
    )


def result_row(result: Result) -> tuple[Any, ...]:
    """DELIVERY and `first_attempt`."""
    return (*delivery_row(result.delivery), attempt_document(result.attempt))


def read_delivery(row: Row) -> Delivery:
    """From the columns of DELIVERY."""
    return Delivery(
        tenant_id=row[0],
        id=row[1],
        event_id=row[2],
        endpoint_id=row[3],
        event_type=row[4],
        state=State(row[5]),
        reason=row[6] or "",
        due_at=row[7],
        attempts=row[8],
        failures=row[9],
        interruptions=row[10],
        last_status=row[11],
        last_cause=Cause(row[12]) if row[12] else None,
        created_at=row[13],
        finished_at=row[14],
        order_key=row[15],
        batch_id=row[16],
    )


def attempt_document(attempt: Attempt | None) -> bytes | None:
    return _encode(attempt) if attempt else None


def read_attempt(document: bytes) -> Attempt:
    return _decode_attempt(document)


def _text(value: Sequence[object] | dict[str, str]) -> str | None:
    """JSON, or NULL for what is empty."""
    return _encode(value).decode() if value else None
