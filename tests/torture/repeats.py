"""Repeats: what came to a receiver more often than once, and whether what the gateway tells explains it."""

import itertools
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hookline.model.attempt import Cause
from tests.torture.kept import Kept
from tests.torture.receivers import Arrival

EXCUSED = 0.01
"""Of the requests, so many may be successes that came too late. There are none on a machine that has time. A stall of a
second meets what is under way to the one receiver that answers and has no longer deadline: a handful among thousands.
A client that loses answers does so always, and at every receiver.
"""
EARLY = 5.0
"""Milliseconds before its deadline that an exchange may say that it was over: the loop's clock counts whole ones."""


def untold_in(one: Kept, arrivals: Sequence[Arrival]) -> int:
    """An attempt is one request; two, when the client sent it again on a fresh connection, which an attempt that
    was cut off may have lived to do and not to tell.
    """
    told = {
        attempt.number: 1 + (attempt.exchange.resent or attempt.exchange.cause is Cause.INTERRUPTED)
        for attempt in one.attempts
    }
    saw = Counter(arrival.attempt for arrival in arrivals)
    return sum(max(0, count - told.get(number, 0)) for number, count in saw.items())


def repeated(one: Kept, arrivals: Sequence[Arrival], timeout: float) -> bool:
    """Whether it was sent once more after a success that the gateway must have heard of.

    It need not have where something was cut off, nor where this very attempt is told as timed out: a receiver knows
    only that it wrote its 200, and of a gateway that got no processor meanwhile the deadline may have passed before
    it read. What comes then are the next attempts, each once and each told.
    """
    if _cut_off(one):
        return False
    told, late = {attempt.number for attempt in one.attempts}, _late(one, timeout)
    since = itertools.dropwhile(lambda arrival: arrival.succeeded_at is None, arrivals)
    return any(
        following.attempt <= former.attempt
        or following.attempt not in told
        or (former.succeeded_at is not None and former.attempt not in late)
        for former, following in pairwise(since)
    )


def excused_in(one: Kept, arrivals: Sequence[Arrival], timeout: float) -> int:
    """How many successes were followed by more, and `repeated` lets them pass because the deadline was over."""
    late = frozenset() if _cut_off(one) else _late(one, timeout)
    return sum(arrival.succeeded_at is not None and arrival.attempt in late for arrival in arrivals[:-1])


def too_many_excused(excused: int, requests: int) -> str:
    """What is wrong, or nothing."""
    return f"{excused} of {requests} requests succeeded too late" if excused > EXCUSED * requests else ""


def _cut_off(one: Kept) -> bool:
    exchanges = [attempt.exchange for attempt in one.attempts]
    return any(exchange.cause is Cause.INTERRUPTED or exchange.resent for exchange in exchanges)


def _late(one: Kept, timeout: float) -> frozenset[int]:
    """Attempts that are told as timed out, and whose time was over: by the gateway's own word.

    When the receiver wrote its 200 says nothing: it may have done so long before, and nobody read.
    """
    return frozenset(
        attempt.number
        for attempt in one.attempts
        if attempt.exchange.cause is Cause.TIMEOUT
        and attempt.exchange.timings.total >= timeout * 1000 - EARLY
    )
