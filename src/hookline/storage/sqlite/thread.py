"""One connection of SQLite, and the one thread that uses it.

What waits when a transaction ends goes into the next one together: publishing and recording share one sync of the
disk, which takes longer than all their statements.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits at power loss; a 2xx must not
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 16000",  # pages: should the writer never come to it, as `_checkpoint` does
)
_CHECKPOINT_ROWS = 1500
"""Rows changed from one checkpoint to the next: 1,500 to 6,000 pages of 4 KiB in the log."""
_MOST_ROWS = 4 * _CHECKPOINT_ROWS
"""At so many it no longer waits for a moment when nobody else does."""


class ConnectionThread:
    """Jobs run in the order they came."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self.connection = _connect(path, readonly=readonly)
        self.engine = create_engine(
            "sqlite://", creator=lambda: self.connection, poolclass=StaticPool, hide_parameters=True
        )
        self._jobs: queue.SimpleQueue[_Job[Any]] = queue.SimpleQueue()
        self._checkpointed = 0
        self._open = True
        self._thread = threading.Thread(
            target=self._work, name=f"sqlite-{'reader' if readonly else 'writer'}"
        )
        self._thread.daemon = True  # a process that dies must not wait for its readers
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """`work` begins and ends its own transactions. A caller that is cancelled does not cancel the work: what was
        begun is finished.
        """
        return await self._answer(_Job(lambda _: work(), joins=False))

    async def join(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` runs in a transaction that it may share with others. It must bear to be run again after a rollback,
        because when one of them fails, each is run on its own.
        """
        return await self._answer(_Job(work, joins=True))

    async def close(self) -> None:
        await self.run(self._close)
        self._thread.join()

    async def _answer(self, job: "_Job[T]") -> T:
        self._jobs.put(job)
        return await job.answer

    def _close(self) -> None:
        self._open = False
        self.connection.close()

    def _work(self) -> None:
        while self._open:
            for joins, jobs in groupby(self._waiting(), key=lambda job: job.joins):
                if joins:
                    _together(self.connection, list(jobs))
                else:
                    for job in jobs:
                        job.run(self.connection)
            if self._open:
                self._checkpoint()

    def _checkpoint(self) -> None:
        """After the answers, and when nobody waits. SQLite's own comes inside a COMMIT, whose caller would hear some
        milliseconds late that his rows are safe.
        """
        rows = self.connection.total_changes - self._checkpointed
        if rows >= _MOST_ROWS or (rows >= _CHECKPOINT_ROWS and self._jobs.empty()):
            self._checkpointed += rows
            with suppress(sqlite3.Error):  # it changes nothing that anybody reads, and comes again
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _waiting(self) -> list["_Job[Any]"]:
        """At least one."""
        jobs = [self._jobs.get()]
        with suppress(queue.Empty):
            while True:
                jobs.append(self._jobs.get_nowait())
        return jobs


class _Job(Generic[T]):
    __slots__ = ("_loop", "answer", "joins", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], T], *, joins: bool) -> None:
        self.work = work
        self.joins = joins
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def run(self, connection: sqlite3.Connection) -> None:
        """In the thread, as the following."""
        try:
            result = self.work(connection)
        except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to the caller
            self.fail(error)
        else:
            self.succeed(result)

    def succeed(self, result: T) -> None:
        self._tell(self._succeed, result)

    def fail(self, error: BaseException) -> None:
        self._tell(self._fail, error)

    def _tell(self, settle: Callable[[Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop may be gone at exit
            self._loop.call_soon_threadsafe(settle, what)

    def _succeed(self, result: T) -> None:
        if not self.answer.cancelled():
            self.answer.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.answer.cancelled():
            self.answer.set_exception(error)


def _together(connection: sqlite3.Connection, jobs: Sequence[_Job[Any]]) -> None:
    """One transaction; if that fails, one for each, so that nobody suffers from a stranger."""
    try:
        results = _transaction(connection, [job.work for job in jobs])
    except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to one caller, or to all
        _one_by_one(connection, jobs, error)
        return
    for job, result in zip(jobs, results, strict=True):
        job.succeed(result)


def _one_by_one(connection: sqlite3.Connection, jobs: Sequence[_Job[Any]], error: BaseException) -> None:
    if len(jobs) == 1:
        jobs[0].fail(error)
        return
    for job in jobs:
        _together(connection, [job])


def _transaction(
    connection: sqlite3.Connection, works: Sequence[Callable[[sqlite3.Connection], Any]]
) -> list[Any]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [work(connection) for work in works]
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.rollback()
        raise
    return results


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if readonly:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
