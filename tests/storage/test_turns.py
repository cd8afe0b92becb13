"""Turns: work of several transactions that one node at a time does, on both databases."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import TextClause, text

from hookline.errors import Unavailable
from hookline.storage import turns
from hookline.storage.database import Database
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.store import Store

_KILLED = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
LONG = 10
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


async def test_who_waits_too_long_for_the_turn_is_told_wherever_the_other_is(
    both: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_PATIENCE", 0.05)
    async with asyncio.timeout(LONG), both[0].turn("declared"):
        for waiting in both:
            with pytest.raises(Unavailable, match="doing the same"):
                async with waiting.turn("declared"):
                    pytest.fail("both have it")


async def test_of_many_who_wait_on_one_node_each_has_the_same_patience(
    both: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one after the other: the last of them would wait for the sum."""
    monkeypatch.setattr(turns, "TURN_PATIENCE", 0.3)

    async def wait() -> None:
        async with both[1].turn("declared"):
            pytest.fail("both have it")

    async with both[0].turn("declared"), asyncio.timeout(1.5):
        told = await asyncio.gather(*(wait() for _ in range(8)), return_exceptions=True)
    assert {type(one) for one in told} == {Unavailable}
    async with both[1].turn("declared") as held:
        await held()


async def test_those_who_leave_while_they_wait_or_have_the_turn_hold_up_nobody(
    both: tuple[Database, Database],
) -> None:
    there = asyncio.Event()

    async def work(database: Database) -> None:
        async with database.turn("declared"):
            there.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(LONG):
        holder = asyncio.create_task(work(both[0]))
        await there.wait()
        waiters = [asyncio.create_task(work(both[number % 2])) for number in range(4)]
        await both[0].ping()
        for task in (*waiters, holder):
            task.cancel()
            await asyncio.wait({task})
        for database in both:
            async with database.turn("declared") as held:
                await held()


@_POSTGRES
@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "transaction_timeout"])
async def test_a_server_that_ends_transactions_leaves_a_turn_alone(
    both: tuple[Database, Database], limit: str
) -> None:
    """Between two steps of a turn its connection has nothing to do, in a transaction."""
    here, there = both
    known = text("SELECT count(*) FROM pg_settings WHERE name = :name").bindparams(name=limit)
    if not await there.read(lambda connection: connection.execute(known).scalar_one()):
        pytest.skip("PostgreSQL 17 has it first")
    await there.write(lambda connection: connection.execute(_set(limit, "100ms")))
    async with here.turn("declared") as held:
        await held()
        await there.read(lambda connection: connection.execute(text("SELECT pg_sleep(0.3)")))
        await held()


@_POSTGRES
async def test_a_server_that_lets_nobody_wait_for_locks_lets_turns_wait(
    both: tuple[Database, Database],
) -> None:
    here, there = both
    await there.write(lambda connection: connection.execute(_set("lock_timeout", "50ms")))

    async def wait() -> None:
        async with there.turn("declared") as held:
            await held()

    async with here.turn("declared"):
        waiting = asyncio.create_task(wait())
        await here.read(lambda connection: connection.execute(text("SELECT pg_sleep(0.3)")))
    await waiting


def _set(name: str, value: str) -> TextClause:
    """For every new connection to this test's database."""
    change = f"ALTER DATABASE %I SET {name} = ''{value}''"
    return text(f"DO $$ BEGIN EXECUTE format('{change}', current_database()); END $$")
