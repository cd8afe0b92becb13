"""Deliveries that a node has in hand and that have no row yet: read from what their events promise.

An event's row names the node that took some of its deliveries at once, and their positions. The promise holds
while that node is known and has not moved its watermark past the event; a row that exists already wins.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, EndpointId, EventId, TenantId, delivery_id, place_of
from hookline.storage.filters import BEHIND_UNDERSCORE, DeliveryFilter, EventFilter, on_events
from hookline.storage.schema import deliveries, events, nodes
from hookline.storage.wall import AnyRow, within

_IDS_AT_ONCE = 1000
_decode_matched = msgspec.json.Decoder(tuple[EndpointId, ...]).decode
_decode_positions = msgspec.json.Decoder(tuple[int, ...]).decode


def find_in_hand(connection: Connection, tenant_id: TenantId, wanted: DeliveryId) -> Delivery | None:
    """Whoever asks has seen that there is no row."""
    place = place_of(wanted)
    if place is None:
        return None
    promised = promised_of(connection, tenant_id, place[0])
    return next((delivery for delivery in promised if delivery.id == wanted), None)


def promised_of(connection: Connection, tenant_id: TenantId, event_id: EventId) -> Sequence[Delivery]:
    """The deliveries of this event that were taken in hand at once; some may have a row by now."""
    query = _promises(tenant_id).where(events.c.id == event_id)
    return [delivery for row in connection.execute(query) for delivery in _deliveries(tenant_id, row)]


class Span(NamedTuple):
    """A part of the list, which has the newest first."""

    after: DeliveryId | None
    """It begins behind this one."""
    lowest: DeliveryId | None
    """It ends at latest with this one's event."""


def can_be_in_hand(wanted: DeliveryFilter) -> bool:
    """Whether a delivery without a row can pass. If not, nobody need look."""
    return wanted.state in {None, State.SENDING} and wanted.status_class is None


def list_in_hand(
    connection: Connection, tenant_id: TenantId, wanted: DeliveryFilter, span: Span, limit: int
) -> Sequence[Delivery]:
    """Up to `limit` of them, newest first."""
    query = _promises(tenant_id).where(_open(), *_conditions(tenant_id, wanted), *_within(span))
    found: list[Delivery] = []
    for rows in _chunks(connection, query, limit):
        made = [one for row in rows for one in _deliveries(tenant_id, row)]
        fit = [one for one in made if _fits(one, wanted, span.after)]
        found += _without_row(connection, tenant_id, fit)
        if len(found) >= limit:
            break
    return sorted(found, key=lambda delivery: delivery.id, reverse=True)[:limit]


def _within(span: Span) -> Iterator[ColumnElement[bool]]:
    if span.after is not None and (place := place_of(span.after)):
        yield events.c.id <= place[0]
    if span.lowest is not None and (place := place_of(span.lowest)):
        yield events.c.id >= place[0]


def _chunks(connection: Connection, query: Select[*tuple[Any, ...]], size: int) -> Iterator[Sequence[AnyRow]]:
    newest_first = query.order_by(events.c.id.desc()).limit(size)
    rows = connection.execute(newest_first).all()
    while rows:
        yield rows
        if len(rows) < size:
            return
        rows = connection.execute(newest_first.where(events.c.id < rows[-1].id)).all()


def _promises(tenant_id: TenantId) -> Select[*tuple[Any, ...]]:
    lowest = select(func.min(nodes.c.watermark)).scalar_subquery()  # where to begin in the primary key
    return (
        select(events.c.id, events.c.type, events.c.accepted_at, events.c.matched, events.c.in_hand)
        .join_from(events, nodes, nodes.c.id == events.c.node)
        .where(
            within(events, tenant_id),
            events.c.id >= lowest,
            events.c.id >= nodes.c.watermark,
            events.c.in_hand.is_not(None),
        )
    )


def _open() -> ColumnElement[bool]:
    """Fewer rows than it matched: so that a list passes over what has ended without reading it one by one."""
    stem = literal("dlv_") + func.substr(events.c.id, len("evt_") + 1)
    rows = select(func.count()).where(
        deliveries.c.tenant_id == events.c.tenant_id,
        deliveries.c.id > stem + "_",
        deliveries.c.id < stem + BEHIND_UNDERSCORE,
    )
    commas = func.length(events.c.matched) - func.length(func.replace(events.c.matched, ",", ""))
    return rows.scalar_subquery() <= commas


def _conditions(tenant_id: TenantId, wanted: DeliveryFilter) -> Iterator[ColumnElement[bool]]:
    yield from on_events(
        tenant_id,
        EventFilter(type=wanted.event_type, tag=wanted.tag, since=wanted.since, until=wanted.until),
    )
    if wanted.event_id is not None:
        yield events.c.id == wanted.event_id
    if wanted.endpoint_id is not None:
        yield events.c.matched.contains(wanted.endpoint_id, autoescape=True)


def _deliveries(tenant_id: TenantId, row: AnyRow) -> Iterator[Delivery]:
    matched = _decode_matched(row.matched)
    for position in _decode_positions(row.in_hand):
        yield Delivery(
            id=delivery_id(row.id, position),
            tenant_id=tenant_id,
            event_id=row.id,
            endpoint_id=matched[position],
            event_type=row.type,
            state=State.SENDING,
            created_at=row.accepted_at,
        )


def _fits(delivery: Delivery, wanted: DeliveryFilter, after: DeliveryId | None) -> bool:
    among = wanted.among is None or delivery.endpoint_id in wanted.among
    named = wanted.endpoint_id in {None, delivery.endpoint_id}
    return (after is None or delivery.id < after) and named and among


def _without_row(connection: Connection, tenant_id: TenantId, made: Sequence[Delivery]) -> Iterator[Delivery]:
    for first in range(0, len(made), _IDS_AT_ONCE):
        some = made[first : first + _IDS_AT_ONCE]
        there = deliveries.c.id.in_([delivery.id for delivery in some])
        query = select(deliveries.c.id).where(deliveries.c.tenant_id == tenant_id, there)
        rows = set(connection.execute(query).scalars())
        yield from (delivery for delivery in some if delivery.id not in rows)
