"""Worker: sends what this node has in hand, by fair turn, and gives each result to the recorder."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from hookline.clock import SECOND, Clock, Micros
from hookline.deliver import conclude
from hookline.deliver.claims import Claims
from hookline.deliver.lanes import Lane, Lanes
from hookline.deliver.outcome import (
    GiveUp,
    Outcome,
    RetryLater,
    blames_endpoint,
    judge,
    speaks_of_receiver,
    succeeded,
)
from hookline.deliver.pace import Disable, Pace
from hookline.deliver.recorder import Recorder
from hookline.deliver.target import Target
from hookline.deliver.targets import Targets
from hookline.deliver.task import InHand, Task
from hookline.deliver.told import Told
from hookline.deliver.tries import Try, taken
from hookline.errors import HooklineError, NotFound
from hookline.model.attempt import Cause, Exchange, Headers
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import DeliveryId, EventId, NodeId
from hookline.net.client import Client
from hookline.storage.directory import Directory
from hookline.storage.ledger import LaneKey, LanePace, Ledger, Result

GONE_REASON = "The receiver answered 410 Gone"
FAILING_REASON = "Nothing but failures for five days"
LAST_WORD = 10.0
"""Seconds that a stopping node waits for its last results to be written."""
FAULT_DELAY = 60 * SECOND
_HEALTHY = Pace()
_encode = msgspec.json.Encoder().encode


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
        self.foreign: set[LaneKey] = set()
        """Lanes that another node owns alone."""
        self.doubts: list[tuple[Event, Sequence[int]]] = []
        """Events whose commit is not known to have happened."""
        self._node = node
        self._ledger = ledger
        self._directory = directory
        self._targets = targets
        self._client = client
        self._clock = clock
        self._told = told
        self._recorder = Recorder(
            ledger=ledger, node=node, listener=self, clock=clock, telemetry=told.telemetry
        )
        self._exchanges: set[asyncio.Task[None]] = set()
        self._stopping = False

    # What a publisher asks of it (route.draft.Hand).

    def reserve(self, endpoint: Endpoint) -> bool:
        key = (endpoint.tenant_id, endpoint.id)
        monotonic = self._clock.monotonic()
        if self._stopping or key in self.foreign or monotonic >= self.lease_until:
            return False
        return self.lanes.reserve(key, endpoint.concurrency, monotonic, self._clock.now())

    def begin(self, event_id: EventId, count: int) -> None:
        self.in_hand.begin(event_id, count)

    def hand_over(self, event: Event, positions: Sequence[int]) -> None:
        self._take(event, positions, reserved=True)

    def abandon(self, event: Event, positions: Sequence[int]) -> None:
        for position in positions:
            self.lanes.release((event.tenant_id, event.matched[position]))
            self.in_hand.end(event.id)

    def doubt(self, event: Event, positions: Sequence[int]) -> None:
        """It counts as in hand until that is known, but nobody waits for its room."""
        for position in positions:
            self.lanes.release((event.tenant_id, event.matched[position]))
        self.doubts.append((event, positions))

    def found(self, event: Event, positions: Sequence[int]) -> None:
        """A doubt is resolved: the event is stored."""
        for position in positions:
            self._open((event.tenant_id, event.matched[position]))
        self._take(event, positions, reserved=False)

    def absent(self, event: Event, positions: Sequence[int]) -> None:
        """A doubt is resolved: the event was never stored."""
        for _ in positions:
            self.in_hand.end(event.id)

    def waiting(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.due_at is not None:
                self.claims.due((delivery.tenant_id, delivery.endpoint_id), delivery.due_at)

    def _take(self, event: Event, positions: Sequence[int], *, reserved: bool) -> None:
        bodies: dict[str, bytes] = {}
        tasks = []
        for position in positions:
            delivery = taken(event, position)
            lane = (event.tenant_id, delivery.endpoint_id)
            tasks.append(Task(delivery=delivery, event=event, lane=lane, fresh=True, bodies=bodies))
        self._enqueue(tasks, reserved=reserved)

    @property
    def unwritten(self) -> int:
        """Results that are not on disk yet."""
        return self._recorder.unwritten

    # Sending.

    def claimed(self, tasks: Iterable[Task]) -> None:
        """Take in hand what was claimed; its lanes are open."""
        tasks = list(tasks)
        self.rows.update(delivery.id for task in tasks for delivery in task.deliveries)
        self._enqueue(tasks, reserved=False)

    def _enqueue(self, tasks: Sequence[Task], *, reserved: bool) -> None:
        monotonic, now = self._clock.monotonic(), self._clock.now()
        refused = [task for task in tasks if not self.lanes.enqueue(task, monotonic, now, reserved=reserved)]
        self._hand_back(refused)
        self.pump()

    def pump(self) -> None:
        """Begin whatever may begin now."""
        loop = asyncio.get_running_loop()
        monotonic, now = self._clock.monotonic(), self._clock.now()
        while monotonic < self.lease_until and not self._stopping:
            task = self.lanes.take(monotonic, now)
            if task is None:
                return
            exchange = loop.create_task(self._send(task))
            self._exchanges.add(exchange)
            exchange.add_done_callback(self._exchanges.discard)

    async def stop(self, grace: float) -> int:
        """Begin nothing more, let exchanges finish for `grace` seconds, hand the rest back. Returns how many.

        While the database is lost nothing can be handed back: then whoever takes over does it.
        """
        self._stopping = True
        queued = self.lanes.drop_queued()
        self._hand_back(queued)
        if self._exchanges:
            await asyncio.wait(self._exchanges, timeout=grace)
        cut_off = list(self._exchanges)
        for exchange in cut_off:
            exchange.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                await self._recorder.drain()
        return len(queued) + len(cut_off)

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
            lane.pace = _HEALTHY
        self.claims.healed(key)
        await self._ledger.record(self._node(), (), (LanePace(lane=key, document=None),))

    async def _send(self, task: Task) -> None:
        """A fault of ours must not keep the slot, nor the delivery: it is told, and tried again after a while."""
        try:
            await self._attempt(task)
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery goes back to the database
            self._told.telemetry.fault("worker", error)
            if task in self._lane(task).sending:
                later = Micros(self._clock.now() + FAULT_DELAY)
                self._settle(task, None, conclude.handed_back(task.delivery, later))

    async def _attempt(self, task: Task) -> None:
        at = self._clock.now()
        try:
            endpoint = await self._endpoint(task)
        except (HooklineError, asyncio.CancelledError) as error:
            self._settle(task, None, conclude.handed_back(task.delivery, at))
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        wanted = endpoint is not None and (
            bool(task.members) or self._targets.wants(endpoint, task.event.type)
        )
        settled = conclude.before(task.youngest, endpoint, wanted=wanted, now=at)
        if settled is not None or endpoint is None:
            self._settle(task, endpoint, settled or conclude.handed_back(task.delivery, at))
            return
        attempt = Try(task=task, endpoint=endpoint, at=at)
        try:
            exchange, headers = await self._exchange(attempt, self._targets.get(endpoint))
        except asyncio.CancelledError:
            self._cut_off(attempt)
            raise
        self._finish(attempt, exchange, headers)

    async def _endpoint(self, task: Task) -> Endpoint | None:
        """As it is now; None when it is gone, or its tenant."""
        tenant = task.event.tenant_id
        config = self._directory.get(tenant)
        if config is None:
            try:
                config = await self._directory.at_least(tenant)
            except NotFound:
                return None
        return config.endpoints.get(task.delivery.endpoint_id)

    async def _exchange(self, attempt: Try, target: Target | str) -> tuple[Exchange, Headers]:
        if isinstance(target, str):
            return Exchange(cause=Cause.NOT_SENT, detail=target), ()
        try:
            return await self._sent(attempt, target)
        except Exception as error:  # noqa: BLE001  an event that cannot be sent must not cost the node a slot for ever
            self._told.telemetry.fault("worker", error)
            return Exchange(cause=Cause.NOT_SENT, detail=f"It could not be sent: {type(error).__name__}"), ()

    async def _sent(self, attempt: Try, target: Target) -> tuple[Exchange, Headers]:
        task = attempt.task
        name = target.dialect.name
        body = task.bodies.get(name)
        if body is None:
            body = task.bodies[name] = target.dialect.body(task.event)
        request = target.request(task.event, body=body, attempt=task.delivery.attempts + 1, now=attempt.at)
        return await self._client.send(request), target.recorded(request)

    def _finish(self, attempt: Try, exchange: Exchange, headers: Headers) -> None:
        now = self._clock.now()
        task, endpoint = attempt.task, attempt.endpoint
        jitter = random.random()  # noqa: S311  it spreads load and keeps no secret
        outcome = judge(exchange, endpoint.retry, failures=task.delivery.failures, now=now, draw=jitter)
        if exchange.cause is None and not succeeded(exchange):
            exchange = msgspec.structs.replace(exchange, cause=Cause.STATUS)
        pace = self._paced(attempt, exchange, outcome, now)
        done = conclude.after_all(task.deliveries, endpoint, exchange, outcome, now)
        self._told.attempt(task, endpoint, exchange, done[0], now)
        if isinstance(outcome, GiveUp) and outcome.disable:
            self.claims.disable(endpoint, GONE_REASON)
        self._put(task, attempt.results(done, exchange, headers), endpoint, pace)

    def _paced(self, attempt: Try, exchange: Exchange, outcome: Outcome, now: Micros) -> Pace:
        lane, endpoint = self._lane(attempt.task), attempt.endpoint
        success = succeeded(exchange)
        lane.proven = lane.proven or success
        if not speaks_of_receiver(exchange) or (success and lane.pace == _HEALTHY):
            return lane.pace
        pace, notices = lane.pace.on_result(
            blamed=blames_endpoint(exchange), success=success, now=now, concurrency=endpoint.concurrency
        )
        if isinstance(outcome, RetryLater | GiveUp) and outcome.hold_seconds:
            pace = pace.held(outcome.hold_seconds, now)
        if pace.probe_interval and not lane.pace.probe_interval:
            self._told.slowed(endpoint, f"{pace.blamed} failures in a row, so it gets one request at a time")
        for notice in notices:
            self._told.notice(endpoint, notice)
            if isinstance(notice, Disable):
                self.claims.disable(endpoint, FAILING_REASON)
        return pace

    def _put(self, task: Task, results: Sequence[Result], endpoint: Endpoint | None, pace: Pace) -> None:
        lane = self._lane(task)
        kept = LanePace(lane=lane.key, document=_document(pace, endpoint)) if pace != lane.pace else None
        if kept is not None and kept.document is None:
            self.claims.healed(lane.key)
        drained = self.lanes.exchanged(task, pace, self._clock.now())
        for result in results:
            self._told.ended(result.delivery)
        self._recorder.put(task, results, kept)
        self._hand_back(drained)
        self.pump()

    def _settle(self, task: Task, endpoint: Endpoint | None, settled: Delivery) -> None:
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
        self._put(task, results, endpoint, self._lane(task).pace)

    def _cut_off(self, attempt: Try) -> None:
        now = self._clock.now()
        done = [conclude.interrupted(delivery, now) for delivery in attempt.task.deliveries]
        results = attempt.results(done, Exchange(cause=Cause.INTERRUPTED), ())
        self._put(attempt.task, results, attempt.endpoint, self._lane(attempt.task).pace)

    def _lane(self, task: Task) -> Lane:
        return self._open(task.lane)

    def _open(self, key: LaneKey) -> Lane:
        return self.lanes.open(key, 1) if (lane := self.lanes.get(key)) is None else lane

    def _hand_back(self, tasks: Iterable[Task]) -> None:
        now = self._clock.now()
        for task in tasks:
            results = [
                Result(delivery=conclude.handed_back(delivery, now), fresh=task.fresh)
                for delivery in task.deliveries
            ]
            self._recorder.put(task, results)

    # What the recorder tells.

    def recorded(self, task: Task, results: Sequence[Result], refused: set[DeliveryId]) -> None:
        self._forget(task)
        self.claims.freed(task.lane)
        for result in results:
            delivery = result.delivery
            if delivery.state is State.PENDING and delivery.due_at is not None and delivery.id not in refused:
                self.claims.due(task.lane, delivery.due_at)

    def unwritable(self, task: Task) -> None:
        """It goes on counting as in hand, so that whoever takes over finds it."""
        if task.started:
            self.lanes.recorded(task)
        self.claims.freed(task.lane)

    def written(self) -> None:
        """A group is on disk."""
        self.pump()
        self.claims.room()

    def _forget(self, task: Task) -> None:
        if task.started:
            self.lanes.recorded(task)
        if task.fresh:
            self.in_hand.end(task.event.id)
        else:
            self.rows.difference_update(delivery.id for delivery in task.deliveries)


def _document(pace: Pace, endpoint: Endpoint | None) -> bytes | None:
    """None for a lane that is healthy and anybody's."""
    if pace == _HEALTHY and not (endpoint is not None and endpoint.queued):
        return None
    return _encode(pace)
