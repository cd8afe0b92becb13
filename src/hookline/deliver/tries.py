"""Try: one attempt that has begun, and what is written of it."""

from collections.abc import Sequence

import msgspec

from hookline.clock import Micros
from hookline.deliver.task import Task
from hookline.model.attempt import Attempt, Exchange, Headers
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import delivery_id
from hookline.storage.ledger import Result


class Try(msgspec.Struct, kw_only=True, eq=False):
    """One attempt that has begun."""

    task: Task
    endpoint: Endpoint
    at: Micros
    headers: Headers = ()
    """Of its request, as they may be kept; filled in when it is made."""

    def results(self, done: Sequence[Delivery], exchange: Exchange) -> list[Result]:
        """For each delivery as it is now; the answer's body is kept with the first of a batch only."""
        brief = msgspec.structs.replace(exchange, body=b"") if len(done) > 1 else exchange
        return [
            Result(
                delivery=delivery,
                attempt=Attempt(
                    number=delivery.attempts,
                    at=self.at,
                    url=self.endpoint.url,
                    method=self.endpoint.method,
                    request_headers=self.headers,
                    exchange=exchange if number == 0 else brief,
                    next_at=delivery.due_at,
                ),
                fresh=self.task.fresh,
            )
            for number, delivery in enumerate(done)
        ]


def taken(event: Event, position: int) -> Delivery:
    """The delivery that is taken in hand as soon as its event is stored; it has no row yet."""
    return Delivery(
        id=delivery_id(event.id, position),
        tenant_id=event.tenant_id,
        event_id=event.id,
        endpoint_id=event.matched[position],
        event_type=event.type,
        state=State.SENDING,
        created_at=event.accepted_at,
    )
