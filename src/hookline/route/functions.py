"""Functions that filters call and the CEL library lacks: parts of a time in a zone, regular expressions compiled once."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hookline.errors import InvalidFilter
from hookline.late import Late

if TYPE_CHECKING:
    import jsonschema_rs
else:
    jsonschema_rs = Late("jsonschema_rs")

# As CEL counts them: months, days of the month and days of the year from 0, days of the week from Sunday.
_PARTS: tuple[tuple[str, Callable[[datetime], int]], ...] = (
    ("getFullYear", lambda time: time.year),
    ("getMonth", lambda time: time.month - 1),
    ("getDate", lambda time: time.day),
    ("getDayOfMonth", lambda time: time.day - 1),
    ("getDayOfWeek", lambda time: time.isoweekday() % 7),
    ("getDayOfYear", lambda time: time.timetuple().tm_yday - 1),
    ("getHours", lambda time: time.hour),
    ("getMinutes", lambda time: time.minute),
    ("getSeconds", lambda time: time.second),
    ("getMilliseconds", lambda time: time.microsecond // 1000),
)
ZONED = tuple(name for name, _ in _PARTS)

MAX_PATTERN = 256
_MAX_TEXT = 64 * 1024
_MAX_PROGRAM = 256 * 1024
_OFFSET = re.compile(r"([+-])([01][0-9]):([0-5][0-9])")


class Regex:
    """A regular expression, compiled once: the CEL library would compile it for each text, for up to 30 ms.

    The engine is that of the JSON Schema library: linear in the text (Rust's `regex`), with ASCII classes.
    """

    def __init__(self, pattern: str) -> None:
        options = jsonschema_rs.RegexOptions(size_limit=_MAX_PROGRAM)
        if len(pattern) > MAX_PATTERN:
            raise InvalidFilter(f"A regular expression has more than {MAX_PATTERN} characters.")
        try:
            self._schema = jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
        except (jsonschema_rs.ValidationError, ValueError):
            raise InvalidFilter(
                f"The regular expression {pattern!r} does not compile, or is too large.",
                hint="RE2 syntax: no look-around, no back-references, small repetitions.",
            ) from None

    def matches(self, text: object) -> bool | None:
        """None where an answer would be wrong or late: the filter then fails."""
        if not isinstance(text, str) or len(text) > _MAX_TEXT:
            return None
        return self._schema.is_valid(text)


def zone_of(name: str) -> tzinfo:
    """`Europe/Berlin` or `+02:00`."""
    if found := _OFFSET.fullmatch(name):
        sign = -1 if found[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3])))
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise InvalidFilter(
            f"There is no time zone {name[:100]!r}.", hint="Use a name like Europe/Berlin, or +02:00."
        ) from None


def zoned_functions() -> dict[str, Callable[[object, object], int | None]]:
    """The parts of a time in a zone, by name; None for what is no time. Without a zone the library's own are called."""
    return {name: _in_zone(part) for name, part in _PARTS}


def _in_zone(part: Callable[[datetime], int]) -> Callable[[object, object], int | None]:
    def call(time: object, zone: object) -> int | None:
        if not isinstance(time, datetime) or not isinstance(zone, str):
            return None
        try:
            return part(time.astimezone(zone_of(zone)))
        except (OverflowError, InvalidFilter):
            return None

    return call
