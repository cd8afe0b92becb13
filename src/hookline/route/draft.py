"""What goes into publishing and what comes out of it, and the hand that sends what was stored."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from hookline.clock import Micros
from hookline.model.delivery import Delivery
from hookline.model.endpoint import Endpoint
from hookline.model.event import JSON, Event, Origin
from hookline.model.ids import EndpointId, EventId


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a publisher says, checked. Whether `data` fits its schema is decided before."""

    type: str
    data: bytes
    content_type: str = JSON
    time: Micros | None = None
    idempotency_key: str | None = None
    order_key: str = ""
    tags: tuple[str, ...] = ()
    origin: Origin | None = None
    """The request that it was made from; its idempotency key is then made of the provider's id."""
    system: str = ""
    key_life: int | None = None
    """Microseconds for which the idempotency key counts; None: as long as the installation keeps them."""

    def fingerprint(self) -> bytes:
        """Equal for equal drafts; the time it is said at, when it is not given, is no part of it. Empty for what was
        received: a provider may tell the number of its attempt in the body, and the id alone says that it is the same.
        """
        if self.origin is not None:
            return b""
        parts = (self.type, self.content_type, str(self.time), self.order_key, *self.tags)
        system = f"{self.system}\0\0" if self.system else ""  # two together stand nowhere else
        return hashlib.sha256((system + "\0".join(parts)).encode() + b"\0" + self.data).digest()


class Published(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    event_id: EventId
    duplicate: bool = False
    matched: tuple[EndpointId, ...] = ()
    failures: dict[str, str] = {}
    """Endpoint → why its filter failed on this event."""


class Hand(Protocol):
    """Who sends what was just stored: the node's worker, or nobody on a node that only publishes."""

    def reserve(self, endpoints: Sequence[Endpoint], monotonic: float, now: Micros) -> Sequence[bool]:
        """For each: a promise to send one delivery as soon as it is stored, or not. It was `now` a moment ago."""
        ...

    def begin(self, event_id: EventId, count: int) -> None:
        """From here on the event counts as in hand, with so many deliveries."""
        ...

    def hand_over(self, event: Event, positions: Sequence[int]) -> None:
        """The event is stored: send."""
        ...

    def abandon(self, event: Event, positions: Sequence[int]) -> None:
        """The event was not stored: the promises were not needed."""
        ...

    def doubt(self, event: Event, positions: Sequence[int]) -> None:
        """Whether the event is stored is not known: find out, then hand it over or abandon it."""
        ...

    def waiting(self, deliveries: Sequence[Delivery]) -> None:
        """These lie due in the database."""
        ...
