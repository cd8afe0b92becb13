"""Opening the store: which database a URL means, and what it must look like before anything uses it."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, insert, select, update

from hookline.clock import DAY, Clock
from hookline.errors import ConfigurationError
from hookline.late import Late
from hookline.storage import revision
from hookline.storage.batches import Batches
from hookline.storage.database import Database
from hookline.storage.directory import Directory
from hookline.storage.ledger import Ledger
from hookline.storage.nodes import Nodes
from hookline.storage.prune import Prune
from hookline.storage.schema import facts
from hookline.storage.store import Store
from hookline.vault import Vault

if TYPE_CHECKING:
    from hookline.storage.postgres import opening as postgres_opening
    from hookline.storage.sqlite import opening as sqlite_opening
else:
    # Nobody needs both: they take 3 and 1 MB.
    postgres_opening = Late("hookline.storage.postgres.opening")
    sqlite_opening = Late("hookline.storage.sqlite.opening")

CANARY = "canary"


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where the database is: a file of this machine, or a PostgreSQL."""

    sqlite: Path | None
    postgres: str = ""
    pool_size: int = 8
    key_days: int = 7
    """Days for which an idempotency key is remembered."""
    followed: AbstractSet[str] = frozenset()
    """Event types of which every delivery's end is kept until what follows from it is done."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """All of storage, ready."""

    store: Store
    nodes: Nodes
    batches: Batches
    directory: Directory
    prune: Prune
    alone: bool
    """This process is the database's only one."""

    async def close(self) -> None:
        await self.store.database.close()


async def open_store(location: Location, vault: Vault, clock: Clock, *, migrate_first: bool = True) -> Opened:
    """Raises ConfigurationError for what only a person can mend, Unavailable when the database does not answer."""
    database, ledger = await _open(location)
    try:
        await (revision.bring_up(database) if migrate_first else revision.check(database))
        await database.write(lambda connection: _check_key(connection, vault))
    except BaseException:
        await database.close()
        raise
    store = Store.over(database, ledger, vault)
    return Opened(
        store=store,
        nodes=Nodes(database.vital, clock),
        batches=Batches(database),
        directory=Directory(store.endpoints, store.event_types, store.sources, store.enabled_systems),
        prune=Prune(database),
        alone=location.sqlite is not None,
    )


async def _open(location: Location) -> tuple[Database, Ledger]:
    key_life = location.key_days * DAY
    if location.sqlite is not None:
        return sqlite_opening.open_sqlite(location.sqlite, key_life=key_life, followed=location.followed)
    if not location.postgres.startswith(("postgresql://", "postgres://")):
        raise ConfigurationError(
            "The database URL is neither sqlite:///… nor postgresql://….", hint="See HOOKLINE_DATABASE."
        )
    return await postgres_opening.open_postgres(
        location.postgres, pool_size=location.pool_size, key_life=key_life, followed=location.followed
    )


def _check_key(connection: Connection, vault: Vault) -> None:
    """A wrong secret key fails here, at the start, not at the first request that it cannot sign."""
    known = connection.execute(select(facts.c.value).where(facts.c.name == CANARY)).scalar()
    if known is None:
        connection.execute(insert(facts).values(name=CANARY, value=vault.canary()))
        return
    vault.check_canary(known)
    if vault.needs_rotation(known):
        connection.execute(update(facts).where(facts.c.name == CANARY).values(value=vault.canary()))
