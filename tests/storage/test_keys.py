"""Keys, on both databases."""

import pytest

from hookline.errors import NotFound
from hookline.model.api_key import Scope
from hookline.model.ids import KeyId, TenantId
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, a_key, settle_in

KEY = KeyId("key_1")


async def test_a_key_is_found_by_its_hash_alone(store: Store) -> None:
    await settle_in(store)
    key = a_key(ALICE, KEY, scope=Scope.PUBLISH, name="shop", expires_at=5)
    await store.keys.create(key, "hash of alice")
    await store.keys.create(a_key(STRANGER, KEY), "hash of stranger")
    assert await store.keys.find("hash of alice") == key
    assert await store.keys.get(ALICE, KEY) == key
    assert await store.keys.find("hash of nobody") is None


async def test_a_key_needs_a_tenant_that_lives(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no tenant 'alice'"):
        await store.keys.create(a_key(ALICE, KEY), "hash")
    assert await store.keys.find("hash") is None


async def test_an_admin_key_belongs_to_no_tenant(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    admin = a_key(None, KEY, scope=Scope.ADMIN)
    await store.keys.create(admin, "hash of admin")
    assert await store.keys.find("hash of admin") == admin
    assert await store.keys.get(None, KEY) == admin
    assert (await store.keys.list(None, limit=9)).items == (admin,)
    assert (await store.keys.list(ALICE, limit=9)).items == ()
    with pytest.raises(NotFound):
        await store.keys.get(ALICE, KEY)
    with pytest.raises(NotFound):
        await store.keys.get(TenantId(""), KEY)


async def test_a_stranger_neither_sees_nor_revokes_it(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.keys.create(a_key(ALICE, KEY), "hash")
    for verb in (store.keys.get(STRANGER, KEY), store.keys.revoke(STRANGER, KEY, clock.now())):
        with pytest.raises(NotFound, match="There is no key 'key_1'"):
            await verb
    with pytest.raises(NotFound, match="There is no key 'key_1'"):
        await store.keys.revoke(None, KEY, clock.now())
    assert (await store.keys.list(STRANGER, limit=9)).items == ()
    assert (await store.keys.get(ALICE, KEY)).revoked_at is None


async def test_the_first_revocation_stands(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.keys.create(a_key(ALICE, KEY), "hash")
    await store.keys.create(a_key(STRANGER, KEY), "other")
    first = clock.now()
    await store.keys.revoke(ALICE, KEY, first)
    await store.keys.revoke(ALICE, KEY, clock.turn(60))
    found = await store.keys.find("hash")
    assert found is not None
    assert found.revoked_at == first
    assert not found.lives(clock.now())
    assert (await store.keys.get(STRANGER, KEY)).revoked_at is None


async def test_deleting_a_tenant_revokes_its_keys(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.keys.create(a_key(ALICE, KEY), "hash")
    await store.keys.create(a_key(STRANGER, KEY), "other")
    await store.tenants.delete(ALICE, clock.now())
    assert await store.keys.find("hash") is None
    assert await store.keys.find("other") is not None


async def test_the_list_goes_on_where_a_page_ended(store: Store) -> None:
    await settle_in(store)
    for number in range(3):
        await store.keys.create(a_key(ALICE, f"key_{number}"), f"hash {number}")
        await store.keys.create(a_key(STRANGER, f"key_{number}"), f"other {number}")
    first = await store.keys.list(ALICE, limit=2)
    rest = await store.keys.list(ALICE, after=first.after, limit=2)
    assert [key.id for key in first.items + rest.items] == ["key_0", "key_1", "key_2"]
    assert {key.tenant_id for key in first.items + rest.items} == {ALICE}
    assert rest.after is None
