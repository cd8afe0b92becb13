"""Migrations: what they build is what `schema` says, to the letter, on both databases."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from hookline.errors import ConfigurationError
from hookline.storage.database import Database
from hookline.storage.migrate import check, current, head, upgrade
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.revision import HEAD
from hookline.storage.schema import metadata
from hookline.storage.sqlite.database import SqliteDatabase

_CATALOGUE = (
    """SELECT 'column', table_name, ordinal_position, column_name, data_type, collation_name, is_nullable,
              column_default
         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 2, 3""",
    "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2, 3",
    "SELECT 'sequence', sequencename, data_type, increment_by, cache_size FROM pg_sequences ORDER BY 2",
)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> tuple[Database, Database]:
    """Two empty ones of a kind."""
    found: tuple[Database, Database] = request.getfixturevalue(f"two_{request.param}")
    return found


@pytest.fixture
async def two_sqlite(tmp_path: Path) -> AsyncIterator[tuple[Database, Database]]:
    one, other = (SqliteDatabase.open(tmp_path / name) for name in ("one.db", "other.db"))
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
async def two_postgres(
    empty_postgres_url: str, other_empty_postgres_url: str
) -> AsyncIterator[tuple[Database, Database]]:
    one = await PostgresDatabase.open(empty_postgres_url, pool_size=1)
    other = await PostgresDatabase.open(other_empty_postgres_url, pool_size=1)
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
def database(databases: tuple[Database, Database]) -> Database:
    return databases[0]


async def test_the_migrations_build_what_the_schema_says(databases: tuple[Database, Database]) -> None:
    migrated, described = databases
    await upgrade(migrated)
    await described.write(metadata.create_all)
    assert await migrated.read(_differences) == []
    assert await migrated.read(_picture) == await described.read(_picture)


async def test_the_picture_sees_a_partial_index_and_a_collation(
    databases: tuple[Database, Database],
) -> None:
    migrated, other = databases
    await upgrade(migrated)
    await upgrade(other)
    await other.write(lambda connection: connection.execute(text("DROP INDEX deliveries_due")))
    whole = "CREATE INDEX deliveries_due ON deliveries (tenant_id, endpoint_id, due_at, id)"
    await other.write(lambda connection: connection.execute(text(whole)))
    assert await migrated.read(_picture) != await other.read(_picture)


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    await upgrade(database)
    before = await database.read(_picture)
    await upgrade(database)
    assert await database.read(_picture) == before
    assert await current(database) == head()


async def test_an_empty_database_does_not_pass_the_check(database: Database) -> None:
    assert await current(database) is None
    with pytest.raises(ConfigurationError, match=f"at revision none; this version needs {HEAD}"):
        await check(database)
    await upgrade(database)
    await check(database)


async def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    await upgrade(database)
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await database.write(lambda connection: connection.execute(newer))
    for verb in (upgrade, check):
        with pytest.raises(ConfigurationError, match="revision 9999, which this version does not know"):
            await verb(database)
    assert await current(database) == "9999"


async def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    await database.write(lambda connection: connection.execute(text("CREATE TABLE lanes (x INTEGER)")))
    before = await database.read(_picture)
    with pytest.raises(Exception, match="lanes"):
        await upgrade(database)
    assert await database.read(_picture) == before
    assert await current(database) is None


async def test_two_nodes_that_start_together_migrate_once(empty_postgres_url: str) -> None:
    nodes = [await PostgresDatabase.open(empty_postgres_url, pool_size=1) for _ in range(4)]
    await asyncio.gather(*(upgrade(node) for node in nodes))
    assert await current(nodes[0]) == head()
    for node in nodes:
        await node.close()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def _picture(connection: Connection) -> list[tuple[object, ...]]:
    """Every column, index and sequence as the database's own catalogue writes them."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")).all()
        pictures = [(row.type, row.name, re.sub(r"\s+", " ", row.sql or "")) for row in rows]
    else:
        pictures = [tuple(row) for query in _CATALOGUE for row in connection.execute(text(query))]
    return [picture for picture in pictures if "alembic_version" not in " ".join(map(str, picture))]


def test_the_revision_that_is_looked_for_without_alembic_is_the_newest_one() -> None:
    assert head() == HEAD
