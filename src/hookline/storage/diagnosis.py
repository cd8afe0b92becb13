"""Diagnosis: how a database is, looked at without changing anything; for the doctor, before any server runs."""

import sqlite3

import msgspec
from sqlalchemy import Connection, select, text

from hookline.storage.database import Database
from hookline.storage.migrate import current_revision
from hookline.storage.open import CANARY
from hookline.storage.schema import facts

SQLITE_VERSION = sqlite3.sqlite_version
SQLITE_SERVES = sqlite3.sqlite_version_info >= (3, 35)
"""RETURNING came with 3.35."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    revision: str | None
    """None: it has no tables yet."""
    canary: bytes | None
    """What the secret key must open; None: nothing was sealed yet."""
    now: float | None
    """Seconds since 1970 by the database's own clock; None where it has none."""


async def diagnose(database: Database) -> Diagnosis:
    """Raises Unavailable."""
    return await database.read(_diagnose)


def _diagnose(connection: Connection) -> Diagnosis:
    revision, canary, now = current_revision(connection), None, None
    if revision is not None:
        canary = connection.execute(select(facts.c.value).where(facts.c.name == CANARY)).scalar()
    if connection.dialect.name == "postgresql":
        asked = text("SELECT extract(epoch FROM clock_timestamp())")
        now = float(connection.execute(asked).scalar_one())
    return Diagnosis(revision=revision, canary=canary, now=now)
