"""What the judge lets pass, and what it must not."""

from typing import Any

import pytest

from hookline.clock import Micros
from hookline.model.attempt import Attempt, Cause, Exchange, Timings
from tests.torture.kept import Kept
from tests.torture.receivers import Arrival
from tests.torture.repeats import EXCUSED, excused_in, repeated, too_many_excused

TIMEOUT = 1.0
OK = Exchange(status=200)
LATE = Exchange(cause=Cause.TIMEOUT, detail="the deadline passed", timings=Timings(total=1000.3))
JUST = Exchange(cause=Cause.TIMEOUT, detail="the deadline passed", timings=Timings(total=999.4))
HASTY = Exchange(cause=Cause.TIMEOUT, detail="the deadline passed", timings=Timings(total=900.0))
FAILED = Exchange(status=500, cause=Cause.STATUS)
CUT = Exchange(cause=Cause.INTERRUPTED)
RESENT = Exchange(status=200, resent=True)


def kept(*exchanges: Exchange) -> Kept:
    """Delivered by the last of these."""
    attempts = [
        Attempt(number=number, at=Micros(number), url="http://127.0.0.1/", exchange=exchange)
        for number, exchange in enumerate(exchanges, 1)
    ]
    fields: dict[str, Any] = dict.fromkeys(("id", "event_id", "endpoint_id", "reason", "order_key"), "")
    return Kept(**fields, state="delivered", attempts=tuple(attempts), seq=0, counted=len(attempts))


def arrived(*attempts: tuple[int, bool]) -> list[Arrival]:
    """Their numbers, and whether 200 was written."""
    return [
        Arrival(at=float(place), attempt=number, body=b"", succeeded_at=place + 0.5 if good else None)
        for place, (number, good) in enumerate(attempts)
    ]


@pytest.mark.parametrize(
    ("exchanges", "arrivals"),
    [
        ([OK], [(1, True)]),
        ([FAILED, OK], [(1, False), (2, True)]),
        ([LATE, OK], [(1, True), (2, True)]),
        ([LATE, FAILED, OK], [(1, True), (2, False), (3, True)]),
        ([LATE, LATE, OK], [(1, True), (2, True), (3, True)]),
        ([JUST, OK], [(1, True), (2, True)]),
        ([CUT, OK], [(1, True), (2, True)]),
        ([RESENT], [(1, True), (1, True)]),
    ],
)
def test_an_attempt_that_the_gateway_could_not_know_had_succeeded_is_rightly_repeated(
    exchanges: list[Exchange], arrivals: list[tuple[int, bool]]
) -> None:
    assert not repeated(kept(*exchanges), arrived(*arrivals), TIMEOUT)


@pytest.mark.parametrize(
    ("exchanges", "arrivals"),
    [
        ([OK], [(1, True), (1, True)]),
        ([OK], [(1, True), (1, False)]),
        ([OK], [(1, True), (2, True)]),
        ([FAILED, OK], [(1, True), (2, True)]),
        ([LATE, OK], [(1, True), (1, True), (2, True)]),
        ([LATE, OK], [(1, True), (2, True), (2, True)]),
        ([LATE, OK], [(1, False), (2, True), (3, True)]),
        ([LATE, OK], [(1, True), (2, True), (3, False)]),
        ([LATE, OK], [(1, True), (2, False), (3, False)]),
        ([LATE, FAILED, OK], [(1, True), (2, False), (1, True), (3, True)]),
        ([LATE, FAILED, OK], [(1, True), (2, False), (2, False), (3, True)]),
        ([LATE, FAILED], [(1, True), (2, False), (1, False)]),
        ([HASTY, OK], [(1, True), (2, True)]),
    ],
)
def test_a_plain_duplicate_is_a_fault(exchanges: list[Exchange], arrivals: list[tuple[int, bool]]) -> None:
    assert repeated(kept(*exchanges), arrived(*arrivals), TIMEOUT)


@pytest.mark.parametrize(
    ("exchanges", "arrivals", "count"),
    [
        ([LATE, FAILED, LATE, OK], [(1, True), (2, False), (3, True), (4, True)], 2),
        ([LATE, OK], [(1, False), (2, True)], 0),
        ([HASTY, OK], [(1, True), (2, True)], 0),
        ([CUT, LATE, OK], [(1, True), (2, True), (3, True)], 0),
    ],
)
def test_what_is_let_pass_because_it_came_too_late_is_counted(
    exchanges: list[Exchange], arrivals: list[tuple[int, bool]], count: int
) -> None:
    assert excused_in(kept(*exchanges), arrived(*arrivals), TIMEOUT) == count


def test_more_of_it_than_a_starved_gateway_explains_is_a_fault() -> None:
    assert not too_many_excused(0, 0)
    assert not too_many_excused(int(5000 * EXCUSED), 5000)
    assert too_many_excused(int(5000 * EXCUSED) + 1, 5000) == "51 of 5000 requests succeeded too late"
