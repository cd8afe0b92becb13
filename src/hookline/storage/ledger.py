"""The hot verbs of storage: publish, record, walk, claim. Written for each database by hand, in arrays.

A delivery that a node takes in hand at once has no row until its first attempt ends: the event's row names
the node and the positions in hand, and that is the promise. Whatever waits is a row.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from hookline.clock import Micros
from hookline.model.attempt import Attempt
from hookline.model.delivery import Delivery
from hookline.model.event import Event
from hookline.model.ids import DeliveryId, EndpointId, EventId, NodeId, TenantId
from hookline.model.receipt import Outcome, Receipt
from hookline.model.record import Record
from hookline.model.remote import Remote

LaneKey = tuple[TenantId, EndpointId]


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event ready to be stored, matched against the tenant's configuration of `version`."""

    event: Event
    version: int
    in_hand: tuple[int, ...] = ()
    """Positions in `event.matched` that this node will send as soon as the event is stored."""
    waiting: tuple[Delivery, ...] = ()
    """The deliveries of the other positions."""
    key_life: int | None = None
    """Microseconds for which its idempotency key counts, where that is less than for others."""
    receipt: Receipt | None = None
    """Of the request that it, and others of the group, were made from. Stored unless this event turns out stale; a
    duplicate if none of its items is stored with it.
    """
    again: bool = False
    """The receipt may be there, from a commit before: what it told of its items is replaced."""


class Saving(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Records with the events that their change makes: stored together, or nothing of it."""

    records: tuple[Record, ...]
    """Of the versions that they have then. No two are the same one."""
    events: tuple[Accepted, ...]
    """One at least, without idempotency keys."""


def key_life(accepted: Accepted, usual: int) -> int:
    return usual if accepted.key_life is None else min(usual, accepted.key_life)


def repeated(receipt: Receipt) -> Receipt:
    """Nothing of it was new."""
    return msgspec.structs.replace(receipt, outcome=Outcome.DUPLICATE)


class Stored(msgspec.Struct, frozen=True, gc=False):
    pass


class Duplicate(msgspec.Struct, frozen=True, gc=False):
    """The same key and body were stored before, as this event."""

    event_id: EventId


class KeyConflict(msgspec.Struct, frozen=True, gc=False):
    """The key was used before, for this event with another body."""

    event_id: EventId


class Stale(msgspec.Struct, frozen=True, gc=False):
    """The configuration has changed since the event was matched, or the node that takes it in hand is not known (any
    more), or its key was of an event too old to count: match again. Nothing was stored.
    """


class Gone(msgspec.Struct, frozen=True, gc=False):
    """The tenant is no more. Nothing was stored."""


class Lost(msgspec.Struct, frozen=True, gc=False):
    """A record has another version by now than the one that the change was made of. Nothing was stored."""


Fate = Stored | Duplicate | KeyConflict | Stale | Gone | Lost
STORED = Stored()
STALE = Stale()
GONE = Gone()
LOST = Lost()


def undone(fates: Sequence[Fate]) -> Sequence[Fate]:
    """Of a saving that was not stored: those of its events that could have been are to be matched again."""
    return [STALE if isinstance(fate, Stored) else fate for fate in fates]


class Result(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a delivery that this node had in hand."""

    delivery: Delivery
    attempt: Attempt | None = None
    """None: it was settled without a try (held, cancelled, expired) or handed back."""
    fresh: bool
    """It has no row yet."""
    remote: Remote | None = None
    """What its case is in the other system by now, where that has changed; without an id where it is gone."""


class LanePace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of a lane, to be kept for whoever owns it next. `document` None: healthy, forget it."""

    lane: LaneKey
    document: bytes | None


class DueLane(msgspec.Struct, frozen=True, gc=False):
    """A lane with pending deliveries: when its first is due, who owns it if one node alone may send, and the
    tenant's config version now.
    """

    lane: LaneKey
    due_at: Micros
    owner: NodeId | None
    pace: bytes | None
    version: int


class Gathering(msgspec.Struct, frozen=True, gc=False):
    """What is due of a lane that sends in batches."""

    count: int
    """At most as many as were asked for."""
    since: Micros
    """When the first of them fell due."""
    frozen: bool
    """Among them is a batch that was sent before: it waits for no company."""


class Want(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many due deliveries of a lane may start now."""

    lane: LaneKey
    count: int
    ordered: bool = False
    """Only the head of each order key may go."""


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """A delivery, now in this node's hand, with its event and the tenant's config version at that moment."""

    delivery: Delivery
    event: Event
    version: int


class Ledger(Protocol):
    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        """Store a group in one transaction; one event's conflict never harms its neighbours.

        Raises Unavailable when nothing was stored, CommitUnknown when that cannot be told.
        """
        ...

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        """Store records, no two the same, each with its events or not at all. Raises as `publish`."""
        ...

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        """Write results back, each whole or not at all. Returns those refused, because another node had taken them
        over, or because they were written before.
        """
        ...

    async def walk(self, after: LaneKey | None, limit: int) -> Sequence[DueLane]:
        """Up to `limit` lanes with pending deliveries, in the order of their keys, beginning behind `after`."""
        ...

    async def acquire(self, node: NodeId, lanes: Sequence[LaneKey]) -> Sequence[LaneKey]:
        """Own these lanes alone; returns those that are now this node's."""
        ...

    async def gathering(self, lane: LaneKey, now: Micros, limit: int) -> Gathering | None:
        """What is due of this lane, counted up to `limit`; None: nothing."""
        ...

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        """Take due deliveries in hand, at most `count` of each lane; what another node is claiming is skipped."""
        ...
