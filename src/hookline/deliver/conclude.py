"""What becomes of a delivery: before an attempt, from its endpoint as it is now; after it, from the outcome."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from hookline.clock import SECOND, Micros
from hookline.deliver.outcome import OUR_DELAY, Delivered, GiveUp, Outcome, RetryLater
from hookline.deliver.retry import delay_before
from hookline.model.attempt import Cause, Exchange
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.retry import AnyRetryPolicy, Schedule

HELD = "The endpoint is paused or disabled"
DELETED = "The endpoint was deleted"
UNSUBSCRIBED = "The endpoint no longer subscribes to this event type"
CUT_OFF = (
    "An attempt was cut off: before the next it is given time to be found, as after an answer that was lost"
)
TOO_OLD = "Older than the endpoint's max_age"


def before(delivery: Delivery, endpoint: Endpoint | None, *, wanted: bool, now: Micros) -> Delivery | None:
    """None: try it now. Else what it becomes without a try. `wanted`: the endpoint still subscribes to its type."""
    if endpoint is None:
        return _ended(delivery, State.CANCELLED, DELETED, now)
    if not wanted:
        return _ended(delivery, State.CANCELLED, UNSUBSCRIBED, now)
    if now >= expires_at(delivery, endpoint):
        return _ended(delivery, State.EXPIRED, TOO_OLD, now)
    if not endpoint.active:
        return msgspec.structs.replace(delivery, state=State.HELD, reason=HELD, due_at=None)
    return None


def after(
    delivery: Delivery, endpoint: Endpoint, exchange: Exchange, outcome: Outcome, now: Micros
) -> Delivery:
    attempts, status, cause = delivery.attempts + 1, exchange.status, exchange.cause
    if isinstance(outcome, Delivered):  # one replacement: it is what nearly all of them come to
        return msgspec.structs.replace(
            delivery,
            attempts=attempts,
            interruptions=0,
            last_status=status,
            last_cause=cause,
            reason="",
            state=State.DELIVERED,
            due_at=None,
            finished_at=now,
        )
    tried = msgspec.structs.replace(
        delivery, attempts=attempts, interruptions=0, last_status=status, last_cause=cause, reason=""
    )
    match outcome:
        case RetryLater():
            return _later(tried, endpoint, outcome, now)
        case GiveUp():
            charged = msgspec.structs.replace(tried, failures=tried.failures + 1)
            return _ended(charged, State.DEAD, outcome.reason, now)
    assert_never(outcome)


def after_all(
    members: Sequence[Delivery], endpoint: Endpoint, exchange: Exchange, outcome: Outcome, now: Micros
) -> list[Delivery]:
    """The same for a batch: its members stay together, so that all are due when the youngest is."""
    if len(members) == 1:
        return [after(members[0], endpoint, exchange, outcome, now)]
    done = [after(one, endpoint, exchange, outcome, now) for one in members]
    due = max((one.due_at for one in done if one.due_at is not None), default=None)
    return done if due is None else [msgspec.structs.replace(one, due_at=due) for one in done]


def interrupted(delivery: Delivery, now: Micros) -> Delivery:
    """We chose to stop in the middle of its exchange: due at once, for whoever goes on. It does not count among the
    interruptions that make a delivery dead: those are crashes, which its payload may have caused.
    """
    return msgspec.structs.replace(
        delivery,
        state=State.PENDING,
        reason="",
        due_at=now,
        attempts=delivery.attempts + 1,
        last_status=None,
        last_cause=Cause.INTERRUPTED,
    )


def given_time(delivery: Delivery, endpoint: Endpoint, draw: float, now: Micros) -> Delivery | None:
    """For a receiver whose search learns late of what was made. None: it has had its time, or needs none."""
    if delivery.last_cause is not Cause.INTERRUPTED or delivery.reason == CUT_OFF:
        return None
    delay = delay_before(endpoint.retry, delivery.failures + 1, draw)
    if delay is None:  # a cut is no failure: another attempt comes though none is left
        delay = OUR_DELAY * (1 + draw)
    return msgspec.structs.replace(
        delivery, state=State.PENDING, reason=CUT_OFF, due_at=Micros(now + int(delay * SECOND))
    )


def cancelled(delivery: Delivery, reason: str, now: Micros) -> Delivery:
    """There was nothing to send."""
    return _ended(delivery, State.CANCELLED, reason, now)


def handed_back(delivery: Delivery, now: Micros) -> Delivery:
    """Not tried: due at once, for whoever has room."""
    return msgspec.structs.replace(delivery, state=State.PENDING, due_at=now)


def expires_at(delivery: Delivery, endpoint: Endpoint) -> float:
    if endpoint.max_age is None:
        return float("inf")
    return delivery.created_at + endpoint.max_age * SECOND


def max_attempts(policy: AnyRetryPolicy) -> int:
    return len(policy.delays) if isinstance(policy, Schedule) else policy.attempts


def _later(delivery: Delivery, endpoint: Endpoint, outcome: RetryLater, now: Micros) -> Delivery:
    due = now + int(outcome.delay_seconds * SECOND)
    return msgspec.structs.replace(
        delivery,
        state=State.PENDING,
        failures=delivery.failures + outcome.charged,
        due_at=Micros(
            int(min(due, expires_at(delivery, endpoint)))
        ),  # it expires on time, not at the next try
    )


def _ended(delivery: Delivery, state: State, reason: str, now: Micros) -> Delivery:
    return msgspec.structs.replace(delivery, state=state, reason=reason, due_at=None, finished_at=now)
