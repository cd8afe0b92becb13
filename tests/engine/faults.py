"""The hot verbs with faults: before a verb is done, or behind it, when its answer is lost on the way."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

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

T = TypeVar("T")
Faults = defaultdict[str, deque[Exception]]


class Faulty:
    """A ledger that fails as it is told, once for each error."""

    def __init__(self) -> None:
        self._before: Faults = defaultdict(deque)
        self._after: Faults = defaultdict(deque)
        self.when_recorded: Callable[[Sequence[Result]], None] = lambda _: None
        """May raise: a result that the database will not take."""
        self._ledger: Ledger

    def over(self, ledger: Ledger) -> Ledger:
        self._ledger = ledger
        return self

    def before(self, verb: str, *errors: Exception) -> None:
        self._before[verb] += errors

    def after(self, verb: str, *errors: Exception) -> None:
        self._after[verb] += errors

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        return await self._do("publish", lambda: self._ledger.publish(node, group))

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        return await self._do("save", lambda: self._ledger.save(node, savings))

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        self.when_recorded(results)
        return await self._do("record", lambda: self._ledger.record(node, results, paces))

    async def walk(self, after: LaneKey | None, limit: int) -> Sequence[DueLane]:
        return await self._do("walk", lambda: self._ledger.walk(after, limit))

    async def acquire(self, node: NodeId, lanes: Sequence[LaneKey]) -> Sequence[LaneKey]:
        return await self._do("acquire", lambda: self._ledger.acquire(node, lanes))

    async def gathering(self, lane: LaneKey, now: Micros, limit: int) -> Gathering | None:
        return await self._do("gathering", lambda: self._ledger.gathering(lane, now, limit))

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        return await self._do("claim", lambda: self._ledger.claim(node, wants, now))

    async def _do(self, verb: str, work: Callable[[], Awaitable[T]]) -> T:
        if self._before[verb]:
            raise self._before[verb].popleft()
        answer = await work()
        if self._after[verb]:
            raise self._after[verb].popleft()
        return answer
