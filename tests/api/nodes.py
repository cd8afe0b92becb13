"""Two nodes over one PostgreSQL that is their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hookline.clock import Clock
from tests.api.running import Running, serving, settings_for
from tests.postgres import create_database, drop_database


@asynccontextmanager
async def two_nodes(
    folder: Path, server_url: str, database: str, *, clock: Clock | None = None
) -> AsyncIterator[tuple[Running, Running]]:
    """`clock` is the second one's. Neither may have had a fault at the end."""
    url = await create_database(server_url, database)
    async with (
        serving(settings_for(folder / "here", url)) as here,
        serving(settings_for(folder / "there", url), clock=clock) as there,
    ):
        yield here, there
        assert here.faults() == there.faults() == []
    await drop_database(server_url, database)
