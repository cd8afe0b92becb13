"""Claimer: takes due deliveries out of the database into this node's hand, no more than can be sent at once.

It knows lanes with something due (`backlog`), from results and publishers of this node at the moment it falls
due, and from a slow walk over all lanes for whatever other nodes left; a hint of theirs wakes it.
"""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from hookline.clock import SECOND, Clock, Micros
from hookline.deliver.gather import Gatherer
from hookline.deliver.lanes import Lanes
from hookline.deliver.pace import Pace
from hookline.deliver.task import Task
from hookline.deliver.wants import Wait, Wants
from hookline.errors import NotFound, Unavailable
from hookline.model.endpoint import Endpoint
from hookline.model.ids import NodeId
from hookline.storage.directory import Directory
from hookline.storage.ledger import Claimed, DueLane, LaneKey, Ledger, Want
from hookline.telemetry import Telemetry

WALK = 500
"""Lanes that one step of the walk looks at."""
_decode_pace = msgspec.json.Decoder(Pace).decode


class Claimer:
    def __init__(
        self,
        *,
        node: Callable[[], NodeId],
        ledger: Ledger,
        directory: Directory,
        lanes: Lanes,
        gatherer: Gatherer,
        claimed: Callable[[Iterable[Task]], None],
        clock: Clock,
        telemetry: Telemetry,
        poll_interval: float,
    ) -> None:
        self._node = node
        self._ledger = ledger
        self._directory = directory
        self._lanes = lanes
        self._gatherer = gatherer
        self._claimed = claimed
        self._clock = clock
        self._telemetry = telemetry
        self._poll_interval = poll_interval
        self._backlog: OrderedDict[LaneKey, None] = OrderedDict()
        self._blocked: set[LaneKey] = set()  # until an exchange of the lane ends
        self._timers: list[tuple[int, LaneKey]] = []
        self._timed: dict[LaneKey, int] = {}
        self._wants = Wants(lanes)
        self._owned: set[LaneKey] = set()
        self._place: LaneKey | None = None
        self._walk_at = 0.0
        self._wake = asyncio.Event()

    def due(self, lane: LaneKey, at: Micros) -> None:
        """Something of this lane is due then."""
        if at <= self._clock.now():
            if lane not in self._backlog and self._wants.gathered(lane):
                self._backlog[lane] = None
                self._wake.set()
        elif at < self._timed.get(lane, at + 1):
            self._timed[lane] = at
            heapq.heappush(self._timers, (at, lane))
            self._wake.set()

    def freed(self, lane: LaneKey) -> None:
        """An exchange of this lane is over and on disk."""
        if lane in self._blocked:
            self._blocked.discard(lane)
            self._backlog[lane] = None

    def room(self) -> None:
        """Some slots are free again."""
        if self._backlog:
            self._wake.set()

    def hint(self) -> None:
        """Another node says that there is new work."""
        self._walk_at = 0.0
        self._wake.set()

    def disown(self) -> None:
        """After a take-over: no lane is this node's."""
        self._owned.clear()
        self._wants.forget()

    async def run(self) -> None:
        """Until cancelled. A lost database is waited for; the recorder tells of it."""
        while True:
            try:
                progress = await self._turn()
            except Unavailable:
                await self._clock.sleep(self._poll_interval)
                continue
            except Exception as error:  # noqa: BLE001  one bad lane must not end the claiming
                self._telemetry.fault("claimer", error)
                await self._clock.sleep(self._poll_interval)
                continue
            if not progress:
                await self._rest()

    async def _turn(self) -> bool:
        """Whether anything was claimed: then there may be more."""
        self._wake.clear()
        self._ring()
        if self._clock.monotonic() >= self._walk_at:
            await self._walk()
        return await self._claim() if self._backlog and self._lanes.free_for_claims else False

    async def _rest(self) -> None:
        """Until there is a reason to look: a wake, a timer, or the time for a walk."""
        now = self._clock.now()
        timer = (self._timers[0][0] - now) / SECOND if self._timers else self._poll_interval
        pause = max(0.0, min(timer, self._walk_at - self._clock.monotonic(), self._poll_interval))
        sleeper = asyncio.ensure_future(self._clock.sleep(pause))
        waker = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    def _ring(self) -> None:
        now = self._clock.now()
        while self._timers and self._timers[0][0] <= now:
            at, lane = heapq.heappop(self._timers)
            if self._timed.get(lane) == at:
                del self._timed[lane]
                self._backlog[lane] = None

    async def _walk(self) -> None:
        """One step over all lanes with something pending; at the end, a pause."""
        found = await self._ledger.walk(self._place, WALK)
        now = self._clock.now()
        for due in found:
            self._note(due, now)
        self._place = found[-1].lane if len(found) == WALK else None
        if self._place is None or self._backlog:
            self._walk_at = self._clock.monotonic() + self._poll_interval

    def _note(self, due: DueLane, now: Micros) -> None:
        if due.owner is not None and due.owner != self._node():
            return
        if due.pace is not None and self._lanes.get(due.lane) is None:
            self._lanes.open(due.lane, 1, _decode_pace(due.pace))
        self.due(due.lane, max(now, due.due_at))

    async def _claim(self) -> bool:
        wants = await self._wanted()
        if not wants:
            return False
        claimed = await self._ledger.claim(self._node(), wants, self._clock.now())
        by_lane: dict[LaneKey, list[Claimed]] = {want.lane: [] for want in wants}
        for one in claimed:
            by_lane[one.delivery.tenant_id, one.delivery.endpoint_id].append(one)
        for want in wants:
            await self._take(want, by_lane[want.lane])
        return bool(claimed)

    async def _take(self, want: Want, claimed: Sequence[Claimed]) -> None:
        if len(claimed) < want.count:
            self._backlog.pop(want.lane, None)
            if want.ordered:
                self._blocked.add(want.lane)  # behind the heads that are being sent there may be more
        if not claimed:
            return
        newest = max(one.version for one in claimed)
        endpoint = await self._endpoint(want.lane, newest)
        tasks = await self._gatherer.tasks(claimed, endpoint)
        self._wants.used(want.lane, len(tasks), self._clock.now())
        for task in tasks:
            self._lanes.open(task.lane, endpoint.concurrency if endpoint else 1)
        self._claimed(tasks)

    async def _wanted(self) -> list[Want]:
        """Lanes of the backlog in turn, as many as could be served now."""
        wants: list[Want] = []
        left = self._lanes.free_for_claims
        for _ in range(len(self._backlog)):
            if left <= 0:
                break
            key = next(iter(self._backlog))
            self._backlog.move_to_end(key)
            want = await self._want(key)
            if isinstance(want, Want):
                wants.append(want)
                left -= want.count
            else:
                del self._backlog[key]
                self._wait(key, want)
        return wants

    def _wait(self, key: LaneKey, wait: Wait | None) -> None:
        if wait is None:
            return
        if wait.until is None:
            self._blocked.add(key)
        else:
            self.due(key, wait.until)

    async def _want(self, key: LaneKey) -> Want | Wait | None:
        """None: not for this node, or not now; a result, a walk or upkeep will bring it back."""
        endpoint = await self._endpoint(key, 0)
        if endpoint is None or not endpoint.active:
            return None  # upkeep holds or cancels what waits for it
        lane = self._lanes.open(key, endpoint.concurrency)
        # One node alone may send where the pace is counted in one place.
        now = self._clock.now()
        if (endpoint.queued or lane.pace.slowed(now)) and key not in self._owned:
            if not await self._ledger.acquire(self._node(), [key]):
                return None
            self._owned.add(key)
        return self._wants.decide(lane, endpoint, now)

    async def _endpoint(self, key: LaneKey, version: int) -> Endpoint | None:
        try:
            return (await self._directory.at_least(key[0], version)).endpoints.get(key[1])
        except NotFound:
            return None
