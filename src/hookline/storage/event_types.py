"""EventTypes: the catalogue of names. A change makes what was matched before be matched again."""

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from hookline.model.event_type import Enforcement, EventType
from hookline.model.ids import TenantId
from hookline.model.page import Page
from hookline.storage.database import Database
from hookline.storage.schema import event_types
from hookline.storage.wall import AnyRow, absent, bump, cut, within


class EventTypes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, event_type: EventType) -> bool:
        """Create or replace; True when it is new. `created_at` of one that is there stays."""
        return await self._database.write(lambda connection: _put(connection, event_type))

    async def get(self, tenant_id: TenantId, name: str) -> EventType:
        return await self._database.read(lambda connection: _get(connection, tenant_id, name))

    async def list(self, tenant_id: TenantId, *, after: str | None = None, limit: int) -> Page[EventType]:
        """By name."""
        return await self._database.read(lambda connection: _list(connection, tenant_id, after or "", limit))

    async def delete(self, tenant_id: TenantId, name: str) -> None:
        await self._database.write(lambda connection: _delete(connection, tenant_id, name))


def _put(connection: Connection, event_type: EventType) -> bool:
    bump(connection, event_type.tenant_id)
    values = {
        "description": event_type.description,
        "schema": _bytes(event_type.schema),
        "enforcement": event_type.enforcement.value,
        "example": _bytes(event_type.example),
        "deprecated": event_type.deprecated,
        "updated_at": event_type.updated_at,
    }
    known = update(event_types).where(_named(event_type.tenant_id, event_type.name))
    if connection.execute(known.values(values)).rowcount:
        return False
    key = {"tenant_id": event_type.tenant_id, "name": event_type.name, "created_at": event_type.created_at}
    connection.execute(insert(event_types).values(values | key))
    return True


def _get(connection: Connection, tenant_id: TenantId, name: str) -> EventType:
    row = connection.execute(select(event_types).where(_named(tenant_id, name))).first()
    if row is None:
        raise absent("event type", name)
    return _event_type(row)


def _list(connection: Connection, tenant_id: TenantId, after: str, limit: int) -> Page[EventType]:
    wanted = select(event_types).where(within(event_types, tenant_id), event_types.c.name > after)
    rows = connection.execute(wanted.order_by(event_types.c.name).limit(limit + 1)).all()
    return cut([_event_type(row) for row in rows], limit, lambda event_type: event_type.name)


def _delete(connection: Connection, tenant_id: TenantId, name: str) -> None:
    bump(connection, tenant_id)
    if connection.execute(delete(event_types).where(_named(tenant_id, name))).rowcount == 0:
        raise absent("event type", name)


def _named(tenant_id: TenantId, name: str) -> ColumnElement[bool]:
    return within(event_types, tenant_id) & (event_types.c.name == name)


def _event_type(row: AnyRow) -> EventType:
    return EventType(
        tenant_id=row.tenant_id,
        name=row.name,
        description=row.description,
        schema=_raw(row.schema),
        enforcement=Enforcement(row.enforcement),
        example=_raw(row.example),
        deprecated=row.deprecated,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _raw(value: bytes | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(value)


def _bytes(value: msgspec.Raw | None) -> bytes | None:
    return None if value is None else bytes(value)
