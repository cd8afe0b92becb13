"""The composition root: the only file that knows all others. It builds the parts, starts them, and stops them in order."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from hookline import __version__, metrics
from hookline.address import address_of
from hookline.api.app import build_api, build_probes
from hookline.api.parts import Parts
from hookline.clock import Clock, SystemClock
from hookline.config import Settings
from hookline.core import Core, build_core
from hookline.declare.file import DeclaredFile
from hookline.declare.hangup import apply_file, at_hangup
from hookline.deliver.claimer import Claimer
from hookline.deliver.gather import Gatherer
from hookline.deliver.hand import NodeHand
from hookline.deliver.lanes import Lanes
from hookline.deliver.node import Lease, Node, repeat
from hookline.deliver.tester import Tester
from hookline.deliver.told import Told
from hookline.deliver.worker import Worker
from hookline.emissions import NodeStarted, NodeStopped, NodeStopping, RestoreHeld
from hookline.late import Late
from hookline.model.ids import NodeId
from hookline.records.after_delivery import AfterDelivery
from hookline.records.deadlines import Deadlines
from hookline.records.saver import Saver
from hookline.route.distant import DistantHand
from hookline.route.draft import Hand
from hookline.route.publish import Publisher
from hookline.route.waiting import Waiting
from hookline.server import Server
from hookline.storage.ledger import Ledger
from hookline.storage.restore import hold_waiting
from hookline.systems.paths import OWN_PATHS
from hookline.telemetry import Telemetry

if TYPE_CHECKING:
    from hookline.storage.postgres import hints as pg_hints
else:
    pg_hints = Late("hookline.storage.postgres.hints")

HOLD_CHUNK = 1000
SETTLE_EVERY, MEASURE_EVERY, FORGET_EVERY = 2.0, 10.0, 600.0
DEADLINES_EVERY = 0.5
"""Seconds: half of what an event of a date may be late."""
ENDINGS_EVERY = 0.5


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """What this process does: `serve` is both."""

    api: bool = True
    worker: bool = True


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """What a node that delivers has beside."""

    node: Node
    worker: Worker
    hand: NodeHand
    claimer: Claimer


@dataclass(frozen=True, kw_only=True)
class Engine:
    core: Core
    publisher: Publisher
    saver: Saver
    delivering: Delivering | None
    hints: "pg_hints.Hints | None"

    def healthy(self) -> tuple[bool, str]:
        """A node whose lease has run out sends nothing: others may have taken over from it."""
        if self.delivering is None or self.core.clock.monotonic() < self.delivering.worker.lease_until:
            return True, ""
        return False, "its lease has run out: the database did not answer in time"

    def wake(self) -> None:
        """Something was made due by hand."""
        if self.delivering is not None:
            self.delivering.claimer.hint()
        if self.hints is not None:
            self.hints.hint()


@asynccontextmanager
async def running(
    settings: Settings,
    telemetry: Telemetry,
    roles: Roles,
    *,
    ledger: Callable[[Ledger], Ledger] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Engine]:
    """Everything but the server, started; on leaving, stopped in order. `ledger` may wrap the hot verbs; `clock` is
    the system's unless tests turn the hands.
    """
    async with AsyncExitStack() as stack:
        core = await build_core(
            settings, telemetry, stack, ledger or (lambda plain: plain), clock or SystemClock()
        )
        engine = _engine(core, roles)
        if engine.delivering is not None:
            await engine.delivering.node.join()
            if settings.restore_hold:
                await _hold_restored(core, engine.delivering.node.id)
        tasks = [asyncio.create_task(work) for work in _loops(engine)]
        for task in tasks:
            task.add_done_callback(partial(_tell_end, telemetry))
        heart = asyncio.create_task(_heart(engine))
        stack.push_async_callback(_stop, engine, tasks, heart)
        yield engine


@asynccontextmanager
async def serving(
    settings: Settings,
    telemetry: Telemetry,
    roles: Roles,
    *,
    ledger: Callable[[Ledger], Ledger] | None = None,
    local: bool = False,
    declared: DeclaredFile | None = None,
) -> AsyncIterator[str]:
    """The whole program for these roles. Yields the address that it answers at: the API, or without one only what
    looks after the node. On leaving, stops in order: first nothing new is accepted, then the engine.

    `local`: for whoever is on this machine, so that its own address is its public URL where none is set.
    `declared`: what there should be, read and applied before the first request, and again at SIGHUP.
    """
    async with running(settings, telemetry, roles, ledger=ledger) as engine, AsyncExitStack() as stack:
        server = Server(settings)
        try:
            await server.bind()
            address = address_of(settings.host, server.port)
            parts = _parts(engine, address if local else "")
            if declared is not None:
                await apply_file(parts, declared)
                stack.enter_context(at_hangup(lambda: apply_file(parts, declared), telemetry))
            await server.start(build_api(parts, OWN_PATHS) if roles.api else build_probes(parts))
            telemetry.emit(started(engine, address))
            yield address
        finally:
            await server.stop()


def _parts(engine: Engine, address: str = "") -> Parts:
    """`address`: the public URL where the settings name none. The guard does not hear of it: endpoints may be there."""
    core = engine.core
    return Parts(
        store=core.opened.store,
        publisher=engine.publisher,
        saver=engine.saver,
        directory=core.opened.directory,
        guard=core.guard,
        dialects=core.dialects,
        systems=core.systems,
        presets=core.presets,
        targets=core.targets,
        stepwise=core.stepwise,
        tester=Tester(core.client, core.stepwise, core.targets, core.clock),
        shedder=core.upkeep,
        inbox=core.inbox,
        settings=msgspec.structs.replace(core.settings, public_url=core.settings.public_url or address),
        telemetry=core.telemetry,
        clock=core.clock,
        ids=core.ids,
        started_node=engine,
        wake=engine.wake,
    )


def _hints(core: Core, delivering: Delivering | None) -> "pg_hints.Hints":
    heard = delivering.claimer.hint if delivering is not None else lambda: None
    return pg_hints.Hints(core.settings.database_url, heard, core.clock)


def _engine(core: Core, roles: Roles) -> Engine:
    delivering = _delivering(core) if roles.worker else None
    hints = None if core.opened.alone else _hints(core, delivering)
    hand: Hand = DistantHand(hints.hint if hints is not None else lambda: None)
    if delivering is not None:
        hand = delivering.hand
    publisher = Publisher(
        ledger=core.ledger,
        directory=core.opened.directory,
        hand=hand,
        node=(lambda: delivering.node.id) if delivering is not None else (lambda: None),
        ids=core.ids,
        clock=core.clock,
        telemetry=core.telemetry,
        switch_off=core.opened.store.endpoints.switch_filter_off,
        waiting=Waiting(core.cases),
    )
    saver = Saver(
        records=core.opened.store.records,
        publisher=publisher,
        directory=core.opened.directory,
        kinds=core.kinds,
        clock=core.clock,
        telemetry=core.telemetry,
    )
    return Engine(core=core, publisher=publisher, saver=saver, delivering=delivering, hints=hints)


def _delivering(core: Core) -> Delivering:
    settings, opened, clock = core.settings, core.opened, core.clock
    told = Told(core.telemetry)
    lanes = Lanes(max_in_flight=settings.max_in_flight, max_in_hand=settings.max_in_hand)
    node = Node(
        nodes=opened.nodes,
        endpoints=opened.store.endpoints,
        directory=opened.directory,
        ids=core.ids,
        clock=clock,
        told=told,
        lease=Lease(seconds=settings.lease, heartbeat=settings.heartbeat, alone=opened.alone),
        name=settings.node_name or socket.gethostname(),
    )
    worker = Worker(
        node=lambda: node.id,
        ledger=core.ledger,
        directory=opened.directory,
        lanes=lanes,
        targets=core.targets,
        client=core.client,
        stepwise=core.stepwise,
        clock=clock,
        told=told,
    )
    gatherer = Gatherer(
        node=lambda: node.id, batches=opened.batches, targets=core.targets, ids=core.ids, clock=clock
    )
    claimer = Claimer(
        node=lambda: node.id,
        ledger=core.ledger,
        directory=opened.directory,
        lanes=lanes,
        gatherer=gatherer,
        claimed=worker.claimed,
        clock=clock,
        telemetry=core.telemetry,
        poll_interval=settings.poll_interval,
    )
    hand = NodeHand(worker)
    node.employ(worker, hand, claimer)
    core.telemetry.watch(metrics.IN_FLIGHT, lambda: lanes.in_flight)
    core.telemetry.watch(metrics.IN_HAND, lambda: lanes.in_hand)
    core.telemetry.watch(metrics.UNWRITTEN, lambda: worker.unwritten)
    return Delivering(node=node, worker=worker, hand=hand, claimer=claimer)


def _loops(engine: Engine) -> list[Coroutine[None, None, None]]:
    core = engine.core
    loops: list[Coroutine[None, None, None]] = []
    if engine.hints is not None:
        loops.append(engine.hints.run())
    chores = [(core.upkeep.measure, MEASURE_EVERY)]
    if engine.delivering is not None:
        loops.append(engine.delivering.claimer.run())
        chores += [(core.upkeep.settle, SETTLE_EVERY), (core.upkeep.forget, FORGET_EVERY)]
        deadlines = Deadlines(core.opened.store.records, engine.saver, core.clock)
        chores += [(deadlines.pass_, DEADLINES_EVERY), (_after_delivery(engine).pass_, ENDINGS_EVERY)]
    else:
        chores.append((partial(_follow_database, core), core.settings.heartbeat))
    fault = core.telemetry.fault
    return loops + [repeat(chore, every=every, clock=core.clock, fault=fault) for chore, every in chores]


def _after_delivery(engine: Engine) -> AfterDelivery:
    opened = engine.core.opened
    return AfterDelivery(
        endings=opened.store.endings,
        publisher=engine.publisher,
        saver=engine.saver,
        directory=opened.directory,
        telemetry=engine.core.telemetry,
    )


def _tell_end(telemetry: Telemetry, task: asyncio.Task[None]) -> None:
    """A loop that ends by a fault must not end in silence: nobody waits for it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        telemetry.fault("loop", error)


