"""Bring a database to the tables that this version knows, in one transaction: wholly or not at all."""

from pathlib import Path

from sqlalchemy import Connection, text

from hookline.errors import ConfigurationError
from hookline.late import absent
from hookline.storage.database import Database

with absent("mako.ext.pygmentplugin"):  # it would colour pages of errors, which nobody sees
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x686F6F6B6C696E65  # "hookline"


async def upgrade(database: Database) -> None:
    """Nothing happens when it is up to date. Raises ConfigurationError when a newer Hookline has been here."""
    await database.write(upgrade_connection)


async def current(database: Database) -> str | None:
    """The revision of the database; None when it is empty."""
    return await database.read(current_revision)


async def check(database: Database) -> None:
    """Raises ConfigurationError unless the database is at this version's revision."""
    await database.read(_check)


def head() -> str:
    """The revision that this version of the program wants."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def upgrade_connection(connection: Connection) -> None:
    """The same, for whoever has a connection in a transaction."""
    if connection.dialect.name == "postgresql":
        # Two nodes that start together: the second waits here, then finds nothing to do. SQLite has one process.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    _refuse_unknown(current_revision(connection))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check(connection: Connection) -> None:
    found = current_revision(connection)
    _refuse_unknown(found)
    if found != head():
        raise ConfigurationError(
            f"The database is at revision {found or 'none'}; this version needs {head()}.",
            hint="Run `hookline migrate`.",
        )


def _refuse_unknown(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"The database is at revision {found}, which this version does not know: a newer Hookline has used it.",
            hint="Start that newer version, or restore a backup from before.",
        )


def _config() -> Config:
    """Built here, so that an installed package needs no file of settings beside it."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
