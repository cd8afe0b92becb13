"""Deliveries: show, list, retry and cancel them. Claiming and recording are the ledger's."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, select, update

from hookline.clock import Micros
from hookline.errors import Conflict
from hookline.model.attempt import Attempt
from hookline.model.delivery import TERMINAL, Delivery, DeliveryDetail, State, sources
from hookline.model.ids import DeliveryId, EndpointId, TenantId
from hookline.model.page import Page
from hookline.storage.backlog import Backlog, count_backlog
from hookline.storage.columns import DELIVERY, read_attempt, read_delivery
from hookline.storage.database import Database
from hookline.storage.filters import DeliveryFilter, on_deliveries
from hookline.storage.in_hand import Span, can_be_in_hand, find_in_hand, list_in_hand
from hookline.storage.schema import attempts, deliveries
from hookline.storage.settle import count_waiting
from hookline.storage.wall import absent, cut, within

_COLUMNS = tuple(deliveries.c[name] for name in DELIVERY)
_BUSY = "This delivery is being sent right now."
_ENDED = tuple(state for state in sources(State.PENDING) if state in TERMINAL)
_STOPPABLE = tuple(state for state in sources(State.CANCELLED) if state is not State.SENDING)


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: TenantId, delivery_id: DeliveryId) -> DeliveryDetail:
        """With every attempt that has ended, in order."""
        return await self._database.read(lambda connection: _get(connection, tenant_id, delivery_id))

    async def list(
        self, tenant_id: TenantId, filters: DeliveryFilter, *, after: str | None = None, limit: int
    ) -> Page[Delivery]:
        """Newest first; those in a node's hand at their place, as `sending`."""
        place = None if after is None else DeliveryId(after)
        return await self._database.read(
            lambda connection: _list(connection, tenant_id, filters, place, limit)
        )

    async def retry(self, tenant_id: TenantId, delivery_id: DeliveryId, now: Micros) -> Delivery:
        """Due now. One that had ended begins its schedule anew; attempts go on counting.

        Raises Conflict while it is being sent or held.
        """
        return await self._database.write(lambda connection: _retry(connection, tenant_id, delivery_id, now))

    async def cancel(self, tenant_id: TenantId, delivery_id: DeliveryId, now: Micros) -> Delivery:
        """Raises Conflict when it has ended, or while it is being sent."""
        return await self._database.write(lambda connection: _cancel(connection, tenant_id, delivery_id, now))

    async def waiting(self, tenant_id: TenantId, endpoint_id: EndpointId) -> int:
        """How many wait for the endpoint, due or held; not those that are being sent."""
        return await self._database.read(lambda connection: count_waiting(connection, tenant_id, endpoint_id))

    async def backlog(self, limit: int) -> Backlog:
        """Of all tenants: what waits, counted up to `limit` for each tenant."""
        return await self._database.read(lambda connection: count_backlog(connection, limit))


def _get(connection: Connection, tenant_id: TenantId, delivery_id: DeliveryId) -> DeliveryDetail:
    query = select(*_COLUMNS, deliveries.c.first_attempt).where(_one(tenant_id, delivery_id))
    row = connection.execute(query).first()
    if row is None:
        promised = find_in_hand(connection, tenant_id, delivery_id)
        if promised is not None:
            return DeliveryDetail(delivery=promised, attempts=())
        row = connection.execute(query).first()  # between the two looks it may have been written
    if row is None:
        raise absent("delivery", delivery_id)
    first = () if row.first_attempt is None else (read_attempt(row.first_attempt),)
    more = _attempts(connection, tenant_id, delivery_id)
    return DeliveryDetail(delivery=read_delivery(tuple(row)), attempts=(*first, *more))


def _attempts(connection: Connection, tenant_id: TenantId, delivery_id: DeliveryId) -> Sequence[Attempt]:
    query = select(attempts.c.document).where(
        within(attempts, tenant_id), attempts.c.delivery_id == delivery_id
    )
    return [read_attempt(row.document) for row in connection.execute(query.order_by(attempts.c.number))]


def _list(
    connection: Connection,
    tenant_id: TenantId,
    filters: DeliveryFilter,
    after: DeliveryId | None,
    limit: int,
) -> Page[Delivery]:
    rows = _rows(connection, tenant_id, filters, after, limit + 1)
    if not can_be_in_hand(filters):
        return cut(rows, limit, lambda delivery: delivery.id)
    span = Span(after, lowest=rows[-1].id if len(rows) > limit else None)
    promised = list_in_hand(connection, tenant_id, filters, span, limit + 1)
    # Again, and last: what has ended in the meantime is then found twice, never missed. Its row wins.
    rows = _rows(connection, tenant_id, filters, after, limit + 1)
    both = {delivery.id: delivery for delivery in (*promised, *rows)}
    newest_first = [both[key] for key in sorted(both, reverse=True)]
    return cut(newest_first, limit, lambda delivery: delivery.id)


def _rows(
    connection: Connection, tenant_id: TenantId, filters: DeliveryFilter, after: DeliveryId | None, limit: int
) -> Sequence[Delivery]:
    query = select(*_COLUMNS).where(within(deliveries, tenant_id), *on_deliveries(tenant_id, filters))
    if after is not None:
        query = query.where(deliveries.c.id < after)
    rows = connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
    return [read_delivery(tuple(row)) for row in rows]


def _retry(connection: Connection, tenant_id: TenantId, delivery_id: DeliveryId, now: Micros) -> Delivery:
    anew = {"failures": 0, "interruptions": 0, "finished_at": None, "reason": None, "batch_id": None}
    due = {"state": State.PENDING.value, "due_at": now}
    moved = _move(connection, _one(tenant_id, delivery_id), _ENDED, {**anew, **due})
    moved = moved or _move(connection, _one(tenant_id, delivery_id), (State.PENDING,), due)
    if moved is not None:
        return moved
    if _get(connection, tenant_id, delivery_id).delivery.state is State.HELD:
        raise Conflict(
            "This delivery is held because its endpoint is inactive.",
            hint="Enable the endpoint and release what is held.",
        )
    raise Conflict(_BUSY, hint="Wait for the attempt to end; it is retried by itself if it fails.")


def _cancel(connection: Connection, tenant_id: TenantId, delivery_id: DeliveryId, now: Micros) -> Delivery:
    end = {
        "state": State.CANCELLED.value,
        "reason": "Cancelled by a person.",
        "due_at": None,
        "finished_at": now,
    }
    moved = _move(connection, _one(tenant_id, delivery_id), _STOPPABLE, end)
    if moved is not None:
        return moved
    state = _get(connection, tenant_id, delivery_id).delivery.state
    if state is State.SENDING:
        raise Conflict(_BUSY, hint="Cancel it when the attempt has ended; to stop all, disable the endpoint.")
    raise Conflict(f"This delivery has ended: it is {state}.", hint="Only what still waits can be cancelled.")


def _move(
    connection: Connection,
    which: ColumnElement[bool],
    old: Sequence[State],
    values: Mapping[str, object],
) -> Delivery | None:
    """None when it is in none of the states `old`, or is not there."""
    statement = update(deliveries).where(which, deliveries.c.state.in_([state.value for state in old]))
    row = connection.execute(statement.values(values).returning(*_COLUMNS)).first()
    return None if row is None else read_delivery(tuple(row))


def _one(tenant_id: TenantId, delivery_id: DeliveryId) -> ColumnElement[bool]:
    return within(deliveries, tenant_id) & (deliveries.c.id == delivery_id)
