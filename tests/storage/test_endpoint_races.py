"""Two changes of one endpoint at once: the second hears of the first, and nothing is lost without a word."""

import msgspec
import pytest

from hookline.errors import Conflict
from hookline.model.endpoint import Endpoint
from hookline.model.ids import Ids, TenantId
from hookline.model.tenant import Tenant
from hookline.storage.store import Store
from tests.clock import ManualClock

ALICE = TenantId("alice")


async def as_read(store: Store, ids: Ids, clock: ManualClock) -> Endpoint:
    """An endpoint, as somebody has read it who is about to change it."""
    now = clock.now()
    await store.tenants.create(Tenant(id=ALICE, name="Alice", created_at=now, updated_at=now))
    endpoint_id = ids.endpoint()
    await store.endpoints.create(
        Endpoint(id=endpoint_id, tenant_id=ALICE, url="https://example.com/", created_at=now, updated_at=now)
    )
    return await store.endpoints.get(ALICE, endpoint_id)


async def test_a_change_of_an_endpoint_as_it_no_longer_is_is_refused(
    store: Store, ids: Ids, clock: ManualClock
) -> None:
    read = await as_read(store, ids, clock)
    await store.endpoints.replace(msgspec.structs.replace(read, name="first"))
    with pytest.raises(Conflict, match="changed by somebody else"):
        await store.endpoints.replace(msgspec.structs.replace(read, name="second"))
    assert (await store.endpoints.get(ALICE, read.id)).name == "first"


async def test_an_endpoint_switched_off_meanwhile_is_not_switched_on_again_by_an_older_change(
    store: Store, ids: Ids, clock: ManualClock
) -> None:
    read = await as_read(store, ids, clock)
    assert await store.endpoints.disable(ALICE, read.id, "410", clock.now())
    with pytest.raises(Conflict):
        await store.endpoints.replace(msgspec.structs.replace(read, name="later"))
    assert not (await store.endpoints.get(ALICE, read.id)).active
