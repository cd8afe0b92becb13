"""Two changes of one endpoint at once: the second hears of the first, and nothing is lost without a word."""

import msgspec
import pytest

from hookline.errors import Conflict
from hookline.model.endpoint import Endpoint
from hookline.model.ids import Ids, TenantId
from hookline.model.tenant import Tenant
from hookline.storage.store import Store
from tests.clock import ManualClock


async def test_a_change_of_an_endpoint_as_it_no_longer_is_is_refused(
    store: Store, ids: Ids, clock: ManualClock
) -> None:
    alice, now = TenantId("alice"), clock.now()
    await store.tenants.create(Tenant(id=alice, name="Alice", created_at=now, updated_at=now))
    made = Endpoint(
        id=ids.endpoint(), tenant_id=alice, url="https://example.com/", created_at=now, updated_at=now
    )
    await store.endpoints.create(made)
    read = await store.endpoints.get(alice, made.id)
    await store.endpoints.replace(msgspec.structs.replace(read, name="first"))
    with pytest.raises(Conflict, match="changed by somebody else"):
        await store.endpoints.replace(msgspec.structs.replace(read, name="second"))
    assert (await store.endpoints.get(alice, made.id)).name == "first"


async def test_an_endpoint_switched_off_meanwhile_is_not_switched_on_again_by_an_older_change(
    store: Store, ids: Ids, clock: ManualClock
) -> None:
    alice, now = TenantId("alice"), clock.now()
    await store.tenants.create(Tenant(id=alice, name="Alice", created_at=now, updated_at=now))
    made = Endpoint(
        id=ids.endpoint(), tenant_id=alice, url="https://example.com/", created_at=now, updated_at=now
    )
    await store.endpoints.create(made)
    read = await store.endpoints.get(alice, made.id)
    assert await store.endpoints.disable(alice, made.id, "410", now)
    with pytest.raises(Conflict):
        await store.endpoints.replace(msgspec.structs.replace(read, name="later"))
    assert not (await store.endpoints.get(alice, made.id)).active
