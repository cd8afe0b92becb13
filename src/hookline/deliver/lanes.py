"""Lanes: one for each endpoint that has work in memory, and the fair turn that they take.

    reserve ──▶ enqueue ──▶ take ──▶ exchanged ──▶ recorded
    (a claim or a publisher asks for room)          (its result is on disk)

Nobody waits for a stranger: tenants take turns, and a tenant's lanes take turns. A lane sends at most its
endpoint's `concurrency`, and a quarter of what is free; a tenant at most half of the node. Lanes that are failing,
new, or slow at this moment are *suspect*: all of them together hold at most a quarter, in memory too, or what waits
for them would leave no room for the others.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator

import msgspec

from hookline.clock import Micros
from hookline.deliver.pace import Pace
from hookline.deliver.task import Task
from hookline.model.endpoint import Endpoint
from hookline.model.ids import TenantId
from hookline.storage.ledger import LaneKey

SLOW = 1.0
"""Seconds after which an exchange that has not ended makes its lane suspect."""
HEALTHY = Pace()
NEW = 2
"""Requests at once to an endpoint that has not answered well yet."""
_QUEUE = 8
"""Deliveries of one lane in hand for each exchange that it may hold: those being stored and those just stored."""
_MAX_LANES = 50_000
_encode = msgspec.json.Encoder().encode


class Lane:
    """What is read at every turn is kept ready: a property costs as much as the rest of the look."""

    __slots__ = (
        "concurrency",
        "doubtful",
        "key",
        "limit",
        "pace",
        "proven",
        "queue",
        "reserved",
        "ring",
        "sending",
        "steady",
    )

    def __init__(self, key: LaneKey, concurrency: int, pace: Pace) -> None:
        self.key = key
        self.queue: deque[Task] = deque()
        self.sending: dict[Task, float] = {}  # with the time it began; the first is the oldest
        self.reserved = 0
        self.doubtful = 0  # how many of those were while it was suspect
        self.proven = False  # it has answered well since this node started
        self.ring: _Ring | None = None  # where it stands
        self.become(pace)
        self.allow(concurrency)

    def become(self, pace: Pace) -> None:
        self.pace = HEALTHY if pace == HEALTHY else pace
        self.steady = self.proven and not pace.suspect

    def prove(self) -> None:
        """It has answered well."""
        self.proven = True
        self.become(self.pace)
        self.allow(self.concurrency)

    def allow(self, concurrency: int) -> None:
        """`limit` is requests at once. A new endpoint gets few until it has answered well: many new ones that hang
        must not take all that new ones may have.
        """
        self.concurrency = concurrency
        self.limit = concurrency if self.proven else min(NEW, concurrency)

    @property
    def in_hand(self) -> int:
        return self.reserved + len(self.queue) + len(self.sending)

    def trusted(self, monotonic: float) -> bool:
        return self.steady and (not self.sending or monotonic - next(iter(self.sending.values())) < SLOW)

    def room(self, in_flight: int, now: Micros) -> int:
        """How many more requests may begin now, beside so many."""
        if self.pace is HEALTHY:
            return self.limit - in_flight
        return self.pace.room(in_flight, self.limit, now)

    def slowed(self, now: Micros) -> bool:
        return self.pace is not HEALTHY and self.pace.slowed(now)


class Lanes:
    def __init__(self, *, max_in_flight: int, max_in_hand: int) -> None:
        self.in_flight = 0
        """Exchanges begun whose result is not on disk."""
        self.in_hand = 0
        """In flight, queued, or promised room."""
        self._claimed = 0  # of those in hand, how many were rows of lanes that were trusted then
        self._doubtful = 0  # of those in hand, how many came when their lane was suspect
        self._max_in_flight = max_in_flight
        self._max_in_hand = max_in_hand
        self._max_suspects = max(1, max_in_flight // 4)
        self._max_of_tenant = max(1, max_in_flight // 2)
        self._suspects: set[Task] = set()
        self._of_tenant: dict[TenantId, int] = {}
        self._lanes: dict[LaneKey, Lane] = {}
        self._sweep_at = _MAX_LANES
        self._trusted_ring = _Ring()
        self._suspect_ring = _Ring()

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._lanes.values()))

    @property
    def queued(self) -> bool:
        """Whether any lane stands for a turn."""
        trusted, suspects = self._trusted_ring, self._suspect_ring
        return bool(trusted.only or trusted.tenants or suspects.only or suspects.tenants)

    def get(self, key: LaneKey) -> Lane | None:
        return self._lanes.get(key)

    def open(self, key: LaneKey, concurrency: int, pace: Pace = HEALTHY) -> Lane:
        """The lane, made if it is not there; `pace` is then how it begins."""
        lane = self._lanes.get(key)
        if lane is None:
            self._forget_some()
            lane = self._lanes[key] = Lane(key, concurrency, pace)
        elif lane.concurrency != concurrency:
            lane.allow(concurrency)
        return lane

    def reserve(self, key: LaneKey, concurrency: int, monotonic: float, now: Micros) -> bool:
        """Promise room to a delivery that is about to be stored: only if it will be sent almost at once."""
        lane = self.open(key, concurrency)
        free = self._max_in_hand - self.in_hand
        if free <= 0 or lane.in_hand >= min(_QUEUE * lane.limit, max(1, free // 4)):
            return False
        if lane.slowed(now):
            return False
        if not lane.trusted(monotonic):
            if self.free_for_suspects <= 0:
                return False
            lane.doubtful += 1
            self._doubtful += 1
        lane.reserved += 1
        self.in_hand += 1
        return True

    def release(self, key: LaneKey) -> None:
        """The promise was not needed."""
        self._keep_promise(self._lanes[key])
        self.in_hand -= 1

    def room(self, lane: Lane, monotonic: float, now: Micros) -> int:
        """How many more due deliveries of this lane may be claimed now."""
        allowed = lane.room(lane.in_hand, now)
        free = self.free_for_claims if lane.trusted(monotonic) else self.free_for_suspects
        return max(0, min(allowed, self._fair(free)))

    @property
    def free_for_claims(self) -> int:
        """A quarter of the node is kept for what waits in the database, however much is published."""
        return max(self._max_in_flight - self.in_hand, self._max_in_flight // 4 - self._claimed)

    @property
    def free_for_suspects(self) -> int:
        return self._max_suspects - self._doubtful

    def enqueue(self, task: Task, monotonic: float, now: Micros, *, reserved: bool) -> bool:
        """False: its lane has slowed since it was claimed or promised room. It belongs in the database."""
        lane = self._lanes[task.lane]
        trusted = lane.trusted(monotonic)
        if reserved:
            task.doubtful = self._keep_promise(lane)
            self.in_hand -= 1
        else:
            task.doubtful = not trusted
        if lane.slowed(now) and not lane.room(lane.in_hand, now):
            return False
        self._count(task, 1)
        lane.queue.append(task)
        if lane.ring is None and lane.sending and lane.room(len(lane.sending), now) <= 0:
            return True  # it stands up when the first of its exchanges ends
        self._stand(lane, trusted=trusted)
        return True

    def take(self, monotonic: float, now: Micros) -> Task | None:
        """The next task to send, by fair turn; None when nothing may begin."""
        if self.in_flight >= self._max_in_flight:
            return None
        trusted, suspects = self._trusted_ring, self._suspect_ring
        task = self._take_from(trusted, monotonic, now) if trusted.only or trusted.tenants else None
        if task is None and (suspects.only or suspects.tenants) and len(self._suspects) < self._max_suspects:
            task = self._take_from(suspects, monotonic, now)
        return task

    def exchanged(self, task: Task, pace: Pace, now: Micros) -> list[Task]:
        """Its exchange has ended, and the lane's pace is now this: its endpoint may get the next. The node's slot
        is held until `recorded`. Returns what was queued and will not be sent soon: it belongs in the database.
        """
        lane = self._lanes[task.lane]
        lane.sending.pop(task, None)
        self._suspects.discard(task)
        if pace is not lane.pace:
            lane.become(pace)
        if lane.slowed(now):
            return self._drained(lane)
        if lane.queue:
            self._stand(lane, trusted=True)
        return []

    def recorded(self, task: Task) -> None:
        tenant = task.lane[0]
        self.in_flight -= 1
        self._count(task, -1)
        self._of_tenant[tenant] -= 1
        if not self._of_tenant[tenant]:
            del self._of_tenant[tenant]

    def drop_queued(self) -> list[Task]:
        """Everything that is queued: for a node that stops, or has been taken over."""
        return [task for lane in self for task in self._drained(lane)]

    def forget(self, key: LaneKey) -> None:
        """For a lane that is idle; one with work stays."""
        lane = self._lanes.get(key)
        if lane is not None and not lane.in_hand:
            del self._lanes[key]

    def _drained(self, lane: Lane) -> list[Task]:
        tasks = list(lane.queue)
        lane.queue.clear()
        for task in tasks:
            self._count(task, -1)
        return tasks

    def _keep_promise(self, lane: Lane) -> bool:
        """Take one promise back; whether it was one that a suspect got."""
        lane.reserved -= 1
        if not lane.doubtful:
            return False
        lane.doubtful -= 1
        self._doubtful -= 1
        return True

    def _count(self, task: Task, one: int) -> None:
        self.in_hand += one
        if task.doubtful:
            self._doubtful += one
        elif not task.fresh:
            self._claimed += one

    def _take_from(self, ring: "_Ring", monotonic: float, now: Micros) -> Task | None:
        only, of_tenant, most = ring.only, self._of_tenant, self._max_of_tenant
        if only is not None:
            return self._start(only, ring, monotonic, now) if of_tenant.get(only.key[0], 0) < most else None
        for _ in range(len(ring.tenants)):
            tenant, lanes = next(iter(ring.tenants.items()))
            ring.tenants.move_to_end(tenant)
            task = self._take_of(lanes, ring, monotonic, now) if of_tenant.get(tenant, 0) < most else None
            if task is not None:
                return task
        return None

    def _take_of(
        self, lanes: OrderedDict[LaneKey, Lane], ring: "_Ring", monotonic: float, now: Micros
    ) -> Task | None:
        """Of one tenant. Each lane goes behind the others when its turn has come."""
        for _ in range(len(lanes)):
            lane = next(iter(lanes.values()))
            lanes.move_to_end(lane.key)
            task = self._start(lane, ring, monotonic, now)
            if task is not None:
                return task
        return None

    def _start(self, lane: Lane, ring: "_Ring", monotonic: float, now: Micros) -> Task | None:
        """It leaves the ring when it has no more to send, or may not; then it stands up again with the next task, or when an
        exchange ends.
        """
        sending = len(lane.sending)
        room = lane.room(sending, now)
        if not lane.queue or room <= 0:
            ring.discard(lane)
            return None
        trusted = lane.trusted(monotonic)
        if sending >= self._fair(lane.limit) or (ring is self._trusted_ring and not trusted):
            self._stand(lane, trusted=trusted)
            return None
        task = lane.queue.popleft()
        self._begin(lane, task, monotonic, trusted=trusted)
        if room > 1 and lane.queue:
            self._stand(lane, trusted=trusted)
        else:
            ring.discard(lane)
        return task

    def _begin(self, lane: Lane, task: Task, monotonic: float, *, trusted: bool) -> None:
        task.started = True
        lane.sending[task] = monotonic
        tenant = lane.key[0]
        self.in_flight += 1
        self._of_tenant[tenant] = self._of_tenant.get(tenant, 0) + 1
        if not trusted:
            self._suspects.add(task)

    def _stand(self, lane: Lane, *, trusted: bool) -> None:
        """Into the ring where it belongs; it has something to send."""
        ring = self._trusted_ring if trusted and lane.steady else self._suspect_ring
        if lane.ring is ring:
            return
        if lane.ring is not None:
            lane.ring.discard(lane)
        ring.add(lane)

    def _fair(self, wanted: int) -> int:
        """At most a quarter of the exchanges that are free: what many slow lanes leave is never nothing."""
        quarter = (self._max_in_flight - self.in_flight) // 4
        return wanted if wanted <= quarter else max(1, quarter)

    def _forget_some(self) -> None:
        """Before one more is made: those that are idle and healthy, when they are many."""
        if len(self._lanes) < self._sweep_at:
            return
        for lane in self:
            if lane.pace == HEALTHY:
                self.forget(lane.key)
        self._sweep_at = max(_MAX_LANES, 2 * len(self._lanes))


class _Ring:
    """Lanes with something to send: tenants in turn, and within a tenant its lanes in turn.

    Mostly one lane stands, because its exchange has just ended: it needs no turns, which cost as much as a signature.
    """

    def __init__(self) -> None:
        self.only: Lane | None = None
        self.tenants: OrderedDict[TenantId, OrderedDict[LaneKey, Lane]] = OrderedDict()
        """Empty where `only` stands."""

    def add(self, lane: Lane) -> None:
        lane.ring = self
        if self.only is not None:
            only, self.only = self.only, None
            self._join(only)
            self._join(lane)
        elif self.tenants:
            self._join(lane)
        else:
            self.only = lane

    def _join(self, lane: Lane) -> None:
        lanes = self.tenants.get(lane.key[0])
        if lanes is None:
            lanes = self.tenants[lane.key[0]] = OrderedDict()
        lanes[lane.key] = lane

    def discard(self, lane: Lane) -> None:
        lane.ring = None
        if self.only is lane:
            self.only = None
            return
        lanes = self.tenants[lane.key[0]]
        del lanes[lane.key]
        if not lanes:
            del self.tenants[lane.key[0]]


def document_of(pace: Pace, endpoint: Endpoint | None) -> bytes | None:
    """As it is stored; None for a lane that is healthy and anybody's."""
    if pace == HEALTHY and not (endpoint is not None and endpoint.queued):
        return None
    return _encode(pace)
