"""When a commit begins beside another: soon while few events are under way, in groups while there are many."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import select

from hookline.model.endpoint import Order
from hookline.model.ids import EventId, NodeId
from hookline.route.draft import Draft, Published
from hookline.route.groups import FEW, MAX_GROUP, PARALLEL, WORTH_A_GROUP
from hookline.storage.ledger import Accepted, Fate, Ledger
from hookline.storage.schema import deliveries
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, Gateway, gateway
from tests.torture.passing import PassingLedger


class Holding(PassingLedger):
    """Notes how many events each commit has, and lets none end before it is told to."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.go = asyncio.Event()

    def over(self, plain: Ledger) -> Ledger:
        self.plain = plain
        return self

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        self.sizes.append(len(group))
        await self.go.wait()
        return await self.plain.publish(node, group)


@pytest.fixture
async def holding() -> Holding:
    return Holding()


@pytest.fixture
async def held(env: dict[str, str], clock: ManualClock, holding: Holding) -> AsyncIterator[Gateway]:
    async with gateway(env, clock, wrap=holding.over) as made:
        await made.tenants()
        holding.go.set()
        await made.publish()  # from here on the tenant is known, and a few turns of the loop are enough
        holding.go.clear()
        holding.sizes.clear()
        try:
            yield made
        finally:
            holding.go.set()  # or a gateway whose test failed would wait for it for ever


async def _publish(hookline: Gateway, count: int) -> list[asyncio.Task[object]]:
    """All at once, and a few turns of the loop for what they start."""
    asked: list[asyncio.Task[object]] = [asyncio.create_task(hookline.publish()) for _ in range(count)]
    for _ in range(10):
        await asyncio.sleep(0)
    return asked


async def test_beside_a_small_commit_the_next_begins_at_once(held: Gateway, holding: Holding) -> None:
    asked = [one for _ in range(PARALLEL + 2) for one in await _publish(held, 1)]
    assert holding.sizes == [1] * PARALLEL
    holding.go.set()
    await asyncio.gather(*asked)
    assert sum(holding.sizes) == PARALLEL + 2


async def test_how_long_an_event_waited_for_its_commit_is_told(
    held: Gateway, holding: Holding, clock: ManualClock
) -> None:
    asked = await _publish(held, 1)
    clock.turn(1.5)
    holding.go.set()
    await asyncio.gather(*asked)
    assert held.told("EventReceived")[-1]["seconds"] == pytest.approx(1.5)


async def test_beside_a_large_one_it_waits_until_it_is_worth_it(held: Gateway, holding: Holding) -> None:
    asked = await _publish(held, FEW)
    asked += await _publish(held, WORTH_A_GROUP - 1)
    assert holding.sizes == [FEW]
    asked += await _publish(held, 1)
    assert holding.sizes == [FEW, WORTH_A_GROUP]
    holding.go.set()
    await asyncio.gather(*asked)
    assert sum(holding.sizes) == FEW + WORTH_A_GROUP


async def test_of_a_batch_that_is_too_large_the_rest_waits_and_nobody_else(
    held: Gateway, holding: Holding
) -> None:
    batch = asyncio.create_task(_publish_batch(held, MAX_GROUP + 100))
    asked = await _publish(held, WORTH_A_GROUP)
    assert holding.sizes in ([MAX_GROUP, WORTH_A_GROUP], [WORTH_A_GROUP, MAX_GROUP])
    holding.go.set()
    await asyncio.gather(batch, *asked)
    assert holding.sizes[2:] == [100]


async def test_whole_batches_are_stored_side_by_side(held: Gateway, holding: Holding) -> None:
    batches = [asyncio.create_task(_publish_batch(held, MAX_GROUP - 100)) for _ in range(2)]
    await _publish(held, 0)
    assert holding.sizes == [MAX_GROUP - 100] * 2
    holding.go.set()
    await asyncio.gather(*batches)


@pytest.mark.parametrize("changes", [0, 3])
async def test_a_batch_keeps_its_order_whatever_happens_beside_it(hookline: Gateway, changes: int) -> None:
    """Other batches, and changes of the configuration, after which it is matched again."""
    endpoint = await hookline.endpoint("https://receiver.example/", order=Order.ENDPOINT, active=False)
    publishing = [asyncio.create_task(_publish_batch(hookline, size)) for size in (700, 700, 1500)]
    for _ in range(changes):
        await hookline.change(endpoint, name="changed")
    batches = await asyncio.gather(*publishing)
    in_order = select(deliveries.c.event_id).order_by(deliveries.c.seq)
    rows = await hookline.store.database.read(lambda connection: connection.execute(in_order).all())
    place = {row[0]: number for number, row in enumerate(rows)}
    for batch in batches:
        places = [place[event_id] for event_id in batch]
        assert places == sorted(places)


async def test_of_two_equal_keys_in_a_batch_the_first_is_stored(hookline: Gateway) -> None:
    drafts = [Draft(type="a.b", data=b"1", idempotency_key=f"k{n % 750}") for n in range(1500)]
    told = await hookline.engine.publisher.publish_many(ALICE, drafts)
    assert [isinstance(one, Published) and one.duplicate for one in told] == [False] * 750 + [True] * 750


async def _publish_batch(hookline: Gateway, count: int) -> list[EventId]:
    drafts = [Draft(type="a.b", data=b"1") for _ in range(count)]
    told = await hookline.engine.publisher.publish_many(ALICE, drafts)
    return [one.event_id for one in told if isinstance(one, Published)]
