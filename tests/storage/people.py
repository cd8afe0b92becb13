"""Alice and a stranger: two tenants that know nothing of each other, and things for them to own."""

from typing import Any

from sqlalchemy import Select

from hookline.model.api_key import ApiKey, Scope
from hookline.model.endpoint import Endpoint
from hookline.model.event_type import EventType
from hookline.model.ids import EndpointId, KeyId, TenantId
from hookline.model.tenant import Tenant
from hookline.storage.store import Store
from tests.clock import NOON

ALICE = TenantId("alice")
STRANGER = TenantId("stranger")


async def settle_in(store: Store) -> None:
    """Create both tenants."""
    await store.tenants.create(a_tenant(ALICE))
    await store.tenants.create(a_tenant(STRANGER))


async def rows(store: Store, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What really lies in the tables."""
    return await store.database.read(lambda connection: [tuple(row) for row in connection.execute(query)])


def a_tenant(tenant_id: str, **fields: Any) -> Tenant:
    given: dict[str, Any] = {"name": tenant_id, "created_at": NOON, "updated_at": NOON}
    return Tenant(id=TenantId(tenant_id), **(given | fields))


def a_key(tenant_id: TenantId | None, key_id: str, **fields: Any) -> ApiKey:
    given: dict[str, Any] = {"scope": Scope.MANAGE, "hint": "hk_abc…wxyz", "created_at": NOON}
    return ApiKey(id=KeyId(key_id), tenant_id=tenant_id, **(given | fields))


def an_event_type(tenant_id: TenantId, name: str, **fields: Any) -> EventType:
    given: dict[str, Any] = {"created_at": NOON, "updated_at": NOON}
    return EventType(tenant_id=tenant_id, name=name, **(given | fields))


def an_endpoint(tenant_id: TenantId, endpoint_id: str, **fields: Any) -> Endpoint:
    given: dict[str, Any] = {"url": "https://example.com/hook", "created_at": NOON, "updated_at": NOON}
    return Endpoint(id=EndpointId(endpoint_id), tenant_id=tenant_id, **(given | fields))
