"""What a person may do to a delivery, on both databases."""

import msgspec
import pytest

from hookline.clock import SECOND, Micros
from hookline.errors import Conflict
from hookline.model.delivery import TERMINAL, TRANSITIONS, Delivery, State
from hookline.model.ids import BatchId, DeliveryId, Ids, delivery_id
from hookline.storage.ledger import Want
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, settle_in
from tests.storage.traffic import EP, NODE, a_delivery, an_event, publish, start_node


async def _in_state(store: Store, clock: ManualClock, ids: Ids, state: State) -> Delivery:
    """A delivery that has been through some attempts; the stranger has one of the same id."""
    await settle_in(store)
    event = an_event(ids, clock, ALICE)
    delivery = a_delivery(
        event, 0, state, attempts=4, failures=3, interruptions=1, last_status=500, reason="why"
    )
    theirs = msgspec.structs.replace(delivery, tenant_id=STRANGER)
    await publish(store, event, delivery)
    await publish(store, msgspec.structs.replace(event, tenant_id=STRANGER), theirs)
    return delivery


async def _state(store: Store, delivery_id_: DeliveryId) -> State:
    return (await store.deliveries.get(ALICE, delivery_id_)).delivery.state


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_what_has_ended_can_begin_its_schedule_anew(
    store: Store, clock: ManualClock, ids: Ids, state: State
) -> None:
    before = await _in_state(store, clock, ids, state)
    now = clock.turn(3600)
    moved = await store.deliveries.retry(ALICE, before.id, now)
    expected = msgspec.structs.replace(
        before, state=State.PENDING, due_at=now, failures=0, interruptions=0, reason="", finished_at=None
    )
    assert moved == expected
    assert (await store.deliveries.get(ALICE, before.id)).delivery == expected
    theirs = (await store.deliveries.get(STRANGER, before.id)).delivery
    assert theirs == msgspec.structs.replace(before, tenant_id=STRANGER)


async def test_what_waits_for_a_retry_is_due_now_and_its_schedule_goes_on(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    before = await _in_state(store, clock, ids, State.PENDING)
    now = clock.turn(1)
    moved = await store.deliveries.retry(ALICE, before.id, now)
    assert moved == msgspec.structs.replace(before, due_at=now)


async def test_one_that_ended_in_a_batch_is_retried_out_of_it(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    event = an_event(ids, clock, ALICE)
    await publish(store, event, a_delivery(event, 0, State.DEAD, batch_id=BatchId("bat_1")))
    assert (await store.deliveries.retry(ALICE, delivery_id(event.id, 0), clock.now())).batch_id is None


async def test_what_is_held_waits_for_its_endpoint(store: Store, clock: ManualClock, ids: Ids) -> None:
    held = await _in_state(store, clock, ids, State.HELD)
    with pytest.raises(Conflict, match="held because its endpoint is inactive") as refused:
        await store.deliveries.retry(ALICE, held.id, clock.now())
    assert "Enable the endpoint" in refused.value.hint
    assert await _state(store, held.id) is State.HELD


async def test_what_is_being_sent_is_left_alone(store: Store, clock: ManualClock, ids: Ids) -> None:
    claimed = await _in_state(store, clock, ids, State.PENDING)
    await start_node(store, clock)
    await store.ledger.claim(NODE, [Want(lane=(ALICE, EP), count=1)], clock.now())
    in_hand = delivery_id((await publish(store, an_event(ids, clock, ALICE))).id, 0)
    for busy in (claimed.id, in_hand):
        for verb in (
            store.deliveries.retry(ALICE, busy, clock.now()),
            store.deliveries.cancel(ALICE, busy, clock.now()),
        ):
            with pytest.raises(Conflict, match="is being sent right now"):
                await verb
        assert await _state(store, busy) is State.SENDING


@pytest.mark.parametrize("state", [State.PENDING, State.HELD])
async def test_what_waits_can_be_cancelled(store: Store, clock: ManualClock, ids: Ids, state: State) -> None:
    before = await _in_state(store, clock, ids, state)
    now = clock.turn(1)
    moved = await store.deliveries.cancel(ALICE, before.id, now)
    assert moved == msgspec.structs.replace(
        before, state=State.CANCELLED, reason="Cancelled by a person.", due_at=None, finished_at=now
    )
    assert (await store.deliveries.get(STRANGER, before.id)).delivery.state is state


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_what_has_ended_cannot_be_cancelled(
    store: Store, clock: ManualClock, ids: Ids, state: State
) -> None:
    ended = await _in_state(store, clock, ids, state)
    assert State.CANCELLED not in TRANSITIONS[state]
    with pytest.raises(Conflict, match=f"it is {state}"):
        await store.deliveries.cancel(ALICE, ended.id, clock.now())
    assert (await store.deliveries.get(ALICE, ended.id)).delivery == ended


async def test_the_backlog_counts_each_tenant_up_to_the_limit(
    store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(store)
    empty = await store.deliveries.backlog(limit=5)
    assert (empty.waiting, empty.oldest_due_at, empty.tenants) == (0, None, {})
    now = clock.now()
    for number in range(4):
        event = an_event(ids, clock, ALICE, ("ep_1", "ep_2"))
        due = Micros(now - number * SECOND)
        await publish(store, event, a_delivery(event, 0, due_at=due), a_delivery(event, 1, due_at=now))
    event = an_event(ids, clock, STRANGER)
    await publish(store, event, a_delivery(event, 0, due_at=now))
    ended = an_event(ids, clock, STRANGER)
    await publish(store, ended, a_delivery(ended, 0, State.DEAD))
    backlog = await store.deliveries.backlog(limit=5)
    assert backlog.tenants == {ALICE: 5, STRANGER: 1}
    assert (backlog.waiting, backlog.oldest_due_at) == (6, now - 3 * SECOND)
