"""Opening a SQLite file, with what is recorded in it: loaded only where there is one."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from hookline.storage.sqlite.database import SqliteDatabase
from hookline.storage.sqlite.ledger import SqliteLedger


def open_sqlite(
    file: Path, *, key_life: int, followed: AbstractSet[str]
) -> tuple[SqliteDatabase, SqliteLedger]:
    """Raises ConfigurationError."""
    database = SqliteDatabase.open(file)
    return database, SqliteLedger(database, key_life=key_life, followed=followed)
