"""The database under torture: where it is, how it is prepared, and what lies in it at the end."""

import asyncio
import base64
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from hookline.clock import SystemClock
from hookline.config import load
from hookline.model.api_key import ApiKey, Scope, token_hash
from hookline.model.ids import Ids
from hookline.storage.open import Location, open_store
from hookline.vault import Vault, load_keys
from tests.postgres import create_database, drop_database, running_server

TOKEN = "hk_torture_0123456789_0123456789_0123456789"
NODES = {"sqlite": ("a",), "postgres": ("a", "b")}
LEASE, HEARTBEAT = 4.0, 1.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An empty database and a folder for what belongs to it."""

    folder: Path
    url: str = ""
    """Of PostgreSQL; empty: SQLite in the folder."""

    @property
    def kind(self) -> str:
        return "postgres" if self.url else "sqlite"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "HOOKLINE_DATA_DIR": str(self.folder / "data"),
            "HOOKLINE_DATABASE": self.url,
            "HOOKLINE_ALLOW_HTTP": "true",
            "HOOKLINE_ALLOW_NETWORKS": "127.0.0.0/8",
            "HOOKLINE_MAX_IN_FLIGHT": "256",
            "HOOKLINE_MAX_IN_HAND": "256",
            "HOOKLINE_LEASE": str(LEASE),
            "HOOKLINE_HEARTBEAT": str(HEARTBEAT),
            "HOOKLINE_POLL_INTERVAL": "0.5",
            "HOOKLINE_LOG_FORMAT": "json",
            "HOOKLINE_SECRET_KEY": base64.b64encode(bytes(32)).decode(),
        }

    async def create_key(self) -> None:
        """An admin key; no node may run on SQLite meanwhile. The tables are made where they are not."""
        settings, clock = load(self.settings), SystemClock()
        location = Location(sqlite=settings.sqlite_file, postgres=settings.database_url)
        opened = await open_store(location, Vault(load_keys(settings)), clock)
        key = ApiKey(id=Ids(clock).key(), tenant_id=None, scope=Scope.ADMIN, hint="", created_at=clock.now())
        await opened.store.keys.create(key, token_hash(TOKEN))
        await opened.close()

    async def rows(self, query: str) -> Sequence[Sequence[Any]]:
        """Read beside the program."""
        if not self.url:
            with closing(sqlite3.connect(self.folder / "data" / "hookline.db")) as connection:
                return connection.execute(query).fetchall()
        connection_: asyncpg.Connection[Any] = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection_.fetch(query)]
        finally:
            await connection_.close()


@contextmanager
def durable_server() -> Iterator[str]:
    """A PostgreSQL of this program's own, which syncs; the tests' one need not."""
    with running_server() as url:
        asyncio.run(_execute(url, "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"))
        yield url


@asynccontextmanager
async def empty_database(server_url: str, name: str) -> AsyncIterator[str]:
    url = await create_database(server_url, name, template="template0")
    try:
        yield url
    finally:
        await drop_database(server_url, name)


async def _execute(url: str, *statements: str) -> None:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
