"""Move deliveries to where the state of their endpoint wants them, a bounded number at a time."""

from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    exists,
    literal_column,
    not_,
    select,
    text,
    tuple_,
    update,
)

from hookline.clock import MINUTE, Micros
from hookline.model.delivery import State
from hookline.storage.schema import UNSETTLED, deliveries, endpoints
from hookline.storage.wall import once

_LINGER = MINUTE
"""A node that has not yet heard that an endpoint is active again may hold a delivery of it so much later."""

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


def _settle(connection: Connection, move: _Move, now: Micros, limit: int) -> int:
    key = tuple_(deliveries.c.tenant_id, deliveries.c.id)
    of_endpoint = and_(
        deliveries.c.tenant_id == endpoints.c.tenant_id,
        deliveries.c.endpoint_id == endpoints.c.id,
        in_state(move.old),
    )
    some = (
        select(deliveries.c.tenant_id, deliveries.c.id)
        .join_from(endpoints, deliveries, of_endpoint)
        .where(text(f"({UNSETTLED})"), move.endpoint)
        .limit(limit)
        # What a node is claiming right now it will look at itself. SQLite has one writer and ignores this.
        .with_for_update(of=deliveries, skip_locked=True)
    )
    statement = update(deliveries).where(key.in_(once(some)), in_state(move.old))
    return connection.execute(statement.values(_values(move, now))).rowcount


def _values(move: _Move, now: Micros) -> dict[str, object]:
    return {
        "state": move.new.value,
        "reason": move.reason,
        "due_at": now if move.new is State.PENDING else None,
        "finished_at": now if move.new is State.CANCELLED else None,
    }


def _forget_choices(connection: Connection, now: Micros) -> None:
    waiting = exists().where(
        deliveries.c.tenant_id == endpoints.c.tenant_id,
        deliveries.c.endpoint_id == endpoints.c.id,
        in_state(State.HELD),
    )
    done = and_(endpoints.c.held.is_not(None), endpoints.c.updated_at <= now - _LINGER, not_(waiting))
    connection.execute(update(endpoints).where(text(f"({UNSETTLED})"), done).values(held=None))


def in_state(state: State) -> ColumnElement[bool]:
    """As a literal: a planner proves a partial index by the text of the statement, not by its parameters."""
    return deliveries.c.state == literal_column(f"'{state.value}'", Text)
