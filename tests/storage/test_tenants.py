"""Tenants, on both databases: the wall itself."""

import msgspec
import pytest
from sqlalchemy import func, select

from hookline.errors import Conflict, NotFound
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.schema import api_keys, endpoints, event_types, tenants
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, a_key, a_tenant, an_endpoint, an_event_type, rows, settle_in


async def test_a_tenant_reads_as_it_was_created(store: Store) -> None:
    tenant = a_tenant("alice", metadata={"plan": "gold", "größe": "ß"})
    await store.tenants.create(tenant)
    assert await store.tenants.get(tenant.id) == tenant
    assert await store.tenants.version(tenant.id) == 0


async def test_an_id_is_given_once(store: Store) -> None:
    await store.tenants.create(a_tenant("alice"))
    with pytest.raises(Conflict):
        await store.tenants.create(a_tenant("alice", name="other"))
    assert (await store.tenants.get(TenantId("alice"))).name == "alice"


async def test_the_id_of_a_deleted_tenant_is_not_given_again(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.tenants.delete(ALICE, clock.now())
    with pytest.raises(Conflict):
        await store.tenants.create(a_tenant(ALICE))


async def test_a_change_reaches_this_tenant_alone(store: Store) -> None:
    await settle_in(store)
    changed = a_tenant(ALICE, name="Alice & Co", metadata={"a": "b"})
    await store.tenants.change(changed)
    assert await store.tenants.get(ALICE) == changed
    assert await store.tenants.get(STRANGER) == a_tenant(STRANGER)


async def test_an_absent_tenant_is_not_found_by_any_verb(store: Store, clock: ManualClock) -> None:
    nobody = TenantId("nobody")
    for verb in (
        store.tenants.get(nobody),
        store.tenants.version(nobody),
        store.tenants.change(a_tenant(nobody)),
        store.tenants.delete(nobody, clock.now()),
    ):
        with pytest.raises(NotFound, match="There is no tenant 'nobody'"):
            await verb


async def test_the_list_goes_on_where_a_page_ended(store: Store, clock: ManualClock) -> None:
    for number in range(5):
        await store.tenants.create(a_tenant(f"t{number}"))
    await store.tenants.delete(TenantId("t1"), clock.now())
    first = await store.tenants.list(limit=2)
    assert [tenant.id for tenant in first.items] == ["t0", "t2"]
    second = await store.tenants.list(after=first.after, limit=2)
    assert [tenant.id for tenant in second.items] == ["t3", "t4"]
    assert second.after is None


async def test_a_deleted_tenant_is_gone_for_every_verb(store: Store, clock: ManualClock) -> None:
    await _furnish(store, ALICE)
    endpoint = EndpointId("ep_1")
    await store.tenants.delete(ALICE, clock.now())
    for verb in (
        store.tenants.get(ALICE),
        store.tenants.delete(ALICE, clock.now()),
        store.keys.get(ALICE, a_key(ALICE, "key_1").id),
        store.keys.create(a_key(ALICE, "key_2"), "hash2"),
        store.event_types.get(ALICE, "call.started"),
        store.event_types.put(an_event_type(ALICE, "call.ended")),
        store.endpoints.get(ALICE, endpoint),
        store.endpoints.create(an_endpoint(ALICE, "ep_2")),
        store.endpoints.disable(ALICE, endpoint, "why", clock.now()),
        store.endpoints.changed_since(ALICE, 0),
    ):
        with pytest.raises(NotFound):
            await verb
    assert (await store.endpoints.list(ALICE, limit=10)).items == ()
    assert (await store.event_types.list(ALICE, limit=10)).items == ()
    assert (await store.keys.list(ALICE, limit=10)).items == ()
    assert await store.keys.find("hash of alice") is None


async def test_pruning_removes_all_that_a_deleted_tenant_left_and_nothing_else(
    store: Store, clock: ManualClock
) -> None:
    await _furnish(store, ALICE)
    await _furnish(store, STRANGER)
    assert await store.tenants.prune_deleted(limit=100) == 0
    await store.tenants.delete(ALICE, clock.now())
    assert [await store.tenants.prune_deleted(limit=2) for _ in range(3)] == [2, 1, 0]
    for table in (api_keys, event_types, endpoints):
        counted = select(table.c.tenant_id, func.count()).group_by(table.c.tenant_id)
        assert await rows(store, counted) == [(STRANGER, 1)]


async def test_what_a_deleted_tenant_was_called_is_forgotten(store: Store, clock: ManualClock) -> None:
    await store.tenants.create(a_tenant(ALICE, name="Alice", metadata={"mail": "alice@example.com"}))
    await store.tenants.delete(ALICE, clock.now())
    wanted = select(tenants.c.name, tenants.c.metadata)
    assert await rows(store, wanted) == [("", "{}")]


async def test_only_changes_of_the_configuration_raise_its_version(store: Store) -> None:
    await settle_in(store)
    await store.tenants.change(msgspec.structs.replace(a_tenant(ALICE), name="new"))
    await store.keys.create(a_key(ALICE, "key_1"), "hash")
    assert await store.tenants.version(ALICE) == 0
    await store.event_types.put(an_event_type(ALICE, "call.started"))
    await store.endpoints.create(an_endpoint(ALICE, "ep_1"))
    assert await store.tenants.version(ALICE) == 2
    assert await store.tenants.version(STRANGER) == 0


async def _furnish(store: Store, tenant_id: TenantId) -> None:
    await store.tenants.create(a_tenant(tenant_id))
    await store.keys.create(a_key(tenant_id, "key_1"), f"hash of {tenant_id}")
    await store.event_types.put(an_event_type(tenant_id, "call.started"))
    await store.endpoints.create(an_endpoint(tenant_id, "ep_1"))
