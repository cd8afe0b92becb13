"""Rules: what follows from a record's new state. Pure: the same states, the same events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hookline.clock import SECOND, Micros
from hookline.errors import InvalidField
from hookline.model.json_schema import compile_schema, path_of
from hookline.model.record import Change, Deadline, Fired, RuleFailure
from hookline.model.record_rules import DeliveryStatus, RecordDeadline, RecordKind, RecordRule
from hookline.records.tree import Scope, fields_of, fill

State = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class Kind:
    """A type of record with its rules, ready to be asked."""

    def __init__(self, rules: RecordKind, zone: str) -> None:
        """`zone`: the one that `{now}` is written in."""
        self.rules = rules
        self._zone = ZoneInfo(zone)
        self._schema = compile_schema(msgspec.json.encode(rules.schema))
        told = rules.delivery
        self._ours = frozenset((told.status, told.error)) if told else frozenset[str]()
        self._internal = self._ours.union(rules.internal)

    def kept(self, before: State | None, given: State) -> State:
        """`given`, but for the fields that Hookline writes: those stay as they were."""
        if not self._ours:
            return given
        ours = {name: value for name, value in (before or {}).items() if name in self._ours}
        return {name: value for name, value in given.items() if name not in self._ours} | ours

    def with_delivery(self, state: State, status: DeliveryStatus, error: str | None = None) -> State:
        """`state`, telling how the deliveries of its events go, where its kind has fields for it."""
        told = self.rules.delivery
        return state if told is None else {**state, told.status: status.value, told.error: error}

    def check(self, state: State, record_id: str) -> None:
        """Raises InvalidField, with the field, for a state that does not fit the schema, or bears another id."""
        error = next(self._schema.iter_errors(state), None)
        if error is not None:
            where = path_of(error.instance_path, "").removeprefix(".")
            raise InvalidField(f"The state does not fit: {error.message}", field=where or None)
        if str(state.get("id", record_id)) != record_id:
            raise InvalidField("The state has another id than the path.", field="id")

    def change(
        self, before: State | None, after: State, *, now: Micros, fired: Mapping[str, Micros] = {}
    ) -> Change:
        """`before` None: the record is new. `fired`: deadline → the time that it was due at when it fired."""
        made = self._rules_that_hold(before, after)
        told: list[Fired | RuleFailure] = [
            self._told(name, rule, before, after, now) for name, rule in made.items()
        ]
        deadlines, failures = self._deadlines(after, fired)
        return Change(
            events=tuple([one for one in told if isinstance(one, Fired)]),
            deadlines=deadlines,
            failures=(*[one for one in told if isinstance(one, RuleFailure)], *failures),
        )

    def passed(self, name: str, state: State, *, now: Micros) -> Fired | RuleFailure:
        """The event of a date that has passed."""
        return self._told(name, self.rules.deadlines[name], None, state, now)

    def _rules_that_hold(self, before: State | None, after: State) -> Mapping[str, RecordRule]:
        rules = self.rules.events
        if before is None:
            return {name: rule for name, rule in rules.items() if rule.created and _is(rule.became, after)}
        own = {name for name, rule in rules.items() if _holds(rule, before, after)}
        quiet = self._internal.union(self.rules.ignored)
        spoken_of = {field for name in own for field in _fields(rules[name])} | quiet
        rest = _changed(before, after) - spoken_of
        return {name: rule for name, rule in rules.items() if name in own or (rule.updated and rest)}

    def _told(
        self,
        name: str,
        rule: RecordRule | RecordDeadline,
        before: State | None,
        after: State,
        now: Micros,
    ) -> Fired | RuleFailure:
        tree = self.rules.data if rule.data is None else rule.data
        scope = Scope(record=after, before=before or {}, now=_written(now, self._zone))
        try:
            record = {**after, **fill(rule.set, scope)}
            hidden = self._internal.union(fields_of(tree))
            told = {field: value for field, value in record.items() if field not in hidden}
            data = fill(tree, msgspec.structs.replace(scope, record=record, told=told))
        except LookupError as error:
            return RuleFailure(event=name, reason=f"its data needs {error.args[0]}, which the record has not")
        return Fired(type=name, data=msgspec.json.encode(data))

    def _deadlines(
        self, state: State, fired: Mapping[str, Micros]
    ) -> tuple[tuple[Deadline, ...], list[RuleFailure]]:
        if any(_one_of(state.get(field), values) for field, values in self.rules.closed.items()):
            return (), []
        found, failures = [], []
        for name, rule in self.rules.deadlines.items():
            given = state.get(rule.at)
            due_at = _time(given)
            if due_at is None:
                if given is not None:
                    failures.append(RuleFailure(event=name, reason=f"{rule.at} is no time of RFC 3339"))
                continue
            due_at = Micros(due_at + rule.after * SECOND)
            if fired.get(name) != due_at:
                found.append(Deadline(name=name, due_at=due_at))
        return tuple(found), failures


def _holds(rule: RecordRule, before: State, after: State) -> bool:
    """Of a change."""
    became = bool(rule.became) and _is(rule.became, after) and not _is(rule.became, before)
    return became or any(
        after.get(field) is not None and not equal(before.get(field), after[field]) for field in rule.changed
    )


def _is(wanted: Mapping[str, Any], state: State) -> bool:
    return all(_one_of(state.get(field), value) for field, value in wanted.items())


def _one_of(value: object, wanted: Any) -> bool:
    values = wanted if isinstance(wanted, list) else [wanted]
    return any(equal(value, one) for one in values)


def _fields(rule: RecordRule) -> set[str]:
    return {*rule.became, *rule.changed, *rule.also}


def _changed(before: State, after: State) -> set[str]:
    """A field that is null and one that is not there are the same."""
    return {name for name in {*before, *after} if not equal(before.get(name), after.get(name))}


def equal(one: object, other: object) -> bool:
    """As JSON has it: true is not 1, and 1 is 1.0."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(equal, one, other))
        case _:
            return one == other and isinstance(one, bool) == isinstance(other, bool)


def _time(value: object) -> Micros | None:
    if not isinstance(value, str):
        return None
    try:
        at = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None
    return None if at.tzinfo is None else Micros((at - _EPOCH) // _MICRO)


def _written(at: Micros, zone: ZoneInfo) -> str:
    """To the second; `Z` for UTC."""
    text = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if zone.key == "UTC" else text
