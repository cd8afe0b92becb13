"""Times as providers write them, read strictly: what another library might read as another time is refused."""

import re
from datetime import UTC, datetime

from hookline.clock import Micros
from hookline.model.provider import TimeForm
from hookline.receive.inbound import Malformed

_SECONDS = re.compile(rb"[0-9]{1,11}")
_MILLIS = re.compile(rb"[0-9]{1,14}")
_RFC3339 = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-5][0-9])"
)


def read_time(text: bytes, form: TimeForm) -> Micros:
    """Raises Malformed."""
    match form:
        case TimeForm.SECONDS:
            return Micros(_number(text, _SECONDS) * 1_000_000)
        case TimeForm.MILLIS:
            return Micros(_number(text, _MILLIS) * 1_000)
        case TimeForm.RFC3339:
            return _rfc3339(text)


def write_time(at: Micros, form: TimeForm) -> str:
    match form:
        case TimeForm.SECONDS:
            return str(at // 1_000_000)
        case TimeForm.MILLIS:
            return str(at // 1_000)
        case TimeForm.RFC3339:
            return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(text: bytes, form: re.Pattern[bytes]) -> int:
    if not form.fullmatch(text):
        raise Malformed("the timestamp is no number of the size that this provider sends")
    return int(text)


def _rfc3339(text: bytes) -> Micros:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Malformed("the timestamp is not written as RFC 3339 has it")
    try:
        whole = datetime.fromisoformat((match[1] + match[3].replace(b"Z", b"+00:00")).decode())
    except (ValueError, OverflowError):
        raise Malformed("the timestamp is no time of RFC 3339") from None
    return Micros(int(whole.timestamp()) * 1_000_000 + int((match[2] or b"").ljust(6, b"0")[:6]))
