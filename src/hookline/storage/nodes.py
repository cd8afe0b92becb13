"""Nodes: who is alive, and what becomes of the work of those who are not.

A node is one start of one process. It keeps a lease by its heartbeat; when that has run out, whoever notices
first takes over in one transaction: its rows in state `sending` and the deliveries that its events name as in
hand become due again, each with an attempt told as `interrupted` (those that crashes cut off again and again: see
`interruptions`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from hookline.clock import Clock, Micros
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.ids import DeliveryId, EventId, NodeId, TenantId, delivery_id
from hookline.storage.columns import DELIVERY, attempt_document, delivery_row, read_delivery
from hookline.storage.database import Database
from hookline.storage.endings import ending_rows, insert_endings
from hookline.storage.interruptions import judge
from hookline.storage.ledger import LaneKey
from hookline.storage.planning import in_state
from hookline.storage.schema import attempts, deliveries, events, lanes, nodes, tenants

_CHUNK = 500


class TakenOver(msgspec.Struct, frozen=True, kw_only=True):
    node_id: NodeId
    deliveries: int
    """How many became due again."""


class Nodes:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def register(self, node: NodeId, *, name: str, lease: Micros, watermark: EventId) -> Micros:
        """The database's time now."""

        def work(connection: Connection) -> Micros:
            now = self._now(connection)
            values = {"started_at": now, "heartbeat_at": now, "lease": lease, "watermark": watermark}
            connection.execute(insert(nodes).values(id=node, name=name, **values))
            return now

        return await self._database.write(work)

    async def heartbeat(self, node: NodeId, watermark: EventId) -> Micros | None:
        """The database's time now; None when this node has been taken over: all it had in hand is lost to it."""

        def work(connection: Connection) -> Micros | None:
            now = self._now(connection)
            values = {"heartbeat_at": now, "watermark": watermark}
            found = connection.execute(update(nodes).where(nodes.c.id == node).values(values))
            return now if found.rowcount else None

        return await self._database.write(work)

    async def take_over(self, node: NodeId, *, alone: bool = False) -> list[TakenOver]:
        """Take over every node but `node` whose lease has run out; `alone`: every other (SQLite serves one process).

        With them, what names a node that is not known: it claimed while it was being taken over.
        """

        def work(connection: Connection) -> list[TakenOver]:
            now = self._now(connection)
            dead = select(nodes.c.id, nodes.c.watermark).where(nodes.c.id != node)
            if not alone:
                dead = dead.where(nodes.c.heartbeat_at + nodes.c.lease < now)
            rows = connection.execute(dead.with_for_update(skip_locked=True)).all()
            taken = [_take_over(connection, row[0], row[1], now) for row in rows]
            return taken + _take_orphans(connection, now)

        return await self._database.write(work)

    async def now(self) -> Micros:
        """The database's time, for a node that has no heartbeat."""
        return await self._database.read(self._now)

    async def leave(self, node: NodeId) -> None:
        """A clean stop: nothing is in hand any more; what was claimed at the last moment is due for others."""

        def work(connection: Connection) -> None:
            _release(connection, _held_by(node), self._now(connection))
            connection.execute(update(lanes).where(lanes.c.owner == node).values(owner=None))
            connection.execute(delete(nodes).where(nodes.c.id == node))

        await self._database.write(work)

    async def release(self, node: NodeId, known: Collection[DeliveryId]) -> int:
        """Make due again what is this node's by its row and not `known` to it: the answer to a claim was lost."""

        def find(connection: Connection) -> list[DeliveryId]:
            mine = connection.execute(select(deliveries.c.id).where(_held_by(node))).scalars()
            return [DeliveryId(id_) for id_ in mine if id_ not in known]

        lost = await self._database.read(find)
        if not lost:
            return 0
        these = and_(_held_by(node), deliveries.c.id.in_(lost[:_CHUNK]))
        return await self._database.write(
            lambda connection: _release(connection, these, self._now(connection))
        )

    async def stored(self, tenant: TenantId, ids: Sequence[EventId]) -> set[EventId]:
        """Which of these events exist: asked after a commit whose answer was lost."""

        def work(connection: Connection) -> set[EventId]:
            rows = connection.execute(
                select(events.c.id).where(events.c.tenant_id == tenant, events.c.id.in_(ids))
            )
            return {EventId(row[0]) for row in rows}

        return await self._database.read(work)

    async def foreign_lanes(self, node: NodeId) -> set[LaneKey]:
        """Lanes that another node owns alone: failing ones, and those with a pace of their own."""

        def work(connection: Connection) -> set[LaneKey]:
            rows = connection.execute(
                select(lanes.c.tenant_id, lanes.c.endpoint_id).where(
                    lanes.c.owner.is_not(None), lanes.c.owner != node
                )
            )
            return {(row[0], row[1]) for row in rows}

        return await self._database.read(work)

    def _now(self, connection: Connection) -> Micros:
        """PostgreSQL's clock is every node's; SQLite has one process, and its clock will do."""
        if connection.dialect.name == "postgresql":
            row = connection.execute(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
            return Micros(row.scalar_one())
        return self._clock.now()


def _take_over(connection: Connection, dead: NodeId, watermark: EventId, now: Micros) -> TakenOver:
    count = _return_rows(connection, dead, now) + _return_in_hand(connection, dead, watermark, now)
    connection.execute(update(lanes).where(lanes.c.owner == dead).values(owner=None))
    connection.execute(delete(nodes).where(nodes.c.id == dead))
    return TakenOver(node_id=dead, deliveries=count)


def _take_orphans(connection: Connection, now: Micros) -> list[TakenOver]:
    known = select(nodes.c.id)
    query = select(deliveries.c.owner).where(in_state(State.SENDING), deliveries.c.owner.not_in(known))
    owners = [NodeId(row[0]) for row in connection.execute(query.distinct())]
    taken = [TakenOver(node_id=owner, deliveries=_return_rows(connection, owner, now)) for owner in owners]
    free = update(lanes).where(lanes.c.owner.is_not(None), lanes.c.owner.not_in(known))
    connection.execute(free.values(owner=None))
    return taken


def _held_by(node: NodeId) -> ColumnElement[bool]:
    return and_(in_state(State.SENDING), deliveries.c.owner == node)


def _release(connection: Connection, which: ColumnElement[bool], now: Micros) -> int:
    due = {"state": State.PENDING.value, "due_at": now, "owner": None}
    return connection.execute(update(deliveries).where(which).values(due)).rowcount


def _return_rows(connection: Connection, dead: NodeId, now: Micros) -> int:
    columns = [deliveries.c[name] for name in DELIVERY]
    # Locked: what it writes back at this very moment is either seen here, or refused there.
    query = select(*columns).where(_held_by(dead)).with_for_update()
    held = [read_delivery(tuple(row)) for row in connection.execute(query)]
    cut_off = judge(held, now)
    if not cut_off:
        return 0
    changed = (
        "state",
        "reason",
        "due_at",
        "attempts",
        "interruptions",
        "last_status",
        "last_cause",
        "finished_at",
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.tenant_id == bindparam("key_tenant"), deliveries.c.id == bindparam("key_id"))
        .values({name: bindparam(name) for name in changed} | {"owner": None}),
        [{"key_tenant": d.tenant_id, "key_id": d.id} | _columns(d, changed) for d in cut_off],
    )
    connection.execute(insert(attempts), [_attempt_columns(delivery, now) for delivery in cut_off])
    insert_endings(connection, ending_rows(cut_off, frozenset()))
    return len(cut_off)


