"""What the places of a dialect's forms are filled with, by name."""

import base64
import re
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec

from hookline import __version__
from hookline.clock import Micros
from hookline.deliver.times import iso, millis, unix
from hookline.model.dialect import DATA_PATH, Dialect
from hookline.model.event import JSON, Event
from hookline.model.form import compile_form, parse_form, slots

_SAFE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


class Head(msgspec.Struct):
    """What the head of one attempt is made of. Not frozen: the signature is filled in last, over the rest."""

    event: Event
    attempt: int
    now: Micros
    signature: str = ""


OfEvent = Callable[[Event], str]
OfHead = Callable[[Head], str]


class Slots:
    def __init__(self, dialect: Dialect, zone: str | None) -> None:
        time = iso(dialect.time, zone)
        self._of_event: dict[str, OfEvent] = {
            "event_id": attrgetter("id"),
            "tenant": lambda event: event.tenant_id,
            "type": lambda event: event.type,
            "type.first": lambda event: event.type.partition(".")[0],
            "type.last": lambda event: event.type.rpartition(".")[2],
            "time": lambda event: time(event.time),
            "time.unix": lambda event: unix(event.time),
            "time.millis": lambda event: millis(event.time),
            "content_type": lambda event: event.content_type,
            "data.base64": lambda event: base64.b64encode(event.data).decode(),
        }
        self._of_head: dict[str, OfHead] = {
            "now": lambda head: time(head.now),
            "now.unix": lambda head: unix(head.now),
            "now.millis": lambda head: millis(head.now),
            "attempt": lambda head: str(head.attempt),
            "signature": attrgetter("signature"),
            "version": lambda _: __version__,
        }
        self.id = self._id(dialect.id)
        """The id that receivers know an event by."""

    def of_event(self, name: str) -> OfEvent:
        if name == "id":
            return self.id
        if name in self._of_event:
            return self._of_event[name]
        path = _path(name)
        return lambda event: find(event, path) or ""

    def of_head(self, name: str) -> OfHead:
        if name in self._of_head:
            return self._of_head[name]
        fill = self.of_event(name)
        return attrgetter("event.id") if fill is self._of_event["event_id"] else lambda head: fill(head.event)

    def _id(self, text: str) -> OfEvent:
        if text == "{event_id}":
            return self._of_event["event_id"]
        form = parse_form(text)
        paths = [_path(slot.name) for slot in slots(form) if slot.name.startswith(DATA_PATH)]
        made = compile_form(form, self.of_event)

        def write(event: Event) -> str:
            """An id stands in headers: what the data holds may not put a line break or a blank there."""
            if any(find(event, path) is None for path in paths):
                return event.id
            id_ = made(event)
            return id_ if _SAFE_ID.fullmatch(id_) else event.id

        return write


def find(event: Event, path: Sequence[str]) -> str | None:
    """The text or whole number at `path` in the event's data; None when nothing of the kind is there."""
    if event.content_type != JSON:
        return None
    value = msgspec.json.decode(event.data)
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)


def _path(name: str) -> list[str]:
    return name.removeprefix(DATA_PATH).split(".")
