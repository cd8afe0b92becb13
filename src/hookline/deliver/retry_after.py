"""Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in any of the three forms of 5.6.7."""

import re
from datetime import UTC, datetime, timedelta

from hookline.clock import DAY, SECOND, Micros
from hookline.model.attempt import Headers

LONGEST = DAY / SECOND
"""Seconds. No receiver can put us off for longer."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = (
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_CLOCK} GMT", re.ASCII
    ),
    re.compile(
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_CLOCK} GMT",
        re.ASCII,
    ),
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})", re.ASCII
    ),
)
_SECONDS = re.compile(r"\d+(\.\d*)?", re.ASCII)
"""A fraction is not in the RFC, but its meaning is plain."""
_CENTURY, _HALF_CENTURY, _LEAP_SECOND = 100, 50, 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def retry_after(headers: Headers, now: Micros) -> float:
    """Seconds that the answer asks us to wait, from 0 to 24 h; 0 without the header, for the past, and for nonsense."""
    text = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST)
    at = _date(text, now)
    return 0.0 if at is None else min(max(0.0, (at - now) / SECOND), LONGEST)


def _date(text: str, now: Micros) -> int | None:
    for form in _DATES:
        found = form.fullmatch(text)
        if found:
            return _micros(found, now)
    return None


def _micros(found: re.Match[str], now: Micros) -> int | None:
    """Microseconds since 1970; None for a 30 February. A leap second counts as the one before it."""
    year, second = int(found["year"]), int(found["second"])
    if year < _CENTURY:
        year = _full_year(year, (_EPOCH + timedelta(microseconds=now)).year)
    month = _MONTHS.index(found["month"]) + 1
    second = _LEAP_SECOND - 1 if second == _LEAP_SECOND else second
    try:
        at = datetime(
            year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), second, tzinfo=UTC
        )
    except ValueError:
        return None
    return (at - _EPOCH) // timedelta(microseconds=1)


def _full_year(short: int, this_year: int) -> int:
    """RFC 9110: a two-digit year that seems more than 50 years ahead is the last one with those digits."""
    year = this_year - this_year % _CENTURY + short
    return year - _CENTURY if year > this_year + _HALF_CENTURY else year
