"""What waits for SQLite's writer shares a transaction, and nobody suffers from a stranger."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hookline.errors import Unavailable
from hookline.storage.sqlite.thread import _CHECKPOINT, _LOOK, _MOST, ConnectionThread, _commit
from tests.engine.gateway import until

CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
Work = Callable[[sqlite3.Connection], object]


class Busy:
    """A writer that is held up, so that what is asked meanwhile waits."""

    def __init__(self, writer: ConnectionThread) -> None:
        self.writer = writer
        self.statements: list[str] = []

    async def together(self, *works: Coroutine[Any, Any, object]) -> list[object]:
        """All of them wait when the writer is free."""
        go = threading.Event()
        held = asyncio.create_task(self.writer.run(lambda: go.wait(10)))
        await asyncio.sleep(0)
        asked = [asyncio.create_task(work) for work in works]
        await asyncio.sleep(0)
        self.statements.clear()
        go.set()
        await held
        return await asyncio.gather(*asked, return_exceptions=True)

    def count(self, statement: str) -> int:
        return self.statements.count(statement)

    async def names(self) -> list[str]:
        return await self.writer.run(
            lambda: [
                row[0] for row in self.writer.connection.execute("SELECT name FROM things ORDER BY rowid")
            ]
        )


def many(count: int) -> Work:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) "
    insert = rows + "INSERT INTO things SELECT hex(randomblob(8)) FROM n"
    return lambda connection: connection.execute(insert, (count,)).rowcount


def put(name: str) -> Work:
    return lambda connection: connection.execute("INSERT INTO things VALUES (?)", (name,)).rowcount


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Busy]:
    async with _busy(tmp_path) as busy:
        yield busy


@asynccontextmanager
async def _busy(folder: Path) -> AsyncIterator[Busy]:
    writer = ConnectionThread(folder / "things.db", readonly=False)
    writer.connection.execute("CREATE TABLE things (name TEXT UNIQUE NOT NULL)")
    busy = Busy(writer)
    writer.connection.set_trace_callback(busy.statements.append)
    yield busy
    await writer.close()


async def test_what_waits_is_committed_together(busy: Busy) -> None:
    told = await busy.together(*(busy.writer.join(put(name)) for name in "abc"))
    assert told == [1, 1, 1]
    assert busy.count("COMMIT") == 1
    assert await busy.names() == ["a", "b", "c"]


async def test_one_that_fails_harms_no_other(busy: Busy) -> None:
    """Each is run again on its own; only the one at fault hears of it."""
    await busy.writer.join(put("taken"))
    first, failed, last = await busy.together(*(busy.writer.join(put(name)) for name in ("a", "taken", "b")))
    assert (first, last) == (1, 1)
    assert isinstance(failed, sqlite3.IntegrityError)
    assert await busy.names() == ["taken", "a", "b"]


async def test_a_commit_that_fails_leaves_nothing_of_anybody(busy: Busy) -> None:
    busy.writer.connection.execute("PRAGMA foreign_keys = ON")
    busy.writer.connection.execute(
        "CREATE TABLE parts (thing TEXT REFERENCES things (name) DEFERRABLE INITIALLY DEFERRED)"
    )

    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO parts VALUES ('nothing')")

    told = await busy.together(busy.writer.join(orphan), busy.writer.join(orphan))
    assert all(isinstance(one, sqlite3.IntegrityError) for one in told)
    assert busy.count("ROLLBACK") == 3  # together, then each
    count = "SELECT count(*) FROM parts"
    assert await busy.writer.join(lambda connection: connection.execute(count).fetchone()) == (0,)


async def test_what_has_its_own_transactions_stands_between_others_in_its_order(busy: Busy) -> None:
    seen: list[int] = []

    def own() -> None:
        seen.extend(busy.writer.connection.execute("SELECT count(*) FROM things").fetchone())

    await busy.together(busy.writer.join(put("a")), busy.writer.run(own), busy.writer.join(put("b")))
    assert seen == [1]
    assert busy.count("COMMIT") == 2


async def test_one_who_leaves_changes_nothing_for_the_others(busy: Busy) -> None:
    """What was asked is done all the same."""
    go = threading.Event()
    held = asyncio.create_task(busy.writer.run(lambda: go.wait(10)))
    asked = [asyncio.create_task(busy.writer.join(put(name))) for name in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked[0].cancel()
    go.set()
    assert await held
    assert await asked[1] == 1
    assert await busy.names() == ["a", "b"]


async def test_it_checkpoints_after_enough_rows_behind_their_answer(busy: Busy) -> None:
    await busy.writer.join(many(_CHECKPOINT - 1))
    await busy.names()
    assert busy.count(CHECKPOINT) == 0
    await busy.writer.join(put("a"))
    await until(lambda: busy.count(CHECKPOINT) == 1)
    assert busy.statements.index(CHECKPOINT) > busy.statements.index("COMMIT")
    await busy.writer.join(put("b"))
    await busy.names()
    assert busy.count(CHECKPOINT) == 1


@pytest.mark.parametrize(("rows", "checkpoints"), [(_MOST - 1, 0), (_MOST, 1)])
async def test_one_who_waits_comes_before_it_but_not_for_ever(
    busy: Busy, rows: int, checkpoints: int
) -> None:
    begun, next_is_there = threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        many(rows)(busy.writer.connection)
        next_is_there.wait(10)

    writing = asyncio.create_task(busy.writer.run(write))
    await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(busy.writer.run(lambda: busy.count(CHECKPOINT)))
    await asyncio.sleep(0)
    next_is_there.set()
    await writing
    assert await waiting == checkpoints


class Counting:
    """A connection whose count of changed rows stands elsewhere."""

    def __init__(self, connection: sqlite3.Connection, more: int) -> None:
        self._connection = connection
        self._more = more

    @property
    def total_changes(self) -> int:
        count = self._connection.total_changes + self._more
        return (count + (1 << 31)) % (1 << 32) - (1 << 31)  # an int of C

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


async def test_it_checkpoints_for_ever_though_sqlites_count_of_rows_is_an_int_of_c(busy: Busy) -> None:
    """After 25 days at a thousand rows a second."""
    busy.writer.connection = Counting(busy.writer.connection, (1 << 31) - 10)  # type: ignore[assignment]
    await busy.names()
    for done in (1, 2, 3):
        await until(lambda: busy.count(CHECKPOINT) == done)  # noqa: B023  it is asked before the next turn
        await busy.writer.join(many(_CHECKPOINT))


async def test_few_rows_of_large_bodies_are_a_reason_to_checkpoint_too(busy: Busy) -> None:
    body = "INSERT INTO things VALUES (hex(randomblob(4096 * 1000)))"
    await busy.writer.join(lambda connection: connection.execute(body).rowcount)
    for _ in range(_LOOK):
        await busy.names()
    await until(lambda: busy.count(CHECKPOINT) == 1)


async def test_pages_that_come_and_go_fill_the_log_too(busy: Busy) -> None:
    """What was written before a deletion counts, though the file is as small as before."""
    body = "INSERT INTO things VALUES (hex(randomblob(4096 * 200)))"

    def forget() -> None:
        busy.writer.connection.execute("DELETE FROM things")

    jobs: list[Coroutine[Any, Any, object]] = []
    for _ in range(_CHECKPOINT // 400 + 1):
        jobs += [
            busy.writer.run(lambda: busy.writer.connection.execute(body).rowcount),
            busy.writer.run(forget),
        ]
    await busy.together(*jobs)
    await busy.names()
    await until(lambda: busy.count(CHECKPOINT) > 0)


async def test_a_reader_never_checkpoints(tmp_path: Path) -> None:
    async with _busy(tmp_path) as busy:
        reader = ConnectionThread(tmp_path / "things.db", readonly=True)
        statements: list[str] = []
        reader.connection.set_trace_callback(statements.append)
        await busy.writer.join(many(10 * _MOST))
        count = "SELECT count(*) FROM things"
        for _ in range(2):
            assert await reader.run(lambda: reader.connection.execute(count).fetchone()) == (10 * _MOST,)
        await reader.close()
        assert CHECKPOINT not in statements


async def test_a_checkpoint_that_fails_ends_nothing(busy: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr(busy.writer, "_checkpoint", fail)
    assert await busy.writer.join(put("a")) == 1
    assert await busy.writer.join(put("b")) == 1


async def test_when_nobody_can_begin_all_hear_of_it_after_one_wait(busy: Busy, tmp_path: Path) -> None:
    """Another program holds the file."""
    other = sqlite3.connect(tmp_path / "things.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    busy.writer.connection.execute("PRAGMA busy_timeout = 50")
    told = await busy.together(*(busy.writer.join(put(name)) for name in "abc"))
    assert all(isinstance(one, sqlite3.OperationalError) for one in told)
    assert busy.count("BEGIN IMMEDIATE") == 1
    other.execute("ROLLBACK")
    other.close()
    assert await busy.writer.join(put("a")) == 1


async def test_one_that_fails_only_at_the_commit_harms_no_other(busy: Busy) -> None:
    busy.writer.connection.execute("PRAGMA foreign_keys = ON")
    busy.writer.connection.execute(
        "CREATE TABLE parts (thing TEXT REFERENCES things (name) DEFERRABLE INITIALLY DEFERRED)"
    )

    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO parts VALUES ('nothing')")

    told = await busy.together(busy.writer.join(put("a")), busy.writer.join(orphan))
    assert told[0] == 1
    assert isinstance(told[1], sqlite3.IntegrityError)
    assert await busy.names() == ["a"]


async def test_what_sqlite_itself_has_rolled_back_is_nobodys_success(busy: Busy) -> None:
    """A full disk may end the transaction inside a statement. Whoever swallowed that must not hear that his rows are safe."""

    def careless(connection: sqlite3.Connection) -> None:
        put("a")(connection)
        connection.execute("ROLLBACK")

    with pytest.raises(sqlite3.OperationalError, match="rolled back"):
        await busy.writer.join(careless)
    assert await busy.names() == []


def test_a_commit_that_the_driver_leaves_to_others_is_no_commit() -> None:
    """As `sqlite3` does in its newer mode, of Python 3.12."""
    with pytest.raises(sqlite3.OperationalError, match="still open"):
        _commit(cast("sqlite3.Connection", SimpleNamespace(in_transaction=True, commit=lambda: None)))


async def test_what_was_left_open_is_not_committed_for_it(busy: Busy) -> None:
    busy.writer.connection.execute("BEGIN")
    put("a")(busy.writer.connection)
    with pytest.raises(sqlite3.OperationalError, match="left open"):
        await busy.writer.join(put("b"))
    await busy.writer.join(put("c"))
    assert await busy.names() == ["c"]


async def test_others_than_those_that_join_are_counted(busy: Busy) -> None:
    await busy.writer.join(put("a"))
    assert busy.writer.others == 0
    await busy.names()
    assert busy.writer.others == 1


async def test_who_asks_after_the_end_hears_so(tmp_path: Path) -> None:
    writer = ConnectionThread(tmp_path / "things.db", readonly=False)
    await writer.close()
    await writer.close()
    with pytest.raises(Unavailable):
        await writer.join(put("a"))