def _return_in_hand(connection: Connection, dead: NodeId, watermark: EventId, now: Micros) -> int:
    """The deliveries that were in hand and have no row get one. Their first interruption does not count: whether
    they were sent is not known, and five quick restarts must not kill what was never tried.
    """
    wanted = {delivery.id: delivery for delivery in _in_hand(connection, dead, watermark, now)}
    rows = [_fresh_columns(delivery, now) for delivery in wanted.values()]
    statement = _insert_new(connection).returning(deliveries.c.id)
    return sum(len(connection.execute(statement, chunk).all()) for chunk in _chunks(rows))


def _insert_new(connection: Connection) -> Any:
    """Insert; a row that exists, or is being written at this very moment, wins."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(deliveries).on_conflict_do_nothing()


def _in_hand(connection: Connection, dead: NodeId, watermark: EventId, now: Micros) -> Iterator[Delivery]:
    # Through `tenants`, so that the primary key (tenant, id) serves each tenant's newest events.
    query = (
        select(
            events.c.tenant_id,
            events.c.id,
            events.c.type,
            events.c.accepted_at,
            events.c.matched,
            events.c.in_hand,
        )
        .select_from(tenants.join(events, (events.c.tenant_id == tenants.c.id) & (events.c.id >= watermark)))
        .where(events.c.node == dead, events.c.in_hand.is_not(None))
    )
    for tenant, event, type_, accepted_at, matched, in_hand in connection.execute(query):
        endpoints = msgspec.json.decode(matched)
        for position in msgspec.json.decode(in_hand):
            yield Delivery(
                id=delivery_id(event, position),
                tenant_id=tenant,
                event_id=event,
                endpoint_id=endpoints[position],
                event_type=type_,
                state=State.PENDING,
                due_at=now,
                attempts=1,
                last_cause=Cause.INTERRUPTED,
                created_at=accepted_at,
            )


def _columns(delivery: Delivery, names: Sequence[str]) -> dict[str, Any]:
    row = dict(zip(DELIVERY, delivery_row(delivery), strict=True))
    return {name: row[name] for name in names}


def _fresh_columns(delivery: Delivery, now: Micros) -> dict[str, Any]:
    return {**_columns(delivery, DELIVERY), "first_attempt": attempt_document(_attempt(delivery, now))}


def _attempt_columns(delivery: Delivery, now: Micros) -> dict[str, Any]:
    return {
        "tenant_id": delivery.tenant_id,
        "delivery_id": delivery.id,
        "number": delivery.attempts,
        "document": attempt_document(_attempt(delivery, now)),
    }


def _attempt(delivery: Delivery, now: Micros) -> Attempt:
    return Attempt(
        number=delivery.attempts,
        at=now,
        url="",
        exchange=Exchange(cause=Cause.INTERRUPTED),
        next_at=delivery.due_at,
    )


def _chunks(ids: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
