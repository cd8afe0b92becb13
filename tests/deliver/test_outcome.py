"""What each kind of answer and failure means for the delivery, its endpoint and its lane."""

from typing import Any

import pytest

from hookline.clock import SECOND, Micros
from hookline.deliver.outcome import (
    USED_UP,
    Delivered,
    GiveUp,
    Outcome,
    RetryLater,
    blames_endpoint,
    judge,
    speaks_of_receiver,
)
from hookline.model.attempt import Cause, Exchange
from hookline.model.retry import DEFAULT_RETRY, AnyRetryPolicy, Fixed, Schedule

NOW = Micros(1_701_964_800 * SECOND)
OURS = {Cause.PROXY_FAILED, Cause.INTERRUPTED}


def after(
    exchange: Exchange, policy: AnyRetryPolicy = DEFAULT_RETRY, failures: int = 0, draw: float = 0.0
) -> Outcome:
    return judge(exchange, policy, failures=failures, now=NOW, draw=draw)


def answer(status: int, retry_after: str | None = None, **changes: Any) -> Exchange:
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    cause = None if 200 <= status < 300 else Cause.STATUS
    return Exchange(**{"status": status, "headers": headers, "cause": cause} | changes)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_every_2xx_is_delivered(status: int) -> None:
    assert after(answer(status)) == Delivered()


def test_a_2xx_whose_body_was_cut_is_delivered() -> None:
    assert after(answer(200, truncated=True, cause=Cause.TIMEOUT)) == Delivered()


@pytest.mark.parametrize(
    "status", [100, 199, 300, 301, 302, 304, 307, 400, 401, 404, 408, 409, 422, 429, 500, 503, 599]
)
def test_every_other_status_is_retried(status: int) -> None:
    assert after(answer(status)) == RetryLater(delay_seconds=5.0)


@pytest.mark.parametrize("cause", sorted(set(Cause) - OURS - {Cause.STATUS, Cause.NOT_SENT, Cause.TEMPLATE}))
def test_every_network_error_is_retried_and_blames_the_endpoint(cause: Cause) -> None:
    assert after(Exchange(cause=cause)) == RetryLater(delay_seconds=5.0)
    assert blames_endpoint(Exchange(cause=cause))


@pytest.mark.parametrize("cause", sorted(OURS))
@pytest.mark.parametrize("failures", [0, 9, 50])
def test_our_own_fault_is_charged_to_nobody_even_when_the_attempts_are_used_up(
    cause: Cause, failures: int
) -> None:
    assert after(Exchange(cause=cause), failures=failures) == RetryLater(delay_seconds=30.0, charged=False)
    assert after(Exchange(cause=cause), draw=0.5) == RetryLater(delay_seconds=45.0, charged=False)
    assert not blames_endpoint(Exchange(cause=cause))


@pytest.mark.parametrize("cause", [Cause.NOT_SENT, Cause.TEMPLATE])
def test_what_cannot_be_sent_uses_the_attempts_up_but_says_nothing_of_the_receiver(cause: Cause) -> None:
    exchange = Exchange(cause=cause, detail="There is no dialect none-such.")
    assert after(exchange) == RetryLater(delay_seconds=5.0)
    assert after(exchange, failures=9) == GiveUp(reason=f"{USED_UP}: There is no dialect none-such.")
    assert not blames_endpoint(exchange)
    assert not speaks_of_receiver(exchange)


def test_the_last_failure_gives_up_and_leaves_the_endpoint_active() -> None:
    assert after(answer(500), failures=8) == RetryLater(delay_seconds=86_400.0)
    assert after(answer(500), failures=9) == GiveUp(reason=USED_UP)


def test_410_gives_up_at_once_and_disables_the_endpoint_unless_the_policy_says_otherwise() -> None:
    gone = after(answer(410, retry_after="60"))
    assert isinstance(gone, GiveUp)
    assert gone.disable
    assert after(answer(410), Schedule(gone=False)) == RetryLater(delay_seconds=5.0)


@pytest.mark.parametrize(
    ("status", "asked", "delay", "hold"),
    [
        (500, "120", 120, 0),
        (400, "120", 120, 0),
        (302, "120", 120, 0),
        (429, "120", 120, 120),
        (503, "120", 120, 120),
        (503, "2", 5, 2),
        (503, "0", 5, 0),
        (429, "-5", 5, 0),
        (429, "soon", 5, 0),
        (503, "999999999", 86_400, 86_400),
        (503, "Thu, 07 Dec 2023 16:02:00 GMT", 120, 120),
        (503, "Thu, 07 Dec 2023 15:02:00 GMT", 5, 0),
    ],
)
def test_retry_after_lengthens_the_schedules_delay_and_429_and_503_hold_the_lane(
    status: int, asked: str, delay: float, hold: float
) -> None:
    assert after(answer(status, asked)) == RetryLater(delay_seconds=delay, hold_seconds=hold)


def test_retry_after_of_a_day_does_not_shorten_a_longer_schedule() -> None:
    policy = Fixed(delay=172_800, attempts=2, jitter=0)
    assert after(answer(503, "60"), policy) == RetryLater(delay_seconds=172_800, hold_seconds=60)


def test_a_lane_is_held_also_when_this_delivery_gives_up() -> None:
    assert after(answer(429, "60"), failures=9) == GiveUp(reason=USED_UP, hold_seconds=60)


def test_a_policy_can_switch_retry_after_off() -> None:
    assert after(answer(503, "120"), Schedule(retry_after=False)) == RetryLater(delay_seconds=5.0)


@pytest.mark.parametrize(
    ("status", "blamed"),
    [(301, False), (400, False), (404, False), (410, False), (429, True), (500, True), (503, True)],
)
def test_an_answer_about_one_event_does_not_blame_the_endpoint_and_an_overload_does(
    status: int, *, blamed: bool
) -> None:
    assert blames_endpoint(answer(status)) is blamed
