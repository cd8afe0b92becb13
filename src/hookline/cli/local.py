"""Local: the database itself, for the few commands that work without a server. SQLite's lock keeps them apart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hookline.cli.exits import Failed
from hookline.clock import SystemClock
from hookline.config import Settings
from hookline.errors import DatabaseTaken
from hookline.storage.database import Database
from hookline.storage.migrate import current
from hookline.storage.open import Location, Opened, open_store
from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.vault import Vault, create_key_file, load_keys


def location_of(settings: Settings) -> Location:
    return Location(
        sqlite=settings.sqlite_file,
        postgres=settings.database_url,
        pool_size=2,
        key_days=settings.idempotency_days,
    )


@asynccontextmanager
async def opened(settings: Settings, *, instead: str) -> AsyncIterator[Opened]:
    """The store, for this process alone. `instead`: what to do while a server has it."""
    try:
        store = await open_store(location_of(settings), Vault(load_keys(settings)), SystemClock())
    except DatabaseTaken as error:
        raise Failed(error.detail, hint=instead) from error
    try:
        yield store
    finally:
        await store.close()


async def revision(settings: Settings, *, instead: str) -> str | None:
    """Where the database stands, without changing it. None: it has no tables yet."""
    try:
        database = await open_database(location_of(settings))
    except DatabaseTaken as error:
        raise Failed(error.detail, hint=instead) from error
    try:
        return await current(database)
    finally:
        await database.close()


async def open_database(location: Location) -> Database:
    if location.sqlite is not None:
        return SqliteDatabase.open(location.sqlite)
    return await PostgresDatabase.open(location.postgres, pool_size=location.pool_size)


def ensure_key(settings: Settings) -> bool:
    """Make the secret key where there can be nothing yet that another one has sealed; True when it was made."""
    file = settings.sqlite_file
    if file is None or file.exists() or settings.secret_key or settings.key_file.exists():
        return False
    create_key_file(settings.key_file)
    return True
