"""The hot verbs on SQLite: one function in the writer's thread, one transaction, a few statements of many rows."""

import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from hookline.clock import Micros
from hookline.model.ids import DeliveryId, NodeId
from hookline.model.receipt import Receipt
from hookline.model.record import Record
from hookline.storage.columns import (
    DELIVERY,
    EVENT,
    attempt_document,
    delivery_row,
    event_row,
    in_hand_text,
    read_delivery,
    read_event,
    result_row,
)
from hookline.storage.counting import counts
from hookline.storage.endings import ending_rows
from hookline.storage.ledger import (
    GONE,
    LOST,
    STALE,
    STORED,
    Accepted,
    Claimed,
    DueLane,
    Duplicate,
    Fate,
    Gathering,
    KeyConflict,
    LaneKey,
    LanePace,
    Result,
    Saving,
    Want,
    key_life,
    repeated,
    undone,
)
from hookline.storage.receipt_rows import RECEIPT, RECEIVED_AGAIN, receipt_row
from hookline.storage.record_rows import record_row
from hookline.storage.remotes import changes, remote_row
from hookline.storage.sqlite import statements as sql
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.storage.sqlite.known import Known
from hookline.storage.sqlite.rows import Into, parts

_Row = Sequence[Any]
_EVENTS = Into("events", sql.EVENT_COLUMNS, ("data", "tags", "matched", "failures", "origin", "in_hand"))
_RECEIPTS = Into("receipts", RECEIPT, ("document", "body"))
_WAITING = Into("deliveries", sql.WAITING_COLUMNS, ("reason",))
_RESULTS = Into("deliveries", sql.RESULT_COLUMNS, ("reason", "first_attempt"))


class SqliteLedger:
    def __init__(
        self, database: SqliteDatabase, *, key_life: int, followed: AbstractSet[str] = frozenset()
    ) -> None:
        """`key_life`: microseconds for which an idempotency key is remembered. `followed`: event types of which each
        delivery's end is kept until what follows from it is done.
        """
        self._database = database
        self._key_life = key_life
        self._followed = followed
        self._known = Known(lambda: database.others)
        self._seq: int | None = None  # one process writes: the database is asked once

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        return await self._database.write_raw(lambda connection: self._publish(connection, node, group))

    def _publish(
        self, connection: sqlite3.Connection, node: NodeId | None, group: Sequence[Accepted]
    ) -> Sequence[Fate]:
        versions = self._known.tenants(connection, {accepted.event.tenant_id for accepted in group})
        known = node is not None and self._known.node(connection, node)
        fresh = [
            accepted
            for accepted in group
            if versions.get(accepted.event.tenant_id) == accepted.version and (known or not accepted.in_hand)
        ]
        rows = [_event_input(node, accepted) for accepted in fresh]
        stored = _insert(connection, _EVENTS, rows)
        kept = [accepted for accepted in fresh if accepted.event.id in stored]
        waiting = [self._waiting_row(connection, d) for a in kept for d in a.waiting]
        for statement, some in _WAITING.statements(waiting):
            _run(connection, statement, some)
        tags = [(a.event.tenant_id, tag, a.event.id) for a in kept for tag in a.event.tags]
        if tags:
            connection.executemany(sql.INSERT_TAG, tags)
        receipts = [_receipt_input(a.receipt, stored) for a in fresh if a.receipt is not None]
        met = RECEIVED_AGAIN if any(accepted.again for accepted in fresh) else ""
        for statement, some in _RECEIPTS.statements(receipts):
            _run(connection, f"{statement} {met}", some)
        return [
            STORED if accepted.event.id in stored else self._fate(connection, accepted, versions)
            for accepted in group
        ]

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        return await self._database.write_raw(
            lambda connection: [self._save(connection, node, saving) for saving in savings]
        )

    def _save(self, connection: sqlite3.Connection, node: NodeId | None, saving: Saving) -> Sequence[Fate]:
        """Within the transaction of its neighbours, which a saving that is undone does not touch."""
        connection.execute("SAVEPOINT saving")
        fates = self._saved(connection, node, saving)
        kept = all(fate is STORED for fate in fates)
        if not kept:
            connection.execute("ROLLBACK TO saving")
        connection.execute("RELEASE saving")
        return fates if kept else undone(fates)

    def _saved(self, connection: sqlite3.Connection, node: NodeId | None, saving: Saving) -> Sequence[Fate]:
        if not all(_save_record(connection, record) for record in saving.records):
            return [LOST] * len(saving.events)
        return self._publish(connection, node, saving.events)

    def _waiting_row(self, connection: sqlite3.Connection, delivery: Any) -> _Row:
        if delivery.order_key is None:
            return (*delivery_row(delivery), None)
        if self._seq is None:
            self._seq = int(connection.execute(sql.LAST_SEQ).fetchone()[0])
        self._seq += 1
        return (*delivery_row(delivery), self._seq)

    def _fate(self, connection: sqlite3.Connection, accepted: Accepted, versions: Mapping[str, int]) -> Fate:
        event = accepted.event
        if event.tenant_id not in versions:
            return GONE
        holder = None
        if event.idempotency_key is not None:
            holder = connection.execute(sql.KEY, (event.tenant_id, event.idempotency_key)).fetchone()
        if holder is None:
            return STALE
        other, fingerprint, accepted_at = holder
        if accepted_at < event.accepted_at - key_life(accepted, self._key_life):
            connection.execute(sql.FORGET_KEY, (event.tenant_id, other))
            return STALE
        return Duplicate(other) if (fingerprint or b"") == event.fingerprint else KeyConflict(other)

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        return await self._database.write_raw(
            lambda connection: _record(connection, node, results, paces, self._followed)
        )

    async def walk(self, after: LaneKey | None, limit: int) -> Sequence[DueLane]:
        tenant, endpoint = after or ("", "")
        parameters = {"tenant": tenant, "endpoint": endpoint, "limit": limit}
        rows = await self._database.write_raw(lambda c: c.execute(sql.WALK, parameters).fetchall())
        return [DueLane((row[0], row[1]), row[2], row[3], row[4], row[5]) for row in rows]

    async def acquire(self, node: NodeId, lanes: Sequence[LaneKey]) -> Sequence[LaneKey]:
        rows = await self._database.write_raw(
            lambda c: [c.execute(sql.ACQUIRE, (*lane, node)).fetchone() for lane in lanes]
        )
        return [(row[0], row[1]) for row in rows if row]

    async def gathering(self, lane: LaneKey, now: Micros, limit: int) -> Gathering | None:
        parameters = (*lane, now, limit)
        row = await self._database.write_raw(lambda c: c.execute(sql.GATHERING, parameters).fetchone())
        return Gathering(row[0], row[1], row[2] > 0) if row[0] else None

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        return await self._database.write_raw(lambda connection: _claim(connection, node, wants, now))


