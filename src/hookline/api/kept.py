"""Kept: what was looked up a moment ago, so that not every request asks the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from hookline.clock import Clock

V = TypeVar("V")

KEPT = 4.0
"""Seconds for which a look is believed: what ends on one node ends on all of them within five."""
MAX_KEPT = 10_000


class Kept(Generic[V]):
    def __init__(self, find: Callable[[str], Awaitable[V]], clock: Clock) -> None:
        """What `find` raises is told to whoever asks, and not kept."""
        self._find = find
        self._clock = clock
        self._known: dict[str, tuple[float, V]] = {}
        self._looks: dict[str, asyncio.Task[V]] = {}

    async def get(self, name: str) -> V:
        known = self._known.get(name)
        if known is None or known[0] <= self._clock.monotonic():
            return await self._look(name)
        return known[1]

    def peek(self, name: str) -> V | None:
        """What is believed of it without a look, if anything."""
        known = self._known.get(name)
        return None if known is None or known[0] <= self._clock.monotonic() else known[1]

    def forget(self) -> None:
        """Something has changed: believe nothing that was read before, nor what is being read."""
        self._known.clear()
        self._looks.clear()

    async def _look(self, name: str) -> V:
        """One look for all who ask at once; shielded, so that one who leaves takes nobody along."""
        look = self._looks.get(name)
        if look is None:
            begun = self._clock.monotonic()
            look = asyncio.ensure_future(self._task(name))
            self._looks[name] = look
            look.add_done_callback(lambda done: self._looked(name, done, begun))
        return await asyncio.shield(look)

    async def _task(self, name: str) -> V:
        return await self._find(name)

    def _looked(self, name: str, look: "asyncio.Task[V]", begun: float) -> None:
        failed = look.cancelled() or look.exception() is not None  # its waiters may all have left
        if self._looks.get(name) is not look:
            return
        del self._looks[name]
        if failed:
            return
        if len(self._known) >= MAX_KEPT:
            self._known.clear()
        self._known[name] = (begun + KEPT, look.result())
