"""Walking over lanes and claiming from them: only what is due, in order where one is wanted, nothing twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hookline.clock import SECOND, Micros
from hookline.model.delivery import Delivery, State
from hookline.model.ids import BatchId, EndpointId, Ids, NodeId, TenantId
from hookline.storage.ledger import DueLane, Gathering, LaneKey, LanePace, Ledger, Result, Want
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, publish

LANE = (ALICE, EP)


class Waiting:
    """Puts deliveries into the database, and claims them."""

    def __init__(self, store: Store, ids: Ids, clock: ManualClock) -> None:
        self.ledger = store.ledger
        self._store = store
        self._ids = ids
        self._clock = clock

    async def add(
        self, lane: LaneKey = LANE, *, after: float = 0, state: State = State.PENDING, **fields: Any
    ) -> Delivery:
        event = an_event(self._ids, self._clock, lane[0], matched=(lane[1],))
        due = Micros(self._clock.now() + int(after * SECOND)) if state is State.PENDING else None
        delivery = a_delivery(event, 0, state, due_at=due, **fields)
        await publish(self._store, event, delivery)
        return delivery

    async def claim(
        self,
        count: int = 100,
        *,
        lane: LaneKey = LANE,
        ordered: bool = False,
        node: NodeId = NODE,
        ledger: Ledger | None = None,
    ) -> list[str]:
        want = Want(lane=lane, count=count, ordered=ordered)
        claimed = await (ledger or self.ledger).claim(node, [want], self._clock.now())
        return [one.delivery.id for one in claimed]

    async def end(self, delivery: Delivery, state: State = State.DELIVERED, after: float = 0) -> None:
        """Record an attempt of what was claimed."""
        due = Micros(self._clock.now() + int(after * SECOND)) if state is State.PENDING else None
        ended = msgspec.structs.replace(delivery, state=state, due_at=due, attempts=delivery.attempts + 1)
        result = Result(delivery=ended, attempt=an_attempt(ended.attempts), fresh=False)
        assert list(await self.ledger.record(NODE, [result])) == []


@pytest.fixture
def waiting(furnished: Store, ids: Ids, clock: ManualClock) -> Waiting:
    return Waiting(furnished, ids, clock)


async def test_only_what_is_due_is_claimed_the_oldest_first(waiting: Waiting, clock: ManualClock) -> None:
    late, soon, now = [(await waiting.add(after=after)).id for after in (10, 5, 0)]
    await waiting.add(state=State.HELD)
    assert await waiting.claim() == [now]
    clock.turn(20)
    assert await waiting.claim() == [soon, late]
    assert await waiting.claim() == []


async def test_no_more_than_wanted_of_each_lane(waiting: Waiting, clock: ManualClock) -> None:
    lanes = [(ALICE, EP), (ALICE, EndpointId("ep_2")), (STRANGER, EP)]
    for lane in lanes:
        for _ in range(3):
            await waiting.add(lane)
    wants = [Want(lane=lane, count=count) for lane, count in zip(lanes[:2], (2, 1), strict=True)]
    claimed = await waiting.ledger.claim(NODE, wants, clock.now())
    assert Counter((one.delivery.tenant_id, one.delivery.endpoint_id) for one in claimed) == {
        lanes[0]: 2,
        lanes[1]: 1,
    }


async def test_two_nodes_at_once_never_get_the_same_delivery(waiting: Waiting, other_ledger: Ledger) -> None:
    added = {(await waiting.add()).id for _ in range(60)}
    turns = [(waiting.ledger, NODE), (other_ledger, OTHER)] * 10
    claims = await asyncio.gather(*(waiting.claim(5, ledger=ledger, node=node) for ledger, node in turns))
    found = [id_ for claim in claims for id_ in claim]
    found += await waiting.claim()
    assert len(found) == len(set(found)) == 60
    assert set(found) == added


async def test_of_an_ordered_endpoint_only_the_head_may_go(waiting: Waiting) -> None:
    first, second = [await waiting.add(order_key="") for _ in range(2)]
    assert await waiting.claim(ordered=True) == [first.id]
    assert await waiting.claim(ordered=True) == []
    await waiting.end(first)
    assert await waiting.claim(ordered=True) == [second.id]


async def test_a_failing_head_blocks_only_its_own_key(waiting: Waiting, clock: ManualClock) -> None:
    a1, b1, a2, b2 = [await waiting.add(order_key=key) for key in "abab"]
    assert set(await waiting.claim(ordered=True)) == {a1.id, b1.id}
    await waiting.end(a1, State.PENDING, after=60)
    await waiting.end(b1)
    assert await waiting.claim(ordered=True) == [b2.id]
    clock.turn(61)
    assert await waiting.claim(ordered=True) == [a1.id]
    await waiting.end(msgspec.structs.replace(a1, attempts=1))
    assert await waiting.claim(ordered=True) == [a2.id]


async def test_a_held_head_blocks_its_key_and_a_cancelled_one_does_not(
    waiting: Waiting, furnished: Store, clock: ManualClock
) -> None:
    held = await waiting.add(order_key="a", state=State.HELD)
    behind = await waiting.add(order_key="a")
    assert await waiting.claim(ordered=True) == []
    await furnished.deliveries.cancel(ALICE, held.id, clock.now())
    assert await waiting.claim(ordered=True) == [behind.id]


async def test_order_is_by_the_database_not_by_id(waiting: Waiting, ids: Ids, clock: ManualClock) -> None:
    """Another node's clock may be behind: its ids are lower."""
    await waiting.add(order_key="")
    clock.turn(-3600)
    other = Waiting(waiting._store, Ids(clock), clock)
    later = await other.add(order_key="")
    clock.turn(3600)
    assert await waiting.claim(ordered=True) != [later.id]


