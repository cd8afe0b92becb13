"""A clock whose hands the test turns."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable

from hookline.clock import SECOND, Micros

NOON = Micros(1_800_000_000 * SECOND)
"""Where the hands stand at first: some time in January 2027."""


class ManualClock:
    """`now` and `monotonic` move only by `turn`; who sleeps wakes when the hands have passed the time."""

    def __init__(self, now: int = NOON) -> None:
        self._now = now
        self._monotonic = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> Micros:
        return Micros(self._now)

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> Awaitable[None]:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        if seconds <= 0:
            loop.call_soon(_wake, waiter)
        else:
            heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._numbers), waiter))
        return waiter

    @property
    def sleepers(self) -> int:
        """How many are asleep, for a test that turns the hands only when its subject sleeps."""
        return sum(not waiter.done() for _, _, waiter in self._sleepers)

    def turn(self, seconds: float) -> Micros:
        """Turn the hands on, wake whoever's time has come, and return the new time."""
        self._now += round(seconds * SECOND)
        self._monotonic += seconds
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            _wake(heapq.heappop(self._sleepers)[2])
        return self.now()

    def follow(self, wall: Micros) -> None:
        """As SystemClock: take `wall` as the time that it is now."""
        self._now = wall


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
