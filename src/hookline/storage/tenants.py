"""Tenants: create, change and delete the wall itself; prune what a deleted tenant has left behind."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from hookline.clock import Micros
from hookline.errors import Conflict
from hookline.model.ids import TenantId
from hookline.model.page import Page
from hookline.model.tenant import Metadata, Tenant
from hookline.storage.database import Database
from hookline.storage.schema import api_keys, metadata, tenants
from hookline.storage.wall import AnyRow, absent, bump, config_version, cut, living

_COLUMNS = (
    tenants.c.id,
    tenants.c.name,
    tenants.c.metadata,
    tenants.c.created_at,
    tenants.c.updated_at,
)


_TENANTS_AT_ONCE = 500
"""Named in the statement, not joined: then no planner can think of reading a big table through."""


class Tenants:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, tenant: Tenant) -> None:
        """Raises Conflict when the id is taken, also by a tenant that was deleted."""
        await self._database.write(lambda connection: _create(connection, tenant))

    async def get(self, tenant_id: TenantId) -> Tenant:
        return await self._database.read(lambda connection: _get(connection, tenant_id))

    async def list(self, *, after: str | None = None, limit: int) -> Page[Tenant]:
        """Oldest first."""
        return await self._database.read(lambda connection: _list(connection, after or "", limit))

    async def change(self, tenant: Tenant) -> None:
        await self._database.write(lambda connection: _change(connection, tenant))

    async def delete(self, tenant_id: TenantId, now: Micros) -> None:
        """Gone for every verb at once, its keys revoked; the rows go later, by `prune_deleted`."""
        await self._database.write(lambda connection: _delete(connection, tenant_id, now))

    async def version(self, tenant_id: TenantId) -> int:
        """How often its configuration has changed."""
        return await self._database.read(lambda connection: config_version(connection, tenant_id))

    async def prune_deleted(self, limit: int) -> int:
        """Remove up to `limit` rows of deleted tenants; returns how many. 0: nothing is left.

        The tenant's own row stays, blank: a node that has a delivery of it in hand may still write.
        """
        return await self._database.write(lambda connection: _prune(connection, limit))


def _create(connection: Connection, tenant: Tenant) -> None:
    row = {
        "id": tenant.id,
        "name": tenant.name,
        "metadata": _text(tenant.metadata),
        "created_at": tenant.created_at,
        "updated_at": tenant.updated_at,
    }
    try:
        connection.execute(insert(tenants).values(row))
    except IntegrityError:
        raise Conflict(
            f"There is a tenant {tenant.id!r} already, or there was one.", hint="Choose another id."
        ) from None


def _get(connection: Connection, tenant_id: TenantId) -> Tenant:
    row = connection.execute(select(*_COLUMNS).where(living(tenant_id))).first()
    if row is None:
        raise absent("tenant", tenant_id)
    return _tenant(row)


def _list(connection: Connection, after: str, limit: int) -> Page[Tenant]:
    wanted = select(*_COLUMNS).where(tenants.c.id > after, tenants.c.deleted_at.is_(None))
    rows = connection.execute(wanted.order_by(tenants.c.id).limit(limit + 1)).all()
    return cut([_tenant(row) for row in rows], limit, lambda tenant: tenant.id)


def _change(connection: Connection, tenant: Tenant) -> None:
    values = {"name": tenant.name, "metadata": _text(tenant.metadata), "updated_at": tenant.updated_at}
    if connection.execute(update(tenants).where(living(tenant.id)).values(values)).rowcount == 0:
        raise absent("tenant", tenant.id)


def _delete(connection: Connection, tenant_id: TenantId, now: Micros) -> None:
    bump(connection, tenant_id)
    blank = {"name": "", "metadata": "{}", "updated_at": now, "deleted_at": now}
    connection.execute(update(tenants).where(living(tenant_id)).values(blank))
    keys = update(api_keys).where(api_keys.c.tenant_id == tenant_id, api_keys.c.revoked_at.is_(None))
    connection.execute(keys.values(revoked_at=now))


def _prune(connection: Connection, limit: int) -> int:
    deleted = (
        connection.execute(select(tenants.c.id).where(tenants.c.deleted_at.is_not(None))).scalars().all()
    )
    pruned = 0
    for first in range(0, len(deleted), _TENANTS_AT_ONCE):
        some = deleted[first : first + _TENANTS_AT_ONCE]
        for table in metadata.sorted_tables:
            if "tenant_id" in table.c and pruned < limit:
                pruned += _prune_table(connection, table, some, limit - pruned)
    return pruned


def _prune_table(connection: Connection, table: Table, deleted: Sequence[str], limit: int) -> int:
    key = tuple(table.primary_key.columns)
    some = select(*key).where(table.c.tenant_id.in_(deleted)).limit(limit).cte("some", nesting=True)
    found_once = select(some.prefix_with("MATERIALIZED"))
    return connection.execute(delete(table).where(tuple_(*key).in_(found_once))).rowcount


def _tenant(row: AnyRow) -> Tenant:
    return Tenant(
        id=row.id,
        name=row.name,
        metadata=msgspec.json.decode(row.metadata, type=Metadata),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _text(value: Metadata) -> str:
    return msgspec.json.encode(value).decode()
