"""Which events and deliveries a list shall show, and the conditions on both tables that say so."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Column, ColumnElement, literal_column, select

from hookline.clock import MINUTE, Micros
from hookline.model.delivery import State
from hookline.model.ids import DeliveryId, EndpointId, EventId, TenantId, first_since
from hookline.storage.schema import deliveries, event_tags, events

_SLACK = MINUTE
"""An id may be so much younger or older than its row: a clock was corrected in between."""
BEHIND_UNDERSCORE = chr(ord("_") + 1)


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is None does not matter."""

    state: State | None = None
    endpoint_id: EndpointId | None = None
    among: frozenset[EndpointId] | None = None
    """Of these endpoints."""
    event_type: str | None = None
    event_id: EventId | None = None
    tag: str | None = None
    since: Micros | None = None
    """Of events accepted at this time or later."""
    until: Micros | None = None
    """Of events accepted before this time."""
    status_class: int | None = None
    """2 to 5: the hundreds of the last answer's status."""


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is None does not matter."""

    type: str | None = None
    tag: str | None = None
    since: Micros | None = None
    until: Micros | None = None


def on_deliveries(tenant_id: TenantId, wanted: DeliveryFilter) -> Iterator[ColumnElement[bool]]:
    rows = deliveries.c
    if wanted.state is not None:
        yield rows.state == wanted.state.value
        if wanted.state is not State.DELIVERED:  # word for word the condition of an index
            yield literal_column("state <> 'delivered'")
    if wanted.endpoint_id is not None:
        yield rows.endpoint_id == wanted.endpoint_id
    if wanted.among is not None:
        yield rows.endpoint_id.in_(sorted(wanted.among))
    if wanted.event_type is not None:
        yield rows.event_type == wanted.event_type
    if wanted.event_id is not None:
        yield from of_event(wanted.event_id)
    if wanted.tag is not None:
        yield _tagged(tenant_id, wanted.tag, rows.event_id)
    if wanted.status_class is not None:
        yield rows.last_status.between(100 * wanted.status_class, 100 * wanted.status_class + 99)
    yield from _between("dlv_", rows.id, rows.created_at, wanted.since, wanted.until)


def on_events(tenant_id: TenantId, wanted: EventFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.type is not None:
        yield events.c.type == wanted.type
    if wanted.tag is not None:
        yield _tagged(tenant_id, wanted.tag, events.c.id)
    yield from _between("evt_", events.c.id, events.c.accepted_at, wanted.since, wanted.until)


def of_event(event_id: EventId) -> Iterator[ColumnElement[bool]]:
    """The deliveries of an event stand together in the primary key, by how their ids are made."""
    stem = f"dlv_{event_id.removeprefix('evt_')}"
    yield deliveries.c.id > f"{stem}_"
    yield deliveries.c.id < DeliveryId(stem + BEHIND_UNDERSCORE)
    yield deliveries.c.event_id == event_id


def _tagged(tenant_id: TenantId, tag: str, event_id: Column[str]) -> ColumnElement[bool]:
    tagged = select(event_tags.c.event_id).where(event_tags.c.tenant_id == tenant_id, event_tags.c.tag == tag)
    return event_id.in_(tagged)


def _between(
    prefix: str, key: Column[str], time: Column[int], since: Micros | None, until: Micros | None
) -> Iterator[ColumnElement[bool]]:
    """The time decides; the id, which begins with nearly the same time, only finds the place in the index."""
    if since is not None:
        yield time >= since
        yield key >= prefix + first_since(Micros(since - _SLACK))
    if until is not None:
        yield time < until
        yield key < prefix + first_since(Micros(until + _SLACK))
