"""Outcome: what one exchange means for its delivery, and for the pace of its endpoint."""

import msgspec

from hookline.clock import Micros
from hookline.deliver.pace import Notice, Pace
from hookline.deliver.retry import delay_before
from hookline.deliver.retry_after import LONGEST, retry_after
from hookline.deliver.verdict import Verdict
from hookline.model.attempt import Cause, Exchange
from hookline.model.retry import AnyRetryPolicy

OUR_FAULTS = frozenset({Cause.PROXY_FAILED, Cause.INTERRUPTED})
"""Causes that pass by themselves: they neither use up the delivery's attempts nor slow its endpoint down."""
_BEFORE_SENDING = frozenset({Cause.NOT_SENT, Cause.TEMPLATE, Cause.TOKEN_FAILED})
_UNTOLD = OUR_FAULTS | {Cause.NOT_SENT, Cause.TEMPLATE}
"""Causes that say nothing of the receiver."""
OUR_DELAY = 30.0
"""Seconds, up to twice that with jitter, until a delivery that failed by our fault is tried again."""

SUCCESS = range(200, 300)
SERVER_ERRORS = range(500, 600)
GONE = 410
TOO_MANY = 429
UNAVAILABLE = 503
USED_UP = "attempts used up"


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    pass


class RetryLater(msgspec.Struct, frozen=True, kw_only=True, tag="retry_later"):
    delay_seconds: float
    hold_seconds: float = 0.0
    """The endpoint's whole lane rests for so long: its receiver asked for it."""
    charged: bool = True
    """False: our fault; the retry schedule does not count it."""


class GiveUp(msgspec.Struct, frozen=True, kw_only=True, tag="give_up"):
    reason: str
    disable: bool = False
    """The endpoint is switched off too."""
    hold_seconds: float = 0.0


Outcome = Delivered | RetryLater | GiveUp
DELIVERED = Delivered()


def judge(exchange: Exchange, policy: AnyRetryPolicy, *, failures: int, now: Micros, draw: float) -> Outcome:
    """`failures` counts the charged failures before this exchange; `draw`, from 0 up to 1, supplies the jitter."""
    if succeeded(exchange):
        return DELIVERED
    if exchange.status == GONE and policy.gone:
        return GiveUp(reason="The receiver answered 410 Gone", disable=True)
    delay = delay_before(policy, failures + 1, draw)
    reason = _used_up(exchange) if delay is None else ""
    return _failed(exchange, delay, _asked(exchange, policy, now), reason, draw)


def judge_verdict(
    verdict: Verdict, policy: AnyRetryPolicy, *, failures: int, now: Micros, draw: float
) -> Outcome:
    """The same where a preset has read the answer: it says what is good, what passes, and what will never do."""
    exchange = verdict.exchange
    if exchange.cause is None:
        return DELIVERED
    delay = None if verdict.final else delay_before(policy, failures + 1, draw)
    asked = max(
        _asked(exchange, policy, now), min(verdict.retry_after, LONGEST) if policy.retry_after else 0.0
    )
    reason = verdict.final or (_used_up(exchange) if delay is None else "")
    return _failed(exchange, delay, asked, reason, draw)


def _failed(exchange: Exchange, delay: float | None, asked: float, reason: str, draw: float) -> Outcome:
    """`delay` None: no attempt is left."""
    if exchange.status is None and exchange.cause in OUR_FAULTS:
        return RetryLater(delay_seconds=OUR_DELAY * (1 + draw), charged=False)
    hold = asked if exchange.status in {TOO_MANY, UNAVAILABLE} else 0.0
    if delay is None:
        return GiveUp(reason=reason, hold_seconds=hold)
    return RetryLater(delay_seconds=max(delay, asked), hold_seconds=hold)


def _asked(exchange: Exchange, policy: AnyRetryPolicy, now: Micros) -> float:
    return retry_after(exchange.headers, now) if policy.retry_after else 0.0


def succeeded(exchange: Exchange) -> bool:
    """A complete 2xx header section decides; what became of the body is only recorded."""
    return exchange.status in SUCCESS


def speaks_of_receiver(exchange: Exchange) -> bool:
    """False: it was never asked, or we cannot know; the endpoint's pace stays as it is. Its token server counts as a
    part of it: while that gives nothing, every request would fail the same way.
    """
    return exchange.status is not None or exchange.cause not in _UNTOLD


def blames_endpoint(exchange: Exchange) -> bool:
    """Whether this failure says that the receiver as a whole is down or overloaded (no answer, 5xx, 429), rather
    than that it dislikes one event.
    """
    if exchange.status is None:
        return speaks_of_receiver(exchange)
    return exchange.status in SERVER_ERRORS or exchange.status == TOO_MANY


def pace_after(
    pace: Pace, exchange: Exchange, outcome: Outcome, concurrency: int, now: Micros
) -> tuple[Pace, tuple[Notice, ...]]:
    """The endpoint's pace from here on, and what must be told. The same pace when nothing changed."""
    if not speaks_of_receiver(exchange):
        return pace, ()
    success = isinstance(outcome, Delivered)
    after, notices = pace.on_result(
        blamed=blames_endpoint(exchange), success=success, now=now, concurrency=concurrency
    )
    if not isinstance(outcome, Delivered) and outcome.hold_seconds:
        after = after.held(outcome.hold_seconds, now)
    return after, notices


def _used_up(exchange: Exchange) -> str:
    """Nobody but us knows why a request could not be made, so it is told."""
    if exchange.status is None and exchange.cause in _BEFORE_SENDING:
        return f"{USED_UP}: {exchange.detail}"
    return USED_UP
