"""Pruning: what is finished and old goes, in chunks, so that no lock lasts."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)

from hookline.clock import Micros
from hookline.model.delivery import OPEN
from hookline.model.ids import first_since
from hookline.storage.database import Database
from hookline.storage.schema import (
    attempts,
    batches,
    counters,
    deliveries,
    endpoints,
    event_tags,
    events,
    receipts,
    remotes,
    tenants,
)

_OPEN = [state.value for state in OPEN]


class Prune:
    """Cross-tenant verbs of the upkeep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finished(self, before: Micros, limit: int) -> int:
        """Delete up to `limit` events accepted before, with their deliveries, unless one of these is still open."""
        return await self._database.write(lambda connection: _finished(connection, before, limit))

    async def receipts(self, before: Micros, limit: int) -> int:
        """Delete up to `limit` receipts of requests received before."""
        return await self._database.write(lambda connection: _receipts(connection, before, limit))

    async def keys(self, before: Micros, limit: int) -> int:
        """Forget the idempotency keys of up to `limit` events accepted before."""
        return await self._database.write(lambda connection: _keys(connection, before, limit))

    async def remotes(self, limit: int) -> int:
        """Forget up to `limit` cases in other systems that deleted endpoints had made there."""
        return await self._database.write(lambda connection: _remotes(connection, limit))

    async def hours(self, before_hour: int) -> None:
        """Forget the hourly counts before; the sums stay."""
        old = delete(counters).where(counters.c.hour > 0, counters.c.hour < before_hour)
        await self._database.write(lambda connection: connection.execute(old))


def _finished(connection: Connection, before: Micros, limit: int) -> int:
    own = and_(
        deliveries.c.tenant_id == events.c.tenant_id,
        # The ids of an event's deliveries begin with its own: a range of the primary key.
        deliveries.c.id > _deliveries_of("_"),
        deliveries.c.id < _deliveries_of("`"),
    )
    open_ones = exists().where(own, deliveries.c.state.in_(_OPEN))
    old = (
        select(events.c.tenant_id, events.c.id, events.c.tags)
        .select_from(tenants.join(events, events.c.tenant_id == tenants.c.id))
        .where(events.c.id < _floor("evt_", before), ~open_ones)
        .limit(limit)
    )
    rows = connection.execute(old).all()
    for tenant, event, tags in rows:
        _delete_event(connection, tenant, event, msgspec.json.decode(tags) if tags else [])
    stale = (
        select(batches.c.tenant_id, batches.c.id).where(batches.c.id < _floor("bat_", before)).limit(limit)
    )
    connection.execute(delete(batches).where(tuple_(batches.c.tenant_id, batches.c.id).in_(stale)))
    return len(rows)


def _delete_event(connection: Connection, tenant: str, event: str, tags: Sequence[str]) -> None:
    low, high = f"dlv_{event[4:]}_", f"dlv_{event[4:]}`"
    for table, column in ((attempts, attempts.c.delivery_id), (deliveries, deliveries.c.id)):
        connection.execute(delete(table).where(table.c.tenant_id == tenant, column > low, column < high))
    tagged = (event_tags.c.tenant_id == tenant, event_tags.c.tag.in_(tags), event_tags.c.event_id == event)
    connection.execute(delete(event_tags).where(*tagged))
    connection.execute(delete(events).where(events.c.tenant_id == tenant, events.c.id == event))


def _receipts(connection: Connection, before: Micros, limit: int) -> int:
    old = (
        select(receipts.c.tenant_id, receipts.c.id)
        .select_from(tenants.join(receipts, receipts.c.tenant_id == tenants.c.id))
        .where(receipts.c.id < _floor("rcp_", before))
        .limit(limit)
    )
    these = [tuple(row) for row in connection.execute(old)]
    if these:
        connection.execute(delete(receipts).where(tuple_(receipts.c.tenant_id, receipts.c.id).in_(these)))
    return len(these)


def _keys(connection: Connection, before: Micros, limit: int) -> int:
    old = (
        select(events.c.tenant_id, events.c.id)
        .where(events.c.idempotency_key.is_not(None), events.c.id < _floor("evt_", before))
        .limit(limit)
    )
    keys = [tuple(row) for row in connection.execute(old)]
    if keys:
        these = tuple_(events.c.tenant_id, events.c.id).in_(keys)
        connection.execute(update(events).where(these).values(idempotency_key=None))
    return len(keys)


def _remotes(connection: Connection, limit: int) -> int:
    of_endpoint = and_(endpoints.c.tenant_id == remotes.c.tenant_id, endpoints.c.id == remotes.c.endpoint_id)
    key = tuple(remotes.primary_key.columns)
    gone = select(*key).join(endpoints, of_endpoint).where(endpoints.c.deleted_at.is_not(None)).limit(limit)
    these = [tuple(row) for row in connection.execute(gone)]
    if these:
        connection.execute(delete(remotes).where(tuple_(*key).in_(these)))
    return len(these)


def _floor(prefix: str, at: Micros) -> str:
    """Ids sort by time: those below were made before."""
    return prefix + first_since(at)


def _deliveries_of(end: str) -> ColumnElement[str]:
    return literal("dlv_", Text).concat(func.substr(events.c.id, 5)).concat(end)
