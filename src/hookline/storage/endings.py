"""Endings: deliveries that came to an end which something follows from. A row goes in with the result, in the same
transaction, and goes when what follows is done; so nothing of it is lost, whoever is killed.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, TenantId
from hookline.model.patterns import OURS
from hookline.storage.columns import DELIVERY, read_delivery
from hookline.storage.database import Database
from hookline.storage.filters import BEHIND_UNDERSCORE
from hookline.storage.schema import deliveries, endings, events, tenants

ENDING = ("tenant_id", "delivery_id", "attempts")
Row = tuple[str, str, int]

_GIVEN_UP = frozenset({State.DEAD, State.EXPIRED})
_DELIVERY = tuple(deliveries.c[name] for name in DELIVERY)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that came to its end, with what is known of its event."""

    row: Row
    delivery: Delivery | None
    """As it is by now; None: it was deleted meanwhile."""
    system: str = ""
    order_key: str = ""
    tags: tuple[str, ...] = ()
    open: int = 0
    """Deliveries of the event that have not come to an end."""
    given_up: Delivery | None = None
    """The first delivery of the event that was given up."""


def ending_rows(ended: Iterable[Delivery], followed: AbstractSet[str]) -> list[Row]:
    """Of these deliveries as they are now. `followed`: event types of which every end counts. Of Hookline's own events
    none does: they would make each other for ever.
    """
    return [
        (one.tenant_id, one.id, one.attempts)
        for one in ended
        if (one.state is State.DELIVERED and one.event_type in followed)
        or (one.state in _GIVEN_UP and not one.event_type.startswith(OURS))
    ]


def insert_endings(connection: Connection, rows: Sequence[Row]) -> None:
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        values = [dict(zip(ENDING, row, strict=True)) for row in rows]
        connection.execute(dialect.insert(endings).on_conflict_do_nothing(), values)


class Endings:
    """Cross-tenant verbs of the upkeep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, limit: int) -> Sequence[Ended]:
        """What is still to be followed up, of all living tenants, in no order."""
        return await self._database.read(lambda connection: _open(connection, limit))

    async def done(self, rows: Sequence[Row]) -> None:
        these = tuple_(*[endings.c[name] for name in ENDING]).in_(rows)
        await self._database.write(lambda connection: connection.execute(delete(endings).where(these)))


def _open(connection: Connection, limit: int) -> Sequence[Ended]:
    of_delivery = and_(
        deliveries.c.tenant_id == endings.c.tenant_id, deliveries.c.id == endings.c.delivery_id
    )
    of_event = and_(events.c.tenant_id == deliveries.c.tenant_id, events.c.id == deliveries.c.event_id)
    wanted = (
        select(
            *[endings.c[name] for name in ENDING],
            events.c.system,
            events.c.order_key,
            events.c.tags,
            events.c.matched,
            *_DELIVERY,
        )
        .select_from(endings)
        .join(tenants, tenants.c.id == endings.c.tenant_id)
        .outerjoin(deliveries, of_delivery)
        .outerjoin(events, of_event)
        .where(tenants.c.deleted_at.is_(None))
        .limit(limit)
    )
    return [_ended(connection, tuple(row)) for row in connection.execute(wanted)]


def _ended(connection: Connection, row: tuple[Any, ...]) -> Ended:
    key, (system, order_key, tags, matched), columns = row[:3], row[3:7], row[7:]
    if columns[0] is None or matched is None:
        return Ended(row=key, delivery=None)
    delivery = read_delivery(columns)
    others = _others(connection, delivery.tenant_id, delivery.id)
    over = [one for one in others if one.finished_at is not None]
    return Ended(
        row=key,
        delivery=delivery,
        system=system or "",
        order_key=order_key,
        tags=tuple(msgspec.json.decode(tags)) if tags else (),
        open=len(msgspec.json.decode(matched)) - len(over),
        given_up=next((one for one in over if one.state in _GIVEN_UP), None),
    )


def _others(connection: Connection, tenant_id: TenantId, delivery_id: DeliveryId) -> Sequence[Delivery]:
    """The rows of its event, itself among them; one that is in hand for the first time has none."""
    stem = delivery_id.rpartition("_")[0]
    wanted = select(*_DELIVERY).where(
        deliveries.c.tenant_id == tenant_id,
        deliveries.c.id > f"{stem}_",
        deliveries.c.id < f"{stem}{BEHIND_UNDERSCORE}",
    )
    return [read_delivery(tuple(row)) for row in connection.execute(wanted.order_by(deliveries.c.id))]
