"""Nodes: who is alive, and what becomes of the work of those who are not.

A node is one start of one process. It keeps a lease by its heartbeat; when that has run out, whoever notices
first takes over in one transaction: its rows in state `sending` and the deliveries that its events name as in
hand become due again, each with an attempt told as `interrupted`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from hookline.clock import Clock, Micros
from hookline.model.attempt import Attempt, Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.ids import EventId, NodeId, TenantId, delivery_id
from hookline.storage.columns import DELIVERY, attempt_document, delivery_row, read_delivery
from hookline.storage.database import Database
from hookline.storage.ledger import LaneKey
from hookline.storage.schema import attempts, deliveries, events, lanes, nodes, tenants

MAX_INTERRUPTIONS = 5
"""Attempts cut off in a row after which a delivery is dead: a payload that kills the process must not kill it for ever."""
_POISON = f"{MAX_INTERRUPTIONS} attempts in a row were cut off by a stop of the gateway"
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
        """Take over every node but `node` whose lease has run out; `alone`: every other (SQLite serves one process)."""

        def work(connection: Connection) -> list[TakenOver]:
            now = self._now(connection)
            dead = select(nodes.c.id, nodes.c.watermark).where(nodes.c.id != node)
            if not alone:
                dead = dead.where(nodes.c.heartbeat_at + nodes.c.lease < now)
            rows = connection.execute(dead.with_for_update(skip_locked=True)).all()
            return [_take_over(connection, row[0], row[1], now) for row in rows]

        return await self._database.write(work)

    async def leave(self, node: NodeId) -> None:
        """A clean stop: nothing is in hand any more."""

        def work(connection: Connection) -> None:
            connection.execute(update(lanes).where(lanes.c.owner == node).values(owner=None))
            connection.execute(delete(nodes).where(nodes.c.id == node))

        await self._database.write(work)

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

    async def forget_lane(self, node: NodeId, lane: LaneKey) -> None:
        """The lane is healthy again and anybody's."""
        tenant, endpoint = lane
        mine = (lanes.c.tenant_id == tenant, lanes.c.endpoint_id == endpoint, lanes.c.owner == node)
        await self._database.write(lambda connection: connection.execute(delete(lanes).where(*mine)))

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


def _return_rows(connection: Connection, dead: NodeId, now: Micros) -> int:
    columns = [deliveries.c[name] for name in DELIVERY]
    where = (deliveries.c.owner == dead, deliveries.c.state == State.SENDING.value)
    cut_off = [
        _interrupted(read_delivery(tuple(row)), now)
        for row in connection.execute(select(*columns).where(*where))
    ]
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
    return len(cut_off)


def _return_in_hand(connection: Connection, dead: NodeId, watermark: EventId, now: Micros) -> int:
    """The deliveries that were in hand and have no row get one. Their first interruption does not count: whether
    they were sent is not known, and five quick restarts must not kill what was never tried.
    """
    wanted = {delivery.id: delivery for delivery in _in_hand(connection, dead, watermark, now)}
    for chunk in _chunks(list(wanted)):
        known = connection.execute(
            select(deliveries.c.id).where(
                deliveries.c.id.in_(chunk),
                deliveries.c.tenant_id.in_({wanted[id_].tenant_id for id_ in chunk}),
            )
        )
        for row in known.all():
            del wanted[row[0]]
    if wanted:
        connection.execute(
            insert(deliveries), [_fresh_columns(delivery, now) for delivery in wanted.values()]
        )
    return len(wanted)


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


def _interrupted(delivery: Delivery, now: Micros) -> Delivery:
    interruptions = delivery.interruptions + 1
    dead = interruptions >= MAX_INTERRUPTIONS
    return msgspec.structs.replace(
        delivery,
        state=State.DEAD if dead else State.PENDING,
        reason=_POISON if dead else "",
        due_at=None if dead else now,
        finished_at=now if dead else None,
        attempts=delivery.attempts + 1,
        interruptions=interruptions,
        last_status=None,
        last_cause=Cause.INTERRUPTED,
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
