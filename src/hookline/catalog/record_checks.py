"""What the records of a system must keep to beyond the types of their fields, checked when the catalogue is loaded."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hookline.catalog.json_tree import check_json, texts_of
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.model.json_schema import check_event_type, compile_schema
from hookline.model.record_rules import (
    BEFORE,
    NOW,
    PLACE,
    RECORD,
    DeliveryStatus,
    RecordDeadline,
    RecordKind,
    RecordRule,
)
from hookline.model.system import System

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def check_records(system: System) -> None:
    """Raises InvalidField, with the field."""
    for name, kind in system.records.items():
        field = f"records.{name}"
        if not _NAME.fullmatch(name):
            raise InvalidField("A type is lower-case letters, digits and underscores.", field=field)
        _Check(field, kind, system).all()


class _Check:
    """Of one type of record."""

    def __init__(self, field: str, kind: RecordKind, system: System) -> None:
        self.field = field
        self.kind = kind
        self.system = system
        self.properties: Mapping[str, Any] = kind.schema.get("properties") or {}

    def all(self) -> None:
        self._check_schema()
        self._check_tree(f"{self.field}.data", self.kind.data)
        self._check_fields(f"{self.field}.ignored", self.kind.ignored)
        self._check_fields(f"{self.field}.internal", self.kind.internal)
        self._check_delivery(f"{self.field}.delivery")
        for name, values in self.kind.closed.items():
            self._check_values(f"{self.field}.closed.{name}", name, values)
        for name, rule in self.kind.events.items():
            self._check_rule(f"{self.field}.events.{name}", name, rule)
        for name, deadline in self.kind.deadlines.items():
            self._check_deadline(f"{self.field}.deadlines.{name}", name, deadline)

    def _check_schema(self) -> None:
        for part in ("schema", "example"):
            check_json(f"{self.field}.{part}", getattr(self.kind, part))
        if self.kind.schema.get("type") != "object" or not self.properties:
            raise InvalidField(
                "The state of a record is an object with properties.", field=f"{self.field}.schema"
            )
        try:
            check_event_type(_raw(self.kind.schema), _raw(self.kind.example))
        except InvalidField as error:
            raise InvalidField(error.detail, hint=error.hint, field=f"{self.field}.{error.field}") from error

    def _check_delivery(self, field: str) -> None:
        if (told := self.kind.delivery) is not None:
            self._check_values(f"{field}.status", told.status, [one.value for one in DeliveryStatus])
            self._check_values(f"{field}.error", told.error, [None, "The receiver answered 500."])

    def _check_rule(self, field: str, event: str, rule: RecordRule) -> None:
        self._check_event(field, event)
        if not (rule.created or rule.became or rule.changed or rule.updated):
            raise InvalidField(
                "A rule says when its event is made.",
                hint="Give it created, became, changed or updated.",
                field=field,
            )
        for name, value in rule.became.items():
            values = value if isinstance(value, list) else [value]
            self._check_values(f"{field}.became.{name}", name, values)
        self._check_fields(f"{field}.changed", rule.changed)
        self._check_fields(f"{field}.also", rule.also)
        self._check_trees(field, rule)

    def _check_deadline(self, field: str, event: str, rule: RecordDeadline) -> None:
        self._check_event(field, event)
        self._check_fields(f"{field}.at", (rule.at,))
        if "date-time" not in _formats(self.properties[rule.at]):
            raise InvalidField(
                f"{rule.at} is no date: a deadline needs a field of the format date-time.",
                field=f"{field}.at",
            )
        self._check_trees(field, rule)

    def _check_trees(self, field: str, rule: RecordRule | RecordDeadline) -> None:
        self._check_tree(f"{field}.set", rule.set)
        self._check_tree(f"{field}.data", rule.data)

    def _check_event(self, field: str, event: str) -> None:
        if event not in self.system.events:
            meant = nearest(event, self.system.events)
            hint = f"Did you mean {meant}?" if meant else ""
            raise InvalidField(f"The system has no event {event:.128}.", hint=hint, field=field)

    def _check_fields(self, field: str, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.properties:
                meant = nearest(name, self.properties)
                hint = f"Did you mean {meant}?" if meant else "Add it to the schema's properties."
                raise InvalidField(f"The record has no field {name}.", hint=hint, field=field)

    def _check_values(self, field: str, name: str, values: list[Any]) -> None:
        self._check_fields(field, (name,))
        schema = compile_schema(msgspec.json.encode(self.properties[name]))
        for value in values:
            error = next(schema.iter_errors(value), None)
            if error is not None:
                told = msgspec.json.encode(value).decode()
                raise InvalidField(f"{name} is never {told}: {error.message}", field=field)

    def _check_tree(self, field: str, tree: Any) -> None:
        for path, text in texts_of(field, tree):
            if "{" not in text and "}" not in text:
                continue
            place = PLACE.fullmatch(text)
            if place is None:
                raise InvalidField(
                    f"{text!r:.100} is no place: a text is one place, whole, as {{status}}.", field=path
                )
            first, _, rest = place[1].partition(".")
            if first == BEFORE and rest:
                first = rest.partition(".")[0]
            if place[1] not in {RECORD, NOW}:
                self._check_fields(path, (first,))


def _formats(schema: Any) -> Iterator[str]:
    """Of a property: its own, and those of what it may be."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("format"), str):
            yield schema["format"]
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _formats(one)


def _raw(tree: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(tree))
