"""`hookline rotate-keys`: seal every stored secret again under the first secret key."""

import asyncio

from hookline.cli.local import opened
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.config import Settings

_AT_ONCE = 200
_INSTEAD = "Stop the server: with SQLite, the rotation needs the file for itself for a moment."


def rotate_keys(*, config: Config = None) -> None:
    """Seal stored secrets again under the first secret key, so that older keys can be thrown away.

    Put the new key before the old one in HOOKLINE_SECRET_KEY (with a comma) or above it in the key file, restart
    every node, run this, then take the old key out. Interrupted, it goes on where it was when run again.

    For example:

        HOOKLINE_SECRET_KEY=NEW,OLD hookline rotate-keys
    """
    print(asyncio.run(_rotate(settings_of(config))))


async def _rotate(settings: Settings) -> str:
    async with opened(settings, instead=_INSTEAD) as database:
        endpoints = await database.store.endpoints.reseal(_AT_ONCE)
        sources = await database.store.sources.reseal(_AT_ONCE)
    done = f"{_counted(endpoints, 'endpoint')} and {_counted(sources, 'source')}"
    return f"Sealed the secrets of {done} again; everything is under the first key now."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
