"""`hookline migrate`: bring the database to this version, or only look."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from hookline.cli.exits import Failed
from hookline.cli.local import ensure_key, opened, revision
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.config import Settings
from hookline.storage.migrate import head

_INSTEAD = "A running server has migrated it already. Stop it first, if this is a newer version."


def migrate(
    *,
    check: Annotated[
        bool, Parameter(negative="", help="Only look: exit code 1 when it is behind.", show_default=False)
    ] = False,
    config: Config = None,
) -> None:
    """Bring the database to this version, wholly or not at all. `hookline serve` does the same when it starts.

    For example:

        hookline migrate
        hookline migrate --check
    """
    asyncio.run(_check(settings_of(config)) if check else _upgrade(settings_of(config)))


async def _upgrade(settings: Settings) -> None:
    ensure_key(settings)
    before = await revision(settings, instead=_INSTEAD)
    async with opened(settings, instead=_INSTEAD):
        pass
    if before == head():
        print(f"Nothing to do: the database is at {head()}.")
    else:
        print(f"Migrated the database from {before or 'nothing'} to {head()}.")


async def _check(settings: Settings) -> None:
    found = await revision(settings, instead=_INSTEAD)
    if found != head():
        raise Failed(
            f"The database is at {found or 'nothing'}; this version needs {head()}.",
            hint="Run `hookline migrate`.",
        )
    print(f"The database is at {head()}, as this version needs it.")
