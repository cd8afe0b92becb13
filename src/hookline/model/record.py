"""Record: the current state of a business object. A change of it makes events, and so do its dates."""

import msgspec

from hookline.clock import Micros
from hookline.model.ids import TenantId


class RecordKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which one it is."""

    tenant_id: TenantId
    system: str
    type: str
    """One of the system's `records`, as `callback_request`."""
    id: str
    """In the words of whoever keeps it: 1 to 128 printable characters."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    key: RecordKey
    state: bytes
    """A JSON object, whole."""
    version: int
    """How often it was saved: 1 after the first time. Whoever saves says which one was read."""
    fired: dict[str, Micros] = {}
    """Deadline → the time that it was due at when it fired. It fires again only for another time."""
    due_at: Micros | None = None
    """When the next of its deadlines is due; None: none is to come."""
    created_at: Micros
    updated_at: Micros


class Deadline(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A date of a record that is still to come, or was passed and is about to fire."""

    name: str
    """The type of the event that it makes."""
    due_at: Micros


class Fired(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that a save, or a date, makes."""

    type: str
    data: bytes
    """JSON: what stands where the dialect has `{data}`."""


class RuleFailure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule that could not be applied: told, and never a reason to refuse the save."""

    event: str
    reason: str


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What follows from a new state."""

    events: tuple[Fired, ...] = ()
    """In the order of the rules."""
    deadlines: tuple[Deadline, ...] = ()
    """All that are to come now, the earliest first."""
    failures: tuple[RuleFailure, ...] = ()
