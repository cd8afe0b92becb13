"""A ledger that passes every verb on: what others put something around."""

from collections.abc import Sequence

from hookline.clock import Micros
from hookline.model.ids import DeliveryId, NodeId
from hookline.storage.ledger import (
    Accepted,
    Claimed,
    DueLane,
    Fate,
    Gathering,
    LaneKey,
    LanePace,
    Ledger,
    Result,
    Saving,
    Want,
)


class PassingLedger:
    def __init__(self, plain: Ledger) -> None:
        self.plain = plain

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        return await self.plain.publish(node, group)

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        return await self.plain.save(node, savings)

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        return await self.plain.record(node, results, paces)

    async def walk(self, after: LaneKey | None, limit: int) -> Sequence[DueLane]:
        return await self.plain.walk(after, limit)

    async def acquire(self, node: NodeId, lanes: Sequence[LaneKey]) -> Sequence[LaneKey]:
        return await self.plain.acquire(node, lanes)

    async def gathering(self, lane: LaneKey, now: Micros, limit: int) -> Gathering | None:
        return await self.plain.gathering(lane, now, limit)

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        return await self.plain.claim(node, wants, now)
