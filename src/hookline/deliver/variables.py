"""What templates see of an event."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from hookline.clock import SECOND, Micros
from hookline.deliver.verdict import Asked
from hookline.errors import InvalidJson
from hookline.model.event import JSON, Event
from hookline.template.scope import Limits
from hookline.template.values import decode

_UNSAFE = re.compile(r"[^A-Za-z0-9_.]+")
LIMITS = Limits(seconds=0.25)
"""Of one text, or of one body: CPU time, in which the collector of garbage may have its turn."""
_READABLE = 40
"""Characters of a reference that people recognise it by."""
_DIGITS = 10
"""Of the digest behind it: no two cases of a tenant are taken for each other."""


def variables_of(asked: Asked) -> dict[str, object]:
    """By name. What a rule calls a variable of the case never hides `type`, `data` or `event`."""
    event, case = asked.event, asked.case
    named: Mapping[str, object] = case.variables if case is not None else {}
    return {
        **named,
        "type": event.type,
        "data": asked.data,
        "event": {"id": event.id, "type": event.type, "time": rfc3339(event.time), "tags": list(event.tags)},
        "reference": reference_of(asked),
    }


def data_of(event: Event) -> object:
    """Text where it is no JSON."""
    try:
        return decode(event.data) if event.content_type == JSON else event.data.decode("utf-8", "replace")
    except InvalidJson:
        return event.data.decode("utf-8", "replace")


def reference_of(asked: Asked) -> str:
    """The case's alone among all that one tenant sends anywhere, and the same for every endpoint: what is looked for in
    the other system when an answer was lost. Letters, digits, `_`, `.` and `-`.
    """
    event, key = asked.event, asked.key or asked.event.id
    readable = _UNSAFE.sub("-", key).strip("-")[:_READABLE].strip("-")
    whole = f"{event.tenant_id}\0{event.system}\0{key}"
    digest = asked.digest or hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]
    return f"{readable}-{digest}" if readable else digest


def rfc3339(at: Micros) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"


def moment(at: Micros) -> datetime:
    return datetime.fromtimestamp(at // SECOND, UTC)
