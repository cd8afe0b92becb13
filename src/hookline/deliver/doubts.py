"""Doubts: events whose commit's answer was lost. Whether they are stored is found out, and then they are sent."""

from collections.abc import Sequence

import msgspec

from hookline.clock import Clock
from hookline.deliver.hand import NodeHand
from hookline.model.event import Event
from hookline.storage.nodes import Nodes

PATIENCE = 120.0
"""Seconds after which an event that has not appeared never will: longer than any statement may run."""


class _Doubt(msgspec.Struct, eq=False):
    event: Event
    positions: Sequence[int]
    since: float


class Doubts:
    def __init__(self, hand: NodeHand, nodes: Nodes, clock: Clock) -> None:
        self._hand = hand
        self._nodes = nodes
        self._clock = clock
        self._open: list[_Doubt] = []

    async def resolve(self) -> None:
        """Ask the database about each. While one is open, its event counts as in hand: the watermark stays below it."""
        now = self._clock.monotonic()
        fresh, self._hand.doubts = self._hand.doubts, []
        self._open += [_Doubt(event, positions, now) for event, positions in fresh]
        for tenant in {doubt.event.tenant_id for doubt in self._open}:
            some = [doubt for doubt in self._open if doubt.event.tenant_id == tenant]
            stored = await self._nodes.stored(tenant, [doubt.event.id for doubt in some])
            for doubt in some:
                self._settle(doubt, now, stored=doubt.event.id in stored)

    def _settle(self, doubt: _Doubt, now: float, *, stored: bool) -> None:
        if not stored and now - doubt.since <= PATIENCE:
            return
        self._open.remove(doubt)
        if stored:
            self._hand.found(doubt.event, doubt.positions)
        else:
            self._hand.absent(doubt.event, doubt.positions)
