"""Turns: work of several transactions that one node at a time does, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from hookline.errors import Unavailable
from hookline.storage.database import Database
from hookline.storage.postgres import database as postgres
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.store import Store

_KILLED = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_POSTGRES = pytest.mark.parametrize("store", ["postgres"], indirect=True)


@pytest.fixture
async def both(store: Store, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Database, Database]]:
    """Of two nodes; SQLite has one."""
    if not isinstance(store.database, PostgresDatabase):
        yield store.database, store.database
        return
    other = await PostgresDatabase.open(request.getfixturevalue("postgres_url"), pool_size=1)
    yield store.database, other
    await other.close()


async def test_one_at_a_time_has_the_turn_on_whatever_node(both: tuple[Database, Database]) -> None:
    inside: list[int] = []

    async def work(number: int) -> None:
        async with both[number % 2].turn("declared") as held:
            inside.append(number)
            await held()
            await both[0].read(lambda connection: connection.execute(text("SELECT 1")))
            assert inside == [number]
            inside.clear()

    await asyncio.gather(*map(work, range(24)))


async def test_turns_of_other_names_and_those_that_failed_hold_up_nobody(
    both: tuple[Database, Database],
) -> None:
    async with both[0].turn("declared"), both[1].turn("another"):
        pass
    with pytest.raises(ValueError, match="oops"):
        async with both[0].turn("declared"):
            raise ValueError("oops")
    async with both[1].turn("declared"):
        pass


@_POSTGRES
async def test_who_has_lost_the_turn_is_told_before_the_next_step(both: tuple[Database, Database]) -> None:
    """As when the server is restarted: the next one has it at once."""
    here, there = both
    async with here.turn("declared") as held:
        await held()
        await there.write(lambda connection: connection.execute(_KILLED))
        async with there.turn("declared") as next_one:
            await next_one()
            with pytest.raises(Unavailable):
                await held()


@_POSTGRES
async def test_who_waits_too_long_for_the_turn_is_told(
    both: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "TURN_PATIENCE", 0.05)
    async with both[0].turn("declared"):
        with pytest.raises(Unavailable, match="doing the same"):
            async with both[1].turn("declared"):
                pytest.fail("both have it")
