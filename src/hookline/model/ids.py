"""Ids: a prefix that names the noun, then time, a counter, and a random part chosen once per start.

They sort by time as plain text (both databases compare bytes), never contain a `.` (Standard Webhooks signs
`id.timestamp.body`), and cost half a microsecond.
"""

import secrets
from typing import NewType

from hookline.clock import Clock, Micros

TenantId = NewType("TenantId", str)
KeyId = NewType("KeyId", str)
EndpointId = NewType("EndpointId", str)
EventId = NewType("EventId", str)
DeliveryId = NewType("DeliveryId", str)
NodeId = NewType("NodeId", str)
BatchId = NewType("BatchId", str)
SecretId = NewType("SecretId", str)
SourceId = NewType("SourceId", str)
ReceiptId = NewType("ReceiptId", str)

DIGITS = "0123456789abcdefghijkmnpqrstvwxy"
"""32 digits whose ASCII order is their value's order; no `l`, `o`, `u`."""
_PAIRS = tuple(a + b for a in DIGITS for b in DIGITS)
_TIME_PAIRS = 5
_COUNTER_BITS = 20
_MAX_POSITION_DIGITS = 6


class Ids:
    """Makes ids that rise strictly within one process, even when the clock steps back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._random = "".join(secrets.choice(DIGITS) for _ in range(10))
        self._milli = 0
        self._prefix = ""
        self._counter = 0

    def event(self, now: Micros | None = None) -> EventId:
        """`now`: whoever makes many at once has looked at the clock."""
        return EventId("evt_" + (self._next() if now is None else self._after(now)))

    def tenant(self) -> TenantId:
        return TenantId("ten_" + self._next())

    def key(self) -> KeyId:
        return KeyId("key_" + self._next())

    def endpoint(self) -> EndpointId:
        return EndpointId("ep_" + self._next())

    def node(self) -> NodeId:
        return NodeId("nod_" + self._next())

    def batch(self) -> BatchId:
        return BatchId("bat_" + self._next())

    def secret(self) -> SecretId:
        return SecretId("sec_" + self._next())

    def source(self) -> SourceId:
        return SourceId("src_" + self._next())

    def receipt(self, now: Micros) -> ReceiptId:
        """`now`: whoever receives has looked at the clock."""
        return ReceiptId("rcp_" + self._after(now))

    def _next(self) -> str:
        return self._after(self._clock.now())

    def _after(self, now: Micros) -> str:
        milli = now // 1000
        if milli > self._milli:
            self._begin(milli)
        self._counter += 1
        if self._counter >> _COUNTER_BITS:
            self._begin(self._milli + 1)
        return f"{self._prefix}{_PAIRS[self._counter >> 10]}{_PAIRS[self._counter & 1023]}{self._random}"

    def _begin(self, milli: int) -> None:
        self._milli = milli
        self._counter = 0
        self._prefix = _time_digits(milli)


def first_since(at: Micros) -> str:
    """What follows the prefix in the lowest id that can be made at `at` or later, by a clock that does not step."""
    return _time_digits(max(0, at) // 1000)


def _time_digits(milli: int) -> str:
    return "".join(_PAIRS[milli >> 10 * n & 1023] for n in reversed(range(_TIME_PAIRS)))


def delivery_id(event: EventId, position: int) -> DeliveryId:
    """The delivery of `event` to the endpoint at `position` of what it matched: made again after a crash, it is the same."""
    return DeliveryId(f"dlv_{event[4:]}_{position}")


def place_of(delivery: DeliveryId) -> tuple[EventId, int] | None:
    """The event and position that `delivery_id` made this of; None when it made no such id."""
    prefix, _, rest = delivery.partition("_")
    event, _, position = rest.rpartition("_")
    plain = position.isascii() and position.isdecimal() and len(position) <= _MAX_POSITION_DIGITS
    if prefix != "dlv" or not event or not plain:
        return None
    return EventId(f"evt_{event}"), int(position)
