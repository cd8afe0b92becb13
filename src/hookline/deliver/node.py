"""Node: one start of one process among others. Its heartbeat keeps its lease, takes over from the silent, and
does the upkeep that nobody waits for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from hookline.clock import SECOND, Clock, Micros, SystemClock
from hookline.deliver.claimer import Claimer
from hookline.deliver.doubts import Doubts
from hookline.deliver.hand import NodeHand
from hookline.deliver.told import Told
from hookline.deliver.worker import Worker
from hookline.emissions import NodeTakenOver
from hookline.errors import HooklineError, Unavailable
from hookline.model.endpoint import Endpoint
from hookline.model.ids import Ids
from hookline.storage.directory import Directory
from hookline.storage.endpoints import Endpoints
from hookline.storage.ledger import LaneKey
from hookline.storage.nodes import Nodes

MARGIN = 1.0
"""Seconds before the lease's end at which a node stops sending: its clock and the database's are two."""


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    seconds: float
    heartbeat: float
    alone: bool
    """SQLite: the lock on the file makes this process the only one, so that nobody can take over from it."""


class Chore(Protocol):
    """Upkeep that repeats. Returns how much it found to do; while that is not 0, it is called again soon."""

    def __call__(self) -> Awaitable[int]: ...


class Node:
    def __init__(
        self,
        *,
        nodes: Nodes,
        endpoints: Endpoints,
        directory: Directory,
        ids: Ids,
        clock: Clock,
        told: Told,
        lease: Lease,
        name: str,
    ) -> None:
        self.id = ids.node()
        self._nodes = nodes
        self._endpoints = endpoints
        self._directory = directory
        self._ids = ids
        self._clock = clock
        self._told = told
        self._lease = lease
        self._name = name
        self._beaten_at = 0.0
        self._steady_since: float | None = None
        """Monotonic: since when heartbeats succeed without a gap."""
        self._disabling: set[asyncio.Task[None]] = set()
        self._releasing: asyncio.Task[None] | None = None

    def employ(self, worker: Worker, hand: NodeHand, claimer: Claimer) -> None:
        self._worker = worker
        self._hand = hand
        self._claimer = claimer
        self._doubts = Doubts(hand, self._nodes, self._clock)
        worker.claims = self

    # What the worker asks of it (worker.Claims).

    def due(self, lane: LaneKey, at: Micros) -> None:
        self._claimer.due(lane, at)

    def freed(self, lane: LaneKey) -> None:
        self._claimer.freed(lane)

    def room(self) -> None:
        self._claimer.room()

    def healed(self, lane: LaneKey) -> None:
        self._claimer.healed(lane)

    def disable(self, endpoint: Endpoint, reason: str) -> None:
        task = asyncio.get_running_loop().create_task(self._disable(endpoint, reason))
        self._disabling.add(task)
        task.add_done_callback(self._disabling.discard)

    # Its life.

    async def join(self) -> None:
        await self._register()
        if self._lease.alone:
            await self._take_over()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self._clock.sleep(self._lease.heartbeat)
            try:
                async with asyncio.timeout(self._lease.seconds):
                    await self._beat()
            except (Unavailable, TimeoutError):
                self._steady_since = None
            except Exception as error:  # noqa: BLE001  whatever it is, a node without a heartbeat is dead
                self._steady_since = None
                self._told.telemetry.fault("heartbeat", error)

    async def leave(self) -> None:
        """With something still in hand it does not leave: its lease runs out, and others take over."""
        if self._releasing is not None:
            self._releasing.cancel()
        await asyncio.gather(*self._disabling, return_exceptions=True)
        if len(self._worker.in_hand) or self._worker.rows:
            return
        with suppress(Unavailable):
            await self._nodes.leave(self.id)

    async def _register(self) -> None:
        begun = self._clock.monotonic()
        wall = await self._nodes.register(
            self.id,
            name=self._name,
            lease=Micros(int(self._lease.seconds * SECOND)),
            watermark=self._ids.event(),
        )
        self._steady_since = None
        self._renewed(begun, wall)

    async def _beat(self) -> None:
        begun = self._clock.monotonic()
        wall = await self._nodes.heartbeat(self.id, self._worker.in_hand.watermark(self._ids.event()))
        if wall is None:
            await self._start_again()
            return
        self._renewed(begun, wall)
        await self._doubts.resolve()
        if self._releasing is None or self._releasing.done():
            self._releasing = asyncio.get_running_loop().create_task(self._release_lost())
        if not self._lease.alone:
            # After an outage of the database every heartbeat looks stale, and nobody may act on it at once.
            if self._steady_since is not None and begun - self._steady_since >= self._lease.seconds:
                await self._take_over()
            self._hand.foreign = self._claimer.foreign = await self._nodes.foreign_lanes(self.id)
        self._worker.pump()

    async def _release_lost(self) -> None:
        """What a claim took whose answer was lost is nobody's: while none is under way, that can be seen. The heartbeat
        does not wait for that moment, because a claim may hang.
        """
        try:
            async with self._claimer.lock:
                known = frozenset(self._worker.rows)
                if await self._nodes.release(self.id, known):
                    self._claimer.hint()
        except Unavailable:
            pass  # the next beat asks again
        except Exception as error:  # noqa: BLE001  told; the next beat asks again
            self._told.telemetry.fault("heartbeat", error)

    def _renewed(self, begun: float, wall: Micros) -> None:
        """A beat that came late, however it ended well, is an outage too."""
        now = self._clock.monotonic()
        if self._steady_since is None or now - self._beaten_at > self._lease.seconds / 2:
            self._steady_since = begun
        self._beaten_at = now
        if self._lease.alone:
            if isinstance(self._clock, SystemClock):
                self._clock.follow_machine()
            return
        self._worker.lease_until = begun + self._lease.seconds - MARGIN
        if isinstance(self._clock, SystemClock):  # tests turn the hands of theirs themselves
            self._clock.follow(wall)

    async def _start_again(self) -> None:
        """Another node has taken over: what was in hand is lost to this one. It joins under a new id."""
        self._worker.disown()
        self._claimer.disown()
        self.id = self._ids.node()
        await self._register()

    async def _take_over(self) -> None:
        for taken in await self._nodes.take_over(self.id, alone=self._lease.alone):
            self._told.telemetry.emit(
                NodeTakenOver(node_id=self.id, silent_node_id=taken.node_id, deliveries=taken.deliveries)
            )
            self._claimer.hint()

    async def _disable(self, endpoint: Endpoint, reason: str) -> None:
        """What cannot be written now will be decided again by the next attempt."""
        try:
            changed = await self._endpoints.disable(
                endpoint.tenant_id, endpoint.id, reason, self._clock.now()
            )
            await self._directory.reload(endpoint.tenant_id)
        except HooklineError as error:
            self._told.telemetry.fault("disable", error)
            return
        if changed:
            self._told.disabled(endpoint, reason)
            with suppress(Unavailable):
                await self._worker.fresh_start(endpoint)


async def repeat(
    chore: Chore, *, every: float, clock: Clock, fault: Callable[[str, BaseException], None]
) -> None:
    """Until cancelled. While there is something to do it goes on with short breaks, so that others get their turn."""
    while True:
        done = 0
        try:
            done = await chore()
        except Unavailable:
            pass
        except Exception as error:  # noqa: BLE001  one chore that fails must not end the others
            fault("upkeep", error)
        await clock.sleep(0.05 if done else every)
