"""Recorder: results are written back in groups, one commit at a time; while it runs, the next group gathers.

Results that cannot be written are kept and written again: their deliveries hold their slots, so that a lost
database stops the sending, not the memory.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from hookline.clock import Clock
from hookline.deliver.task import Task
from hookline.emissions import DatabaseBack, DatabaseLost, GroupCommitted
from hookline.errors import Unavailable
from hookline.model.ids import DeliveryId, NodeId
from hookline.storage.ledger import LanePace, Ledger, Result
from hookline.telemetry import Telemetry

MAX_GROUP = 512
"""Tasks in one commit."""
FIRST_PAUSE = 0.1
LAST_PAUSE = 2.0


class Listener(Protocol):
    def recorded(self, group: Sequence["Parcel"], refused: set[DeliveryId]) -> None:
        """Their results are on disk; those `refused` belong to another node now."""
        ...

    def unwritable(self, task: Task) -> None:
        """The database will not take this task's results, now or ever."""
        ...


Parcel = tuple[Task, Sequence[Result]]


class Recorder:
    def __init__(
        self,
        *,
        ledger: Ledger,
        node: Callable[[], NodeId],
        listener: Listener,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._ledger = ledger
        self._node = node
        self._listener = listener
        self._clock = clock
        self._telemetry = telemetry
        self._queue: list[Parcel] = []
        self._writing = 0
        self._paces: dict[object, LanePace] = {}
        self._running: asyncio.Task[None] | None = None

    @property
    def unwritten(self) -> int:
        """Results that are not on disk yet."""
        return self._writing + len(self._queue)

    def put(self, task: Task, results: Sequence[Result], pace: LanePace | None = None) -> None:
        self._queue.append((task, results))
        if pace is not None:
            self._paces[pace.lane] = pace
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def drain(self) -> None:
        """Wait until all that was put is on disk."""
        while self._running is not None:
            await asyncio.shield(self._running)

    async def _run(self) -> None:
        try:
            while self._queue:
                group, self._queue = self._queue[:MAX_GROUP], self._queue[MAX_GROUP:]
                self._writing = len(group)
                paces, self._paces = tuple(self._paces.values()), {}
                await self._write(group, paces)
        finally:
            self._writing = 0
            self._running = None

    async def _write(self, group: Sequence[Parcel], paces: Sequence[LanePace]) -> None:
        results = [result for _, some in group for result in some]
        begun = self._clock.monotonic()
        try:
            refused = set(await self._persist(results, paces))
        except Exception as error:  # noqa: BLE001  whatever it is, the results of strangers go on
            await self._one_by_one(group, paces, error)
            return
        seconds = self._clock.monotonic() - begun
        self._telemetry.emit(GroupCommitted(work="record", rows=len(results), seconds=seconds))
        self._listener.recorded(group, refused)

    async def _one_by_one(self, group: Sequence[Parcel], paces: Sequence[LanePace], error: Exception) -> None:
        """A result that the database will not take must not hold up its neighbours; it is told as a fault, and left
        to whoever takes over.
        """
        if len(group) > 1 or paces:
            for parcel in group:
                await self._write([parcel], ())
            return
        self._telemetry.fault("recorder", error)
        self._listener.unwritable(group[0][0])

    async def _persist(self, results: Sequence[Result], paces: Sequence[LanePace]) -> Sequence[DeliveryId]:
        """Until it is done. A write whose answer was lost is repeated: then its own first success refuses it, and
        the row says what it says.
        """
        lost_at: float | None = None
        pause = FIRST_PAUSE
        while True:
            try:
                refused = await self._ledger.record(self._node(), results, paces)
            except Unavailable as error:
                if lost_at is None:
                    lost_at = self._clock.monotonic()
                    self._telemetry.emit(DatabaseLost(reason=error.detail))
                await self._clock.sleep(pause)
                pause = min(2 * pause, LAST_PAUSE)
                continue
            if lost_at is not None:
                self._telemetry.emit(DatabaseBack(seconds=self._clock.monotonic() - lost_at))
            return refused
