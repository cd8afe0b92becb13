"""Endpoints, on both databases."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select

from hookline.errors import Conflict, NotFound
from hookline.model.endpoint import Batch, BearerAuth, ClientTls, Endpoint, Order, Rate, Secret
from hookline.model.ids import EndpointId, SecretId
from hookline.model.retry import Fixed
from hookline.storage.schema import endpoints
from hookline.storage.store import Store
from hookline.vault import Vault
from tests.clock import NOON, ManualClock
from tests.storage.people import ALICE, STRANGER, an_endpoint, rows, settle_in

EP = EndpointId("ep_1")


def a_full_one() -> Endpoint:
    return an_endpoint(
        ALICE,
        EP,
        name="shop",
        description="what it is for",
        events=("call.*", "order.paid"),
        filter="data.total > 5",
        method="PUT",
        headers={"X-Shop": "header-secret"},
        auth=BearerAuth(token="auth-secret"),
        tls=ClientTls(certificate="shown", key="tls-secret", ca="theirs"),
        secrets=(
            Secret(id=SecretId("sec_1"), value="whsec_signing-secret", created_at=NOON, expires_at=NOON),
        ),
        timeout=3.5,
        retry=Fixed(delay=2, attempts=3, jitter=0),
        rate=Rate(count=5),
        concurrency=3,
        order=Order.KEY,
        batch=Batch(count=9),
        max_age=60.0,
        active=False,
        disabled_reason="410",
        metadata={"team": "blue"},
    )


async def test_an_endpoint_reads_as_it_was_created(store: Store) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    assert await store.endpoints.get(ALICE, EP) == msgspec.structs.replace(a_full_one(), version=1)


async def test_secrets_auth_tls_and_headers_lie_sealed(store: Store) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    ((document, sealed),) = await rows(store, select(endpoints.c.document, endpoints.c.sealed))
    for secret in (b"header-secret", b"auth-secret", b"tls-secret", b"signing-secret"):
        assert secret not in document + sealed
    assert not {"secrets", "auth", "tls", "headers", "version"} & set(msgspec.json.decode(document))


async def test_an_id_is_given_once_for_each_tenant(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.endpoints.create(an_endpoint(ALICE, EP, name="mine"))
    await store.endpoints.create(an_endpoint(STRANGER, EP, name="theirs"))
    with pytest.raises(Conflict):
        await store.endpoints.create(an_endpoint(ALICE, EP, name="again"))
    assert (await store.endpoints.get(ALICE, EP)).name == "mine"
    assert (await store.endpoints.get(STRANGER, EP)).name == "theirs"


async def test_a_stranger_finds_nothing_and_changes_nothing(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    now = clock.now()
    for verb in (
        store.endpoints.get(STRANGER, EP),
        store.endpoints.replace(an_endpoint(STRANGER, EP)),
        store.endpoints.delete(STRANGER, EP, now),
        store.endpoints.disable(STRANGER, EP, "why", now),
        store.endpoints.enable(STRANGER, EP, None, now),
    ):
        with pytest.raises(NotFound, match="There is no endpoint 'ep_1'"):
            await verb
    assert (await store.endpoints.list(STRANGER, limit=9)).items == ()
    assert await store.endpoints.changed_since(STRANGER, 0) == (0, (), ())
    assert await store.endpoints.get(ALICE, EP) == msgspec.structs.replace(a_full_one(), version=1)


async def test_replacing_takes_the_whole_noun(store: Store) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    await store.endpoints.create(an_endpoint(STRANGER, EP))
    await store.endpoints.replace(an_endpoint(ALICE, EP, name="bare"))
    assert await store.endpoints.get(ALICE, EP) == an_endpoint(ALICE, EP, name="bare", version=2)
    assert await store.endpoints.get(STRANGER, EP) == an_endpoint(STRANGER, EP, version=1)


async def test_deleting_wipes_the_secrets_and_hides_the_rest(
    store: Store, clock: ManualClock, vault: Vault
) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    await store.endpoints.create(an_endpoint(STRANGER, EP))
    await store.endpoints.delete(ALICE, EP, clock.now())
    for verb in (store.endpoints.get(ALICE, EP), store.endpoints.delete(ALICE, EP, clock.now())):
        with pytest.raises(NotFound):
            await verb
    assert (await store.endpoints.list(ALICE, limit=9)).items == ()
    query = select(endpoints.c.sealed).where(endpoints.c.tenant_id == ALICE)
    ((sealed,),) = await rows(store, query)
    assert vault.open(ALICE, EP, sealed) == b"{}"
    assert (await store.endpoints.get(STRANGER, EP)).version == 1


async def test_disabling_tells_whether_it_changed_anything(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    before = msgspec.structs.replace(a_full_one(), active=True, disabled_reason="")
    await store.endpoints.create(before)
    now = clock.turn(1)
    assert await store.endpoints.disable(ALICE, EP, "It answered 410.", now)
    assert not await store.endpoints.disable(ALICE, EP, "Another reason.", clock.turn(1))
    expected = msgspec.structs.replace(
        before, active=False, disabled_reason="It answered 410.", updated_at=now, version=2
    )
    assert await store.endpoints.get(ALICE, EP) == expected


async def test_enabling_forgets_the_reason_and_keeps_the_secrets(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.endpoints.create(a_full_one())
    await store.endpoints.enable(ALICE, EP, None, clock.now())
    found = await store.endpoints.get(ALICE, EP)
    assert (found.active, found.disabled_reason, found.version) == (True, "", 2)
    assert found.secrets == a_full_one().secrets


async def test_every_change_is_stamped_with_the_new_config_version(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    await store.endpoints.create(an_endpoint(ALICE, EP))
    await store.endpoints.replace(an_endpoint(ALICE, EP, name="new"))
    await store.endpoints.disable(ALICE, EP, "why", clock.now())
    await store.endpoints.enable(ALICE, EP, None, clock.now())
    assert (await store.endpoints.get(ALICE, EP)).version == 4
    await store.endpoints.delete(ALICE, EP, clock.now())
    assert await store.tenants.version(ALICE) == 5
    assert await store.tenants.version(STRANGER) == 0


async def test_a_change_that_fails_does_not_raise_the_version(store: Store, clock: ManualClock) -> None:
    await settle_in(store)
    with pytest.raises(NotFound):
        await store.endpoints.delete(ALICE, EP, clock.now())
    assert await store.tenants.version(ALICE) == 0


async def test_the_directory_hears_of_changes_and_deletions_since_a_version(
    store: Store, clock: ManualClock
) -> None:
    await settle_in(store)
    for number in range(4):
        await store.endpoints.create(an_endpoint(ALICE, f"ep_{number}"))
        await store.endpoints.create(an_endpoint(STRANGER, f"ep_{number}"))
    await store.endpoints.delete(ALICE, EndpointId("ep_0"), clock.now())
    await store.endpoints.replace(an_endpoint(ALICE, "ep_2", name="new"))
    version, changed, deleted = await store.endpoints.changed_since(ALICE, 3)
    assert version == 6
    assert [(one.id, one.name, one.tenant_id) for one in changed] == [
        ("ep_3", "", ALICE),
        ("ep_2", "new", ALICE),
    ]
    assert deleted == ("ep_0",)
    assert await store.endpoints.changed_since(ALICE, 6) == (6, (), ())


async def test_the_list_goes_on_where_a_page_ended(store: Store) -> None:
    await settle_in(store)
    for number in range(3):
        await store.endpoints.create(an_endpoint(ALICE, f"ep_{number}"))
    first = await store.endpoints.list(ALICE, limit=2)
    rest = await store.endpoints.list(ALICE, after=first.after, limit=2)
    assert [endpoint.id for endpoint in first.items + rest.items] == ["ep_0", "ep_1", "ep_2"]
    assert rest.after is None


async def test_a_new_key_seals_all_again_and_only_once(store: Store) -> None:
    await settle_in(store)
    for tenant in (ALICE, STRANGER):
        for number in range(3):
            await store.endpoints.create(an_endpoint(tenant, f"ep_{number}", headers={"X": tenant}))
    old, new = bytes(32), bytes([1]) * 32
    rotated = Store.over(store.database, store.ledger, Vault([new, old]))
    assert await rotated.endpoints.reseal(limit=2) == 6
    assert await rotated.endpoints.reseal(limit=2) == 0
    alone = Store.over(store.database, store.ledger, Vault([new]))
    assert (await alone.endpoints.get(STRANGER, EP)).headers == {"X": STRANGER}
    assert await store.tenants.version(ALICE) == 3


async def test_changes_at_once_never_share_a_version(store: Store) -> None:
    await settle_in(store)
    names = [f"ep_{number:02}" for number in range(20)]
    await asyncio.gather(*(store.endpoints.create(an_endpoint(ALICE, name)) for name in names))
    page = await store.endpoints.list(ALICE, limit=50)
    assert sorted(endpoint.version for endpoint in page.items) == list(range(1, 21))
    assert await store.tenants.version(ALICE) == 20
