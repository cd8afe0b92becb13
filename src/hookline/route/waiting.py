"""Waiting: the delivery of a new event as a row, where nobody takes it in hand at once."""

from typing import assert_never

from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint, Order
from hookline.model.event import Event
from hookline.model.ids import delivery_id

HELD_REASON = "The endpoint is paused or disabled"


def waiting_delivery(event: Event, position: int, endpoint: Endpoint) -> Delivery:
    """Due at once, or held with its endpoint."""
    return Delivery(
        id=delivery_id(event.id, position),
        tenant_id=event.tenant_id,
        event_id=event.id,
        endpoint_id=endpoint.id,
        event_type=event.type,
        state=State.PENDING if endpoint.active else State.HELD,
        reason="" if endpoint.active else HELD_REASON,
        due_at=event.accepted_at if endpoint.active else None,
        created_at=event.accepted_at,
        order_key=_order_key(event, endpoint),
    )


def _order_key(event: Event, endpoint: Endpoint) -> str | None:
    match endpoint.order:
        case Order.NONE:
            return None
        case Order.ENDPOINT:
            return ""
        case Order.KEY:
            return event.order_key or event.id  # without a key it waits for nobody
    assert_never(endpoint.order)
