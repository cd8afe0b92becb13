"""A dialect compiled: the body of an event, the head of an attempt, and what is signed. Values in, values out.

The body depends on the event alone, so that it is the same over all attempts and replays; time, number and
signature of an attempt stand only in its head.
"""

from collections.abc import Sequence

import msgspec

from hookline import __version__
from hookline.deliver.body import BodyCompiler
from hookline.deliver.json_style import Writer
from hookline.deliver.slots import Head, OfHead, Slots
from hookline.model.attempt import Headers
from hookline.model.dialect import FREE_HEADERS, Dialect, Keys
from hookline.model.event import JSON, Event
from hookline.model.form import compile_form, parse_form, slots
from hookline.model.ids import BatchId, EventId

_BODY = "{body}"


class Line(msgspec.Struct, frozen=True):
    """A header of each attempt's own."""

    name: str
    value: OfHead
    signed: bool
    """Sent only when there is a signature."""


def compile_dialect(dialect: Dialect, zone: str | None = None) -> "Envelope":
    """`dialect` as the catalogue gave it, that is, checked; `zone` is the tenant's own time zone, if it has one."""
    return Envelope(dialect, zone)


class Envelope:
    """One dialect, ready for the hot path."""

    def __init__(self, dialect: Dialect, zone: str | None = None) -> None:
        self.name = dialect.name
        self._dialect = dialect
        self._zoned: dict[str, Envelope] = {"": self}
        self.signing = dialect.signing
        self.forward = dialect.forward
        """Whether the headers of the original request are sent on."""
        self.keys = dialect.signing.keys if dialect.signing else Keys.TEXT
        """What its secrets must be: pass it to `check_secret`."""
        self.reserved = frozenset(name.lower() for name in dialect.headers) - FREE_HEADERS
        """Lower-case names of headers that an endpoint may not set."""
        self._slots = Slots(dialect, zone)
        self.written = Writer(dialect.style).data
        """JSON as this dialect writes it."""
        compiler = BodyCompiler(Writer(dialect.style), self._slots)
        self._json, self._binary = compiler.compile(dialect.body.json), compiler.compile(dialect.body.binary)
        self._batch = dialect.batch
        if dialect.batch is not None:
            self._item = compiler.compile(dialect.batch.json)
            self._binary_item = compiler.compile(dialect.batch.binary)
        self.static, self.dynamic = self._headers(dialect.headers)
        before, _, after = (dialect.signing.content if dialect.signing else _BODY).partition(_BODY)
        self._before, self._after = self._of_head(before), self._of_head(after) if after else None

    def zoned(self, zone: str) -> "Envelope":
        """The same with its times in this zone; empty: the dialect's own."""
        known = self._zoned.get(zone)
        if known is None:
            known = self._zoned[zone] = Envelope(self._dialect, zone)
        return known

    def id(self, event: Event) -> str:
        """The id that receivers know the event by: equal over all attempts and replays."""
        return self._slots.id(event)

    def body(self, event: Event) -> bytes:
        """What is sent. JSON data stands in it byte for byte, unless the dialect's style writes it anew."""
        return self._json(event) if event.content_type == JSON else self._binary(event)

    def content(self, head: Head, body: bytes) -> bytes:
        """What is signed."""
        begun = self._before(head).encode() + body
        return begun if self._after is None else begun + self._after(head).encode()

    @property
    def batches(self) -> bool:
        """Whether this dialect has a form for several events in one request."""
        return self._batch is not None

    def batch_event(self, batch_id: BatchId, events: Sequence[Event]) -> Event:
        """A batch as an event of its own: its id, the latest of its events' times, and as data an array of them."""
        if self._batch is None:
            raise ValueError(f"the dialect {self.name} has no form for batches")
        items = [
            self._item(event) if event.content_type == JSON else self._binary_item(event) for event in events
        ]
        return Event(
            id=EventId(batch_id),
            tenant_id=events[0].tenant_id,
            type=self._batch.type,
            data=b"[" + b",".join(items) + b"]",
            time=max(event.time for event in events),
            accepted_at=max(event.accepted_at for event in events),
        )

    def batch_body(self, batch_id: BatchId, events: Sequence[Event]) -> bytes:
        return self.body(self.batch_event(batch_id, events))

    def _headers(self, headers: dict[str, str]) -> tuple[Headers, tuple[Line, ...]]:
        """Lines that never change, and those of each attempt."""
        static: list[tuple[str, str]] = []
        dynamic: list[Line] = []
        for name, text in headers.items():
            names = {slot.name for slot in slots(parse_form(text))}
            if names <= {"version"}:
                static.append((name, text.replace("{version}", __version__)))
            else:
                dynamic.append(Line(name, self._of_head(text), "signature" in names))
        return tuple(static), tuple(dynamic)

    def _of_head(self, text: str) -> OfHead:
        return compile_form(parse_form(text), self._slots.of_head)
