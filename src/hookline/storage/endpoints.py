"""Endpoints: where to send. Each change raises the tenant's config version and is stamped with it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from hookline.clock import Micros
from hookline.errors import Conflict
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.model.page import Page
from hookline.storage.database import Database
from hookline.storage.endpoint_rows import (
    COLUMNS,
    NOTHING,
    Vault,
    endpoint_row,
    open_columns,
    read_document,
    read_endpoint,
)
from hookline.storage.reseal import reseal_all
from hookline.storage.schema import endpoints
from hookline.storage.settle import settle_inactive
from hookline.storage.wall import AnyRow, absent, bump, config_version, cut, within

Changes = tuple[int, tuple[Endpoint, ...], tuple[EndpointId, ...]]
"""The tenant's config version, the endpoints changed since another one, the ids of those deleted since."""


class Held(StrEnum):
    """What becomes of deliveries that waited while the endpoint was inactive."""

    RELEASE = "release"
    CANCEL = "cancel"


class Endpoints:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def create(self, endpoint: Endpoint, *, alone: bool = False) -> None:
        """`alone`: raises Conflict where another endpoint of the same system has the same URL."""
        row = endpoint_row(endpoint, self._vault)
        await self._database.write(lambda connection: _create(connection, endpoint, row, alone=alone))

    async def get(self, tenant_id: TenantId, endpoint_id: EndpointId) -> Endpoint:
        row = await self._database.read(lambda connection: _get(connection, tenant_id, endpoint_id))
        return read_endpoint(row, self._vault)

    async def list(self, tenant_id: TenantId, *, after: str | None = None, limit: int) -> Page[Endpoint]:
        """Oldest first."""
        rows = await self._database.read(lambda connection: _list(connection, tenant_id, after or "", limit))
        return cut([read_endpoint(row, self._vault) for row in rows], limit, lambda endpoint: endpoint.id)

    async def replace(self, endpoint: Endpoint, *, held: Held | None = None) -> None:
        """Take the whole of `endpoint` instead of what is there. `held` counts only when it is active."""
        row = endpoint_row(endpoint, self._vault)
        keep = held if endpoint.active else None
        await self._database.write(lambda connection: _replace(connection, endpoint, row, keep))

    async def delete(self, tenant_id: TenantId, endpoint_id: EndpointId, now: Micros) -> None:
        """Its secrets are wiped at once; what waits for it is cancelled by `settle_inactive`."""
        nothing = self._vault.seal(tenant_id, endpoint_id, NOTHING)
        await self._database.write(
            lambda connection: _delete(connection, tenant_id, endpoint_id, nothing, now)
        )

    async def disable(self, tenant_id: TenantId, endpoint_id: EndpointId, reason: str, now: Micros) -> bool:
        """False when it was inactive before: then the reason that stands, stays."""
        return await self._database.write(
            lambda connection: _disable(connection, tenant_id, endpoint_id, reason, now)
        )

    async def switch_filter_off(self, slow: Endpoint, reason: str, now: Micros) -> bool:
        """False when it is off already, or when the filter is no longer that of `slow`."""
        return await self._database.write(
            lambda connection: _switch_filter_off(connection, slow, reason, now)
        )

    async def enable(
        self, tenant_id: TenantId, endpoint_id: EndpointId, held: Held | None, now: Micros
    ) -> None:
        """`held` says what becomes of the deliveries that waited; None leaves them held."""
        await self._database.write(lambda connection: _enable(connection, tenant_id, endpoint_id, held, now))

    async def changed_since(self, tenant_id: TenantId, version: int) -> Changes:
        now, rows = await self._database.read(
            lambda connection: _changed_since(connection, tenant_id, version)
        )
        living = tuple(read_endpoint(row, self._vault) for row in rows if row.deleted_at is None)
        return now, living, tuple(row.id for row in rows if row.deleted_at is not None)

    async def settle_inactive(self, now: Micros, limit: int) -> int:
        """Of all tenants: move up to `limit` deliveries a kind to where their endpoint's state wants them.

        Returns how many; 0: all is settled.
        """
        return await self._database.write(lambda connection: settle_inactive(connection, now, limit))

    async def reseal(self, limit: int) -> int:
        """Of all tenants: seal again whatever an older key has sealed, `limit` rows a transaction. Returns how many."""
        return await reseal_all(self._database, endpoints, self._vault, limit)


def _create(connection: Connection, endpoint: Endpoint, row: Mapping[str, object], *, alone: bool) -> None:
    version = bump(
        connection, endpoint.tenant_id
    )  # it locks the tenant: nobody changes its endpoints meanwhile
    if alone:
        _check_alone(connection, endpoint)
    key = {"tenant_id": endpoint.tenant_id, "id": endpoint.id, "created_at": endpoint.created_at}
    try:
        connection.execute(insert(endpoints).values({**row, **key, "version": version}))
    except IntegrityError:
        raise Conflict(f"There is an endpoint {endpoint.id!r} already, or there was one.") from None


