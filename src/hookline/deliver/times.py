"""Times as texts, in the form that a dialect asks for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hookline.clock import SECOND, Micros
from hookline.model.dialect import TimeForm

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
_DIGITS = {0: "seconds", 3: "milliseconds", 6: "microseconds"}


def iso(form: TimeForm, zone: str | None = None) -> Callable[[Micros], str]:
    """ISO 8601, cut to the form's digits, never rounded up into a moment that has not been."""
    digits = _DIGITS[form.digits]
    if form.mark == "Z":
        return _utc(form.digits)
    name = zone or form.zone
    place = UTC if name == "UTC" else ZoneInfo(name)

    def write(at: Micros) -> str:
        local = (EPOCH + timedelta(microseconds=at)).astimezone(place)
        return (local if form.mark == "offset" else local.replace(tzinfo=None)).isoformat(timespec=digits)

    return write


def _utc(digits: int) -> Callable[[Micros], str]:
    """The hot path's: the text of a second is made once, because many events share it."""
    last = (-1, "")
    unit = 10 ** (6 - digits)

    def write(at: Micros) -> str:
        nonlocal last
        second, rest = divmod(at, SECOND)
        known, text = last
        if second != known:
            text = (_NAIVE_EPOCH + timedelta(seconds=second)).isoformat(timespec="seconds")
            last = (second, text)
        return f"{text}.{rest // unit:0{digits}}Z" if digits else f"{text}Z"

    return write


def unix(at: Micros) -> str:
    return str(at // SECOND)


def millis(at: Micros) -> str:
    return str(at // 1000)
