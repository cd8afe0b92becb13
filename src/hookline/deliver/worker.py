"""Worker: sends what this node has in hand, by fair turn, and gives each result to the recorder."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count

import msgspec

from hookline.clock import SECOND, Clock, Micros
from hookline.deliver import conclude
from hookline.deliver.claims import Claims
from hookline.deliver.lanes import HEALTHY, Lane, Lanes, document_of
from hookline.deliver.outcome import DELIVERED, Delivered, GiveUp, Outcome, pace_after
from hookline.deliver.pace import Disable, Pace
from hookline.deliver.recorder import Parcel, Recorder
from hookline.deliver.stepwise import Stepwise, Wish
from hookline.deliver.target import Target
from hookline.deliver.targets import Targets
from hookline.deliver.task import InHand, Task
from hookline.deliver.told import Told
from hookline.deliver.tries import Try
from hookline.deliver.verdict import Verdict
from hookline.errors import HooklineError, NotFound
from hookline.model.attempt import Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.ids import DeliveryId, NodeId
from hookline.net.client import Client, Request, Sending
from hookline.storage.directory import Directory
from hookline.storage.ledger import LanePace, Ledger, Result

GONE_REASON = "The receiver answered 410 Gone"
FAILING_REASON = "Nothing but failures for five days"
LAST_WORD = 10.0
"""Seconds that a stopping node waits for its last results to be written."""
FAULT_DELAY = 60 * SECOND
_BY_ONE_LOOK = 16


class Worker:
    def __init__(
        self,
        *,
        node: Callable[[], NodeId],
        ledger: Ledger,
        directory: Directory,
        lanes: Lanes,
        targets: Targets,
        client: Client,
        stepwise: Stepwise,
        clock: Clock,
        told: Told,
    ) -> None:
        self.in_hand = InHand()
        self.rows: set[DeliveryId] = set()
        """Of what is in hand, that which has a row."""
        self.lanes = lanes
        self.claims: Claims
        """Set by the node that employs it, before anything is sent."""
        self.lease_until = float("inf")
        """Monotonic: no exchange begins after it, because what is in hand may be another node's then."""
        self._node = node
        self._ledger = ledger
        self._directory = directory
        self._targets = targets
        self._client = client
        self._stepwise = stepwise
        self._clock = clock
        self._told = told
        self._recorder = Recorder(
            ledger=ledger, node=node, listener=self, clock=clock, telemetry=told.telemetry
        )
        self._sendings: dict[Task, Sending] = {}
        self._looking_up: set[asyncio.Task[None]] = set()
        self._pumping = False
        self._stopping = False
        self._fewer = asyncio.Event()

    def may_promise(self, monotonic: float) -> bool:
        """Whether what is stored now will be sent by this node."""
        return not self._stopping and monotonic < self.lease_until

    def _leased(self) -> bool:
        return self._clock.monotonic() < self.lease_until

    @property
    def unwritten(self) -> int:
        """Results that are not on disk yet."""
        return self._recorder.unwritten

    def claimed(self, tasks: Iterable[Task]) -> None:
        """Take in hand what was claimed; its lanes are open."""
        tasks = list(tasks)
        self.rows.update(delivery.id for task in tasks for delivery in task.deliveries)
        self.enqueue(tasks, reserved=False)

    def enqueue(self, tasks: Sequence[Task], *, reserved: bool) -> None:
        """Send them in their turn. `reserved`: room was promised to them."""
        monotonic, now = self._clock.monotonic(), self._clock.now()
        refused = [task for task in tasks if not self.lanes.enqueue(task, monotonic, now, reserved=reserved)]
        if refused:
            self._hand_back(refused)
        self.pump()

    def pump(self) -> None:
        """Begin whatever may begin now."""
        if self._pumping or not self.lanes.queued:
            return  # whoever pumps goes on until nothing is left
        self._pumping = True
        try:
            self._begin_all()
        finally:
            self._pumping = False

    def _begin_all(self) -> None:
        """By one look at the clocks for a few of them, which take a millisecond together."""
        for begun in count():
            if begun % _BY_ONE_LOOK == 0:
                monotonic, now = self._clock.monotonic(), self._clock.now()
            if monotonic >= self.lease_until or self._stopping:
                return
            task = self.lanes.take(monotonic, now)
            if task is None:
                return
            config = self._directory.get(task.lane[0])
            if config is None:
                self._look_up(task)
            else:
                self._begin(task, config.endpoints.get(task.lane[1]), now)

    async def stop(self, grace: float) -> int:
        """Begin nothing more, let exchanges finish for `grace` seconds, hand the rest back. Returns how many.

        While the database is lost nothing can be handed back: then whoever takes over does it.
        """
        self._stopping = True
        queued = self.lanes.drop_queued()
        self._hand_back(queued)
        await self._quiet(grace)
        cut_off = (*self._sendings.values(), *self._looking_up)
        for one in cut_off:
            one.cancel()
        await self._quiet(LAST_WORD)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                await self._recorder.drain()
        return len(queued) + len(cut_off)

    async def _quiet(self, seconds: float) -> None:
        """Until no exchange is under way, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._sendings or self._looking_up:
                    self._fewer.clear()
                    await self._fewer.wait()

    def disown(self) -> None:
        """After a take-over: what this node had queued is another's, and its writing will be refused; what the other
        did not find, because it was stored at that very moment, is due by it. What is in flight fares the same.
        """
        self._hand_back(self.lanes.drop_queued())

    async def fresh_start(self, endpoint: Endpoint) -> None:
        """It was switched off: what its receiver did before counts no more when it is switched on again."""
        key = (endpoint.tenant_id, endpoint.id)
        lane = self.lanes.get(key)
        if lane is not None:
            lane.become(HEALTHY)
        self.claims.healed(key)
        await self._ledger.record(self._node(), (), (LanePace(lane=key, document=None),))

    def _begin(self, task: Task, endpoint: Endpoint | None, at: Micros) -> None:
        """Without a task of the loop's, which would cost as much as the request. `endpoint`: as it is now; None when
        it is gone, or its tenant.
        """
        try:
            self._attempt(task, endpoint, at)
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery goes back to the database
            self._fault(task, error)

    def _attempt(self, task: Task, endpoint: Endpoint | None, at: Micros) -> None:
        wanted = endpoint is not None and (
            bool(task.members) or self._targets.wants(endpoint, task.event.type)
        )
        settled = conclude.before(task.youngest, endpoint, wanted=wanted, now=at)
        if settled is not None or endpoint is None:
            self._settle(task, settled or conclude.handed_back(task.delivery, at))
            return
        attempt, target = Try(task=task, endpoint=endpoint, at=at), self._targets.get(endpoint)
        if not isinstance(target, str) and target.talker is not None:
            self._talk(attempt, target, looks=target.talker.looks)
            return
        request = target if isinstance(target, str) else self._request(attempt, target)
        if isinstance(request, str):
            self._finish(attempt, Exchange(cause=Cause.NOT_SENT, detail=request))
        else:
            self._sendings[task] = self._client.start(request, partial(self._over, attempt))

    def _talk(self, attempt: Try, target: Target, *, looks: bool) -> None:
        task, at = attempt.task, attempt.at
        waits = conclude.given_time(task.delivery, attempt.endpoint, _draw(), at) if looks else None
        if waits is not None:
            self._settle(task, waits)
            return
        wish = Wish(event=task.event, attempt=task.delivery.attempts + 1, now=at, mine=self._leased)
        self._sendings[task] = self._stepwise.start(target, wish, partial(self._told_of, attempt))

    def _request(self, attempt: Try, target: Target) -> Request | str:
        """The request, or in words why there is none."""
        task = attempt.task
        try:
            body = task.bodies.get(target.dialect)
            if body is None:
                body = task.bodies[target.dialect] = target.dialect.body(task.event)
            number = task.delivery.attempts + 1
            request = target.request(task.event, body=body, attempt=number, now=attempt.at)
        except Exception as error:  # noqa: BLE001  an event that cannot be sent must not cost the node a slot for ever
            self._told.telemetry.fault("worker", error)
            return f"It could not be sent: {type(error).__name__}"
        attempt.headers = target.recorded(request)
        return request

    def _told_of(self, attempt: Try, verdict: Verdict) -> None:
        attempt.verdict = verdict
        self._over(attempt, verdict.exchange)

    def _over(self, attempt: Try, exchange: Exchange) -> None:
        if self._sendings.pop(attempt.task, None) is None:
            return  # its beginning failed, and it was settled then
        if self._stopping:
            self._fewer.set()
        try:
            if exchange.cause is Cause.INTERRUPTED:
                self._cut_off(attempt)
            else:
                self._finish(attempt, exchange)
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery goes back to the database
            self._fault(attempt.task, error)

    def _fault(self, task: Task, error: Exception) -> None:
        """One of ours must not keep the slot, nor the delivery: it is told, and tried again after a while."""
        self._told.telemetry.fault("worker", error)
        if task in self._lane(task).sending:
            later = Micros(self._clock.now() + FAULT_DELAY)
            self._settle(task, conclude.handed_back(task.delivery, later))

    def _look_up(self, task: Task) -> None:
        looking = asyncio.get_running_loop().create_task(self._begin_later(task))
        self._looking_up.add(looking)
        looking.add_done_callback(partial(self._looked_up, task))

    def _looked_up(self, task: Task, looking: asyncio.Task[None]) -> None:
        self._looking_up.discard(looking)
        self._fewer.set()
        if looking.cancelled():
            self._settle(task, conclude.handed_back(task.delivery, self._clock.now()))

    async def _begin_later(self, task: Task) -> None:
        """Where the directory has to be asked for the tenant first."""
        tenant, endpoint_id = task.lane
        try:
            endpoint = (await self._directory.at_least(tenant)).endpoints.get(endpoint_id)
        except NotFound:
            endpoint = None
        except HooklineError:
            self._settle(task, conclude.handed_back(task.delivery, self._clock.now()))
            return
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery goes back to the database
            self._fault(task, error)
            return
        if not self.may_promise(self._clock.monotonic()):  # it took too long: it may be another node's by now
            self._settle(task, conclude.handed_back(task.delivery, self._clock.now()))
            return
        self._begin(task, endpoint, self._clock.now())

    def _finish(self, attempt: Try, exchange: Exchange) -> None:
        now = self._clock.now()
        task, endpoint = attempt.task, attempt.endpoint
        if attempt.verdict is not None and attempt.verdict.cancelled:
            self._settle(task, conclude.cancelled(task.delivery, attempt.verdict.cancelled, now))
            return
        success = attempt.succeeded(exchange)
        outcome = DELIVERED if success else attempt.outcome(exchange, now, _draw())
        if exchange.cause is None and not success:
            exchange = msgspec.structs.replace(exchange, cause=Cause.STATUS)
        lane = self._lane(task)
        pace = self._paced(lane, endpoint, exchange, outcome, now)
        done = conclude.after_all(task.deliveries, endpoint, exchange, outcome, now)
        self._told.attempt(task, endpoint, exchange, done[0], now)
        if isinstance(outcome, GiveUp) and outcome.disable:
            self.claims.disable(endpoint, GONE_REASON)
        results = attempt.results(done, exchange)
        kept = None if pace is lane.pace or pace == lane.pace else self._kept(lane, endpoint, pace)
        self._put(task, results, pace, now, kept)

    def _paced(
        self, lane: Lane, endpoint: Endpoint, exchange: Exchange, outcome: Outcome, now: Micros
    ) -> Pace:
        success = isinstance(outcome, Delivered)
        if success and not lane.proven:
            lane.prove()
        if success and lane.pace is HEALTHY:
            return HEALTHY
        pace, notices = pace_after(lane.pace, exchange, outcome, endpoint.concurrency, now)
        if pace.probe_interval and not lane.pace.probe_interval:
            self._told.slowed(endpoint, f"{pace.blamed} failures in a row, so it gets one request at a time")
        for notice in notices:
            self._told.notice(endpoint, notice)
            if isinstance(notice, Disable):
                self.claims.disable(endpoint, FAILING_REASON)
        return pace

    def _kept(self, lane: Lane, endpoint: Endpoint, pace: Pace) -> LanePace:
        kept = LanePace(lane=lane.key, document=document_of(pace, endpoint))
        if kept.document is None:
            self.claims.healed(lane.key)
        return kept

    def _put(
        self, task: Task, results: Sequence[Result], pace: Pace, now: Micros, kept: LanePace | None = None
    ) -> None:
        """`kept`: the new pace, where it is another."""
        for result in results:
            self._told.ended(result.delivery)
        # From here on nothing may fail: a fault would find the slot given back and the result unwritten.
        drained = self.lanes.exchanged(task, pace, now)
        self._recorder.put(task, results, kept)
        if drained:
            self._hand_back(drained)
        self.pump()

    def _settle(self, task: Task, settled: Delivery) -> None:
        """Not tried: its endpoint is not what it was. The members of a batch share its fate."""
        results = [
            Result(
                delivery=msgspec.structs.replace(
                    one,
                    state=settled.state,
                    reason=settled.reason,
                    due_at=settled.due_at,
                    finished_at=settled.finished_at,
                ),
                fresh=task.fresh,
            )
            for one in task.deliveries
        ]
        self._put(task, results, self._lane(task).pace, self._clock.now())

    def _cut_off(self, attempt: Try) -> None:
        now = self._clock.now()
        done = [conclude.interrupted(delivery, now) for delivery in attempt.task.deliveries]
        results = attempt.results(done, Exchange(cause=Cause.INTERRUPTED))
        self._put(attempt.task, results, self._lane(attempt.task).pace, now)

    def _lane(self, task: Task) -> Lane:
        return self.lanes.get(task.lane) or self.lanes.open(task.lane, 1)

    def _hand_back(self, tasks: Iterable[Task]) -> None:
        now = self._clock.now()
        for task in tasks:
            results = [
                Result(delivery=conclude.handed_back(delivery, now), fresh=task.fresh)
                for delivery in task.deliveries
            ]
            self._recorder.put(task, results)

    # What the recorder tells.

    def recorded(self, group: Sequence[Parcel], refused: set[DeliveryId]) -> None:
        for task, _ in group:
            self._forget(task)
        for lane in dict.fromkeys([task.lane for task, _ in group]):  # in their order
            self.claims.freed(lane)
        for lane, one in [(task.lane, result.delivery) for task, results in group for result in results]:
            if one.state is State.PENDING and one.due_at is not None and one.id not in refused:
                self.claims.due(lane, one.due_at)
        self.pump()
        self.claims.room()

    def unwritable(self, task: Task) -> None:
        """It goes on counting as in hand, so that whoever takes over finds it."""
        if task.started:
            self.lanes.recorded(task)
        self.claims.freed(task.lane)

    def _forget(self, task: Task) -> None:
        if task.started:
            self.lanes.recorded(task)
        if task.fresh:
            self.in_hand.end(task.event.id)
        else:
            self.rows.difference_update(delivery.id for delivery in task.deliveries)


def _draw() -> float:
    return random.random()  # noqa: S311  it spreads load and keeps no secret
