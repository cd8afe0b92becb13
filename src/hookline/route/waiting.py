"""Waiting: the delivery of a new event as a row, where nobody takes it in hand at once."""

from typing import assert_never

import msgspec

from hookline.model.cases import Cases
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint, Order
from hookline.model.event import JSON, Event
from hookline.model.ids import delivery_id

HELD_REASON = "The endpoint is paused or disabled"


class Waiting:
    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    def delivery(self, event: Event, position: int, endpoint: Endpoint) -> Delivery:
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
            order_key=self._order_key(event, endpoint),
        )

    def _order_key(self, event: Event, endpoint: Endpoint) -> str | None:
        match endpoint.order:
            case Order.NONE:
                return self._case_key(event) if endpoint.preset else None
            case Order.ENDPOINT:
                return ""
            case Order.KEY:
                return event.order_key or event.id  # without a key it waits for nobody
        assert_never(endpoint.order)

    def _case_key(self, event: Event) -> str:
        """What is said of one case goes one after the other."""
        data = msgspec.json.decode(event.data) if event.content_type == JSON else None
        case = self._cases.of(event.type, event.system, data)
        return case.key if case is not None else event.order_key or event.id