async def test_what_came_before_an_endpoint_was_ordered_is_claimed_too(waiting: Waiting) -> None:
    """Or it would wait for ever: it has no key to be the head of."""
    old = await waiting.add()
    head, behind = [await waiting.add(order_key="") for _ in range(2)]
    assert await waiting.claim(ordered=True) == [old.id, head.id]
    assert behind.id not in await waiting.claim(ordered=True)


async def test_ordered_and_plain_lanes_are_claimed_together(waiting: Waiting, clock: ManualClock) -> None:
    other = (STRANGER, EP)
    ordered, plain = await waiting.add(order_key="a"), await waiting.add(other)
    wants = [Want(lane=LANE, count=5, ordered=True), Want(lane=other, count=5)]
    claimed = await waiting.ledger.claim(NODE, wants, clock.now())
    assert {one.delivery.id for one in claimed} == {ordered.id, plain.id}


async def test_heads_are_bounded_by_the_count_wanted(waiting: Waiting) -> None:
    heads = [(await waiting.add(order_key=f"k{n}")).id for n in range(5)]
    assert await waiting.claim(3, ordered=True) == heads[:3]


async def _walked(ledger: Ledger, limit: int = 10, after: LaneKey | None = None) -> Sequence[DueLane]:
    return await ledger.walk(after, limit)


async def test_the_walk_tells_each_lane_once_with_when_it_is_due(
    waiting: Waiting, furnished: Store, clock: ManualClock
) -> None:
    for after in (7, 3, 5):
        await waiting.add(after=after)
    await waiting.add((STRANGER, EP), after=9)
    await waiting.add((ALICE, EndpointId("ep_2")), state=State.HELD)
    found = await _walked(waiting.ledger)
    versions = {tenant: await furnished.tenants.version(tenant) for tenant in (ALICE, STRANGER)}
    assert list(found) == [
        DueLane(LANE, Micros(clock.now() + 3 * SECOND), None, None, versions[ALICE]),
        DueLane((STRANGER, EP), Micros(clock.now() + 9 * SECOND), None, None, versions[STRANGER]),
    ]


async def test_the_walk_tells_the_owner_and_the_pace(waiting: Waiting) -> None:
    await waiting.add()
    await waiting.ledger.record(OTHER, (), [LanePace(lane=LANE, document=b'{"blamed":1}')])
    (lane,) = await _walked(waiting.ledger)
    assert (lane.owner, lane.pace) == (OTHER, b'{"blamed":1}')


async def test_the_walk_goes_on_where_it_ended(waiting: Waiting) -> None:
    lanes = [(TenantId(tenant), EndpointId(f"ep_{n}")) for tenant in (ALICE, STRANGER) for n in range(3)]
    for lane in lanes:
        await waiting.add(lane)
        await waiting.add(lane)
    found: list[LaneKey] = []
    after = None
    while step := await _walked(waiting.ledger, 2, after):
        assert len(step) <= 2
        after = step[-1].lane
        found += [one.lane for one in step]
    assert found == lanes


async def test_what_gathers_for_a_batch_is_counted_up_to_its_size(
    waiting: Waiting, clock: ManualClock
) -> None:
    assert await waiting.ledger.gathering(LANE, clock.now(), 3) is None
    await waiting.add(after=30)
    first = await waiting.add()
    clock.turn(1)
    await waiting.add()
    assert first.due_at is not None
    assert await waiting.ledger.gathering(LANE, clock.now(), 3) == Gathering(2, first.due_at, frozen=False)
    for _ in range(5):
        await waiting.add()
    assert await waiting.ledger.gathering(LANE, clock.now(), 3) == Gathering(3, first.due_at, frozen=False)


async def test_a_frozen_batch_is_seen_among_what_gathers(waiting: Waiting, clock: ManualClock) -> None:
    await waiting.add(batch_id=BatchId("bat_1"))
    gathering = await waiting.ledger.gathering(LANE, clock.now(), 3)
    assert gathering is not None
    assert gathering.frozen
