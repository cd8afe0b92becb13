"""Time, passed in, so that tests can turn the hands. Wall time is microseconds since 1970 (UTC)."""

import asyncio
import time
from collections.abc import Awaitable
from typing import NewType, Protocol

Micros = NewType("Micros", int)
"""Microseconds: a point in time since the epoch, or a length of time."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    def now(self) -> Micros:
        """Wall time. It may be set to the database's clock, so that nodes agree."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for deadlines, leases and durations."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """The time runs from this call on, not from the moment when it is awaited."""
        ...


class SystemClock:
    """The machine's clock, moved by `offset` towards the database's, so that a node whose own clock is wrong
    neither retries early nor steals a lease. Between two corrections it runs on the monotonic clock: a step
    of the machine's wall clock changes nothing.
    """

    def __init__(self) -> None:
        self._base = 0
        self.follow_machine()

    def now(self) -> Micros:
        return Micros(self._base + time.monotonic_ns() // 1000)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> Awaitable[None]:
        return asyncio.ensure_future(asyncio.sleep(seconds))

    def follow(self, wall: Micros) -> None:
        """Take `wall` as the time that it is now."""
        self._base = wall - time.monotonic_ns() // 1000

    def follow_machine(self) -> None:
        """Take the machine's word again: it may have slept, or heard from a time server."""
        self.follow(Micros(time.time_ns() // 1000))