async def _follow_database(core: Core) -> int:
    """A node that only publishes has no heartbeat to tell it the time that deliveries are due by."""
    if isinstance(core.clock, SystemClock):
        core.clock.follow(await core.opened.nodes.now())
    return 0


async def _hold_restored(core: Core, node: NodeId) -> None:
    """Before anything is claimed: what a backup says is waiting may have been sent since. What its nodes had in hand
    is waiting too: none of them lives.
    """
    await core.opened.nodes.take_over(node, alone=True)
    held = 0
    while count := await hold_waiting(core.opened.store.database, HOLD_CHUNK):
        held += count
    core.telemetry.emit(RestoreHeld(deliveries=held))


async def _heart(engine: Engine) -> None:
    if engine.delivering is not None:
        await engine.delivering.node.run()


async def _stop(engine: Engine, tasks: Sequence[asyncio.Task[None]], heart: asyncio.Task[None]) -> None:
    """First what was accepted is committed, then no new work is taken, then exchanges finish or are handed over.

    The heart beats to the last, or others would take over what is about to be finished.
    """
    await engine.publisher.drain()
    await engine.core.inbox.refusals.drain()
    await _cancelled(*tasks)
    if engine.delivering is not None:
        worker, node, telemetry = engine.delivering.worker, engine.delivering.node, engine.core.telemetry
        grace = float(engine.core.settings.grace)
        telemetry.emit(NodeStopping(node_id=node.id, in_flight=worker.lanes.in_flight, grace=grace))
        released = await worker.stop(grace)
        await _cancelled(heart)
        await node.leave()
        telemetry.emit(NodeStopped(node_id=node.id, released=released))
    await _cancelled(heart)


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def started(engine: Engine, address: str) -> NodeStarted:
    core, delivering = engine.core, engine.delivering
    return NodeStarted(
        node_id=delivering.node.id if delivering is not None else "",
        node_name=core.settings.node_name or socket.gethostname(),
        version=__version__,
        address=address,
        database="sqlite" if core.opened.alone else "postgresql",
    )
