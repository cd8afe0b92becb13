"""The hot verbs on PostgreSQL: one statement each, fed with arrays (`unnest`), committed by itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import asyncpg

from hookline.clock import HOUR, Micros
from hookline.errors import CommitUnknown
from hookline.model.ids import DeliveryId, NodeId
from hookline.model.receipt import Receipt
from hookline.storage.columns import (
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
from hookline.storage.postgres import statements as sql
from hookline.storage.postgres.arrays import columns
from hookline.storage.postgres.database import HINT, PostgresDatabase, commit_in_doubt
from hookline.storage.postgres.saving import save_all
from hookline.storage.receipt_rows import narrowed, receipt_row
from hookline.storage.remotes import changes, remote_row


class PostgresLedger:
    def __init__(
        self, database: PostgresDatabase, *, key_life: int, followed: AbstractSet[str] = frozenset()
    ) -> None:
        """`key_life`: microseconds for which an idempotency key is remembered. `followed`: event types of which each
        delivery's end is kept until what follows from it is done.
        """
        self._database = database
        self._key_life = key_life
        self._followed = followed

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        statement, arguments = _publishing(group)
        async with self._database.hot() as connection:
            async with commit_in_doubt():
                stored = {row[0] for row in await connection.fetch(statement, node, *arguments)}
            refused = [accepted for accepted in group if accepted.event.id not in stored]
            fates = await self._fates(connection, refused, stored) if refused else {}
        return [fates.get(accepted.event.id, STORED) for accepted in group]

    async def save(self, node: NodeId | None, savings: Sequence[Saving]) -> Sequence[Sequence[Fate]]:
        """All in one transaction, mostly. Where one of them cannot be kept, each in its own."""
        async with self._database.hot() as connection:
            stood = await save_all(connection, node, savings, _publishing)
            if stood is None:
                return [[STORED] * len(saving.events) for saving in savings]
            if len(savings) == 1:
                return [await self._undone(connection, savings[0], lost=stood)]
        return [(await self.save(node, [saving]))[0] for saving in savings]

    async def _undone(self, connection: Any, saving: Saving, *, lost: bool) -> Sequence[Fate]:
        if lost:
            return [LOST] * len(saving.events)
        fates = await self._fates(connection, saving.events)
        return undone([fates[accepted.event.id] for accepted in saving.events])

    async def _fates(
        self, connection: Any, refused: Sequence[Accepted], stored: AbstractSet[str] = frozenset()
    ) -> dict[str, Fate]:
        """Asked behind the commit: a failure here must not look as if nothing had been stored."""
        try:
            why = await self._why(connection, refused)
            fates: dict[str, Fate] = {one.event.id: fate for one, fate in zip(refused, why, strict=True)}
            repeats = [receipt_row(receipt) for receipt in _nothing_new(refused, fates, stored)]
            if repeats:
                named, rows = narrowed(repeats)
                await connection.execute(sql.nothing_new(named), *columns(rows, sql.receipt_arrays(named)))
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise CommitUnknown(
                f"PostgreSQL was lost behind a commit: {error or type(error).__name__}.", hint=HINT
            ) from error
        return fates

    async def _why(self, connection: Any, refused: Sequence[Accepted]) -> list[Fate]:
        tenants = await connection.fetch(sql.TENANTS, [accepted.event.tenant_id for accepted in refused])
        keyed = [accepted.event for accepted in refused if accepted.event.idempotency_key is not None]
        rows = await connection.fetch(
            sql.KEYS, [event.tenant_id for event in keyed], [event.idempotency_key for event in keyed]
        )
        holders = {(row[0], row[1]): row for row in rows}
        living = {row[0] for row in tenants}
        return [await self._fate(connection, accepted, living, holders) for accepted in refused]

    async def _fate(
        self, connection: Any, accepted: Accepted, living: set[str], holders: dict[tuple[str, str], Any]
    ) -> Fate:
        event = accepted.event
        if event.tenant_id not in living:
            return GONE
        holder = holders.get((event.tenant_id, event.idempotency_key or ""))
        if holder is None:
            return STALE
        _, _, other, fingerprint, accepted_at = holder
        if accepted_at < event.accepted_at - key_life(accepted, self._key_life):
            await connection.execute(sql.FORGET_KEY, event.tenant_id, other)
            return STALE
        return Duplicate(other) if (fingerprint or b"") == event.fingerprint else KeyConflict(other)

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        fresh = [result for result in results if result.fresh]
        moved = [result for result in results if not result.fresh]
        refused: list[DeliveryId] = []
        async with self._database.hot() as connection:
            if fresh and not await self._all_new(connection, fresh):
                statement, arguments = self._recording(sql.record_fresh, fresh)
                refused += _refused(fresh, await connection.fetch(statement, *arguments))
            if moved:
                statement, arguments = self._recording(sql.record_moved, moved)
                refused += _refused(moved, await connection.fetch(statement, node, *arguments))
            for pace in paces:
                if pace.document is None:
                    await connection.execute(sql.FORGET_PACE, *pace.lane, node)
                else:
                    await connection.execute(sql.KEEP_PACE, *pace.lane, node, pace.document)
        return refused

    async def _all_new(self, connection: Any, fresh: Sequence[Result]) -> bool:
        """Writes them in the cheapest way where all of them are new and nothing follows from them, as mostly. False: nothing
        was written. If that is because a row is there, by a commit whose answer was lost or by a take-over, the careful
        statement finds out which.
        """
        if ending_rows([result.delivery for result in fresh], self._followed) or changes(fresh):
            return False
        arguments = columns(map(result_row, fresh), sql.NEW_ARRAYS) + columns(
            counts(fresh), sql.COUNTER_ARRAYS
        )
        try:
            await connection.execute(sql.RECORD_NEW, *arguments)
        except asyncpg.UniqueViolationError:
            return False
        return True

    def _recording(self, statement: Callable[..., str], results: Sequence[Result]) -> tuple[str, list[Any]]:
        """The statement that writes them, and its arguments behind the node."""
        arguments = columns(map(_result_input, results), sql.RESULT_ARRAYS)
        ended = ending_rows([result.delivery for result in results], self._followed)
        if ended:
            arguments += columns(ended, sql.ENDING_ARRAYS)
        linked = [(delivery_id, *remote_row(remote)) for delivery_id, remote in changes(results)]
        if linked:
            arguments += columns(linked, sql.LINK_ARRAYS)
        return statement(ended=bool(ended), linked=bool(linked)), arguments

    async def walk(self, after: LaneKey | None, limit: int) -> Sequence[DueLane]:
        async with self._database.hot() as connection:
            rows = await connection.fetch(sql.WALK, *(after or ("", "")), limit)
        return [DueLane((row[0], row[1]), row[2], row[3], row[4], row[5]) for row in rows]

    async def acquire(self, node: NodeId, lanes: Sequence[LaneKey]) -> Sequence[LaneKey]:
        async with self._database.hot() as connection:
            rows = await connection.fetch(sql.ACQUIRE, node, *_transposed(sorted(lanes), 2))
        return [(row[0], row[1]) for row in rows]

    async def gathering(self, lane: LaneKey, now: Micros, limit: int) -> Gathering | None:
        async with self._database.hot() as connection:
            row = await connection.fetchrow(sql.GATHERING, *lane, now, limit)
        return Gathering(row[0], row[1], row[2] > 0) if row[0] else None

    async def claim(self, node: NodeId, wants: Sequence[Want], now: Micros) -> Sequence[Claimed]:
        plain = [(*want.lane, want.count) for want in wants if not want.ordered]
        ordered = [(*want.lane, want.count) for want in wants if want.ordered]
        rows: list[Any] = []
        async with self._database.hot() as connection:
            for statement, lanes in ((sql.CLAIM, plain), (sql.CLAIM_HEADS, ordered)):
                if lanes:
                    rows += await connection.fetch(statement, node, now, *_transposed(lanes, 3))
        return [_claimed(row) for row in rows]


def _publishing(group: Sequence[Accepted]) -> tuple[str, list[Any]]:
    """The statement that stores a group, and its arguments behind the node."""
    arguments = columns(map(_event_input, _by_key(group)), sql.EVENT_ARRAYS)
    waiting = [delivery_row(delivery) for accepted in group for delivery in accepted.waiting]
    tags = [(a.event.tenant_id, tag, a.event.id) for a in group for tag in a.event.tags]
    receipts = [accepted.receipt for accepted in group if accepted.receipt is not None]
    if waiting:
        arguments += columns(waiting, sql.DELIVERY_ARRAYS)
    if tags:
        arguments += columns(tags, sql.TAG_ARRAYS)
    received: tuple[str, ...] = ()
    if receipts:
        received, rows = narrowed([receipt_row(receipt) for receipt in receipts])
        firsts = [(*row, receipt.items[0].event_id) for row, receipt in zip(rows, receipts, strict=True)]
        arguments += columns(firsts, sql.received_arrays(received))
    further = [(receipt.id, item.event_id) for receipt in receipts for item in receipt.items[1:]]
    if further:
        arguments += columns(further, sql.ITEM_ARRAYS)
    statement = sql.publish(
        waiting=bool(waiting),
        tags=bool(tags),
        received=received,
        further=bool(further),
        again=any(accepted.again for accepted in group),
    )
    return statement, arguments


def _by_key(group: Sequence[Accepted]) -> Sequence[Accepted]:
    """All nodes go through keys in one order, so that they wait for one another instead of deadlocking; of two with one key
    the first stays the first, and has it. Texts sort by code points, as `COLLATE "C"` does by UTF-8.
    """
    return sorted(group, key=lambda one: (one.event.tenant_id, one.event.idempotency_key or ""))


def _event_input(accepted: Accepted) -> tuple[Any, ...]:
    return (*event_row(accepted.event, bytes), in_hand_text(accepted), accepted.version)


def _nothing_new(
    refused: Sequence[Accepted], fates: Mapping[str, Fate], stored: AbstractSet[str]
) -> Sequence[Receipt]:
    """Receipts of whose events none was stored, and none will be."""
    return [
        repeated(accepted.receipt)
        for accepted in refused
        if accepted.receipt is not None
        and isinstance(fates[accepted.event.id], Duplicate | KeyConflict)
        and stored.isdisjoint([item.event_id for item in accepted.receipt.items])
    ]


def _refused(results: Sequence[Result], written: Iterable[Any]) -> list[DeliveryId]:
    known = {row[0] for row in written}
    return [result.delivery.id for result in results if result.delivery.id not in known]


def _result_input(result: Result) -> tuple[Any, ...]:
    attempt = result.attempt
    if attempt is None:
        return (*result_row(result), None, None, None)
    succeeded = attempt.exchange.cause is None
    return (*result_row(result), succeeded, attempt.at, attempt.at // HOUR)


def _transposed(rows: Iterable[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    return columns or [()] * width


def _claimed(row: Any) -> Claimed:
    return Claimed(
        read_delivery(row[: sql.DELIVERY_INPUT]),
        read_event(row[sql.DELIVERY_INPUT : sql.DELIVERY_INPUT + sql.EVENT_WIDTH]),
        row[-1],
    )
