"""Databases that tests lend each other: nobody can tell one from a new one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.databases import GROWTH, Databases

FACT = "INSERT INTO facts (name, value) VALUES ('a', 'b')"


@pytest.fixture
def own(postgres_server: str, database_names: Iterator[str]) -> Databases:
    """A stock of this test's own, empty."""
    return Databases(postgres_server, database_names)


@asynccontextmanager
async def connected(databases: Databases, name: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(databases.url(name))
    try:
        yield connection
    finally:
        await connection.close()


async def which(own: Databases, name: str) -> int:
    """It has another name each time that it is lent."""
    async with connected(own, name) as connection:
        return int(
            await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
        )


async def lent_after(own: Databases, *statements: str) -> tuple[bool, str]:
    """Whether the database of a test that did this is lent again, and the name of what the next test got."""
    first = await own.lend()
    lent = await which(own, first)
    async with connected(own, first) as connection:
        for statement in statements:
            await connection.execute(statement)
    await own.take_back(first)
    second = await own.lend()
    return await which(own, second) == lent, second


async def test_rows_and_sequences_begin_anew(own: Databases) -> None:
    again, second = await lent_after(
        own, FACT, "SELECT nextval('delivery_sequence') FROM generate_series(1, 9)"
    )
    assert again
    async with connected(own, second) as connection:
        assert await connection.fetchval("SELECT count(*) FROM facts") == 0
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        assert await connection.fetchval("SELECT nextval('delivery_sequence')") == 1
    await own.take_back(second)


async def test_two_tests_at_a_time_have_two(own: Databases) -> None:
    one, other = await own.lend(), await own.lend()
    assert one != other
    for name in (one, other):
        await own.take_back(name)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (n int)",
        "DROP INDEX deliveries_due",
        "ALTER TABLE facts ADD COLUMN more text",
        "ALTER TABLE facts DROP COLUMN value",
        "ALTER TABLE facts SET (fillfactor = 50)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE alembic_version SET version_num = 'another'",
        "INSERT INTO facts (name, value) VALUES ('a', 'b'); ANALYZE facts",
        "VACUUM facts",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 100', current_database()); END $$",
    ],
)
async def test_one_whose_tables_statistics_or_settings_are_others_is_not_lent_again(
    own: Databases, statement: str
) -> None:
    again, second = await lent_after(own, statement)
    assert not again
    await own.take_back(second)


async def test_one_that_has_grown_is_not_lent_again(own: Databases) -> None:
    big = f"INSERT INTO facts (name, value) SELECT n::text, repeat('x', 1000)::bytea FROM generate_series(1, {GROWTH // 1000}) AS n"
    again, second = await lent_after(own, big)
    assert not again
    await own.take_back(second)


async def test_who_has_left_a_connection_with_locks_keeps_nobody_waiting(own: Databases) -> None:
    name = await own.lend()
    lent = await which(own, name)
    forgotten: asyncpg.Connection[Any] = await asyncpg.connect(own.url(name))
    await forgotten.execute(f"BEGIN; {FACT}; SELECT pg_advisory_lock(1)")
    await own.take_back(name)
    name = await own.lend()
    assert await which(own, name) == lent
    async with connected(own, name) as connection:
        assert await connection.fetchval("SELECT pg_try_advisory_lock(1)")
        seen = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert await connection.fetchval(seen) == 0
    forgotten.terminate()
    await own.take_back(name)


async def test_what_a_test_has_left_running_never_comes_into_the_database_of_the_next(own: Databases) -> None:
    """A pool, or whoever listens for hints, connects again when it is cut: not to one that lies idle, nor to one that is lent."""
    left = await own.lend()
    lent = await which(own, left)
    await own.take_back(left)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(own.url(left))
    name = await own.lend()
    assert await which(own, name) == lent
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(own.url(left))
    await own.take_back(name)


async def test_who_connects_again_and_again_does_not_come_between(own: Databases) -> None:
    """Superusers are refused, too, from before the rows go until the name has."""
    name = await own.lend()
    lent, url = await which(own, name), own.url(name)
    tried = asyncio.create_task(_insisting(url))
    await own.take_back(name)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await tried
    name = await own.lend()
    assert await which(own, name) == lent
    async with connected(own, name) as connection:
        assert await connection.fetchval("SELECT count(*) FROM facts") == 0
    await own.take_back(name)


async def _insisting(url: str) -> None:
    """Writes as often as it gets in, until there is no such database."""
    refused = (asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.AdminShutdownError, ConnectionError)
    while True:
        with contextlib.suppress(*refused):
            connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
            try:
                await connection.execute(f"{FACT} ON CONFLICT DO NOTHING")
            finally:
                connection.terminate()


async def test_nobody_vacuums_or_analyzes_meanwhile(own: Databases) -> None:
    name = await own.lend()
    async with connected(own, name) as connection:
        assert await connection.fetchval("SHOW autovacuum") == "off"
    await own.take_back(name)
