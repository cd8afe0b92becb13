"""Opening the store: which database a URL means, and words that a person can act on when it cannot be used."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from hookline.errors import ConfigurationError, DatabaseTaken, HooklineError, Unavailable
from hookline.storage.open import Location, Opened, open_store
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.vault import Vault
from tests.clock import ManualClock
from tests.postgres import url_of

PASSWORD = "s3cr3t-of-the-database"


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return Location(sqlite=tmp_path / "hookline.db")
    return Location(sqlite=None, postgres=request.getfixturevalue("empty_postgres_url"), pool_size=2)


def _at(url: str) -> Location:
    return Location(sqlite=None, postgres=url, pool_size=2)


@asynccontextmanager
async def opened(location: Location, vault: Vault, **more: Any) -> AsyncIterator[Opened]:
    made = await open_store(location, vault, ManualClock(), **more)
    try:
        yield made
    finally:
        await made.close()


async def _refused(location: Location, vault: Vault, **more: Any) -> HooklineError:
    with pytest.raises(HooklineError) as told:
        async with opened(location, vault, **more):
            pass
    assert told.value.hint
    return told.value


async def test_a_file_is_sqlite_with_one_writer_for_one_process(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "made" / "too" / "hookline.db"
    async with opened(Location(sqlite=path), vault) as store:
        assert isinstance(store.store.database, SqliteDatabase)
        assert store.alone
    assert path.exists()


async def test_both_names_of_postgresql_mean_it_with_several_groups_at_once(
    empty_postgres_url: str, vault: Vault
) -> None:
    assert empty_postgres_url.startswith("postgresql://")
    for url in (empty_postgres_url, empty_postgres_url.replace("postgresql://", "postgres://", 1)):
        async with opened(_at(url), vault) as store:
            assert isinstance(store.store.database, PostgresDatabase)
            assert not store.alone


@pytest.mark.parametrize(
    "url",
    ["", "mysql://root@db/hookline", "postgresql+asyncpg://db/x", "sqlite:/one-slash.db", "hookline.db"],
)
async def test_any_other_url_is_refused_with_the_setting_to_mend(url: str, vault: Vault) -> None:
    error = await _refused(_at(url), vault)
    assert isinstance(error, ConfigurationError)
    assert "postgresql://" in error.detail
    assert "HOOKLINE_DATABASE" in error.hint


async def test_a_server_that_does_not_answer_is_waited_for_and_one_that_refuses_is_not(
    postgres_server: str, vault: Vault
) -> None:
    """Unavailable: it may pass by itself. ConfigurationError: a person must mend it."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        absent = await _refused(_at(f"postgresql://hookline:{PASSWORD}@127.0.0.1:{port}/hookline"), vault)
    assert isinstance(absent, Unavailable)
    refusing = await _refused(_at(url_of(postgres_server, "no_such_database")), vault)
    assert isinstance(refusing, ConfigurationError)
    assert "no_such_database" in refusing.detail
    for error in (absent, refusing):
        assert "HOOKLINE_DATABASE" in error.hint
        assert PASSWORD not in error.detail + error.hint


async def test_a_database_is_brought_up_or_only_checked_as_asked(location: Location, vault: Vault) -> None:
    error = await _refused(location, vault, migrate_first=False)
    assert isinstance(error, ConfigurationError)
    assert "migrate" in error.detail + error.hint
    async with opened(location, vault):
        pass
    async with opened(location, vault, migrate_first=False):
        pass


async def test_a_database_of_a_newer_version_is_refused_and_not_touched(
    location: Location, vault: Vault
) -> None:
    async with opened(location, vault) as store:
        newer = text("UPDATE alembic_version SET version_num = '9999'")
        await store.store.database.write(lambda connection: connection.execute(newer))
    for migrate_first in (True, False):
        error = await _refused(location, vault, migrate_first=migrate_first)
        assert isinstance(error, ConfigurationError)
        assert "newer" in error.detail


async def test_another_key_is_refused_at_once_and_the_first_still_opens(
    location: Location, vault: Vault
) -> None:
    async with opened(location, vault):
        pass
    wrong = Vault([b"\x01" * 32])
    error = await _refused(location, wrong)
    assert isinstance(error, ConfigurationError)
    assert "HOOKLINE_SECRET_KEY" in error.detail
    async with opened(location, vault):
        pass


async def test_after_a_rotation_the_old_key_is_no_longer_needed_for_the_check(
    location: Location, vault: Vault
) -> None:
    new = b"\x01" * 32
    async with opened(location, vault):
        pass
    async with opened(location, Vault([new, bytes(32)])):
        pass
    async with opened(location, Vault([new])):
        pass


async def test_a_refused_opening_leaves_no_connection_behind(empty_postgres_url: str, vault: Vault) -> None:
    await _refused(_at(empty_postgres_url), vault, migrate_first=False)
    watcher: asyncpg.Connection[Any] = await asyncpg.connect(empty_postgres_url)
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(1000):  # a server's process outlives its socket by a moment
        if not await watcher.fetchval(others):
            break
    assert not await watcher.fetchval(others)
    await watcher.close()


async def test_a_second_gateway_on_the_same_file_is_told_of_the_first(tmp_path: Path, vault: Vault) -> None:
    here = Location(sqlite=tmp_path / "hookline.db")
    async with opened(here, vault):
        error = await _refused(here, vault)
        assert isinstance(error, DatabaseTaken)
        assert str(here.sqlite) in error.detail
    async with opened(here, vault):
        pass


async def test_a_file_that_is_no_database_is_refused_by_its_name_and_left_as_it_is(
    tmp_path: Path, vault: Vault
) -> None:
    path = tmp_path / "hookline.db"
    letter = b"Dear reader, this is no database, and nobody may write over it.\n" * 100
    path.write_bytes(letter)
    error = await _refused(Location(sqlite=path), vault)
    assert isinstance(error, ConfigurationError)
    assert str(path) in error.detail
    assert path.read_bytes() == letter


async def test_what_could_not_be_opened_is_not_kept_locked(tmp_path: Path, vault: Vault) -> None:
    here = Location(sqlite=tmp_path / "hookline.db")
    assert here.sqlite is not None
    here.sqlite.write_bytes(b"no database" * 100)
    error = await _refused(here, vault)
    here.sqlite.unlink()
    async with opened(here, vault) as store:
        assert store.alone
    assert not isinstance(error, DatabaseTaken)


async def test_a_folder_is_no_database(tmp_path: Path, vault: Vault) -> None:
    (tmp_path / "hookline.db").mkdir()
    error = await _refused(Location(sqlite=tmp_path / "hookline.db"), vault)
    assert isinstance(error, ConfigurationError)
    assert "HOOKLINE_DATA_DIR" in error.hint
