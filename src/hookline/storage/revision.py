"""The revision of the tables that this version works with, and a look at the database's own, without Alembic.

Alembic and what it pulls in take 15 MB and 0.3 s. A database that is up to date needs none of it: only when there
is something to do is `hookline.storage.migrate` loaded.
"""

import sys
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, inspect, text

from hookline.storage.database import Database

HEAD = "0006"
"""A test holds it to the newest file of `migrations/versions`."""


async def bring_up(database: Database) -> None:
    """Raises ConfigurationError when a newer Hookline has been here."""
    if await database.read(current_revision) != HEAD:
        await _migrate().upgrade(database)


async def check(database: Database) -> None:
    """Raises ConfigurationError unless the database is at this version's revision."""
    if await database.read(current_revision) != HEAD:
        await _migrate().check(database)


def _migrate() -> Any:
    """Without what would colour Alembic's pages of errors, which nobody sees: 5 MB."""
    sys.modules.setdefault("mako.ext.pygmentplugin", None)  # type: ignore[arg-type]
    return import_module("hookline.storage.migrate")


def current_revision(connection: Connection) -> str | None:
    """None when the database has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
