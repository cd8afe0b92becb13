"""The doctor's look at the database: reachable, migrated, sealed with our key, its clock near ours."""

import time

from sqlalchemy import Connection, select, text

from hookline.cli.findings import Finding, fail, ok, warn
from hookline.cli.local import location_of, open_database
from hookline.config import Settings
from hookline.errors import ConfigurationError, DatabaseTaken, HooklineError
from hookline.storage.database import Database
from hookline.storage.migrate import current_revision, head
from hookline.storage.open import CANARY
from hookline.storage.schema import facts
from hookline.vault import Vault, load_keys

_DATABASE, _KEY, _CLOCK = "database", "secret key", "clock"
_NEAR = 2.0
"""Seconds that two clocks may differ without a word."""


async def database(settings: Settings) -> list[Finding]:
    """Changes nothing: an empty database stays empty."""
    vault = _vault(settings)
    key = vault if isinstance(vault, Finding) else ok(_KEY, "it is there; nothing is sealed with it yet")
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        return [ok(_DATABASE, f"{settings.sqlite_file} is made at the first start"), key]
    try:
        opened = await open_database(location_of(settings))
    except DatabaseTaken as error:
        told = (
            key
            if isinstance(vault, Finding)
            else ok(_KEY, "it is there; the gateway that runs knows whether it fits")
        )
        return [ok(_DATABASE, f"a gateway has it open. {error.detail}"), told]
    except HooklineError as error:
        return [fail(_DATABASE, error.detail, error.hint), key]
    try:
        found = [await _migrated(opened)]
        if isinstance(vault, Vault):
            key = await _key(opened, vault)
        clock = [] if settings.sqlite_file else [await _clock(opened)]
    except HooklineError as error:
        found, clock = [fail(_DATABASE, error.detail, error.hint)], []
    finally:
        await opened.close()
    return [*found, key, *clock]


def _vault(settings: Settings) -> Vault | Finding:
    try:
        return Vault(load_keys(settings))
    except ConfigurationError as error:
        return fail(_KEY, error.detail, error.hint)


async def _migrated(database: Database) -> Finding:
    found = await database.read(current_revision)
    if found == head():
        return ok(_DATABASE, f"it answers, at revision {found}")
    if found is None:
        return ok(_DATABASE, "it answers, and is empty: tables are made at the first start")
    return warn(
        _DATABASE, f"it is at revision {found}; this version needs {head()}", "Run `hookline migrate`."
    )


async def _key(database: Database, vault: Vault) -> Finding:
    sealed = await database.read(_canary)
    if sealed is None:
        return ok(_KEY, "it is there; nothing is sealed with it yet")
    try:
        vault.check_canary(sealed)
    except HooklineError as error:
        return fail(_KEY, error.detail, error.hint)
    if vault.needs_rotation(sealed):
        return warn(_KEY, "the database is sealed with an older key", "Run `hookline rotate-keys`.")
    return ok(_KEY, "it opens what the database holds")


def _canary(connection: Connection) -> bytes | None:
    if current_revision(connection) is None:
        return None
    found: bytes | None = connection.execute(select(facts.c.value).where(facts.c.name == CANARY)).scalar()
    return found


async def _clock(database: Database) -> Finding:
    asked = text("SELECT extract(epoch FROM clock_timestamp())")
    theirs = float(await database.read(lambda connection: connection.execute(asked).scalar_one()))
    apart = time.time() - theirs
    if abs(apart) > _NEAR:
        return warn(
            _CLOCK,
            f"this machine is {apart:+.1f} s away from the database; Hookline follows the database's",
            "Set both by NTP: receivers refuse signatures whose time is too far from theirs.",
        )
    return ok(_CLOCK, f"{apart:+.3f} s away from the database's")
