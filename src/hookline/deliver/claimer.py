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
from hookline.deliver.lanes import HEALTHY, Lane, Lanes
from hookline.deliver.pace import Pace
from hookline.deliver.task import Task
from hookline.deliver.wants import Wait, Wants
from hookline.errors import NotFound, Unavailable
from hookline.model.endpoint import Batch, Endpoint
from hookline.model.ids import NodeId, TenantId
from hookline.storage.directory import Directory
from hookline.storage.ledger import Claimed, DueLane, LaneKey, LanePace, Ledger, Want
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
        self._parked: dict[bool, OrderedDict[LaneKey, None]] = {True: OrderedDict(), False: OrderedDict()}
        self._behind: dict[TenantId, int] = {}  # config versions that the directory has not got yet
        self._owned: set[LaneKey] = set()
        self._place: LaneKey | None = None
        self._walk_at = 0.0
        self._wake = asyncio.Event()
        self.lock = asyncio.Lock()
        """Held while something is claimed that is not yet with the worker."""
        self.foreign: set[LaneKey] = set()
        """Lanes that another node owns alone."""

    def due(self, lane: LaneKey, at: Micros) -> None:
        """Something of this lane is due then."""
        if at > self._clock.now() or self._wants.one_more(lane):
            self._list(lane, at)

    def freed(self, lane: LaneKey) -> None:
        """An exchange of this lane is over and on disk."""
        if lane in self._blocked:
            self._blocked.discard(lane)
            self._backlog[lane] = None

    def room(self) -> None:
        """Some slots are free again."""
        if self._backlog or any(self._parked.values()):
            self._wake.set()

    def healed(self, lane: LaneKey) -> None:
        """It is anybody's again."""
        self._owned.discard(lane)

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
        self._unpark()
        if not self._backlog:
            return False
        async with self.lock:
            return await self._claim()

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

    def _list(self, lane: LaneKey, at: int) -> None:
        if at > self._clock.now():
            if at >= self._timed.get(lane, at + 1):
                return
            self._timed[lane] = at
            heapq.heappush(self._timers, (at, lane))
        elif lane in self._backlog or any(lane in parked for parked in self._parked.values()):
            return
        else:
            self._backlog[lane] = None
        self._wake.set()

    def _unpark(self) -> None:
        """Lanes that waited for the node's own room, as many as may find some."""
        free = {True: self._lanes.free_for_claims, False: self._lanes.free_for_suspects}
        for trusted, parked in self._parked.items():
            for _ in range(min(len(parked), free[trusted])):
                self._backlog[parked.popitem(last=False)[0]] = None

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
        tenant = due.lane[0]
        config = self._directory.get(tenant)
        if config is not None and config.version < due.version:
            self._behind[tenant] = due.version
        if due.owner is not None and due.owner != self._node():
            return
        if due.pace is not None and self._lanes.get(due.lane) is None:
            self._lanes.open(due.lane, 1, _decode_pace(due.pace))
        if not self._wants.gathering(due.lane):
            self._list(due.lane, max(now, due.due_at))

    async def _claim(self) -> bool:
        wants = await self._wanted()
        if not wants:
            return False
        claimed = await self._ledger.claim(self._node(), wants, self._clock.now())
        by_lane: dict[LaneKey, list[Claimed]] = {want.lane: [] for want in wants}
        for one in claimed:
            by_lane[one.delivery.tenant_id, one.delivery.endpoint_id].append(one)
        for want in wants:
            try:
                await self._take(want, by_lane[want.lane])
            except Unavailable:
                pass  # the heartbeat makes due again what was claimed and is in nobody's memory
            except Exception as error:  # noqa: BLE001  one bad lane must not cost its neighbours their turn
                self._telemetry.fault("claimer", error)
        return bool(claimed)

    async def _take(self, want: Want, claimed: Sequence[Claimed]) -> None:
        if len(claimed) >= want.count:
            self._backlog[want.lane] = None  # there may be more
        elif want.ordered:
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
        left = {True: self._lanes.free_for_claims, False: self._lanes.free_for_suspects}
        for _ in range(len(self._backlog)):
            if not self._backlog or max(left.values()) <= 0:
                break
            # Out of the backlog first: what falls due while we ask brings the lane back.
            key, _ = self._backlog.popitem(last=False)
            want = await self._want(key, left)
            if isinstance(want, Want):
                wants.append(want)
            else:
                self._wait(key, want)
        return wants

    def _wait(self, key: LaneKey, wait: Wait | None) -> None:
        if wait is None:
            return
        if wait.until is None:
            self._blocked.add(key)
        else:
            self._list(key, wait.until)

    async def _want(self, key: LaneKey, left: dict[bool, int]) -> Want | Wait | None:
        """What may be claimed of the lane, taken off what is `left` of the node for trusted lanes and for suspects.
        None: not for this node, or not now; a result, a walk, room or upkeep will bring it back.
        """
        endpoint = await self._endpoint(key, self._behind.get(key[0], 0))
        self._behind.pop(key[0], None)
        if endpoint is None or not endpoint.active:
            return None  # upkeep holds or cancels what waits for it
        lane = self._lanes.open(key, endpoint.concurrency)
        monotonic, now = self._clock.monotonic(), self._clock.now()
        trusted = lane.trusted(monotonic)
        if left[trusted] <= 0:
            self._parked[trusted][key] = None
            return None
        if not await self._may_send(lane, endpoint, now):
            return None
        want = self._wants.decide(lane, endpoint, monotonic, now)
        if isinstance(want, Want):
            if endpoint.batch is not None:
                left[trusted] -= 1
                return await self._batch(key, endpoint.batch, now)
            want = msgspec.structs.replace(want, count=min(want.count, left[trusted]))
            left[trusted] -= want.count
        return want

    async def _may_send(self, lane: Lane, endpoint: Endpoint, now: Micros) -> bool:
        """One node alone may send where the pace is counted in one place."""
        key = lane.key
        alone = endpoint.queued or lane.pace.slowed(now)
        if key in self._owned:
            if not alone and lane.pace == HEALTHY:
                self._owned.discard(key)
                await self._ledger.record(self._node(), (), (LanePace(lane=key, document=None),))
        elif key in self.foreign:
            return False
        elif alone:
            if not await self._ledger.acquire(self._node(), [key]):
                return False
            self._owned.add(key)
        return True

    async def _batch(self, key: LaneKey, batch: Batch, now: Micros) -> Want | Wait | None:
        self._wants.gathered(key)
        return self._wants.batch(key, batch, await self._ledger.gathering(key, now, batch.count), now)

    async def _endpoint(self, key: LaneKey, version: int) -> Endpoint | None:
        try:
            return (await self._directory.at_least(key[0], version)).endpoints.get(key[1])
        except NotFound:
            return None
