"""The revision of the tables that this version works with, and a look at the database's own, without Alembic.

Alembic and what it pulls in take up to 4 MB (`docs/decisions/0017-loaded-late.md`). A database that is up to date needs
none of it: only when there is something to do is `hookline.storage.migrate` loaded.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from hookline.late import Late
from hookline.storage.database import Database

if TYPE_CHECKING:
    from hookline.storage import migrate
else:
    migrate = Late("hookline.storage.migrate")

HEAD = "0006"
"""A test holds it to the newest file of `migrations/versions`."""


async def bring_up(database: Database) -> None:
    """Raises ConfigurationError when a newer Hookline has been here."""
    if await database.read(current_revision) != HEAD:
        await migrate.upgrade(database)


async def check(database: Database) -> None:
    """Raises ConfigurationError unless the database is at this version's revision."""
    if await database.read(current_revision) != HEAD:
        await migrate.check(database)


def current_revision(connection: Connection) -> str | None:
    """None when the database has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
