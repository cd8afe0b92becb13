"""Nodes: leases, and what becomes of the work of those who have gone silent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from hookline.clock import HOUR, SECOND, Micros
from hookline.model.attempt import Cause
from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, EndpointId, EventId, Ids, NodeId, delivery_id
from hookline.storage.interruptions import MAX_INTERRUPTIONS, SPREAD, SUSPECT
from hookline.storage.ledger import LanePace, Result, Want
from hookline.storage.nodes import Nodes, TakenOver
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.postgres.ledger import PostgresLedger
from hookline.storage.schema import deliveries, lanes, nodes
from hookline.storage.store import Store
from tests.clock import ManualClock
from tests.storage.people import ALICE, STRANGER, rows, settle_in
from tests.storage.traffic import EP, NODE, OTHER, a_delivery, an_attempt, an_event, publish

LANE = (ALICE, EP)
LEASE = Micros(15 * SECOND)


class Two:
    """Two nodes on one database; the first falls silent at will."""

    def __init__(self, store: Store, clock: ManualClock, ids: Ids) -> None:
        self.store = store
        self.nodes = Nodes(store.database, clock)
        self._clock = clock
        self._ids = ids

    async def register(self, node: NodeId, watermark: str = "evt_") -> None:
        await self.nodes.register(node, name="n", lease=LEASE, watermark=EventId(watermark))

    async def silence(self, node: NodeId, seconds: float = 16) -> None:
        """Its last heartbeat was so long ago, by the database's clock."""
        ago = int(seconds * SECOND)
        change = update(nodes).where(nodes.c.id == node).values(heartbeat_at=nodes.c.heartbeat_at - ago)
        await self.store.database.write(lambda connection: connection.execute(change))

    async def in_hand(self, count: int = 1) -> list[DeliveryId]:
        """Of one event, without rows, in the first node's hand."""
        matched = [f"ep_{n + 1}" for n in range(count)]
        event = await publish(self.store, an_event(self._ids, self._clock, ALICE, matched))
        return [delivery_id(event.id, position) for position in range(count)]

    async def waiting(self) -> Delivery:
        event = an_event(self._ids, self._clock, ALICE)
        delivery = a_delivery(event, 0)
        await publish(self.store, event, delivery)
        return delivery

    async def crash(self, name: str, now: Micros) -> list[DeliveryId]:
        """A node of this name takes what is due and falls silent; another takes over."""
        node = NodeId(name)
        await self.register(node)
        taken = await self.store.ledger.claim(node, [Want(lane=LANE, count=10)], now)
        await self.silence(node)
        await self.nodes.take_over(OTHER)
        return [one.delivery.id for one in taken]

    async def claimed(self) -> Delivery:
        await self.waiting()
        want = Want(lane=LANE, count=1)
        (one,) = await self.store.ledger.claim(NODE, [want], Micros(self._clock.now() + HOUR))
        return one.delivery

    async def get(self, delivery: DeliveryId) -> Delivery:
        return (await self.store.deliveries.get(ALICE, delivery)).delivery


@pytest.fixture
async def two(store: Store, clock: ManualClock, ids: Ids) -> Two:
    await settle_in(store)
    pair = Two(store, clock, ids)
    await pair.register(NODE)
    await pair.register(OTHER)
    return pair


async def test_a_node_is_taken_over_only_after_its_lease(two: Two) -> None:
    await two.silence(NODE, 14)
    assert await two.nodes.take_over(OTHER) == []
    await two.silence(NODE, 2)
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=0)]
    assert await two.nodes.take_over(OTHER) == []


async def test_nobody_takes_over_itself(two: Two) -> None:
    await two.silence(NODE)
    assert await two.nodes.take_over(NODE) == []


async def test_a_heartbeat_renews_the_lease(two: Two) -> None:
    await two.silence(NODE, 10)
    assert await two.nodes.heartbeat(NODE, EventId("evt_")) is not None
    await two.silence(NODE, 10)
    assert await two.nodes.take_over(OTHER) == []


