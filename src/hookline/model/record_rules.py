"""Record rules: which events a change of a record makes, and which its dates do, as data. Part of `system.yaml`.

In `data` and `set` a text may be a place, whole:

    {record}          all of its fields, with those of `set`, but for those that stand beside it in `data` as places
    {FIELD}           one of its fields, or a field within it: `{customer.name}`
    {before.FIELD}    as it was before this change
    {now}             the time of the save, in the zone of the tenant's system

A question mark (`{reason?}`) leaves out what is not there; without it, the event is not made and that is told.
"""

import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec

Scalar = str | int | float | bool | None
Field = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]+$(?!\n)", max_length=64)]
PLACE = re.compile(r"\{([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)(\?)?\}")
RECORD, NOW, BEFORE = "record", "now", "before"
"""Places that are no fields."""


class RecordRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When one event is made. Of several conditions on a change, any one will do."""

    created: bool = False
    """When the record is new; with `became` only if it is so from the first."""
    became: dict[Field, Scalar | list[Scalar]] = {}
    """Field → the value, or any of the values, that it has now and had not before. Of several fields, all."""
    changed: tuple[Field, ...] = ()
    """Any of these has another value than before, and one at all."""
    updated: bool = False
    """Any field has changed that no other rule speaks of which makes an event of this change."""
    also: tuple[Field, ...] = ()
    """Fields that change along with it, as `completed_at` when `status` becomes completed: no update by themselves."""
    set: dict[str, Any] = {}
    """Fields of `{record}` as this event tells them; with places."""
    data: Any = None
    """The event's data, a tree with places; null: the kind's."""


class RecordDeadline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that is made when a date passes while the record is open. The date moves with its field."""

    at: Field
    """A field with a date and time of RFC 3339."""
    after: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 0
    """Seconds behind it."""
    set: dict[str, Any] = {}
    data: Any = None


class RecordDelivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields in which it stands how the deliveries of the record's events go. Hookline writes them; what a save says of
    them counts for nothing, and they are told in no event.
    """

    status: Field
    """`pending` once an event is to be delivered, `delivered` when all of its deliveries are, `failed` when one was
    given up.
    """
    error: Field
    """Why it was given up; null otherwise."""


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class RecordKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A type of record."""

    description: Annotated[str, msgspec.Meta(min_length=1)]
    schema: dict[str, Any]
    """A JSON Schema of the state, an object; its `properties` are the fields that rules may speak of."""
    example: dict[str, Any]
    """A state that fits it."""
    data: Any = "{record}"
    """The data of its events, a tree with places."""
    ignored: tuple[Field, ...] = ()
    """Fields whose change alone is none, as `updated_at`."""
    internal: tuple[Field, ...] = ()
    """Fields that are kept, and told in no event. Their change is none, either."""
    delivery: RecordDelivery | None = None
    closed: dict[Field, list[Scalar]] = {}
    """Field → values with which no date of it counts any more."""
    events: dict[str, RecordRule] = {}
    """Event type → when it is made; several are made in this order."""
    deadlines: dict[str, RecordDeadline] = {}
    """Event type → when it is made."""
