"""Hand: what a publisher asks of the node that sends: promises of room before an event is stored, and what becomes of
them afterwards.
"""

from collections.abc import Sequence

from hookline.clock import Micros
from hookline.deliver.dialect import Envelope
from hookline.deliver.task import Task
from hookline.deliver.tries import taken
from hookline.deliver.worker import Worker
from hookline.model.delivery import Delivery
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EventId
from hookline.storage.ledger import LaneKey


class NodeHand:
    """A `route.draft.Hand`."""

    def __init__(self, worker: Worker) -> None:
        self.foreign: set[LaneKey] = set()
        """Lanes that another node owns alone."""
        self.doubts: list[tuple[Event, Sequence[int]]] = []
        """Events whose commit is not known to have happened."""
        self._worker = worker

    def reserve(self, endpoints: Sequence[Endpoint], monotonic: float, now: Micros) -> Sequence[bool]:
        if not self._worker.may_promise(monotonic):
            return [False] * len(endpoints)
        return [self._reserve(endpoint, monotonic, now) for endpoint in endpoints]

    def _reserve(self, endpoint: Endpoint, monotonic: float, now: Micros) -> bool:
        key = (endpoint.tenant_id, endpoint.id)
        if not endpoint.active or endpoint.queued or key in self.foreign:
            return False
        return self._worker.lanes.reserve(key, endpoint.concurrency, monotonic, now)

    def begin(self, event_id: EventId, count: int) -> None:
        self._worker.in_hand.begin(event_id, count)

    def hand_over(self, event: Event, positions: Sequence[int]) -> None:
        self._take(event, positions, reserved=True)

    def abandon(self, event: Event, positions: Sequence[int]) -> None:
        for position in positions:
            self._worker.lanes.release((event.tenant_id, event.matched[position]))
            self._worker.in_hand.end(event.id)

    def doubt(self, event: Event, positions: Sequence[int]) -> None:
        """It counts as in hand until that is known, but nobody waits for its room."""
        for position in positions:
            self._worker.lanes.release((event.tenant_id, event.matched[position]))
        self.doubts.append((event, positions))

    def found(self, event: Event, positions: Sequence[int]) -> None:
        """A doubt is resolved: the event is stored."""
        for position in positions:
            key = (event.tenant_id, event.matched[position])
            if self._worker.lanes.get(key) is None:
                self._worker.lanes.open(key, 1)
        self._take(event, positions, reserved=False)

    def absent(self, event: Event, positions: Sequence[int]) -> None:
        """A doubt is resolved: the event was never stored."""
        for _ in positions:
            self._worker.in_hand.end(event.id)

    def waiting(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.due_at is not None:
                self._worker.claims.due((delivery.tenant_id, delivery.endpoint_id), delivery.due_at)

    def _take(self, event: Event, positions: Sequence[int], *, reserved: bool) -> None:
        bodies: dict[Envelope, bytes] = {}
        tasks = []
        for position in positions:
            delivery = taken(event, position)
            lane = (event.tenant_id, delivery.endpoint_id)
            tasks.append(Task(delivery=delivery, event=event, lane=lane, fresh=True, bodies=bodies))
        self._worker.enqueue(tasks, reserved=reserved)
