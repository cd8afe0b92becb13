"""Deliveries follow the state of their endpoint, on both databases, a bounded number at a time."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select

from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, EndpointId, Ids, TenantId, delivery_id
from hookline.storage.endpoints import Held
from hookline.storage.schema import deliveries, endpoints
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, an_endpoint, rows, settle_in
from tests.storage.traffic import EP, a_delivery, an_event, publish


async def _deliveries(
    store: Store, clock: ManualClock, ids: Ids, state: State, count: int, *, tenant_id: TenantId = ALICE
) -> list[DeliveryId]:
    made = []
    for _ in range(count):
        event = an_event(ids, clock, tenant_id)
        await publish(store, event, a_delivery(event, 0, state, attempts=2, failures=2))
        made.append(delivery_id(event.id, 0))
    return made


async def _get(store: Store, delivery: DeliveryId, tenant_id: TenantId = ALICE) -> Delivery:
    return (await store.deliveries.get(tenant_id, delivery)).delivery


async def _count(store: Store, tenant_id: TenantId, state: State) -> int:
    where = (deliveries.c.tenant_id == tenant_id, deliveries.c.state == state.value)
    ((count,),) = await rows(store, select(func.count()).select_from(deliveries).where(*where))
    return int(count)


@pytest.fixture
async def furnished(store: Store) -> Store:
    """Both tenants have an active endpoint of the same id."""
    await settle_in(store)
    for tenant_id in (ALICE, STRANGER):
        await store.endpoints.create(an_endpoint(tenant_id, EP))
    return store


async def test_nothing_moves_while_endpoints_are_active(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    await _deliveries(furnished, clock, ids, State.PENDING, 2)
    await _deliveries(furnished, clock, ids, State.HELD, 2)
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 0


async def test_what_waits_for_an_inactive_endpoint_is_held(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    (mine, other) = await _deliveries(furnished, clock, ids, State.PENDING, 2)
    (theirs,) = await _deliveries(furnished, clock, ids, State.PENDING, 1, tenant_id=STRANGER)
    await furnished.endpoints.disable(ALICE, EP, "why", clock.now())
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 2
    held = await _get(furnished, mine)
    assert (held.state, held.due_at, held.finished_at, held.failures) == (State.HELD, None, None, 2)
    assert held.reason == "The endpoint is inactive."
    assert (await _get(furnished, other)).state is State.HELD
    assert (await _get(furnished, theirs, STRANGER)).state is State.PENDING
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 0


@pytest.mark.parametrize("state", [State.PENDING, State.HELD])
async def test_what_waits_for_a_deleted_endpoint_is_cancelled(
    furnished: Store, clock: ManualClock, ids: Ids, state: State
) -> None:
    (mine,) = await _deliveries(furnished, clock, ids, state, 1)
    (theirs,) = await _deliveries(furnished, clock, ids, state, 1, tenant_id=STRANGER)
    await furnished.endpoints.delete(ALICE, EP, clock.now())
    now = clock.turn(5)
    assert await furnished.endpoints.settle_inactive(now, 10) == 1
    gone = await _get(furnished, mine)
    assert (gone.state, gone.due_at, gone.finished_at) == (State.CANCELLED, None, now)
    assert gone.reason == "The endpoint was deleted."
    assert (await _get(furnished, theirs, STRANGER)).state is state


async def test_what_has_ended_or_is_being_sent_stays_as_it_is(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    for state in set(State) - {State.PENDING, State.HELD}:
        await _deliveries(furnished, clock, ids, state, 1)
    await furnished.endpoints.delete(ALICE, EP, clock.now())
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 0


async def test_enabling_can_release_what_was_held(furnished: Store, clock: ManualClock, ids: Ids) -> None:
    (mine,) = await _deliveries(furnished, clock, ids, State.HELD, 1)
    (theirs,) = await _deliveries(furnished, clock, ids, State.HELD, 1, tenant_id=STRANGER)
    await furnished.endpoints.enable(ALICE, EP, Held.RELEASE, clock.now())
    now = clock.turn(5)
    assert await furnished.endpoints.settle_inactive(now, 10) == 1
    released = await _get(furnished, mine)
    assert (released.state, released.due_at, released.failures) == (State.PENDING, now, 2)
    assert released.reason == ""
    assert (await _get(furnished, theirs, STRANGER)).state is State.HELD


async def test_enabling_can_cancel_what_was_held(furnished: Store, clock: ManualClock, ids: Ids) -> None:
    (mine,) = await _deliveries(furnished, clock, ids, State.HELD, 1)
    (waiting,) = await _deliveries(furnished, clock, ids, State.PENDING, 1)
    await furnished.endpoints.enable(ALICE, EP, Held.CANCEL, clock.now())
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 1
    gone = await _get(furnished, mine)
    assert (gone.state, gone.finished_at) == (State.CANCELLED, clock.now())
    assert (await _get(furnished, waiting)).state is State.PENDING


async def test_enabling_without_a_choice_leaves_it_held(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    await _deliveries(furnished, clock, ids, State.HELD, 1)
    await furnished.endpoints.enable(ALICE, EP, None, clock.now())
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 0


async def test_chunks_are_bounded_and_add_up(furnished: Store, clock: ManualClock, ids: Ids) -> None:
    await _deliveries(furnished, clock, ids, State.PENDING, 5)
    await furnished.endpoints.disable(ALICE, EP, "why", clock.now())
    assert [await furnished.endpoints.settle_inactive(clock.now(), 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await _count(furnished, ALICE, State.HELD) == 5


async def test_a_choice_is_forgotten_when_nothing_is_left_and_every_node_has_heard(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    await furnished.endpoints.enable(ALICE, EP, Held.RELEASE, clock.now())
    choice = select(endpoints.c.held).where(endpoints.c.tenant_id == ALICE)
    await furnished.endpoints.settle_inactive(clock.now(), 10)
    assert await rows(furnished, choice) == [("release",)]
    (late,) = await _deliveries(furnished, clock, ids, State.HELD, 1)  # by a node that had not heard yet
    assert await furnished.endpoints.settle_inactive(clock.turn(59), 10) == 1
    assert (await _get(furnished, late)).state is State.PENDING
    await furnished.endpoints.settle_inactive(clock.turn(1), 10)
    assert await rows(furnished, choice) == [(None,)]


async def test_a_choice_lasts_while_something_is_held(furnished: Store, clock: ManualClock, ids: Ids) -> None:
    await _deliveries(furnished, clock, ids, State.HELD, 3)
    await furnished.endpoints.enable(ALICE, EP, Held.RELEASE, clock.now())
    now = clock.turn(60)
    assert [await furnished.endpoints.settle_inactive(now, 2) for _ in range(2)] == [2, 1]


async def test_disabling_again_takes_the_choice_back(furnished: Store, clock: ManualClock, ids: Ids) -> None:
    (mine,) = await _deliveries(furnished, clock, ids, State.HELD, 1)
    await furnished.endpoints.enable(ALICE, EP, Held.RELEASE, clock.now())
    await furnished.endpoints.replace(an_endpoint(ALICE, EP, active=False), held=Held.RELEASE)
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 0
    assert (await _get(furnished, mine)).state is State.HELD


async def test_a_change_of_something_else_lets_a_release_go_on(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    await _deliveries(furnished, clock, ids, State.HELD, 1)
    await furnished.endpoints.enable(ALICE, EP, Held.RELEASE, clock.now())
    await furnished.endpoints.replace(an_endpoint(ALICE, EP, name="new"))
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 1


async def test_the_endpoints_of_others_are_not_moved_along(
    furnished: Store, clock: ManualClock, ids: Ids
) -> None:
    other = EndpointId("ep_2")
    await furnished.endpoints.create(an_endpoint(ALICE, other))
    event = an_event(ids, clock, ALICE, (EP, other))
    await publish(furnished, event, a_delivery(event, 0), a_delivery(event, 1))
    await furnished.endpoints.disable(ALICE, other, "why", clock.now())
    assert await furnished.endpoints.settle_inactive(clock.now(), 10) == 1
    assert (await _get(furnished, delivery_id(event.id, 0))).state is State.PENDING


async def test_a_row_that_another_node_is_claiming_is_passed_over(
    postgres_store: Store, postgres_url: str, clock: ManualClock, ids: Ids
) -> None:
    """PostgreSQL: settling waits for nobody."""
    await settle_in(postgres_store)
    await postgres_store.endpoints.create(an_endpoint(ALICE, EP))
    first, _ = await _deliveries(postgres_store, clock, ids, State.PENDING, 2)
    await postgres_store.endpoints.disable(ALICE, EP, "why", clock.now())
    claiming: asyncpg.Connection[Any] = await asyncpg.connect(postgres_url)
    async with claiming.transaction():
        assert await claiming.execute("UPDATE deliveries SET due_at = 0 WHERE id = $1", first) == "UPDATE 1"
        assert await postgres_store.endpoints.settle_inactive(clock.now(), 10) == 1
    await claiming.close()
    assert await postgres_store.endpoints.settle_inactive(clock.now(), 10) == 1
