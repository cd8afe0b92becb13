"""Times in JSON: ISO 8601 in UTC with microseconds, as `2026-11-22T18:00:00.000000Z`."""

from datetime import UTC, datetime, timedelta

import msgspec

from hookline.clock import Micros
from hookline.errors import InvalidField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
LATEST = Micros((datetime(9998, 1, 1, tzinfo=UTC) - _EPOCH) // _MICRO)
"""A year short of what can be written, so that every time zone can show it."""
_HINT = "Write it as 2026-11-22T18:00:00Z or 2026-11-22T18:00:00.123456+01:00, from 1970 to 9997."


def iso(at: Micros) -> str:
    return (_EPOCH + timedelta(microseconds=at)).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def maybe_iso(at: Micros | None) -> str | None:
    return None if at is None else iso(at)


def micros(at: datetime, field: str) -> Micros:
    """`at` has a zone. Raises InvalidField outside of the years that every part of Hookline can write."""
    found = (at - _EPOCH) // _MICRO
    if not 0 <= found < LATEST:
        raise InvalidField(f"The time {at.isoformat()} is out of range.", hint=_HINT, field=field)
    return Micros(found)


def parse_time(text: str, field: str) -> Micros:
    try:
        at = msgspec.convert(text.replace(" ", "+"), datetime)  # an unescaped + in a query arrives as a space
    except msgspec.ValidationError:
        raise InvalidField(f"{text[:64]!r} is not a time.", hint=_HINT, field=field) from None
    if at.tzinfo is None:
        raise InvalidField(f"The time {text[:64]!r} has no zone.", hint=_HINT, field=field)
    return micros(at, field)
