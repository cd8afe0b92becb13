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

from hookline.errors import Unavailable

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last commits at power loss; a 2xx must not
    "PRAGMA busy_timeout = 5000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
    "PRAGMA wal_autocheckpoint = 24000",  # pages: should the writer never come to it, as `_checkpoint` does
)
_CHECKPOINT = 1500
"""Rows changed or pages grown from one checkpoint to the next: some 1,500 to 6,000 pages of 4 KiB in the log."""
_MOST = 4 * _CHECKPOINT
"""At so many it no longer waits for a moment when nobody else does."""
_LOOK = 8
"""Turns of the thread, at most, from one look at the pages to the next."""
_COUNTER = 1 << 32
"""Where SQLite's count of changed rows wraps (to a negative number, half way)."""


class ConnectionThread:
    """Jobs run in the order they came."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        self.connection = _connect(path, readonly=readonly)
        self.engine = create_engine(
            "sqlite://", creator=lambda: self.connection, poolclass=StaticPool, hide_parameters=True
        )
        self.others = 0
        """Jobs so far that do not join: they may have written anything."""
        self._jobs: queue.SimpleQueue[_Job[Any]] = queue.SimpleQueue()
        self._readonly = readonly
        self._changes = self._pages = self._grown = self._turns = 0
        self._open = True
        self._closing = False
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
        if not self._closing:
            closing = _Job(lambda _: self._close(), joins=False)
            self._jobs.put(closing)
            self._closing = True
            await closing.answer
        self._thread.join()

    async def _answer(self, job: "_Job[T]") -> T:
        if self._closing or not self._open:
            raise _closed()
        self._jobs.put(job)
        return await job.answer

    def _close(self) -> None:
        self._open = False
        self.connection.close()

    def _work(self) -> None:
        try:
            while self._open:
                self._serve()
        finally:  # by a fault nobody foresaw, perhaps: whoever waits must hear of it
            self._open = False
            with suppress(queue.Empty):
                while True:
                    self._jobs.get_nowait().fail(_closed())

    def _serve(self) -> None:
        for joins, jobs in groupby(self._waiting(), key=lambda job: job.joins):
            if joins:
                _together(self.connection, list(jobs))
            else:
                self._look_at_pages()
                for job in jobs:
                    self._run(job)
        if self._open and not self._readonly:
            self._turns += 1
            if self._turns % _LOOK == 0:
                self._look_at_pages()
            with suppress(Exception):  # it changes nothing that anybody reads, and comes again
                self._checkpoint()

    def _run(self, job: "_Job[Any]") -> None:
        """It may free pages, which must not hide how many the log has got before: they are counted before and behind it."""
        self.others += 1
        job.run(self.connection)
        if self._open:
            self._look_at_pages()

    def _checkpoint(self) -> None:
        """After the answers, and when nobody waits. SQLite's own comes inside a COMMIT, whose caller would hear some
        milliseconds late that his rows are safe.
        """
        if self._logged() >= _MOST or (self._logged() >= _CHECKPOINT and self._jobs.empty()):
            self._changes, self._grown = self.connection.total_changes, 0
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _logged(self) -> int:
        """Rows changed, or pages by which large bodies have let the file grow, since the last."""
        return max((self.connection.total_changes - self._changes) % _COUNTER, self._grown)

    def _look_at_pages(self) -> None:
        """Not at every turn: it takes two statements."""
        if self._readonly:
            return
        with suppress(Exception):  # as a checkpoint
            used = self._pages_of("page_count") - self._pages_of("freelist_count")
            self._grown += max(0, used - self._pages)
            self._pages = used

    def _pages_of(self, pragma: str) -> int:
        return int(self.connection.execute(f"PRAGMA {pragma}").fetchone()[0])

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
    if not _ended(connection, jobs):
        for job in jobs:
            _ended(connection, [job])


def _ended(connection: sqlite3.Connection, jobs: Sequence[_Job[Any]]) -> bool:
    """False: several share the failure of one; each is to be run alone."""
    try:
        _begin(connection)
    except BaseException as error:  # noqa: BLE001  nobody's fault in particular: another try would wait as long
        return _fail(jobs, error)
    try:
        results = [job.work(connection) for job in jobs]
        _commit(connection)
    except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to one caller, or to all
        with suppress(sqlite3.Error):  # a full disk has rolled back already
            connection.rollback()
        return len(jobs) == 1 and _fail(jobs, error)
    for job, result in zip(jobs, results, strict=True):
        job.succeed(result)
    return True


def _begin(connection: sqlite3.Connection) -> None:
    """As a script, which frees the interpreter's lock once and not three times. A script would commit whatever is open
    first: nothing is, or it is nobody's.
    """
    if connection.in_transaction:
        connection.rollback()
        raise sqlite3.OperationalError("a transaction was left open")
    connection.executescript("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection) -> None:
    """By the driver's own call, for the same reason. It says nothing where there is nothing to commit, nor where it thinks
    that committing is not its business; in both cases what was asked for is not on the disk.
    """
    if not connection.in_transaction:
        raise sqlite3.OperationalError("the transaction was rolled back")
    connection.commit()
    if connection.in_transaction:
        raise sqlite3.OperationalError("the transaction is still open")


def _fail(jobs: Sequence[_Job[Any]], error: BaseException) -> bool:
    for job in jobs:
        job.fail(error)
    return True


def _closed() -> Unavailable:
    return Unavailable(
        "The database is closed.", hint="This node stops, or its log says why; ask another one."
    )


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if readonly:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
