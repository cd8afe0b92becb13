"""How many connections one node has to PostgreSQL: operators reckon with it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection, text

from hookline.clock import SystemClock
from hookline.storage.open import Location, open_store
from hookline.storage.postgres.database import CALM_CONNECTIONS, VITAL_CONNECTIONS, PostgresDatabase
from hookline.storage.postgres.hints import Hints
from hookline.vault import Vault
from tests.clock import ManualClock

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md"
POOL = 3
HINTS = 1
LOCK = 4712


async def test_a_node_has_six_connections_beside_its_pool_and_the_page_says_so(
    postgres_url: str, clock: ManualClock, vault: Vault
) -> None:
    """Counted by the server, while twice as many are asked for as there are."""
    opened = await open_store(Location(sqlite=None, postgres=postgres_url, pool_size=POOL), vault, clock)
    database = opened.store.database
    assert isinstance(database, PostgresDatabase)
    listening = asyncio.create_task(Hints(postgres_url, lambda: None, SystemClock()).run())
    outside: asyncpg.Connection[Any] = await asyncpg.connect(postgres_url)
    await outside.execute(f"SELECT pg_advisory_lock({LOCK})")
    calm = [asyncio.create_task(database.read(_never)) for _ in range(2 * CALM_CONNECTIONS)]
    vital = [asyncio.create_task(database.vital.read(_never)) for _ in range(2 * VITAL_CONNECTIONS)]
    async with AsyncExitStack() as stack:
        for _ in range(POOL):
            await stack.enter_async_context(database.hot())
        expected = POOL + CALM_CONNECTIONS + VITAL_CONNECTIONS + HINTS
        async with asyncio.timeout(10):
            while (count := await _connections(outside)) < expected:
                pass
        assert count == expected == POOL + 6
    await outside.close()
    await asyncio.gather(*calm, *vital)
    listening.cancel()
    await opened.close()
    page = " ".join(PAGE.read_text().split())
    assert f"{CALM_CONNECTIONS} for everything else" in page
    assert f"{VITAL_CONNECTIONS} for the heartbeat alone, {HINTS} to be woken by: {8 + 6}." in page
    assert "`pool_size` + 6" in page


def _never(connection: Connection) -> None:
    """Until nobody holds the lock any more."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({LOCK})"))


async def _connections(outside: "asyncpg.Connection[Any]") -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return int(await outside.fetchval(query))
