"""SQLite: one connection writes and checkpoints, one reads, each in its own thread.

A group is one function in the writer's thread: hopping threads for each statement costs more than the statement.
SQLite before 3.51.3 can corrupt the WAL when several connections checkpoint; only the writer ever does.
"""

import fcntl
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import IO, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hookline.errors import ConfigurationError, DatabaseTaken, Unavailable
from hookline.storage.database import Turn
from hookline.storage.sqlite.thread import ConnectionThread
from hookline.storage.turns import Turns

T = TypeVar("T")

SWITCH = 0.0005
"""Seconds after which a thread that waits for the interpreter's lock gets it."""


class SqliteDatabase:
    """A database file that belongs to this process alone, by a lock file beside it."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        # Each statement of the writer's thread takes the interpreter's lock back. With Python's 5 ms a busy loop
        # would hand it over so late that commits, not the disk, would take the time.
        sys.setswitchinterval(SWITCH)
        self.path = path
        self._lock = lock
        self._writer = ConnectionThread(path, readonly=False)
        self._reader = ConnectionThread(path, readonly=True)
        self._turns = Turns()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises ConfigurationError when another process has the file, or it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock_file(path)
            try:
                return cls(path, lock)
            except BaseException:
                lock.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"The database {path} cannot be opened: {error}.",
                hint="Set HOOKLINE_DATA_DIR to a folder on a local disk that this user may write.",
            ) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._reader.run(lambda: _transaction(self._reader.engine, "BEGIN", work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._writer.run(lambda: _transaction(self._writer.engine, "BEGIN IMMEDIATE", work))

    async def write_raw(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """For the hot statements: `work` runs on the driver's connection, inside a transaction that it may share with
        others that wait; it must bear to be run again after a rollback.
        """
        try:
            return await self._writer.join(work)
        except sqlite3.OperationalError as error:
            raise unavailable(error) from error

    @property
    def others(self) -> int:
        """How often something else than `write_raw` has run in the writer's thread."""
        return self._writer.others

    def turn(self, name: str) -> AbstractAsyncContextManager[Turn]:
        """The file has one process, so that a lock in its memory will do; it cannot be lost."""
        return self._turns.turn(name, _nothing_outside)

    @property
    def vital(self) -> Self:
        """The writer has no queue of readers before it."""
        return self

    async def ping(self) -> None:
        await self.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()
        self._lock.close()


@asynccontextmanager
async def _nothing_outside() -> AsyncIterator[Turn]:
    yield _never_lost


async def _never_lost() -> None:
    return


def _transaction(engine: Engine, begin: str, work: Callable[[Connection], T]) -> T:
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)
            result = work(connection)
            connection.commit()
            return result
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.OperationalError):
            raise unavailable(error.orig) from error
        raise


def unavailable(error: sqlite3.Error) -> Unavailable:
    """A statement that is wrong is a bug and looks like a lost disk here; the log has the driver's words."""
    return Unavailable(
        f"SQLite cannot do this now: {error}.",
        hint="Free space on the disk of HOOKLINE_DATA_DIR, or see that nobody locks the file. Hookline goes on by itself.",
    )


def _lock_file(path: Path) -> IO[str]:
    lock = path.with_name(path.name + ".lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        other = lock.read().strip() or "unknown"
        lock.close()
        raise DatabaseTaken(
            f"Another Hookline (process {other}) has the database {path} open.",
            hint="One SQLite file serves one gateway. Stop the other one, set another HOOKLINE_DATA_DIR, "
            "or set HOOKLINE_DATABASE to PostgreSQL for several nodes.",
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
