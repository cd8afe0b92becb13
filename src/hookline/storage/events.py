"""Events: what happened, as it was stored. Publishing is the ledger's."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from hookline.clock import Micros
from hookline.model.delivery import Delivery
from hookline.model.event import Event
from hookline.model.ids import EventId, TenantId, place_of
from hookline.model.page import Page
from hookline.storage.columns import DELIVERY, EVENT, read_delivery, read_event
from hookline.storage.database import Database
from hookline.storage.filters import EventFilter, of_event, on_events
from hookline.storage.in_hand import promised_of
from hookline.storage.schema import deliveries, events
from hookline.storage.wall import absent, cut, within

_COLUMNS = tuple(events.c[name] for name in EVENT)
_DELIVERY = tuple(deliveries.c[name] for name in DELIVERY)


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: TenantId, event_id: EventId) -> Event:
        return await self._database.read(lambda connection: _get(connection, tenant_id, event_id))

    async def list(
        self,
        tenant_id: TenantId,
        *,
        type: str | None = None,  # noqa: A002  an event's type is called so everywhere
        tag: str | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
        after: str | None = None,
        limit: int,
    ) -> Page[Event]:
        """Newest first: accepted at `since` or later, before `until`."""
        wanted = EventFilter(type=type, tag=tag, since=since, until=until)
        return await self._database.read(
            lambda connection: _list(connection, tenant_id, wanted, after, limit)
        )

    async def deliveries(self, tenant_id: TenantId, event_id: EventId) -> tuple[Delivery, ...]:
        """In the order of the endpoints that it matched; those in hand are `sending`."""
        return await self._database.read(lambda connection: _deliveries(connection, tenant_id, event_id))


def _get(connection: Connection, tenant_id: TenantId, event_id: EventId) -> Event:
    query = select(*_COLUMNS).where(within(events, tenant_id), events.c.id == event_id)
    row = connection.execute(query).first()
    if row is None:
        raise absent("event", event_id)
    return read_event(tuple(row))


def _list(
    connection: Connection, tenant_id: TenantId, wanted: EventFilter, after: str | None, limit: int
) -> Page[Event]:
    query = select(*_COLUMNS).where(within(events, tenant_id), *on_events(tenant_id, wanted))
    if after is not None:
        query = query.where(events.c.id < after)
    rows = connection.execute(query.order_by(events.c.id.desc()).limit(limit + 1)).all()
    return cut([read_event(tuple(row)) for row in rows], limit, lambda event: event.id)


def _deliveries(connection: Connection, tenant_id: TenantId, event_id: EventId) -> tuple[Delivery, ...]:
    _get(connection, tenant_id, event_id)
    promised = promised_of(connection, tenant_id, event_id)  # first: whatever ends now has its row then
    query = select(*_DELIVERY).where(within(deliveries, tenant_id), *of_event(event_id))
    rows = [read_delivery(tuple(row)) for row in connection.execute(query)]
    return _in_order({delivery.id: delivery for delivery in (*promised, *rows)}.values())


def _in_order(found: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """By position: as text, 10 would come before 9."""
    return tuple(sorted(found, key=lambda delivery: (place_of(delivery.id) or ("", 0))[1]))
