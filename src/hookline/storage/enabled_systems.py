"""EnabledSystems: which systems a tenant uses, and whose paths a request is for."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hookline.errors import Conflict, NotFound
from hookline.model.ids import TenantId
from hookline.model.system import EnabledSystem
from hookline.storage.database import Database
from hookline.storage.endpoint_rows import COLUMNS, open_columns, read_document
from hookline.storage.schema import enabled_systems, endpoints, tenants
from hookline.storage.wall import AnyRow, bump, within

_FIELDS = EnabledSystem.__struct_fields__
_COLUMNS = tuple(enabled_systems.c[name] for name in _FIELDS)


class EnabledSystems:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, enabled: EnabledSystem) -> None:
        """Enable, or change how. The tenant's endpoints of the system write times in its zone from now on.

        Raises Conflict when its place is another tenant's.
        """
        await self._database.write(lambda connection: _put(connection, enabled))

    async def delete(self, tenant_id: TenantId, system: str) -> None:
        """Raises NotFound. Endpoints and events of the system stay."""
        await self._database.write(lambda connection: _delete(connection, tenant_id, system))

    async def all(self, tenant_id: TenantId) -> Mapping[str, EnabledSystem]:
        """By system."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                select(*_COLUMNS).where(within(enabled_systems, tenant_id)).order_by(enabled_systems.c.system)
            ).all()
        )
        return {row.system: _enabled(row) for row in rows}

    async def at(self, system: str, host: str, prefix: str, known_as: str) -> EnabledSystem | None:
        """Whose place this is. One that names the host goes before one that takes any."""
        return await self._database.read(lambda connection: _at(connection, system, host, prefix, known_as))


def _put(connection: Connection, enabled: EnabledSystem) -> None:
    version = bump(connection, enabled.tenant_id)
    values = msgspec.structs.asdict(enabled)
    changed = {name: value for name, value in values.items() if name != "created_at"}
    try:
        known = update(enabled_systems).where(_one(enabled.tenant_id, enabled.system))
        if not connection.execute(known.values(changed)).rowcount:
            connection.execute(insert(enabled_systems).values(values))
    except IntegrityError:
        raise _taken(enabled) from None
    _set_zone(connection, enabled, version)


def _set_zone(connection: Connection, enabled: EnabledSystem, version: int) -> None:
    living = within(endpoints, enabled.tenant_id) & endpoints.c.deleted_at.is_(None)
    for row in connection.execute(select(*COLUMNS).where(living)).all():
        endpoint = read_document(row)
        if endpoint.system == enabled.system and endpoint.zone != enabled.zone:
            fresh = msgspec.structs.replace(endpoint, zone=enabled.zone, updated_at=enabled.updated_at)
            statement = update(endpoints).where(living, endpoints.c.id == endpoint.id)
            connection.execute(statement.values({**open_columns(fresh), "version": version}))


def _delete(connection: Connection, tenant_id: TenantId, system: str) -> None:
    bump(connection, tenant_id)
    if connection.execute(delete(enabled_systems).where(_one(tenant_id, system))).rowcount == 0:
        raise NotFound(f"The tenant does not use {system}.", hint="GET /v1/systems tells which it uses.")


def _at(connection: Connection, system: str, host: str, prefix: str, known_as: str) -> EnabledSystem | None:
    place = (
        enabled_systems.c.system == system,
        enabled_systems.c.host.in_((host, "")),
        enabled_systems.c.prefix == prefix,
        enabled_systems.c.known_as == known_as,
    )
    living = select(*_COLUMNS).join(tenants, tenants.c.id == enabled_systems.c.tenant_id)
    wanted = living.where(*place, tenants.c.deleted_at.is_(None)).order_by(enabled_systems.c.host.desc())
    row = connection.execute(wanted).first()
    return None if row is None else _enabled(row)


def _one(tenant_id: TenantId, system: str) -> ColumnElement[bool]:
    return within(enabled_systems, tenant_id) & (enabled_systems.c.system == system)


def _enabled(row: AnyRow) -> EnabledSystem:
    return EnabledSystem(**{name: getattr(row, name) for name in _FIELDS})


def _taken(enabled: EnabledSystem) -> Conflict:
    return Conflict(
        f"Another tenant has the paths of {enabled.system} there.",
        hint="Choose another prefix, host or name.",
        field="prefix",
    )
