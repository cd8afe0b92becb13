"""The doctor's look at the database: reachable, migrated, sealed with our key, its clock near ours."""

import time

from hookline.cli.findings import Finding, fail, ok, warn
from hookline.cli.local import location_of, open_database
from hookline.config import Settings
from hookline.errors import ConfigurationError, DatabaseTaken, HooklineError
from hookline.storage.diagnosis import Diagnosis, diagnose
from hookline.storage.migrate import head
from hookline.vault import Vault, load_keys

_DATABASE, _KEY, _CLOCK = "database", "secret key", "clock"
_NEAR = 2.0
"""Seconds that two clocks may differ without a word."""


async def database(settings: Settings) -> list[Finding]:
    """Changes nothing: an empty database stays empty."""
    vault = _vault(settings)
    key = vault if isinstance(vault, Finding) else ok(_KEY, "it is there; nothing is sealed with it yet")
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        if isinstance(vault, Finding) and not settings.secret_key and not settings.key_file.exists():
            key = warn(
                _KEY, "there is none yet", "`hookline keys create --admin` makes it with the first key."
            )
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
        seen = await diagnose(opened)
    except HooklineError as error:
        return [fail(_DATABASE, error.detail, error.hint), key]
    finally:
        await opened.close()
    if isinstance(vault, Vault):
        key = _key(seen, vault)
    return [_migrated(seen), key, *([] if seen.now is None else [_clock(seen.now)])]


def _vault(settings: Settings) -> Vault | Finding:
    try:
        return Vault(load_keys(settings))
    except ConfigurationError as error:
        return fail(_KEY, error.detail, error.hint)


def _migrated(seen: Diagnosis) -> Finding:
    if seen.revision == head():
        return ok(_DATABASE, f"it answers, at revision {seen.revision}")
    if seen.revision is None:
        return ok(_DATABASE, "it answers, and is empty: tables are made at the first start")
    behind = f"it is at revision {seen.revision}; this version needs {head()}"
    return warn(_DATABASE, behind, "Run `hookline migrate`.")


def _key(seen: Diagnosis, vault: Vault) -> Finding:
    if seen.canary is None:
        return ok(_KEY, "it is there; nothing is sealed with it yet")
    try:
        vault.check_canary(seen.canary)
    except HooklineError as error:
        return fail(_KEY, error.detail, error.hint)
    if vault.needs_rotation(seen.canary):
        return warn(_KEY, "the database is sealed with an older key", "Run `hookline rotate-keys`.")
    return ok(_KEY, "it opens what the database holds")


def _clock(theirs: float) -> Finding:
    apart = time.time() - theirs
    if abs(apart) > _NEAR:
        return warn(
            _CLOCK,
            f"this machine is {apart:+.1f} s away from the database; Hookline follows the database's",
            "Set both by NTP: receivers refuse signatures whose time is too far from theirs.",
        )
    return ok(_CLOCK, f"{apart:+.3f} s away from the database's")
