"""Fixtures for everybody: a clock to turn, and a store on each of the two databases."""

import asyncio
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hookline.model.ids import Ids
from hookline.storage.migrate import upgrade
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.postgres.ledger import PostgresLedger
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.storage.sqlite.ledger import SqliteLedger
from hookline.storage.store import Store
from hookline.vault import Vault
from tests.clock import ManualClock
from tests.databases import Databases
from tests.postgres import create_database, drop_database, running_server

KEY_LIFE = 7 * 86_400 * 1_000_000
FOLLOWED = "case.created"
"""A type of event of which every delivery's end is kept."""


def pytest_configure() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and with them every program that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ids(clock: ManualClock) -> Ids:
    return Ids(clock)


@pytest.fixture
def vault() -> Vault:
    return Vault([bytes(32)])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """One real server for the whole run."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"test_{os.getpid()}_{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def databases(postgres_server: str, database_names: Iterator[str]) -> Databases:
    """They end with the server."""
    return Databases(postgres_server, database_names)


@pytest.fixture
async def postgres_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated database of this test's own, without a row."""
    name = await databases.lend()
    yield databases.url(name)
    await databases.take_back(name)


@pytest.fixture
async def new_postgres_url(postgres_server: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    """One that no test has had before."""
    name = next(database_names)
    yield await create_database(postgres_server, name)
    await drop_database(postgres_server, name)


@pytest.fixture
async def empty_postgres_url(postgres_server: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    """One without any table."""
    name = next(database_names)
    yield await create_database(postgres_server, name, template="template0")
    await drop_database(postgres_server, name)


@pytest.fixture
async def other_empty_postgres_url(postgres_server: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    """A second one, to compare."""
    name = next(database_names)
    yield await create_database(postgres_server, name, template="template0")
    await drop_database(postgres_server, name)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with the tables and without a row, to be copied: that is ten times as quick as migrating."""
    path = tmp_path_factory.mktemp("migrated") / "hookline.db"
    asyncio.run(_migrate(path))
    return path


async def _migrate(path: Path) -> None:
    database = SqliteDatabase.open(path)
    await upgrade(database)
    await database.close()  # all that was written is in the one file then


@pytest.fixture
def data_dir(tmp_path: Path, migrated: Path) -> Path:
    """A gateway's folder, with a database in it that is as migrations leave it."""
    shutil.copyfile(migrated, tmp_path / migrated.name)
    return tmp_path


@pytest.fixture
async def sqlite_store(data_dir: Path, vault: Vault) -> AsyncIterator[Store]:
    database = SqliteDatabase.open(data_dir / "hookline.db")
    yield Store.over(database, SqliteLedger(database, key_life=KEY_LIFE, followed={FOLLOWED}), vault)
    await database.close()


@pytest.fixture
async def postgres_store(postgres_url: str, vault: Vault) -> AsyncIterator[Store]:
    database = await PostgresDatabase.open(postgres_url, pool_size=2)
    yield Store.over(database, PostgresLedger(database, key_life=KEY_LIFE, followed={FOLLOWED}), vault)
    await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """The same test runs on both databases."""
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Store)
    return found
