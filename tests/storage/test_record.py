"""Writing results back: fenced by the owner, counted exactly, harmless when written twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from hookline.clock import HOUR, SECOND, Micros
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import HourCount
from hookline.model.ids import EndpointId, Ids, NodeId, TenantId
from hookline.storage.ledger import Claimed, LanePace, Ledger, Result, Want
from hookline.storage.postgres.ledger import PostgresLedger
from hookline.storage.schema import deliveries, lanes
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, rows
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, publish

LANE = (ALICE, EP)


async def _in_hand(store: Store, ids: Ids, clock: ManualClock, tenant: TenantId = ALICE) -> Delivery:
    event = await publish(store, an_event(ids, clock, tenant))
    return a_delivery(event, 0, State.SENDING)


async def _claimed(store: Store, ids: Ids, clock: ManualClock, node: NodeId = NODE) -> Delivery:
    event = an_event(ids, clock, ALICE)
    await publish(store, event, a_delivery(event, 0))
    (one,) = await store.ledger.claim(node, [Want(lane=LANE, count=10)], clock.now())
    return one.delivery


def _tried(delivery: Delivery, state: State = State.DELIVERED, status: int = 200, **fields: Any) -> Delivery:
    values: dict[str, Any] = {
        "state": state,
        "attempts": delivery.attempts + 1,
        "last_status": status,
        "due_at": delivery.created_at + 60 * SECOND if state is State.PENDING else None,
        "finished_at": delivery.created_at + SECOND if state is State.DELIVERED else None,
    }
    return msgspec.structs.replace(delivery, **values | fields)


def _result(ended: Delivery, *, fresh: bool = False, attempt: Attempt | None = None) -> Result:
    made = attempt or an_attempt(ended.attempts, ended.last_status or 200)
    return Result(delivery=ended, attempt=made, fresh=fresh)


async def _numbers(store: Store, delivery: Delivery) -> list[int]:
    detail = await store.deliveries.get(delivery.tenant_id, delivery.id)
    return [attempt.number for attempt in detail.attempts]


async def test_the_first_result_of_what_was_in_hand_makes_its_row(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    ended = _tried(await _in_hand(furnished, ids, clock))
    assert await furnished.ledger.record(NODE, [_result(ended, fresh=True)]) == []
    detail = await furnished.deliveries.get(ALICE, ended.id)
    assert detail.delivery == ended
    assert detail.attempts == (an_attempt(1),)


async def test_a_first_result_is_refused_where_a_row_exists(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    """Another node has taken over: its word stands, and nothing is counted."""
    delivery = await _in_hand(furnished, ids, clock)
    taken = _tried(delivery, State.PENDING, last_cause=Cause.INTERRUPTED)
    await furnished.ledger.record(OTHER, [_result(taken, fresh=True)])
    before = await furnished.counters.get(ALICE, EP)
    late = _tried(delivery)
    assert await furnished.ledger.record(NODE, [_result(late, fresh=True)]) == [late.id]
    assert (await furnished.deliveries.get(ALICE, delivery.id)).delivery == taken
    assert await furnished.counters.get(ALICE, EP) == before


async def test_where_one_row_exists_its_neighbours_are_written_and_counted(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    first, other, last = [await _in_hand(furnished, ids, clock) for _ in range(3)]
    taken = _tried(other, State.PENDING, 500)
    await furnished.ledger.record(OTHER, [_result(taken, fresh=True)])
    group = [_result(_tried(delivery), fresh=True) for delivery in (first, other, last)]
    assert await furnished.ledger.record(NODE, group) == [other.id]
    for delivery in (first, last):
        assert (await furnished.deliveries.get(ALICE, delivery.id)).delivery == _tried(delivery)
        assert await _numbers(furnished, delivery) == [1]
    assert (await furnished.deliveries.get(ALICE, other.id)).delivery == taken
    counted = await furnished.counters.get(ALICE, EP)
    assert (counted.total, counted.succeeded) == (3, 2)


async def test_what_is_all_new_is_written_without_asking_which_of_it_is(
    furnished: Store, ids: Ids, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL has a cheap statement for it, and a careful one for the rest. SQLite has one way."""
    ledger, careful = furnished.ledger, list[int]()
    if isinstance(ledger, PostgresLedger):
        recording = ledger._recording

        def counted(statement: Any, results: Sequence[Result]) -> Any:
            careful.append(len(results))
            return recording(statement, results)

        monkeypatch.setattr(ledger, "_recording", counted)
    first, other = [_tried(await _in_hand(furnished, ids, clock)) for _ in range(2)]
    assert await ledger.record(NODE, [_result(first, fresh=True)]) == []
    assert careful == []
    both = [_result(first, fresh=True), _result(other, fresh=True)]
    assert await ledger.record(NODE, both) == [first.id]
    dead = _tried(await _in_hand(furnished, ids, clock), State.DEAD, 500)
    assert await ledger.record(NODE, [_result(dead, fresh=True)]) == []
    assert careful == ([2, 1] if isinstance(ledger, PostgresLedger) else [])


