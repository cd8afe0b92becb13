"""Opening a PostgreSQL, with what is recorded in it: loaded only where there is one."""

from collections.abc import Set as AbstractSet

from hookline.storage.postgres.database import PostgresDatabase
from hookline.storage.postgres.ledger import PostgresLedger


async def open_postgres(
    url: str, *, pool_size: int, key_life: int, followed: AbstractSet[str]
) -> tuple[PostgresDatabase, PostgresLedger]:
    """Raises ConfigurationError, Unavailable."""
    database = await PostgresDatabase.open(url, pool_size=pool_size)
    return database, PostgresLedger(database, key_life=key_life, followed=followed)
