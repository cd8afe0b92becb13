"""A delivery as it is shown."""

import msgspec

from hookline.api.attempt_out import AttemptOut, BodyOut
from hookline.api.remote_out import RemoteOut
from hookline.api.times import iso, maybe_iso
from hookline.model.attempt import Cause
from hookline.model.delivery import Delivery, State


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    id: str
    event_id: str
    endpoint_id: str
    event_type: str
    state: State
    reason: str
    """Why it is held, dead, cancelled or expired."""
    attempts: int
    next_attempt_at: str | None
    last_status: int | None
    last_cause: Cause | None
    created_at: str
    finished_at: str | None


class DeliveryWhole(DeliveryOut, frozen=True, kw_only=True):
    """A delivery with every attempt that has ended, in order."""

    request_body: BodyOut | None
    """What is sent; null when the endpoint is gone, or while its batch gathers."""
    remote: RemoteOut | None
    """What the event's case is in the other system by now, where the endpoint's preset has made it there."""
    history: list[AttemptOut]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None
    next: str | None


def shaped_delivery(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.id,
        event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        event_type=delivery.event_type,
        state=delivery.state,
        reason=delivery.reason,
        attempts=delivery.attempts,
        next_attempt_at=maybe_iso(delivery.due_at),
        last_status=delivery.last_status,
        last_cause=delivery.last_cause,
        created_at=iso(delivery.created_at),
        finished_at=maybe_iso(delivery.finished_at),
    )