async def test_a_node_that_was_taken_over_hears_so_at_its_next_heartbeat(two: Two) -> None:
    await two.silence(NODE)
    await two.nodes.take_over(OTHER)
    assert await two.nodes.heartbeat(NODE, EventId("evt_")) is None


async def test_alone_at_its_start_a_node_takes_over_every_other_at_once(two: Two) -> None:
    taken = await two.nodes.take_over(NodeId("nod_3"), alone=True)
    assert {one.node_id for one in taken} == {NODE, OTHER}


async def test_what_was_in_hand_without_a_row_becomes_due_with_an_interrupted_attempt(
    two: Two, clock: ManualClock
) -> None:
    wanted = await two.in_hand(3)
    await two.silence(NODE)
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=3)]
    for position, delivery in enumerate(wanted):
        detail = await two.store.deliveries.get(ALICE, delivery)
        assert detail.delivery.endpoint_id == EndpointId(f"ep_{position + 1}")
        assert (detail.delivery.state, detail.delivery.attempts) == (State.PENDING, 1)
        assert (detail.delivery.interruptions, detail.delivery.failures) == (0, 0)
        assert detail.delivery.due_at is not None
        (attempt,) = detail.attempts
        assert (attempt.number, attempt.exchange.cause) == (1, Cause.INTERRUPTED)


async def test_a_row_that_exists_wins_over_the_promise(two: Two) -> None:
    first, second = await two.in_hand(2)
    made = an_event(two._ids, two._clock, ALICE)
    done = msgspec.structs.replace(
        a_delivery(made, 0, State.DELIVERED, attempts=1),
        id=first,
        event_id=EventId("evt_" + first[4:-2]),
    )
    await two.store.ledger.record(NODE, [Result(delivery=done, attempt=an_attempt(1), fresh=True)])
    await two.silence(NODE)
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=1)]
    assert (await two.get(first)).state is State.DELIVERED
    assert (await two.get(second)).state is State.PENDING


async def test_what_lies_below_the_watermark_was_settled_before(two: Two, ids: Ids) -> None:
    (old,) = await two.in_hand()
    assert await two.nodes.heartbeat(NODE, ids.event()) is not None
    (new,) = await two.in_hand()
    await two.silence(NODE)
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=1)]
    found = await rows(two.store, select(deliveries.c.id))
    assert found == [(new,)]
    assert old != new


async def test_claimed_rows_become_due_with_the_next_number(two: Two, clock: ManualClock) -> None:
    claimed = await two.claimed()
    await two.silence(NODE)
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=1)]
    detail = await two.store.deliveries.get(ALICE, claimed.id)
    assert (detail.delivery.state, detail.delivery.attempts, detail.delivery.interruptions) == (
        State.PENDING,
        1,
        1,
    )
    assert [attempt.number for attempt in detail.attempts] == [1]
    assert await rows(two.store, select(deliveries.c.owner)) == [(None,)]


async def test_five_crashes_in_a_row_make_it_dead_the_first_unknown_one_apart(two: Two) -> None:
    (delivery,) = await two.in_hand()
    await two.silence(NODE)
    await two.nodes.take_over(OTHER)
    for crash in range(MAX_INTERRUPTIONS):
        assert (await two.get(delivery)).state is State.PENDING
        assert await two.crash(f"nod_c{crash}", Micros(2**60)) == [delivery]
    dead = await two.get(delivery)
    assert (dead.state, dead.attempts, dead.due_at) == (State.DEAD, 1 + MAX_INTERRUPTIONS, None)
    assert "5 attempts in a row were cut off" in dead.reason
    detail = await two.store.deliveries.get(ALICE, delivery)
    assert [attempt.number for attempt in detail.attempts] == [1, 2, 3, 4, 5, 6]


