"""The connection of the heartbeat: no list of a tenant, however slow, and no burst of publishing can hold it up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import Connection, select, text

from hookline.clock import SECOND, Micros
from hookline.errors import Unavailable
from hookline.model.ids import EventId, NodeId
from hookline.storage.nodes import Nodes
from hookline.storage.open import Location, open_store
from hookline.storage.postgres.database import CALM_CONNECTIONS, PostgresDatabase
from hookline.storage.schema import nodes
from hookline.vault import Vault
from tests.clock import ManualClock

HOT_CONNECTIONS = 2
IN_TIME = 2.0
"""Seconds: less than a heartbeat's interval, far less than any pool waits."""
SILENT = NodeId("nod_silent")
NODE = NodeId("nod_1")
LOCK = 4711


@pytest.fixture
async def hot(postgres_url: str, clock: ManualClock, vault: Vault) -> AsyncIterator[PostgresDatabase]:
    opened = await open_store(
        Location(sqlite=None, postgres=postgres_url, pool_size=HOT_CONNECTIONS), vault, clock
    )
    database = opened.store.database
    assert isinstance(database, PostgresDatabase)
    yield database
    await opened.close()


@pytest.fixture
def beating(hot: PostgresDatabase, clock: ManualClock) -> Nodes:
    return Nodes(hot.vital, clock)


@asynccontextmanager
async def _all_busy(database: PostgresDatabase, url: str) -> AsyncIterator[None]:
    """Every calm connection runs a statement that does not end, every hot one is taken."""
    lock: asyncpg.Connection[Any] = await asyncpg.connect(url)
    await lock.execute(f"SELECT pg_advisory_lock({LOCK})")

    def never(connection: Connection) -> None:
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({LOCK})"))

    lists = [asyncio.create_task(database.read(never)) for _ in range(CALM_CONNECTIONS)]
    try:
        async with AsyncExitStack() as stack:
            for _ in range(HOT_CONNECTIONS):
                await stack.enter_async_context(database.hot())
            await _waiting(lock, CALM_CONNECTIONS)
            yield
    finally:
        await lock.close()
        await asyncio.gather(*lists)


async def _waiting(connection: "asyncpg.Connection[Any]", count: int) -> None:
    query = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND NOT granted"
    async with asyncio.timeout(10):
        while await connection.fetchval(query) < count:
            pass


async def test_a_heartbeat_is_in_time_while_every_other_connection_is_busy(
    hot: PostgresDatabase, beating: Nodes, postgres_url: str
) -> None:
    begun = await beating.register(NODE, name="n", lease=Micros(15 * SECOND), watermark=EventId("evt_"))
    async with _all_busy(hot, postgres_url):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(hot.read(lambda c: c.execute(text("SELECT 1")).scalar()), 0.2)
        async with asyncio.timeout(IN_TIME):
            for _ in range(5):
                beaten = await beating.heartbeat(NODE, EventId("evt_"))
                assert beaten is not None
                assert beaten > begun
    kept = await hot.read(lambda c: c.execute(select(nodes.c.heartbeat_at)).scalar_one())
    assert kept == beaten


async def test_so_is_a_take_over_and_all_that_a_beat_asks(
    hot: PostgresDatabase, beating: Nodes, postgres_url: str
) -> None:
    for node in (NODE, SILENT):
        await beating.register(node, name="n", lease=Micros(-60 * SECOND), watermark=EventId("evt_"))
    async with _all_busy(hot, postgres_url), asyncio.timeout(IN_TIME):
        assert [one.node_id for one in await beating.take_over(NODE)] == [SILENT]
        assert await beating.release(NODE, frozenset()) == 0
        assert await beating.foreign_lanes(NODE) == set()
        assert await beating.now() > 0


async def test_the_nodes_of_an_opened_store_beat_on_that_connection(
    postgres_url: str, clock: ManualClock, vault: Vault
) -> None:
    opened = await open_store(
        Location(sqlite=None, postgres=postgres_url, pool_size=HOT_CONNECTIONS), vault, clock
    )
    database = opened.store.database
    assert isinstance(database, PostgresDatabase)
    await opened.nodes.register(NODE, name="n", lease=Micros(15 * SECOND), watermark=EventId("evt_"))
    async with _all_busy(database, postgres_url), asyncio.timeout(IN_TIME):
        assert await opened.nodes.heartbeat(NODE, EventId("evt_")) is not None
    await opened.close()


async def test_a_connection_that_a_beat_lost_is_made_again(
    hot: PostgresDatabase, beating: Nodes, postgres_url: str
) -> None:
    await beating.register(NODE, name="n", lease=Micros(15 * SECOND), watermark=EventId("evt_"))
    outside: asyncpg.Connection[Any] = await asyncpg.connect(postgres_url)
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    await outside.execute(f"{cut} WHERE datname = current_database() AND pid <> pg_backend_pid()")
    await outside.close()
    assert await beating.heartbeat(NODE, EventId("evt_")) is not None


class Between:
    """What stands between us and the server, and forgets whoever was silent: it ends them at their next word, or is `deaf`."""

    def __init__(self, socket: Path, *, deaf: bool) -> None:
        self._socket = socket
        self._deaf = deaf
        self._writers: list[asyncio.StreamWriter] = []
        self._forgotten: set[asyncio.StreamWriter] = set()

    def forget(self) -> None:
        self._forgotten.update(self._writers)

    def end(self) -> None:
        for writer in self._forgotten:
            writer.transport.abort()

    async def pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket)
        self._writers.append(writer)
        back = asyncio.create_task(self._copy(there_reader, writer, writer))
        await self._copy(reader, there_writer, writer)
        await back

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ours: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if ours not in self._forgotten:
                    writer.write(data)
                elif not self._deaf:
                    break
        writer.transport.abort()
        ours.transport.abort()


@pytest.mark.parametrize(("ping_after", "deaf"), [(0.0, False), (0.0, True), (3600.0, False)])
async def test_a_connection_that_was_forgotten_on_the_way_is_asked_before_it_is_used(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, ping_after: float, *, deaf: bool
) -> None:
    """The driver cannot know. One that was not idle for so long is not asked: then the first look fails, and the next is well."""
    monkeypatch.setattr("hookline.storage.postgres.database.PING_AFTER", ping_after)
    monkeypatch.setattr("hookline.storage.postgres.database.PING_TIMEOUT", 0.3)
    parts = urlsplit(postgres_url)
    between = Between(Path(dict(parse_qsl(parts.query))["host"]) / ".s.PGSQL.5432", deaf=deaf)
    async with await asyncio.start_server(between.pipe, "127.0.0.1", 0) as server:
        netloc = f"{parts.username}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        database = await PostgresDatabase.open(
            urlunsplit(parts._replace(netloc=netloc, query="")), pool_size=1
        )
        await database.read(_one)
        between.forget()
        if ping_after:
            with pytest.raises(Unavailable):
                await database.read(_one)
        assert await database.read(_one) == 1
        between.end()
        await database.close()


def _one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())
