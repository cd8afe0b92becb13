"""What the owners of declarations have made, on both databases."""

from hookline.model.ids import EndpointId, Ids, TenantId
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, settle_in
from tests.storage.traffic import EP, a_delivery, an_event, finish, publish, start_node


async def test_owners_are_apart_and_what_is_put_last_counts(store: Store, clock: ManualClock) -> None:
    assert await store.declared.of("ops") == {}
    first = {ALICE: {"pbx": clock.now()}, TenantId("other"): {}}
    await store.declared.put("ops", first)
    await store.declared.put("others", {STRANGER: {}})
    assert await store.declared.of("ops") == first
    await store.declared.put("ops", {ALICE: {}})
    assert await store.declared.of("ops") == {ALICE: {}}
    await store.declared.put("ops", {})
    assert await store.declared.of("ops") == {}
    assert await store.declared.of("others") == {STRANGER: {}}


async def test_what_waits_for_an_endpoint_is_counted(store: Store, clock: ManualClock, ids: Ids) -> None:
    """Of this tenant alone; not what is being sent, and not what has ended."""
    await settle_in(store)
    await start_node(store, clock)
    for status in (500, 503, 200):
        event = await publish(store, an_event(ids, clock, ALICE))
        await finish(store, a_delivery(event, 0), status=status)
    await publish(store, an_event(ids, clock, ALICE))
    assert await store.deliveries.waiting(ALICE, EP) == 2
    assert await store.deliveries.waiting(STRANGER, EP) == 0
    assert await store.deliveries.waiting(ALICE, EndpointId("ep_none")) == 0
