"""Hints over LISTEN/NOTIFY: a node hears what another says, hears again after its connection was lost, and no flood."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hookline.storage.postgres.hints import CHANNEL, PAUSE, RECONNECT, Hints
from tests.clock import ManualClock

PATIENCE = 10.0
ENOUGH = 0.3
"""Seconds in which a hint that should not come would have come."""
_THEIRS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    f" AND (query LIKE '%{CHANNEL}%')"
)


class Ear:
    """One node's end of the hints, and how often it heard."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        self.heard = 0
        self._woken = asyncio.Event()
        self.hints = Hints(url, self._hear, clock)

    def _hear(self) -> None:
        self.heard += 1
        self._woken.set()

    async def until(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.heard < times:
                await self._woken.wait()
                self._woken.clear()


@pytest.fixture
async def watcher(postgres_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection of nobody's, to look and to cut."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def listening(url: str, clock: ManualClock) -> AsyncIterator[Ear]:
    """It listens from the first: to connect is to be woken, because something may have been said before."""
    ear = Ear(url, clock)
    task = asyncio.create_task(ear.hints.run())
    try:
        await ear.until(1)
        yield ear
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _asleep(clock: ManualClock, count: int) -> None:
    """Until so many are, and only they can go on when the hands are turned."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if clock.sleepers >= count:
                return
            await asyncio.sleep(0.002)


async def _all_gone(watcher: "asyncpg.Connection[Any]") -> None:
    async with asyncio.timeout(PATIENCE):
        while await watcher.fetchval(f"SELECT count(*) {_THEIRS}"):
            pass


async def _terminate(watcher: "asyncpg.Connection[Any]") -> None:
    """As an administrator, or a failover, would."""
    await watcher.fetch(f"SELECT pg_terminate_backend(pid) {_THEIRS}")
    await _all_gone(watcher)


async def test_a_hint_wakes_the_other_node_and_not_the_one_that_gave_it(
    postgres_url: str, clock: ManualClock
) -> None:
    async with listening(postgres_url, clock) as one, listening(postgres_url, clock) as two:
        one.hints.hint()
        await two.until(2)
        two.hints.hint()
        await one.until(2)
        await asyncio.sleep(ENOUGH)
        assert (one.heard, two.heard) == (2, 2)


async def test_a_hundred_hints_at_once_are_one_and_those_of_the_pause_one_more(
    postgres_url: str, clock: ManualClock
) -> None:
    async with listening(postgres_url, clock) as one, listening(postgres_url, clock) as two:
        for _ in range(100):
            one.hints.hint()
        await two.until(2)
        await _asleep(clock, 1)
        for _ in range(100):
            one.hints.hint()
        await asyncio.sleep(ENOUGH)
        assert two.heard == 2
        clock.turn(PAUSE)
        await two.until(3)
        await _asleep(clock, 1)
        clock.turn(PAUSE)
        await asyncio.sleep(ENOUGH)
        assert (one.heard, two.heard) == (1, 3)


async def test_a_node_whose_connection_is_cut_listens_again_and_catches_up(
    postgres_url: str, clock: ManualClock, watcher: "asyncpg.Connection[Any]"
) -> None:
    """It looks once by itself, because what was said in between was said to nobody."""
    async with listening(postgres_url, clock) as one:
        await _terminate(watcher)
        await _asleep(clock, 1)
        assert one.heard == 1
        clock.turn(RECONNECT)
        await one.until(2)
        async with listening(postgres_url, clock) as two:
            two.hints.hint()
            await one.until(3)


async def test_what_was_to_be_said_while_the_connection_was_lost_is_said_afterwards(
    postgres_url: str, clock: ManualClock, watcher: "asyncpg.Connection[Any]"
) -> None:
    heard = asyncio.Event()
    await watcher.add_listener(CHANNEL, lambda *_: heard.set())
    async with listening(postgres_url, clock) as one:
        await _terminate(watcher)
        await _asleep(clock, 1)
        one.hints.hint()
        assert not heard.is_set()
        clock.turn(RECONNECT)
        await one.until(2)
        async with asyncio.timeout(PATIENCE):
            await heard.wait()


async def test_a_database_that_refuses_is_asked_again_and_not_at_once(
    postgres_server: str, postgres_url: str, clock: ManualClock, watcher: "asyncpg.Connection[Any]"
) -> None:
    name = await watcher.fetchval("SELECT current_database()")
    async with listening(postgres_url, clock) as one:
        await _execute(postgres_server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await _terminate(watcher)
        for _ in range(3):
            await _asleep(clock, 1)
            clock.turn(RECONNECT)
        await _asleep(clock, 1)
        assert one.heard == 1
        await _execute(postgres_server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        clock.turn(RECONNECT)
        await one.until(2)


async def _execute(url: str, statement: str) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("breaths", range(4))
async def test_a_hint_at_the_very_moment_of_the_cut_is_said_afterwards_and_ends_no_listening(
    postgres_url: str, clock: ManualClock, watcher: "asyncpg.Connection[Any]", breaths: int
) -> None:
    """The server's last words and our statement meet on the wire."""
    heard = asyncio.Event()
    await watcher.add_listener(CHANNEL, lambda *_: heard.set())
    await watcher.execute("SELECT 1")  # its last statement does not look like a hint's any more
    async with listening(postgres_url, clock) as one:
        _without_us(lambda: _cut(postgres_url))
        for _ in range(breaths):
            await asyncio.sleep(0)
        one.hints.hint()
        await _asleep(clock, 1)
        clock.turn(RECONNECT)
        await one.until(2)
        async with asyncio.timeout(PATIENCE):
            await heard.wait()


async def _cut(url: str) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    await _terminate(connection)
    await connection.close()


def _without_us(work: Callable[[], Awaitable[None]]) -> None:
    """Done by another thread, while this loop stands still and reads nothing."""

    async def do() -> None:
        await work()

    thread = threading.Thread(target=lambda: asyncio.run(do()))
    thread.start()
    thread.join()
