"""SQLite: one connection writes and checkpoints, one reads, each in its own thread.

A group is one function in the writer's thread: hopping threads for each statement costs more than the statement.
SQLite before 3.51.3 can corrupt the WAL when several connections checkpoint; only the writer ever does.
"""

import asyncio
import fcntl
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Self, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from hookline.errors import ConfigurationError, DatabaseTaken, Unavailable

T = TypeVar("T")
_Job = Callable[[], None]

SWITCH = 0.0005
"""Seconds after which a thread that waits for the interpreter's lock gets it."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits at power loss; a 2xx must not
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
)


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
        """For the hot statements: `work` runs on the driver's connection, inside one transaction."""
        return await self._writer.run(lambda: _raw_transaction(self._writer.connection, work))

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


class ConnectionThread:
    """One connection, and the one thread that uses it; jobs run in the order they came."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self.connection = _connect(path, readonly=readonly)
        self.engine = create_engine(
            "sqlite://", creator=lambda: self.connection, poolclass=StaticPool, hide_parameters=True
        )
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._work, name=f"sqlite-{'reader' if readonly else 'writer'}"
        )
        self._thread.daemon = True  # a process that dies must not wait for its readers
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """A caller that is cancelled does not cancel the work: what was begun is finished."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(lambda: _answer(loop, future, work))
        return await future

    async def close(self) -> None:
        await self.run(self.connection.close)
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _answer(loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], work: Callable[[], T]) -> None:
    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("T", result))

    result: T | None = None
    failure: BaseException | None = None
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to the caller
        failure = error
    with suppress(RuntimeError):  # the loop may be gone at exit
        loop.call_soon_threadsafe(settle, result, failure)


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if readonly:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


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


def _raw_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException as error:
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.rollback()
        if isinstance(error, sqlite3.OperationalError):
            raise unavailable(error) from error
        raise
    return result


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