async def test_of_what_was_queued_beside_a_poison_nothing_dies(two: Two) -> None:
    """Three are in hand at every crash until they are spread; from then on each is taken when it is due."""
    first = [(await two.waiting()).id for _ in range(3)]
    for crash in range(MAX_INTERRUPTIONS):
        assert len(await two.crash(f"nod_a{crash}", Micros(2**60))) == 3
    dues = []
    for one in sorted(first):
        known = await two.get(one)
        assert (known.state, known.interruptions) == (State.PENDING, MAX_INTERRUPTIONS)
        dues.append(known.due_at or 0)
    gap = (SPREAD << (MAX_INTERRUPTIONS - SUSPECT)) // 3
    assert [due - dues[0] for due in dues] == pytest.approx([0, gap, 2 * gap], abs=3)
    assert await two.crash("nod_b", Micros(dues[0])) == [min(first)]  # alone this time
    assert [(await two.get(one)).state for one in sorted(first)] == [
        State.DEAD,
        State.PENDING,
        State.PENDING,
    ]


async def test_the_silent_nodes_late_results_are_refused(two: Two) -> None:
    (fresh,) = await two.in_hand()
    claimed = await two.claimed()
    promised = (await two.store.deliveries.get(ALICE, fresh)).delivery
    await two.silence(NODE)
    await two.nodes.take_over(OTHER)
    results = [
        Result(
            delivery=msgspec.structs.replace(one, state=State.DELIVERED, attempts=1),
            attempt=an_attempt(1),
            fresh=one.id == fresh,
        )
        for one in (promised, claimed)
    ]
    assert set(await two.store.ledger.record(NODE, results)) == {fresh, claimed.id}
    assert (await two.get(fresh)).state is State.PENDING
    assert (await two.store.counters.get(ALICE, EP)).total == 0


async def test_a_node_that_leaves_frees_its_lanes_and_what_it_claimed_at_the_last_moment(two: Two) -> None:
    claimed = await two.claimed()
    await two.store.ledger.acquire(NODE, [LANE])
    await two.nodes.leave(NODE)
    left = await two.get(claimed.id)
    assert (left.state, left.attempts) == (State.PENDING, 0)
    assert await two.store.ledger.acquire(OTHER, [LANE]) == [LANE]
    assert await rows(two.store, select(nodes.c.id)) == [(OTHER,)]


async def test_what_names_a_node_that_nobody_knows_is_taken_over_too(two: Two) -> None:
    """Its claim was on the way while it was being taken over."""
    await two.silence(NODE)
    await two.nodes.take_over(OTHER)
    late = await two.claimed()
    await two.store.ledger.acquire(NODE, [LANE])
    assert await two.nodes.take_over(OTHER) == [TakenOver(node_id=NODE, deliveries=1)]
    assert (await two.get(late.id)).state is State.PENDING
    assert await two.store.ledger.acquire(OTHER, [LANE]) == [LANE]


async def test_a_lost_claim_is_released_and_what_is_known_stays(two: Two) -> None:
    known, lost = await two.claimed(), await two.claimed()
    assert await two.nodes.release(NODE, {known.id}) == 1
    assert (await two.get(known.id)).state is State.SENDING
    released = await two.get(lost.id)
    assert (released.state, released.attempts) == (State.PENDING, 0)
    assert await two.nodes.release(NODE, {known.id}) == 0


async def test_foreign_lanes_are_those_of_others(two: Two) -> None:
    mine, theirs, free = [(ALICE, EndpointId(f"ep_{n}")) for n in range(3)]
    await two.store.ledger.acquire(NODE, [mine])
    await two.store.ledger.acquire(OTHER, [theirs])
    await two.store.ledger.acquire(OTHER, [free])
    await two.store.ledger.record(OTHER, (), [LanePace(lane=free, document=None)])
    assert await two.nodes.foreign_lanes(NODE) == {theirs}
    assert await rows(two.store, select(lanes.c.endpoint_id).order_by(lanes.c.endpoint_id)) == [
        ("ep_0",),
        ("ep_1",),
    ]


