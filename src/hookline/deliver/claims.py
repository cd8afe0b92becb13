"""Claims: whom the worker tells of work in the database."""

from typing import Protocol

from hookline.clock import Micros
from hookline.model.endpoint import Endpoint
from hookline.storage.ledger import LaneKey


class Claims(Protocol):
    """Whom the worker tells of work in the database, and of endpoints to switch off: its node."""

    def due(self, lane: LaneKey, at: Micros) -> None:
        """Something of this lane is due then."""
        ...

    def freed(self, lane: LaneKey) -> None:
        """An exchange of this lane is over and on disk."""
        ...

    def room(self) -> None:
        """There is room for more."""
        ...

    def healed(self, lane: LaneKey) -> None:
        """It is healthy, and anybody's again."""
        ...

    def disable(self, endpoint: Endpoint, reason: str) -> None:
        """Switch it off."""
        ...
