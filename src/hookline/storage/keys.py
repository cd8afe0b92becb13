"""Keys: who may do what. Only the hash of a token is stored; an admin key stands under no tenant."""

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from hookline.clock import Micros
from hookline.model.api_key import ApiKey, Scope
from hookline.model.ids import KeyId, TenantId
from hookline.model.page import Page
from hookline.storage.database import Database
from hookline.storage.schema import api_keys, tenants
from hookline.storage.wall import AnyRow, absent, cut, require_tenant, within

_NOBODY = TenantId("")
_COLUMNS = (
    api_keys.c.tenant_id,
    api_keys.c.id,
    api_keys.c.scope,
    api_keys.c.name,
    api_keys.c.hint,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
)


class Keys:
    """`tenant_id` None: the admin keys, and only those."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, key: ApiKey, token_hash: str) -> None:
        await self._database.write(lambda connection: _create(connection, key, token_hash))

    async def get(self, tenant_id: TenantId | None, key_id: KeyId) -> ApiKey:
        return await self._database.read(lambda connection: _get(connection, tenant_id, key_id))

    async def list(self, tenant_id: TenantId | None, *, after: str | None = None, limit: int) -> Page[ApiKey]:
        """Oldest first, revoked ones too."""
        return await self._database.read(lambda connection: _list(connection, tenant_id, after or "", limit))

    async def revoke(self, tenant_id: TenantId | None, key_id: KeyId, now: Micros) -> None:
        """Once is enough: the first time stands."""
        await self._database.write(lambda connection: _revoke(connection, tenant_id, key_id, now))

    async def find(self, token_hash: str) -> ApiKey | None:
        """The key behind a token, expired or revoked ones too (`ApiKey.lives` tells); none of a deleted tenant."""
        return await self._database.read(lambda connection: _find(connection, token_hash))


def _create(connection: Connection, key: ApiKey, token_hash: str) -> None:
    if key.tenant_id is not None:
        require_tenant(connection, key.tenant_id)
    row = {
        "tenant_id": key.tenant_id or _NOBODY,
        "id": key.id,
        "hash": token_hash,
        "scope": key.scope.value,
        "name": key.name,
        "hint": key.hint,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    connection.execute(insert(api_keys).values(row))


def _get(connection: Connection, tenant_id: TenantId | None, key_id: KeyId) -> ApiKey:
    row = connection.execute(select(*_COLUMNS).where(_of(tenant_id), api_keys.c.id == key_id)).first()
    if row is None:
        raise absent("key", key_id)
    return _key(row)


def _list(connection: Connection, tenant_id: TenantId | None, after: str, limit: int) -> Page[ApiKey]:
    wanted = select(*_COLUMNS).where(_of(tenant_id), api_keys.c.id > after)
    rows = connection.execute(wanted.order_by(api_keys.c.id).limit(limit + 1)).all()
    return cut([_key(row) for row in rows], limit, lambda key: key.id)


def _revoke(connection: Connection, tenant_id: TenantId | None, key_id: KeyId, now: Micros) -> None:
    wanted = update(api_keys).where(_of(tenant_id), api_keys.c.id == key_id)
    statement = wanted.values(revoked_at=func.coalesce(api_keys.c.revoked_at, now))
    if connection.execute(statement).rowcount == 0:
        raise absent("key", key_id)


def _find(connection: Connection, token_hash: str) -> ApiKey | None:
    known = api_keys.outerjoin(tenants, tenants.c.id == api_keys.c.tenant_id)
    lives = tenants.c.id.is_not(None) & tenants.c.deleted_at.is_(None)
    wanted = select(*_COLUMNS).select_from(known).where(api_keys.c.hash == token_hash)
    row = connection.execute(wanted.where(or_(api_keys.c.tenant_id == _NOBODY, lives))).first()
    return None if row is None else _key(row)


def _of(tenant_id: TenantId | None) -> ColumnElement[bool]:
    return api_keys.c.tenant_id == _NOBODY if tenant_id is None else within(api_keys, tenant_id)


def _key(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant_id=row.tenant_id or None,
        scope=Scope(row.scope),
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
