"""When a commit begins beside another: soon while few events are under way, in groups while there are many."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from hookline.model.ids import NodeId
from hookline.route.groups import FEW, PARALLEL, WORTH_A_GROUP
from hookline.storage.ledger import Accepted, Fate, Ledger
from tests.clock import ManualClock
from tests.engine.gateway import Gateway, gateway
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


async def test_beside_a_large_one_it_waits_until_it_is_worth_it(held: Gateway, holding: Holding) -> None:
    asked = await _publish(held, FEW)
    asked += await _publish(held, WORTH_A_GROUP - 1)
    assert holding.sizes == [FEW]
    asked += await _publish(held, 1)
    assert holding.sizes == [FEW, WORTH_A_GROUP]
    holding.go.set()
    await asyncio.gather(*asked)
    assert sum(holding.sizes) == FEW + WORTH_A_GROUP
