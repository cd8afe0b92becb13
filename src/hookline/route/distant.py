"""The hand of a node that only publishes: it takes nothing, and lets the workers elsewhere know."""

from collections.abc import Callable, Sequence

from hookline.clock import Micros
from hookline.model.delivery import Delivery
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EventId


class DistantHand:
    def __init__(self, hint: Callable[[], None]) -> None:
        self._hint = hint

    def reserve(self, endpoints: Sequence[Endpoint], monotonic: float, now: Micros) -> Sequence[bool]:
        del monotonic, now
        return [False] * len(endpoints)

    def begin(self, event_id: EventId, count: int) -> None:
        """Never called: nothing was reserved."""

    def hand_over(self, event: Event, positions: Sequence[int]) -> None:
        """Never called: nothing was reserved."""

    def abandon(self, event: Event, positions: Sequence[int]) -> None:
        """Never called: nothing was reserved."""

    def doubt(self, event: Event, positions: Sequence[int]) -> None:
        """Never called: nothing was reserved."""

    def waiting(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._hint()
