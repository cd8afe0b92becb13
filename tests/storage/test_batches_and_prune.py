"""Batches are frozen with their bytes; what is finished and old goes, and nothing else."""

import msgspec
import pytest
from sqlalchemy import func, select

from hookline.clock import HOUR, SECOND, Micros
from hookline.model.delivery import Delivery, State
from hookline.model.ids import BatchId, Ids
from hookline.storage.batches import Batch, Batches
from hookline.storage.ledger import Claimed, Result, Want
from hookline.storage.prune import Prune
from hookline.storage.schema import attempts, batches, counters, deliveries, event_tags, events
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, rows
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, finish, publish

LANE = (ALICE, EP)


async def _claimed(store: Store, ids: Ids, clock: ManualClock, count: int) -> list[Claimed]:
    for _ in range(count):
        event = an_event(ids, clock, ALICE)
        await publish(store, event, a_delivery(event, 0))
    return list(await store.ledger.claim(NODE, [Want(lane=LANE, count=count)], clock.now()))


def _batch(ids: Ids, claimed: list[Claimed]) -> Batch:
    members = tuple(one.delivery.id for one in claimed)
    return Batch(
        tenant_id=ALICE,
        id=ids.batch(),
        endpoint_id=EP,
        members=members,
        body=b"\x00frozen",
        created_at=Micros(1),
    )


def _later(delivery: Delivery, batch: Batch, clock: ManualClock) -> Result:
    due = Micros(clock.now() + 5 * SECOND)
    changed = msgspec.structs.replace(
        delivery, state=State.PENDING, due_at=due, attempts=1, batch_id=batch.id
    )
    return Result(delivery=changed, attempt=an_attempt(1), fresh=False)


async def test_a_frozen_batch_keeps_its_members_and_bytes(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    verbs = Batches(furnished.database)
    claimed = await _claimed(furnished, ids, clock, 3)
    batch = _batch(ids, claimed)
    await verbs.freeze(NODE, batch)
    assert await verbs.body(ALICE, batch.id) == b"\x00frozen"
    assert await verbs.body(STRANGER, batch.id) is None
    await furnished.ledger.record(NODE, [_later(one.delivery, batch, clock) for one in claimed])
    clock.turn(6)
    (first,) = await furnished.ledger.claim(OTHER, [Want(lane=LANE, count=1)], clock.now())
    assert first.delivery.batch_id == batch.id
    rest = await verbs.rest(OTHER, ALICE, batch.id)
    assert {one.delivery.id for one in (first, *rest)} == set(batch.members)
    assert {one.delivery.state for one in rest} == {State.SENDING}
    assert await verbs.rest(OTHER, ALICE, batch.id) == []


async def test_of_a_batch_that_was_pruned_there_is_nothing(furnished: Store) -> None:
    verbs = Batches(furnished.database)
    assert await verbs.body(ALICE, BatchId("bat_gone")) is None
    assert await verbs.rest(NODE, ALICE, BatchId("bat_gone")) == []


@pytest.fixture
def prune(furnished: Store) -> Prune:
    return Prune(furnished.database)


async def _count(store: Store) -> dict[str, int]:
    found = {}
    for table in (events, event_tags, deliveries, attempts, batches):
        ((count,),) = await rows(store, select(func.count()).select_from(table))
        found[table.name] = count
    return found


async def test_what_is_finished_and_old_goes_whole(
    furnished: Store, prune: Prune, ids: Ids, clock: ManualClock
) -> None:
    old = await publish(furnished, an_event(ids, clock, ALICE, tags=("a", "b")))
    failed = await finish(furnished, a_delivery(old, 0), status=500)
    (claimed,) = await furnished.ledger.claim(NODE, [Want(lane=LANE, count=1)], clock.turn(60))
    assert claimed.delivery.id == failed.id
    await finish(furnished, claimed.delivery, fresh=False)
    await publish(furnished, an_event(ids, clock, STRANGER, ()))
    await Batches(furnished.database).freeze(NODE, _batch(ids, [claimed]))
    before = clock.turn(86_400)
    young = await publish(furnished, an_event(ids, clock, ALICE, (), tags=("a",)))
    assert await prune.finished(before, 10) == 2
    assert await _count(furnished) == {
        "events": 1,
        "event_tags": 1,
        "deliveries": 0,
        "attempts": 0,
        "batches": 0,
    }
    assert await rows(furnished, select(events.c.id)) == [(young.id,)]
    assert await prune.finished(before, 10) == 0


@pytest.mark.parametrize("state", [State.PENDING, State.HELD, State.SENDING])
async def test_what_is_still_open_stays(
    furnished: Store, prune: Prune, ids: Ids, clock: ManualClock, state: State
) -> None:
    event = an_event(ids, clock, ALICE)
    await publish(furnished, event, a_delivery(event, 0, state))
    assert await prune.finished(clock.turn(10), 10) == 0


async def test_pruning_takes_no_more_than_it_may_at_once(
    furnished: Store, prune: Prune, ids: Ids, clock: ManualClock
) -> None:
    for _ in range(5):
        await publish(furnished, an_event(ids, clock, ALICE, ()))
    before = clock.turn(1)
    assert [await prune.finished(before, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_old_idempotency_keys_are_forgotten_and_their_events_stay(
    furnished: Store, prune: Prune, ids: Ids, clock: ManualClock
) -> None:
    await publish(furnished, an_event(ids, clock, ALICE, (), idempotency_key="old", fingerprint=b"f"))
    before = clock.turn(60)
    await publish(furnished, an_event(ids, clock, ALICE, (), idempotency_key="new", fingerprint=b"f"))
    assert [await prune.keys(before, 10) for _ in range(2)] == [1, 0]
    found = await rows(furnished, select(events.c.idempotency_key).order_by(events.c.id))
    assert found == [(None,), ("new",)]


async def test_hours_are_forgotten_and_the_sum_stays(
    furnished: Store, prune: Prune, ids: Ids, clock: ManualClock
) -> None:
    event = await publish(furnished, an_event(ids, clock, ALICE))
    await finish(furnished, a_delivery(event, 0))
    await prune.hours(clock.now() // HOUR + 24)
    assert await rows(furnished, select(counters.c.hour)) == [(0,)]
    assert (await furnished.counters.get(ALICE, EP)).total == 1