async def test_stored_says_which_events_exist_for_this_tenant(two: Two, ids: Ids, clock: ManualClock) -> None:
    mine = await publish(two.store, an_event(ids, clock, ALICE, ()))
    theirs = await publish(two.store, an_event(ids, clock, STRANGER, ()))
    asked = [mine.id, theirs.id, EventId("evt_none")]
    assert await two.nodes.stored(ALICE, asked) == {mine.id}


@pytest.fixture
async def rival(store: Store, clock: ManualClock, request: pytest.FixtureRequest) -> AsyncIterator[Nodes]:
    """The verbs of another node, on connections of its own."""
    if not isinstance(store.ledger, PostgresLedger):
        yield Nodes(store.database, clock)
        return
    database = await PostgresDatabase.open(request.getfixturevalue("postgres_url"), pool_size=2)
    yield Nodes(database, clock)
    await database.close()


async def test_of_two_nodes_one_alone_takes_over(two: Two, rival: Nodes) -> None:
    third = NodeId("nod_3")
    await two.register(third)
    await two.in_hand(3)
    await two.silence(NODE)
    both = await asyncio.gather(two.nodes.take_over(OTHER), rival.take_over(third))
    assert [one for some in both for one in some] == [TakenOver(node_id=NODE, deliveries=3)]


async def test_results_written_at_the_moment_of_a_take_over_are_seen_or_refused(
    two: Two, rival: Nodes
) -> None:
    """Whichever comes first, no number is written twice and nothing fails."""
    for round_ in range(8):
        node = NodeId(f"nod_r{round_}")
        await two.register(node)
        event = an_event(two._ids, two._clock, ALICE)
        await publish(two.store, event, node=node)
        waits = an_event(two._ids, two._clock, ALICE)
        await publish(two.store, waits, a_delivery(waits, 0), node=node)
        (claimed,) = await two.store.ledger.claim(node, [Want(lane=LANE, count=1)], Micros(2**60))
        both = (a_delivery(event, 0), claimed.delivery)
        results = [
            Result(
                delivery=msgspec.structs.replace(one, state=State.DELIVERED, due_at=None, attempts=1),
                attempt=an_attempt(1),
                fresh=one is both[0],
            )
            for one in both
        ]
        await two.silence(node)
        refused, taken = await asyncio.gather(two.store.ledger.record(node, results), rival.take_over(OTHER))
        assert len(refused) == sum(one.deliveries for one in taken)
        for delivery in both:
            detail = await two.store.deliveries.get(ALICE, delivery.id)
            assert (detail.delivery.state is State.PENDING) == (delivery.id in refused)
            assert [attempt.number for attempt in detail.attempts] == [1]
        await _finish_all(two.store)


async def test_a_result_that_is_being_committed_is_waited_for(
    postgres_store: Store, clock: ManualClock, ids: Ids
) -> None:
    await settle_in(postgres_store)
    pair = Two(postgres_store, clock, ids)
    await pair.register(NODE)
    await pair.register(OTHER)
    claimed = await pair.claimed()
    await pair.silence(NODE)
    database = postgres_store.database
    assert isinstance(database, PostgresDatabase)
    async with database.hot() as connection:
        async with connection.transaction():
            await connection.execute("UPDATE deliveries SET state = 'delivered', owner = NULL, attempts = 1")
            taking = asyncio.create_task(pair.nodes.take_over(OTHER))
            await _blocked(connection)
        assert await taking == [TakenOver(node_id=NODE, deliveries=0)]
    assert (await pair.get(claimed.id)).state is State.DELIVERED


async def _blocked(connection: Any) -> None:
    """Until somebody waits for a lock of this connection."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    async with asyncio.timeout(10):
        while True:
            if await connection.fetchval(waiting):
                return


async def _finish_all(store: Store) -> None:
    change = update(deliveries).values(state="delivered", owner=None, due_at=None)
    await store.database.write(lambda connection: connection.execute(change))
