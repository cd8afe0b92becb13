"""Task: a delivery in this node's hand, with its event, until its result is on disk."""

import msgspec

from hookline.deliver.dialect import Envelope
from hookline.model.delivery import Delivery
from hookline.model.event import Event
from hookline.model.ids import EventId
from hookline.storage.ledger import LaneKey


class Task(msgspec.Struct, kw_only=True, eq=False):
    delivery: Delivery
    event: Event
    lane: LaneKey
    fresh: bool
    """It has no row yet: the event's row is its promise."""
    bodies: dict[Envelope, bytes]
    """Dialect → body: shared by the deliveries of one event, so that each body is made once."""
    doubtful: bool = False
    """Its lane was suspect when it came in hand."""
    started: bool = False
    """Its exchange has begun: it holds a slot of the node until its result is on disk."""
    members: tuple[Delivery, ...] = ()
    """The deliveries of a batch; `event` is then the batch as one, `delivery` its first."""

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        return self.members or (self.delivery,)

    @property
    def youngest(self) -> Delivery:
        """By whose age a batch expires: its bytes are frozen, and all of it goes or none."""
        if not self.members:
            return self.delivery
        return max(self.members, key=lambda delivery: delivery.created_at)


class InHand:
    """Which events have deliveries in this node's hand without a row. Their lowest id is the watermark: after a
    crash, whoever takes over looks at the events from there on.
    """

    def __init__(self) -> None:
        self._open: dict[EventId, int] = {}

    def begin(self, event: EventId, count: int = 1) -> None:
        self._open[event] = self._open.get(event, 0) + count

    def end(self, event: EventId) -> None:
        left = self._open.get(event, 0) - 1
        if left > 0:
            self._open[event] = left
        else:
            self._open.pop(event, None)

    def watermark(self, newest: EventId) -> EventId:
        """`newest`: an id made just now, so that every later event's is above it."""
        return min(self._open, default=newest)

    def __len__(self) -> int:
        return len(self._open)
