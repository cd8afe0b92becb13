"""Interruptions: what becomes of claimed deliveries whose node has ended in the middle of its work.

Which of them had been begun is not known, and if one of them ended the node, not which one. So nobody is given up for
company: what is cut off again and again becomes a suspect, suspects are tried again spread out in time, and dead is
only who has been cut off often and was at last the only suspect in hand. `docs/decisions/0008` says why.
"""

from collections.abc import Iterable

import msgspec

from hookline.clock import HOUR, SECOND, Micros
from hookline.model.attempt import Cause
from hookline.model.delivery import Delivery, State

MAX_INTERRUPTIONS = 5
"""Attempts cut off in a row after which a sole suspect is dead: a payload that kills the process must not kill it for ever."""
SUSPECT = 2
"""Attempts cut off in a row from which on a delivery may be such a payload. The first happens to anybody."""
SPREAD, LONGEST_SPREAD = 10 * SECOND, HOUR
"""The time over which suspects are tried again, doubled with each further interruption, so that some day the crash
comes between two of them, however long the exchanges of the others take.
"""


def judge(cut_off: Iterable[Delivery], now: Micros) -> list[Delivery]:
    """All claimed deliveries of one node that has ended, as they are to be written."""
    told = [_told(delivery) for delivery in cut_off]
    suspects = sorted({_unit(one) for one in told if one.interruptions >= SUSPECT})
    if len(suspects) == 1:
        return [
            _dead(one, now) if one.interruptions >= MAX_INTERRUPTIONS else _due(one, now, 0.0) for one in told
        ]
    places = {unit: place / len(suspects) for place, unit in enumerate(suspects)}
    return [_due(one, now, places.get(_unit(one), 0.0)) for one in told]


def _unit(delivery: Delivery) -> str:
    """What is sent together is under suspicion together."""
    return delivery.batch_id or delivery.id


def _told(delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(
        delivery,
        attempts=delivery.attempts + 1,
        interruptions=delivery.interruptions + 1,
        last_status=None,
        last_cause=Cause.INTERRUPTED,
    )


def _dead(delivery: Delivery, now: Micros) -> Delivery:
    reason = f"{delivery.interruptions} attempts in a row were cut off by a stop of the gateway"
    return msgspec.structs.replace(delivery, state=State.DEAD, reason=reason, due_at=None, finished_at=now)


def _due(delivery: Delivery, now: Micros, place: float) -> Delivery:
    """`place`, from 0 up to 1: where in the spread of its suspicion."""
    doubled = SPREAD << min(max(delivery.interruptions - SUSPECT, 0), 20)
    later = int(place * min(doubled, LONGEST_SPREAD))
    return msgspec.structs.replace(
        delivery, state=State.PENDING, reason="", due_at=Micros(now + later), finished_at=None
    )