def _check_alone(connection: Connection, endpoint: Endpoint) -> None:
    """Raises Conflict."""
    living = within(endpoints, endpoint.tenant_id) & endpoints.c.deleted_at.is_(None)
    others = map(read_document, connection.execute(select(*COLUMNS).where(living)))
    if any(one.system == endpoint.system and one.url == endpoint.url for one in others):
        raise Conflict(f"There is an endpoint with the URL {endpoint.url} already.", field="url")


def _get(connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId) -> AnyRow:
    row = connection.execute(select(*COLUMNS).where(_one(tenant_id, endpoint_id))).first()
    if row is None:
        raise absent("endpoint", endpoint_id)
    return row


def _list(connection: Connection, tenant_id: TenantId, after: str, limit: int) -> Sequence[AnyRow]:
    wanted = select(*COLUMNS).where(
        within(endpoints, tenant_id), endpoints.c.id > after, endpoints.c.deleted_at.is_(None)
    )
    return connection.execute(wanted.order_by(endpoints.c.id).limit(limit + 1)).all()


def _replace(
    connection: Connection, endpoint: Endpoint, row: Mapping[str, object], held: Held | None
) -> None:
    values = dict(row)
    if not endpoint.active:
        values["held"] = None
    elif held is not None:  # otherwise a release that is under way goes on
        values["held"] = held.value
    version = bump(connection, endpoint.tenant_id)
    _require_version(connection, endpoint)
    _change(connection, endpoint.tenant_id, endpoint.id, {**values, "version": version})


def _require_version(connection: Connection, endpoint: Endpoint) -> None:
    """`bump` has locked the tenant: nobody changes its endpoints between this look and the write. An endpoint of
    version 0 was never read: it takes the place of whatever is there.
    """
    if not endpoint.version:
        return
    found = connection.execute(
        select(endpoints.c.version).where(_one(endpoint.tenant_id, endpoint.id))
    ).scalar()
    if found is not None and found != endpoint.version:
        raise Conflict(
            f"The endpoint {endpoint.id} was changed by somebody else in the meantime.",
            hint="Read it again and repeat your change.",
        )


def _delete(
    connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId, nothing: bytes, now: Micros
) -> None:
    values = {"deleted_at": now, "updated_at": now, "sealed": nothing, "held": None}
    version = bump(connection, tenant_id)
    _change(connection, tenant_id, endpoint_id, {**values, "version": version})


def _disable(
    connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId, reason: str, now: Micros
) -> bool:
    version = bump(connection, tenant_id)  # before the look: changes of one tenant wait for each other
    endpoint = read_document(_get(connection, tenant_id, endpoint_id))
    if not endpoint.active:
        return False
    switched = msgspec.structs.replace(endpoint, active=False, disabled_reason=reason, updated_at=now)
    values = {**open_columns(switched), "held": None, "version": version}
    _change(connection, tenant_id, endpoint_id, values)
    return True


def _switch_filter_off(connection: Connection, slow: Endpoint, reason: str, now: Micros) -> bool:
    version = bump(connection, slow.tenant_id)
    endpoint = read_document(_get(connection, slow.tenant_id, slow.id))
    if endpoint.filter_off or endpoint.filter != slow.filter:
        return False
    switched = msgspec.structs.replace(endpoint, filter_off=reason, updated_at=now)
    _change(connection, slow.tenant_id, slow.id, {**open_columns(switched), "version": version})
    return True


def _enable(
    connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId, held: Held | None, now: Micros
) -> None:
    version = bump(connection, tenant_id)
    endpoint = read_document(_get(connection, tenant_id, endpoint_id))
    switched = msgspec.structs.replace(endpoint, active=True, disabled_reason="", updated_at=now)
    choice = {} if held is None else {"held": held.value}
    _change(connection, tenant_id, endpoint_id, {**open_columns(switched), **choice, "version": version})


def _change(
    connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId, values: Mapping[str, object]
) -> None:
    statement = update(endpoints).where(_one(tenant_id, endpoint_id)).values(values)
    if connection.execute(statement).rowcount == 0:
        raise absent("endpoint", endpoint_id)


def _changed_since(connection: Connection, tenant_id: TenantId, version: int) -> tuple[int, Sequence[AnyRow]]:
    """The version is read first: a change between the two statements is then read again, never missed."""
    now = config_version(connection, tenant_id)
    wanted = select(*COLUMNS, endpoints.c.deleted_at).where(
        within(endpoints, tenant_id), endpoints.c.version > version
    )
    return now, connection.execute(wanted.order_by(endpoints.c.version)).all()


def _one(tenant_id: TenantId, endpoint_id: EndpointId) -> ColumnElement[bool]:
    return and_(within(endpoints, tenant_id), endpoints.c.id == endpoint_id, endpoints.c.deleted_at.is_(None))
