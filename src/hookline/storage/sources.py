"""Sources: who may knock, and how they prove themselves. Each change raises the tenant's config version."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from hookline.clock import Micros
from hookline.errors import Conflict
from hookline.model.ids import SourceId, TenantId
from hookline.model.page import Page
from hookline.model.source import Source
from hookline.storage.database import Database
from hookline.storage.endpoint_rows import Vault
from hookline.storage.reseal import reseal_all
from hookline.storage.schema import sources, tenants
from hookline.storage.source_rows import COLUMNS, NOTHING, read_source, source_row, token_hash
from hookline.storage.wall import AnyRow, absent, bump, cut, within

Changes = tuple[tuple[Source, ...], tuple[SourceId, ...]]
"""The sources changed since a version, the ids of those deleted since."""
Place = tuple[TenantId, SourceId]


class Sources:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def create(self, source: Source) -> None:
        row = source_row(source, self._vault)
        await self._database.write(lambda connection: _create(connection, source, row))

    async def get(self, tenant_id: TenantId, source_id: SourceId) -> Source:
        row = await self._database.read(lambda connection: _get(connection, tenant_id, source_id))
        return read_source(row, self._vault)

    async def list(self, tenant_id: TenantId, *, after: str | None = None, limit: int) -> Page[Source]:
        """Oldest first."""
        rows = await self._database.read(lambda connection: _list(connection, tenant_id, after or "", limit))
        return cut([read_source(row, self._vault) for row in rows], limit, lambda source: source.id)

    async def replace(self, source: Source) -> None:
        """Take the whole of `source` instead of what is there. Raises Conflict when that has changed since it was read."""
        row = source_row(source, self._vault)
        await self._database.write(lambda connection: _replace(connection, source, row))

    async def delete(self, tenant_id: TenantId, source_id: SourceId, now: Micros) -> None:
        """Its secrets are wiped at once; its receipts stay."""
        nothing = self._vault.seal(tenant_id, source_id, NOTHING)
        await self._database.write(lambda connection: _delete(connection, tenant_id, source_id, nothing, now))

    async def find(self, token: str) -> Place | None:
        """Of all tenants: whose this token is."""
        return await self._database.read(lambda connection: _find(connection, token_hash(token)))

    async def find_path(self, tenant_id: TenantId, path: str) -> Place | None:
        return await self._database.read(lambda connection: _find_path(connection, tenant_id, path))

    async def changed_since(self, tenant_id: TenantId, version: int) -> Changes:
        rows = await self._database.read(lambda connection: _changed_since(connection, tenant_id, version))
        living = tuple(read_source(row, self._vault) for row in rows if row.deleted_at is None)
        return living, tuple(row.id for row in rows if row.deleted_at is not None)

    async def reseal(self, limit: int) -> int:
        """Of all tenants: seal again whatever an older key has sealed, `limit` rows a transaction. Returns how many."""
        return await reseal_all(self._database, sources, self._vault, limit)


def _create(connection: Connection, source: Source, row: Mapping[str, object]) -> None:
    version = bump(connection, source.tenant_id)
    key = {"tenant_id": source.tenant_id, "id": source.id, "created_at": source.created_at}
    try:
        connection.execute(insert(sources).values({**row, **key, "version": version}))
    except IntegrityError:
        raise _taken(source.path) from None


def _get(connection: Connection, tenant_id: TenantId, source_id: SourceId) -> AnyRow:
    row = connection.execute(select(*COLUMNS).where(_one(tenant_id, source_id))).first()
    if row is None:
        raise absent("source", source_id)
    return row


def _list(connection: Connection, tenant_id: TenantId, after: str, limit: int) -> Sequence[AnyRow]:
    wanted = select(*COLUMNS).where(
        within(sources, tenant_id), sources.c.id > after, sources.c.deleted_at.is_(None)
    )
    return connection.execute(wanted.order_by(sources.c.id).limit(limit + 1)).all()


def _replace(connection: Connection, source: Source, row: Mapping[str, object]) -> None:
    version = bump(connection, source.tenant_id)  # it locks the tenant: nobody changes its sources meanwhile
    found = connection.execute(select(sources.c.version).where(_one(source.tenant_id, source.id))).scalar()
    if found is not None and found != source.version:
        raise Conflict(
            f"The source {source.id} was changed by somebody else in the meantime.",
            hint="Read it again and repeat your change.",
        )
    try:
        _change(connection, source.tenant_id, source.id, {**row, "version": version})
    except IntegrityError:
        raise _taken(source.path) from None


def _delete(
    connection: Connection, tenant_id: TenantId, source_id: SourceId, nothing: bytes, now: Micros
) -> None:
    """The token's hash stays, so that nobody is ever given it again; a path may be used again."""
    values = {"deleted_at": now, "updated_at": now, "sealed": nothing, "path": None}
    version = bump(connection, tenant_id)
    _change(connection, tenant_id, source_id, {**values, "version": version})


def _change(
    connection: Connection, tenant_id: TenantId, source_id: SourceId, values: Mapping[str, object]
) -> None:
    statement = update(sources).where(_one(tenant_id, source_id)).values(values)
    if connection.execute(statement).rowcount == 0:
        raise absent("source", source_id)


def _find(connection: Connection, hashed: str) -> Place | None:
    wanted = select(sources.c.tenant_id, sources.c.id).join(tenants, tenants.c.id == sources.c.tenant_id)
    row = connection.execute(
        wanted.where(
            sources.c.token_hash == hashed, sources.c.deleted_at.is_(None), tenants.c.deleted_at.is_(None)
        )
    ).first()
    return None if row is None else (row.tenant_id, row.id)


def _find_path(connection: Connection, tenant_id: TenantId, path: str) -> Place | None:
    wanted = select(sources.c.id).where(within(sources, tenant_id), sources.c.path == path)
    found = connection.execute(wanted.where(sources.c.deleted_at.is_(None))).scalar()
    return None if found is None else (tenant_id, found)


def _changed_since(connection: Connection, tenant_id: TenantId, version: int) -> Sequence[AnyRow]:
    wanted = select(*COLUMNS, sources.c.deleted_at).where(
        within(sources, tenant_id), sources.c.version > version
    )
    return connection.execute(wanted.order_by(sources.c.version)).all()


def _one(tenant_id: TenantId, source_id: SourceId) -> ColumnElement[bool]:
    return and_(within(sources, tenant_id), sources.c.id == source_id, sources.c.deleted_at.is_(None))


def _taken(path: str) -> Conflict:
    return Conflict(f"There is a source with the path {path!r} already.", hint="Choose another path.")
