"""Move deliveries to where the state of their endpoint wants them, a bounded number at a time."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, not_, select, text, update

from hookline.clock import MINUTE, Micros
from hookline.model.delivery import State
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.ledger import LaneKey
from hookline.storage.planning import in_state, through
from hookline.storage.schema import UNSETTLED, deliveries, endpoints

_LINGER = MINUTE
"""A node that has not yet heard that an endpoint is active again may hold a delivery of it so much later."""

_LANES_AT_ONCE = 100
_IDS_AT_ONCE = 10_000  # both drivers take some 32,000 parameters
_INDEXES = {
    State.PENDING: ((deliveries.c.due_at, deliveries.c.id), "deliveries_due"),
    State.HELD: ((deliveries.c.id,), "deliveries_held"),
}

_gone = endpoints.c.deleted_at.is_not(None)
_there = endpoints.c.deleted_at.is_(None)


class _Move(NamedTuple):
    """From one state to another, where the endpoint is so."""

    endpoint: ColumnElement[bool]
    old: State
    new: State
    reason: str | None


_MOVES = (
    _Move(and_(_there, not_(endpoints.c.active)), State.PENDING, State.HELD, "The endpoint is inactive."),
    _Move(_gone, State.PENDING, State.CANCELLED, "The endpoint was deleted."),
    _Move(_gone, State.HELD, State.CANCELLED, "The endpoint was deleted."),
    _Move(and_(_there, endpoints.c.active, endpoints.c.held == "release"), State.HELD, State.PENDING, None),
    _Move(
        and_(_there, endpoints.c.active, endpoints.c.held == "cancel"),
        State.HELD,
        State.CANCELLED,
        "The endpoint was enabled again without what had waited.",
    ),
)


def settle_inactive(connection: Connection, now: Micros, limit: int) -> int:
    """Up to `limit` deliveries for each kind of move; returns how many were moved."""
    moved = sum(_settle(connection, move, now, limit) for move in _MOVES)
    _forget_choices(connection, now)
    return moved


def count_waiting(connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId) -> int:
    """What would be cancelled if the endpoint were deleted now."""
    found = (_waiting(literal(tenant_id), literal(endpoint_id), state).subquery() for state in _INDEXES)
    return sum(connection.execute(select(func.count()).select_from(one)).scalar_one() for one in found)


def _settle(connection: Connection, move: _Move, now: Micros, limit: int) -> int:
    moved = 0
    for lane in _lanes(connection, move):
        moved += _settle_lane(connection, move, lane, now, limit - moved)
        if moved == limit:
            break
    return moved


def _lanes(connection: Connection, move: _Move) -> Sequence[LaneKey]:
    """A scalar subquery, not a join: no planner can then begin with the deliveries, which may be millions."""
    one = _waiting(endpoints.c.tenant_id, endpoints.c.id, move.old).limit(1)
    query = select(endpoints.c.tenant_id, endpoints.c.id).where(
        text(f"({UNSETTLED})"), move.endpoint, one.correlate(endpoints).scalar_subquery().is_not(None)
    )
    return [(row.tenant_id, row.id) for row in connection.execute(query.limit(_LANES_AT_ONCE))]


def _settle_lane(connection: Connection, move: _Move, lane: LaneKey, now: Micros, limit: int) -> int:
    tenant_id, endpoint_id = lane
    # What a node is claiming right now it will look at itself. SQLite has one writer and ignores the lock.
    some = _waiting(literal(tenant_id), literal(endpoint_id), move.old).limit(min(limit, _IDS_AT_ONCE))
    ids = connection.execute(some.with_for_update(skip_locked=True)).scalars().all()
    statement = update(deliveries).where(deliveries.c.tenant_id == tenant_id, deliveries.c.id.in_(ids))
    return connection.execute(statement.values(_values(move, now))).rowcount


def _waiting(tenant_id: ColumnElement[str], endpoint_id: ColumnElement[str], state: State) -> Select[str]:
    """Ids of the endpoint's deliveries in `state`, through the partial index of that state."""
    order, index = _INDEXES[state]
    query = select(deliveries.c.id).where(
        deliveries.c.tenant_id == tenant_id, deliveries.c.endpoint_id == endpoint_id, in_state(state)
    )
    return through(query.order_by(*order), index)


def _values(move: _Move, now: Micros) -> dict[str, object]:
    return {
        "state": move.new.value,
        "reason": move.reason,
        "due_at": now if move.new is State.PENDING else None,
        "finished_at": now if move.new is State.CANCELLED else None,
    }


def _forget_choices(connection: Connection, now: Micros) -> None:
    held = _waiting(endpoints.c.tenant_id, endpoints.c.id, State.HELD).limit(1)
    done = and_(
        endpoints.c.held.is_not(None),
        endpoints.c.updated_at <= now - _LINGER,
        held.correlate(endpoints).scalar_subquery().is_(None),
    )
    connection.execute(update(endpoints).where(text(f"({UNSETTLED})"), done).values(held=None))
