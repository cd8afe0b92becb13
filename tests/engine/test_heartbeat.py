"""The heartbeat goes on, whatever else of the database is slow: a node that lives keeps its lease."""

import asyncio
from collections.abc import Sequence

from hookline.clock import Micros
from hookline.model.ids import NodeId
from hookline.model.retry import Schedule
from hookline.storage.ledger import Claimed, Want
from tests.clock import ManualClock
from tests.engine.faults import Faulty
from tests.engine.gateway import gateway, until
from tests.engine.receivers import Receiver

SHORT = {"HOOKLINE_LEASE": "15s", "HOOKLINE_HEARTBEAT": "3s"}
QUICK = Schedule(delays=(0.0, 1.0, 1.0), jitter=0.0)


class Stuck(Faulty):
    """A ledger whose claims wait, as a statement may for a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.claiming = asyncio.Event()
        self.go_on = asyncio.Event()

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        self.claiming.set()
        await self.go_on.wait()
        return await super().claim(node, wants, now)


async def test_a_claim_that_hangs_does_not_cost_the_node_its_lease(
    postgres_env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.says_in_turn(500, 200)
    stuck = Stuck()
    async with gateway(postgres_env | SHORT, clock, wrap=stuck.over) as hookline:
        await hookline.tenants()
        await hookline.endpoint(receiver.url(), retry=QUICK)
        published = await hookline.publish()
        await hookline.until_tried(published, 1)
        await hookline.turn_until(stuck.claiming.is_set)
        for _ in range(10):
            await hookline.turn(3, step=3)
            await hookline.breathe(10)
        healthy = hookline.engine.healthy()
        stuck.go_on.set()
        assert healthy == (True, "")
        await until(lambda: len(receiver.got) == 2)
