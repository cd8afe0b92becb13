"""Delivery: one event for one endpoint. Its states and their legal moves are the table below; nothing else moves one."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from hookline.clock import Micros
from hookline.model.attempt import Attempt, Cause
from hookline.model.ids import BatchId, DeliveryId, EndpointId, EventId, TenantId


class State(StrEnum):
    PENDING = "pending"
    """Due at a time."""
    SENDING = "sending"
    """In the hands of a node."""
    HELD = "held"
    """Its endpoint is paused or disabled."""
    DELIVERED = "delivered"
    """A receiver answered 2xx."""
    DEAD = "dead"
    """Given up: attempts used up, a 410, or the sole suspect of five interrupted attempts in a row."""
    CANCELLED = "cancelled"
    """By a person, or because its endpoint was deleted or no longer subscribes."""
    EXPIRED = "expired"
    """Older than the endpoint's `max_age`."""


P, S, H, D, X, C, E = State
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        P: frozenset({S, H, C, E, D}),  # D: by a batch or a twin attempt that a takeover had given up
        S: frozenset({P, H, D, X, C, E}),
        H: frozenset({P, C, E}),
        D: frozenset({P}),  # replay
        X: frozenset({P}),  # redrive, retry now
        C: frozenset({P}),
        E: frozenset({P}),
    }
)
TERMINAL = frozenset({State.DELIVERED, State.DEAD, State.CANCELLED, State.EXPIRED})
OPEN = frozenset(State) - TERMINAL


def sources(new: State) -> tuple[State, ...]:
    """The states from which `new` may be reached."""
    return tuple(old for old in State if new in TRANSITIONS[old])


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    id: DeliveryId
    tenant_id: TenantId
    event_id: EventId
    endpoint_id: EndpointId
    event_type: str
    state: State
    reason: str = ""
    """Why it is held, dead, cancelled or expired."""
    due_at: Micros | None = None
    """When the next attempt is due; None when none is."""
    attempts: int = 0
    """How many were begun: the number of the last one."""
    failures: int = 0
    """How many of them the retry schedule counts; interrupted and manual ones it does not."""
    interruptions: int = 0
    """Interrupted attempts in a row."""
    last_status: int | None = None
    last_cause: Cause | None = None
    created_at: Micros
    finished_at: Micros | None = None
    order_key: str | None = None
    """Those with the same key go one after the other; None: not ordered."""
    batch_id: BatchId | None = None


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with every attempt."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]
