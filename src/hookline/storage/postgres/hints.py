"""Hints: one node tells the others that there is new work. Only a hint: polling is the truth.

`NOTIFY` inside a publishing transaction would take a lock over the whole cluster at commit; so it is sent
outside, on a connection of its own, and not more often than every so many milliseconds.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg

from hookline.clock import Clock
from hookline.storage.postgres.database import LOST

CHANNEL = "hookline_work"
PAUSE = 0.05
"""Seconds between two hints."""
RECONNECT = 2.0


class Hints:
    def __init__(self, url: str, heard: Callable[[], None], clock: Clock) -> None:
        self._url = url
        self._heard = heard
        self._clock = clock
        self._wanted = asyncio.Event()

    def hint(self) -> None:
        """Tell the others, soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Listen and tell, until cancelled; a lost connection is made again."""
        while True:
            with suppress(*LOST, asyncpg.PostgresError):
                await self._connected()
            await self._clock.sleep(RECONNECT)

    async def _connected(self) -> None:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self._url, timeout=10)
        own = connection.get_server_pid()
        connection.add_termination_listener(lambda _: self._wanted.set())  # or a lost one would wait for ever
        try:
            await connection.add_listener(CHANNEL, lambda _c, pid, _channel, _payload: self._hear(pid, own))
            self._heard()  # something may have been said before
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await connection.execute(f"NOTIFY {CHANNEL}", timeout=10)
                await self._clock.sleep(PAUSE)
        except BaseException:
            self._wanted.set()  # it was not said, or perhaps not
            raise
        finally:
            connection.terminate()

    def _hear(self, pid: int, own: int) -> None:
        if pid != own:
            self._heard()
