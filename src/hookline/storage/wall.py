"""The wall between tenants, in SQL: every verb's WHERE begins with `within`, every change of configuration with `bump`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, Table, and_, exists, select, update

from hookline.errors import NotFound
from hookline.model.ids import TenantId
from hookline.model.page import Page
from hookline.storage.schema import tenants

T = TypeVar("T")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def within(table: Table, tenant_id: TenantId | BindParameter[str]) -> ColumnElement[bool]:
    """The rows of a living tenant: a deleted one is gone for every verb at once, long before its rows are."""
    return and_(table.c.tenant_id == tenant_id, exists().where(living(tenant_id)))


def living(tenant_id: TenantId | BindParameter[str]) -> ColumnElement[bool]:
    return and_(tenants.c.id == tenant_id, tenants.c.deleted_at.is_(None))


def require_tenant(connection: Connection, tenant_id: TenantId) -> None:
    """Raises NotFound; until the transaction ends, nobody can delete the tenant (SQLite has one writer anyway)."""
    if (
        connection.execute(select(tenants.c.id).where(living(tenant_id)).with_for_update(read=True)).first()
        is None
    ):
        raise absent("tenant", tenant_id)


def bump(connection: Connection, tenant_id: TenantId) -> int:
    """Begin a change of the tenant's configuration and return its version. Changes of one tenant wait for each other.

    Whatever was matched against an older version is matched again before it is stored.
    """
    statement = update(tenants).where(living(tenant_id)).values(config_version=tenants.c.config_version + 1)
    version = connection.execute(statement.returning(tenants.c.config_version)).scalar()
    if version is None:
        raise absent("tenant", tenant_id)
    return int(version)


def config_version(connection: Connection, tenant_id: TenantId) -> int:
    version = connection.execute(select(tenants.c.config_version).where(living(tenant_id))).scalar()
    if version is None:
        raise absent("tenant", tenant_id)
    return int(version)


def absent(noun: str, key: str) -> NotFound:
    """The same words for what never was and for what is another tenant's."""
    return NotFound(f"There is no {noun} {key!r}.", hint=f"List the {noun}s to see which there are.")


def cut(items: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """A page of the first `limit`; one more was read, to know whether there are any."""
    page = tuple(items[:limit])
    return Page(items=page, after=key(page[-1]) if len(items) > limit else None)
