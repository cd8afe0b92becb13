"""Pace: what an endpoint may get after failures and successes, and when it is switched off."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import DAY, HOUR, SECOND, Micros
from hookline.deliver.pace import Disable, FailingFor, Notice, Pace, Recovered

WIDE = 32
GOOD, BAD, DISLIKED = (False, True), (True, False), (False, False)
"""(blamed, success)"""
STEPS = st.lists(
    st.tuples(
        st.sampled_from([GOOD, BAD, DISLIKED]), st.integers(0, 40 * HOUR), st.none() | st.floats(0, 200_000)
    ),
    max_size=60,
)


def told(
    pace: Pace, result: tuple[bool, bool], now: int, concurrency: int = WIDE
) -> tuple[Pace, tuple[Notice, ...]]:
    blamed, success = result
    return pace.on_result(blamed=blamed, success=success, now=Micros(now), concurrency=concurrency)


def run(pace: Pace, results: list[tuple[bool, bool]], now: int = 0, concurrency: int = WIDE) -> Pace:
    for result in results:
        pace, _ = told(pace, result, now, concurrency)
    return pace


def room(pace: Pace, now: int, in_flight: int = 0, concurrency: int = WIDE) -> int:
    return pace.room(in_flight, concurrency, Micros(now))


def test_a_healthy_endpoint_gets_its_concurrency_less_what_is_in_flight() -> None:
    assert room(Pace(), 0) == WIDE
    assert room(Pace(), 0, in_flight=30) == 2
    assert room(Pace(), 0, in_flight=40) == 0


def test_a_success_at_full_speed_changes_nothing() -> None:
    pace = Pace()
    assert told(pace, GOOD, 0)[0] is pace


def test_the_third_blamed_failure_in_a_row_leaves_one_probe_a_second_later() -> None:
    assert room(run(Pace(), [BAD, BAD]), 0) == WIDE
    pace = run(Pace(), [BAD, BAD, BAD])
    assert room(pace, 0) == 0
    assert pace.wakes_at(Micros(0)) == 1 * SECOND
    assert room(pace, 1 * SECOND) == 1
    assert room(pace, 1 * SECOND, in_flight=1) == 0


def test_failures_that_are_not_in_a_row_do_not_slow_an_endpoint() -> None:
    assert room(run(Pace(), [BAD, BAD, GOOD] * 10), 0) == WIDE
    assert room(run(Pace(), [BAD, BAD, DISLIKED] * 10), 0) == WIDE


def test_events_that_the_receiver_dislikes_never_slow_it() -> None:
    assert room(run(Pace(), [DISLIKED] * 100), 0) == WIDE


def test_probes_come_1_2_4_8_16_30_and_30_seconds_apart() -> None:
    pace, now, gaps = run(Pace(), [BAD] * 3), 0, []
    for _ in range(7):
        gaps.append((pace.probe_at - now) // SECOND)
        now = pace.probe_at
        pace, _ = told(pace, BAD, now)
    assert gaps == [1, 2, 4, 8, 16, 30, 30]


def test_stragglers_of_the_fall_do_not_push_the_first_probe_away() -> None:
    assert run(Pace(), [BAD] * WIDE).probe_at == 1 * SECOND


def test_after_a_good_probe_the_allowance_doubles_each_round_trip_up_to_the_concurrency() -> None:
    pace, widths = run(Pace(), [BAD] * 3), []
    now = pace.probe_at
    for _ in range(6):
        widths.append(room(pace, now))
        pace = run(pace, [GOOD] * widths[-1], now)
    assert widths == [1, 2, 4, 8, 16, 32]
    assert pace == Pace()


def test_a_receiver_that_answers_a_probe_with_400_is_up() -> None:
    pace = run(Pace(), [BAD, BAD, BAD, DISLIKED], now=5 * SECOND)
    assert room(pace, 5 * SECOND) == 2
    assert pace.failing_since == 5 * SECOND


def test_a_blamed_failure_while_climbing_halves_and_three_in_a_row_fall_to_the_probe() -> None:
    climbed = run(Pace(), [BAD] * 3 + [GOOD] * 15)
    assert room(climbed, 0) == 16
    assert room(run(climbed, [BAD]), 0) == 8
    assert room(run(climbed, [BAD, BAD]), 0) == 4
    assert room(run(climbed, [BAD, BAD, BAD]), 0) == 0


def test_a_hold_stops_everything_until_its_end_and_a_shorter_one_does_not_shorten_it() -> None:
    pace = Pace().held(60, Micros(0))
    assert pace.held(10, Micros(0)) is pace
    assert room(pace, 60 * SECOND - 1) == 0
    assert room(pace, 60 * SECOND) == WIDE
    assert Pace().held(1e12, Micros(0)).hold_until == DAY


def test_the_first_result_after_a_hold_clears_it_and_one_within_it_does_not() -> None:
    pace = Pace().held(60, Micros(0))
    assert run(pace, [GOOD], 59 * SECOND).hold_until == 60 * SECOND
    assert run(pace, [GOOD], 60 * SECOND) == Pace()


def failing(days: float, step: int) -> list[tuple[int, Notice]]:
    """What is told while an endpoint fails every `step` for `days`."""
    pace, heard = Pace(), list[tuple[int, Notice]]()
    for now in range(0, int(days * DAY) + 1, step):
        pace, notices = told(pace, BAD, now)
        heard += [(now, notice) for notice in notices]
    return heard


def test_notices_come_after_one_and_three_days_and_five_days_of_failure_only_disable_once() -> None:
    assert failing(7, HOUR) == [
        (1 * DAY, FailingFor(since=Micros(0), after=1 * DAY)),
        (3 * DAY, FailingFor(since=Micros(0), after=3 * DAY)),
        (5 * DAY, Disable(since=Micros(0))),
    ]


def test_an_endpoint_that_only_answers_400_for_five_days_is_disabled_too() -> None:
    pace, notices = Pace(), list[Notice]()
    for now in range(0, 5 * DAY + 1, HOUR):
        pace, more = told(pace, DISLIKED, now)
        notices += more
    assert notices[-1] == Disable(since=Micros(0))
    assert room(pace, 5 * DAY) == WIDE


def test_failures_days_apart_are_not_five_days_of_failure() -> None:
    assert failing(60, 37 * HOUR) == []


def test_one_success_ends_the_period_and_is_told_when_the_failure_was() -> None:
    pace = run(run(Pace(), [BAD], 0), [BAD], DAY)
    pace, notices = told(pace, GOOD, DAY + 1)
    assert notices == (Recovered(since=Micros(0)),)
    assert pace.failing_since is None
    assert told(run(Pace(), [BAD]), GOOD, 1)[1] == ()


@given(STEPS, st.integers(1, 100))
def test_whatever_happens_a_pace_can_be_stored_stays_in_bounds_wakes_and_climbs_back(
    steps: list[tuple[tuple[bool, bool], int, float | None]], concurrency: int
) -> None:
    pace, now, last_success, first_failure = Pace(), 0, -1, None
    for result, wait, hold in steps:
        now += wait
        pace = pace if hold is None else pace.held(hold, Micros(now))
        pace, notices = told(pace, result, now, concurrency)
        if result == GOOD:
            last_success, first_failure = now, None
        elif first_failure is None:
            first_failure = now
        assert msgspec.json.decode(msgspec.json.encode(pace), type=Pace) == pace
        assert 0 <= room(pace, now, concurrency=concurrency) <= concurrency
        for notice in notices:
            if isinstance(notice, Disable):
                assert last_success < notice.since <= now - 5 * DAY
    wake = pace.wakes_at(Micros(now)) or Micros(now)
    assert wake <= now + DAY
    assert room(pace, wake, concurrency=concurrency) >= 1
    healed = run(pace, [GOOD] * (concurrency + 1), wake, concurrency)
    assert room(healed, wake, concurrency=concurrency) == concurrency
    assert not healed.suspect