def _save_record(connection: sqlite3.Connection, record: Record) -> bool:
    row = record_row(record)
    if record.version == 1:
        return bool(connection.execute(sql.INSERT_RECORD, row).rowcount)
    return bool(connection.execute(sql.UPDATE_RECORD, (*row[4:8], row[9], *row[:4], row[5] - 1)).rowcount)


def _event_input(node: NodeId | None, accepted: Accepted) -> _Row:
    in_hand = in_hand_text(accepted)
    return (*event_row(accepted.event), node if in_hand else None, in_hand)


def _receipt_input(receipt: Receipt, stored: set[str]) -> tuple[Any, ...]:
    new = not stored.isdisjoint([item.event_id for item in receipt.items])
    return receipt_row(receipt if new else repeated(receipt))


def _record(
    connection: sqlite3.Connection,
    node: NodeId,
    results: Sequence[Result],
    paces: Sequence[LanePace],
    followed: AbstractSet[str],
) -> Sequence[DeliveryId]:
    rows = [result_row(result) for result in results if result.fresh]
    written = _insert(connection, _RESULTS, rows)
    for result in results:
        if not result.fresh and _move(connection, node, result):
            written.add(result.delivery.id)
    kept = [result for result in results if result.delivery.id in written]
    for counted in parts(counts(kept)):
        _run(connection, sql.count(len(counted)), counted)
    ended = ending_rows([result.delivery for result in kept], followed)
    if ended:
        connection.executemany(sql.INSERT_ENDING, ended)
    changed = changes(kept)
    if changed:
        connection.executemany(sql.KEEP_REMOTE, [remote_row(remote) for _, remote in changed])
    for pace in paces:
        if pace.document is None:
            connection.execute(sql.FORGET_PACE, (*pace.lane, node))
        else:
            connection.execute(sql.KEEP_PACE, (*pace.lane, node, pace.document))
    return [result.delivery.id for result in results if result.delivery.id not in written]


def _move(connection: sqlite3.Connection, node: NodeId, result: Result) -> bool:
    d = result.delivery
    row = delivery_row(d)
    before = d.attempts - (
        result.attempt is not None
    )  # not so when it was written, and claimed again, before
    values = (*row[5:13], d.finished_at, d.batch_id, d.tenant_id, d.id, node, before)
    if connection.execute(sql.MOVE, values).fetchone() is None:
        return False
    if result.attempt is not None:
        document = attempt_document(result.attempt)
        connection.execute(sql.INSERT_ATTEMPT, (d.tenant_id, d.id, result.attempt.number, document))
    return True


def _claim(
    connection: sqlite3.Connection, node: NodeId, wants: Sequence[Want], now: Micros
) -> Sequence[Claimed]:
    picked = [row for want in wants for row in _pick(connection, want, now)]
    claimed: list[Claimed] = []
    for chunk in parts(picked):
        connection.execute(sql.take(len(chunk)), (node, *chunk))
        claimed += map(_claimed, connection.execute(sql.taken(len(chunk)), chunk))
    return claimed


def _pick(connection: sqlite3.Connection, want: Want, now: Micros) -> list[int]:
    tenant, endpoint = want.lane
    if want.ordered:
        values = {"tenant": tenant, "endpoint": endpoint, "now": now, "count": want.count}
        return [row[0] for row in connection.execute(sql.PICK_HEADS, values)]
    return [row[0] for row in connection.execute(sql.PICK, (tenant, endpoint, now, want.count))]


def _claimed(row: _Row) -> Claimed:
    width = len(DELIVERY)
    return Claimed(read_delivery(row[:width]), read_event(row[width : width + len(EVENT)]), row[-1])


def _insert(connection: sqlite3.Connection, into: Into, rows: Sequence[_Row]) -> set[str]:
    """The ids (the second column) of the rows that went in. A statement that fails is undone whole by SQLite, and is
    then repeated without the rows that stood in its way.
    """
    written: set[str] = set()
    for statement, some in into.statements(rows):
        try:
            _run(connection, statement, some)
        except sqlite3.IntegrityError:
            kept = connection.execute(statement + sql.STORED, list(chain.from_iterable(some)))
            written.update(row[0] for row in kept)
        else:
            written.update(row[1] for row in some)
    return written


def _run(connection: sqlite3.Connection, statement: str, rows: Sequence[_Row]) -> None:
    """Its values as the only row of an `executemany`, which frees the interpreter's lock twice; `execute` does it
    once more, to ask for a row's number that nobody wants.
    """
    connection.executemany(statement, (list(chain.from_iterable(rows)),))