async def test_of_two_nodes_that_write_the_same_results_each_is_counted_once(
    furnished: Store, other_ledger: Ledger, ids: Ids, clock: ManualClock
) -> None:
    """After a take-over that came too early: whose word it is does not matter, but it is one."""
    for rounds in range(1, 16):
        group = [_result(_tried(await _in_hand(furnished, ids, clock)), fresh=True) for _ in range(5)]
        told = await asyncio.gather(
            furnished.ledger.record(NODE, group), other_ledger.record(OTHER, group[1:])
        )
        assert sorted([*told[0], *told[1]]) == sorted(result.delivery.id for result in group[1:])
        assert (await furnished.counters.get(ALICE, EP)).total == 5 * rounds


async def test_a_claimed_delivery_moves_with_its_attempt(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    later = _tried(await _claimed(furnished, ids, clock), State.PENDING, 500, failures=1)
    assert await furnished.ledger.record(NODE, [_result(later)]) == []
    detail = await furnished.deliveries.get(ALICE, later.id)
    assert detail.delivery == later
    assert detail.attempts == (an_attempt(1, 500),)
    assert await rows(furnished, select(deliveries.c.owner)) == [(None,)]


async def test_a_result_is_refused_when_the_row_is_another_nodes(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    delivery = await _claimed(furnished, ids, clock, OTHER)
    assert await furnished.ledger.record(NODE, [_result(_tried(delivery))]) == [delivery.id]
    assert (await furnished.deliveries.get(ALICE, delivery.id)).delivery.state is State.SENDING
    assert await _numbers(furnished, delivery) == []
    assert (await furnished.counters.get(ALICE, EP)).total == 0


async def test_attempts_are_numbered_without_gaps_over_many_claims(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    delivery = await _in_hand(furnished, ids, clock)
    later = _tried(delivery, State.PENDING, 500)
    await furnished.ledger.record(NODE, [_result(later, fresh=True)])
    for _ in range(3):
        (one,) = await furnished.ledger.claim(NODE, [Want(lane=LANE, count=1)], clock.turn(60))
        later = _tried(one.delivery, State.PENDING, 500, due_at=clock.now() + 60 * SECOND)
        assert await furnished.ledger.record(NODE, [_result(later)]) == []
    assert await _numbers(furnished, delivery) == [1, 2, 3, 4]


async def test_a_result_without_an_attempt_moves_and_counts_nothing(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    claimed = await _claimed(furnished, ids, clock)
    held = msgspec.structs.replace(claimed, state=State.HELD, reason="why", due_at=None)
    fresh = await _in_hand(furnished, ids, clock)
    back = msgspec.structs.replace(fresh, state=State.PENDING, due_at=clock.now())
    results = [Result(delivery=held, fresh=False), Result(delivery=back, fresh=True)]
    assert await furnished.ledger.record(NODE, results) == []
    assert (await furnished.deliveries.get(ALICE, held.id)).delivery == held
    assert (await furnished.deliveries.get(ALICE, back.id)).delivery == back
    assert await _numbers(furnished, held) == await _numbers(furnished, back) == []
    assert (await furnished.counters.get(ALICE, EP)).total == 0


async def test_results_whose_commit_was_not_heard_of_are_written_again_without_harm(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    fresh = _result(_tried(await _in_hand(furnished, ids, clock)), fresh=True)
    moved = _result(_tried(await _claimed(furnished, ids, clock), State.PENDING, 500))
    assert await furnished.ledger.record(NODE, [fresh, moved]) == []
    assert set(await furnished.ledger.record(NODE, [fresh, moved])) == {fresh.delivery.id, moved.delivery.id}
    assert (await furnished.counters.get(ALICE, EP)).total == 2
    assert await _numbers(furnished, moved.delivery) == [1]


async def test_even_when_the_delivery_was_claimed_again_in_between(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    """By the same node: its name alone does not fence."""
    moved = _result(_tried(await _claimed(furnished, ids, clock), State.PENDING, 500))
    await furnished.ledger.record(NODE, [moved])
    (again,) = await furnished.ledger.claim(NODE, [Want(lane=LANE, count=1)], clock.turn(60))
    assert await furnished.ledger.record(NODE, [moved]) == [moved.delivery.id]
    assert (await furnished.deliveries.get(ALICE, again.delivery.id)).delivery.state is State.SENDING
    assert await furnished.ledger.record(NODE, [_result(_tried(again.delivery))]) == []
    assert await _numbers(furnished, again.delivery) == [1, 2]


async def test_counters_are_exact_for_the_hour_and_in_all(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    hour = clock.now() // HOUR
    results = []
    for n, (status, at) in enumerate([(200, 10), (500, 20), (200, 5), (404, 3600), (200, 3601), (200, 3602)]):
        ended = _tried(await _in_hand(furnished, ids, clock, STRANGER if n == 5 else ALICE), status=status)
        exchange = Exchange(status=status, cause=None if status == 200 else Cause.STATUS)
        moment = Micros(hour * HOUR + at * SECOND)
        attempt = Attempt(number=1, at=moment, url="u", exchange=exchange)
        results.append(_result(ended, fresh=True, attempt=attempt))
    await furnished.ledger.record(NODE, results[:3])
    await furnished.ledger.record(NODE, results[3:])
    counted = await furnished.counters.get(ALICE, EP)
    assert (counted.total, counted.succeeded, counted.failed) == (5, 3, 2)
    assert counted.last_attempt_at == counted.last_success_at == hour * HOUR + 3601 * SECOND
    assert await furnished.counters.hours(ALICE, EP, hour, hour + 2) == (
        HourCount(hour=hour, succeeded=2, failed=1),
        HourCount(hour=hour + 1, succeeded=1, failed=1),
    )
    assert (await furnished.counters.get(STRANGER, EP)).total == 1


async def test_the_last_success_stays_when_only_failures_follow(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    good = _tried(await _in_hand(furnished, ids, clock))
    bad = _tried(await _in_hand(furnished, ids, clock), State.PENDING, 500)
    await furnished.ledger.record(NODE, [_result(bad, fresh=True)])
    assert (await furnished.counters.get(ALICE, EP)).last_success_at is None
    await furnished.ledger.record(NODE, [_result(good, fresh=True)])
    first = (await furnished.counters.get(ALICE, EP)).last_success_at
    again = _tried(await _in_hand(furnished, ids, clock), State.PENDING, 500)
    await furnished.ledger.record(NODE, [_result(again, fresh=True)])
    assert (await furnished.counters.get(ALICE, EP)).last_success_at == first is not None


async def test_hundreds_of_results_are_one_write(furnished: Store, ids: Ids, clock: ManualClock) -> None:
    results = []
    for _ in range(120):
        event = await publish(furnished, an_event(ids, clock, ALICE))
        results.append(_result(_tried(a_delivery(event, 0)), fresh=True))
    assert await furnished.ledger.record(NODE, results) == []
    assert (await furnished.counters.get(ALICE, EP)).total == 120


async def _lanes(store: Store) -> list[tuple[Any, ...]]:
    columns = (lanes.c.tenant_id, lanes.c.endpoint_id, lanes.c.owner, lanes.c.pace)
    return await rows(store, select(*columns))


async def test_the_pace_of_a_lane_is_kept_with_its_owner_and_forgotten_when_it_is_healthy(
    furnished: Store,
) -> None:
    await furnished.ledger.record(NODE, (), [LanePace(lane=LANE, document=b"{}")])
    await furnished.ledger.record(NODE, (), [LanePace(lane=LANE, document=b'{"blamed":1}')])
    assert await _lanes(furnished) == [(ALICE, EP, NODE, b'{"blamed":1}')]
    await furnished.ledger.record(NODE, (), [LanePace(lane=LANE, document=None)])
    assert await _lanes(furnished) == []


async def test_another_node_neither_changes_nor_forgets_the_pace_of_a_lane(furnished: Store) -> None:
    await furnished.ledger.record(NODE, (), [LanePace(lane=LANE, document=b"{}")])
    await furnished.ledger.record(OTHER, (), [LanePace(lane=LANE, document=b'{"blamed":1}')])
    await furnished.ledger.record(OTHER, (), [LanePace(lane=LANE, document=None)])
    assert await _lanes(furnished) == [(ALICE, EP, NODE, b"{}")]


async def test_one_node_alone_acquires_a_lane(furnished: Store) -> None:
    other = (STRANGER, EndpointId("ep_9"))
    assert await furnished.ledger.acquire(NODE, [LANE]) == [LANE]
    assert await furnished.ledger.acquire(NODE, [LANE]) == [LANE]
    assert await furnished.ledger.acquire(OTHER, [other, LANE]) == [other]


async def test_what_is_claimed_comes_with_its_event_and_the_configuration_of_now(
    furnished: Store, ids: Ids, clock: ManualClock
) -> None:
    event = an_event(ids, clock, ALICE, tags=("a",), order_key="k", failures={"ep_9": "why"})
    await publish(furnished, event, a_delivery(event, 0))
    await furnished.endpoints.disable(ALICE, EP, "why", clock.now())
    (one,) = await furnished.ledger.claim(NODE, [Want(lane=LANE, count=1)], clock.now())
    taken = msgspec.structs.replace(a_delivery(event, 0), state=State.SENDING)
    assert one == Claimed(taken, event, await furnished.tenants.version(ALICE))
