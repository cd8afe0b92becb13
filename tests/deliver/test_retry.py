"""Retry delays: exactly the policy's without jitter, never shorter with it, bounded, and at an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.deliver.retry import delay_before
from hookline.model.retry import (
    DEFAULT_RETRY,
    MAX_ATTEMPTS,
    STANDARD_DELAYS,
    AnyRetryPolicy,
    Exponential,
    Fixed,
    Schedule,
)

HOUR, MINUTE = 3600.0, 60.0
LONGEST = 30 * 86_400.0
SECONDS = st.floats(0, LONGEST)
JITTER = st.floats(0, 1)
ATTEMPTS = st.integers(1, MAX_ATTEMPTS)
POLICIES: st.SearchStrategy[AnyRetryPolicy] = st.one_of(
    st.builds(
        Schedule, delays=st.lists(SECONDS, min_size=1, max_size=MAX_ATTEMPTS).map(tuple), jitter=JITTER
    ),
    st.builds(Fixed, delay=SECONDS, attempts=ATTEMPTS, jitter=JITTER),
    st.builds(
        Exponential, first=SECONDS, factor=st.floats(1, 10), cap=SECONDS, attempts=ATTEMPTS, jitter=JITTER
    ),
)
DRAW = st.floats(0, 1, exclude_max=True)


def delays(policy: AnyRetryPolicy, draw: float = 0.0) -> list[float]:
    """All delays of a delivery that never succeeds."""
    found: list[float] = []
    for failures in range(1, MAX_ATTEMPTS + 1):
        delay = delay_before(policy, failures, draw)
        if delay is None:
            return found
        found.append(delay)
    pytest.fail("it never ends")


def test_the_default_is_standard_webhooks_schedule_of_75_h_35_m_05_s() -> None:
    assert delays(DEFAULT_RETRY) == list(STANDARD_DELAYS[1:])
    assert sum(delays(DEFAULT_RETRY)) == 75 * HOUR + 35 * MINUTE + 5


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Schedule(delays=(0, 60, 120, 300, 600)), [60, 120, 300, 600]),
        (Schedule(delays=(0,)), []),
        (Fixed(delay=5, attempts=3), [5, 5]),
        (Fixed(delay=60, attempts=1), []),
        (Exponential(first=120, attempts=6), [2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE, 32 * MINUTE]),
        (Exponential(first=1, factor=10, cap=50, attempts=5), [1, 10, 50, 50]),
        (Exponential(first=10, factor=1, attempts=4), [10, 10, 10]),
    ],
)
def test_each_kind_of_policy_gives_its_delays_to_the_second(
    policy: AnyRetryPolicy, expected: list[float]
) -> None:
    assert delays(policy) == expected


@given(POLICIES, DRAW)
def test_a_delay_is_never_shorter_than_planned_at_most_its_jitter_longer_and_the_last_one_comes(
    policy: AnyRetryPolicy, draw: float
) -> None:
    planned, drawn = delays(policy), delays(policy, draw)
    assert len(planned) == len(drawn) < MAX_ATTEMPTS
    for plan, delay in zip(planned, drawn, strict=True):
        assert plan <= delay <= min(plan * (1 + policy.jitter), 2 * LONGEST) + 1e-6


@given(POLICIES)
def test_exponential_delays_never_shrink(policy: AnyRetryPolicy) -> None:
    if not isinstance(policy, Schedule):
        assert delays(policy) == sorted(delays(policy))
