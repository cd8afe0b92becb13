"""Filters of times. None of them reads a clock: `now` is the scope's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hookline.template.filters.given import number
from hookline.template.printing import text_of
from hookline.template.scope import Scope, TemplateFailed
from hookline.template.values import FarNumber

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_FORM = 256
_MAX_TIME = 64
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.,]+ ?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?")
_MARK = re.compile(r"%([-^]?)([A-Za-z%])")
_MARKS: dict[str, Callable[[datetime], str]] = {
    "s": lambda time: str(seconds(time)),
    "L": lambda time: f"{time.microsecond // 1000:03}",
    "N": lambda time: f"{time.microsecond * 1000:09}",
    "e": lambda time: f"{time.day:2}",
    "k": lambda time: f"{time.hour:2}",
    "l": lambda time: f"{time.hour % 12 or 12:2}",
    "P": lambda time: "am" if time.hour < 12 else "pm",  # noqa: PLR2004  noon
    "F": lambda time: f"{time:%Y-%m-%d}",
    "T": lambda time: f"{time:%H:%M:%S}",
    "R": lambda time: f"{time:%H:%M}",
    "D": lambda time: f"{time:%m/%d/%y}",
    "h": lambda time: f"{time:%b}",
}
_PYTHON = frozenset("aAbBcdGHIjmMpSuUVwWxXyYzZ%")


def date(scope: Scope, value: object, form: object) -> str:
    """Of what is no time it makes nothing else: it stays as it is."""
    shape = text_of(form)
    if len(shape) > _MAX_FORM:
        raise TemplateFailed(f"The filter date takes a form of up to {_MAX_FORM} characters.")
    time = _now(scope) if value == "now" else time_of(value)
    if time is None:
        return text_of(value)
    return _MARK.sub(lambda mark: _marked(mark, time), shape) if shape else text_of(value)


def unix(value: object) -> int | None:
    time = _needed(value)
    return None if time is None else seconds(time)


def rfc3339(value: object) -> str | None:
    time = _needed(value)
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def time_of(value: object) -> datetime | None:
    """RFC 3339, its date alone, or seconds since 1970. Without an offset it is UTC."""
    try:
        if isinstance(value, str) and not isinstance(value, FarNumber) and _ISO.fullmatch(value[:_MAX_TIME]):
            time = datetime.fromisoformat(value.upper().replace(",", "."))
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        if not isinstance(value, bool) and (value == 0 or number(value)):
            return _EPOCH + timedelta(seconds=float(number(value)))
    except (ValueError, OverflowError):
        return None
    return None


def seconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(seconds=1)


def _needed(value: object) -> datetime | None:
    """None for nothing. Raises ValueError for what is no time."""
    time = time_of(value)
    if time is None and text_of(value).strip():
        raise ValueError
    return time


def _now(scope: Scope) -> datetime:
    if scope.now is None:
        raise TemplateFailed("It asks for now, which is not known here.")
    return scope.now


def _marked(mark: re.Match[str], time: datetime) -> str:
    flag, letter = mark.groups()
    if letter in _MARKS:
        text = _MARKS[letter](time)
    elif letter in _PYTHON:
        text = time.strftime(f"%{letter}")
    else:
        return mark[0]
    if flag == "^":
        return text.upper()
    return text.lstrip("0 ") or "0" if flag == "-" else text
