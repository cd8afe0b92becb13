"""Counters, on both databases; what they hold was counted by the ledger."""

from hookline.clock import HOUR
from hookline.model.endpoint import Counters, HourCount
from hookline.model.ids import EndpointId, Ids
from hookline.storage.store import Store
from tests.clock import NOON, ManualClock
from tests.storage.people import ALICE, STRANGER, settle_in
from tests.storage.traffic import EP, a_delivery, an_event, finish, publish, start_node

NOON_HOUR = NOON // HOUR


async def test_attempts_are_counted_in_all_and_by_the_hour(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    await start_node(store, clock)
    for status in (200, 500, 200):
        event = await publish(store, an_event(ids, clock, ALICE))
        await finish(store, a_delivery(event, 0), status=status)
    assert await store.counters.get(ALICE, EP) == Counters(
        total=3, succeeded=2, failed=1, last_attempt_at=NOON, last_success_at=NOON
    )
    hours = await store.counters.hours(ALICE, EP, 0, NOON_HOUR + 1)
    assert hours == (HourCount(hour=NOON_HOUR, succeeded=2, failed=1),)
    assert await store.counters.hours(ALICE, EP, 0, NOON_HOUR) == ()
    assert await store.counters.hours(ALICE, EP, NOON_HOUR + 1, NOON_HOUR + 9) == ()


async def test_a_stranger_counts_for_itself(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    await finish(store, a_delivery(event, 0))
    assert await store.counters.get(STRANGER, EP) == Counters()
    assert await store.counters.hours(STRANGER, EP, 0, NOON_HOUR + 1) == ()


async def test_many_answers_for_each_id_asked(store: Store, clock: ManualClock, ids: Ids) -> None:
    await settle_in(store)
    await start_node(store, clock)
    event = await publish(store, an_event(ids, clock, ALICE))
    await finish(store, a_delivery(event, 0))
    other = EndpointId("ep_other")
    counted = await store.counters.many(ALICE, (other, EP))
    assert {endpoint: one.total for endpoint, one in counted.items()} == {other: 0, EP: 1}
    assert await store.counters.many(ALICE, ()) == {}
