"""Cases: which case an event speaks of, and what it says of it. Decided from the rules alone, without I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from hookline.model.case import CLOSING, CREATING, Action, CaseRule, Paths, Texts
from hookline.model.form import Form, Slot, parse_form
from hookline.model.patterns import Patterns
from hookline.model.system import System

MAX_ID = 128
"""Characters, as of a record's id."""


class Case(msgspec.Struct, frozen=True):
    kind: str
    id: str
    action: Action
    """What the event is to it."""
    variables: Mapping[str, object]
    """By name. Those of the rule alone, `case_id` always; null where the data has null or nothing in that place, and absent
    where it has not even the place.
    """

    @property
    def key(self) -> str:
        """Equal to the order key of a record of this type and id, so that one case is one queue."""
        return f"{self.kind}:{self.id}"


class Cases:
    """The rules of every system, ready for asking."""

    def __init__(self, systems: Mapping[str, System], default: Sequence[CaseRule]) -> None:
        """`default`: of events that belong to no system."""
        self._rules = {name: [_Rule(rule) for rule in system.cases] for name, system in systems.items()}
        self._rules[""] = [_Rule(rule) for rule in default]

    def of(self, event_type: str, system: str, data: object) -> Case | None:
        """`system`: empty for events of none. `data`: decoded JSON."""
        found = (rule.case(event_type, data) for rule in self._rules.get(system, ()))
        return next((case for case in found if case is not None), None)


class _Rule:
    def __init__(self, rule: CaseRule) -> None:
        self._rule = rule
        self._patterns = Patterns(rule.events)
        self._id = steps_of(rule.id)
        self._variables = {name: steps_of(paths) for name, paths in rule.variables.items()}
        self._texts = {name: forms_of(texts) for name, texts in rule.texts.items()}

    def case(self, event_type: str, data: object) -> Case | None:
        if not self._patterns.matches(event_type):
            return None
        given = _first(data, self._id)
        id_ = _id_text(given[0]) if given else ""
        if not id_:
            return None
        variables = dict(self._read(data)) | {"case_id": given[0]}
        texts = {name: _filled(forms, variables) for name, forms in self._texts.items()}
        variables |= {name: text for name, text in texts.items() if variables.get(name) is None}
        return Case(self._rule.kind, id_, self._action(event_type, variables), variables)

    def _read(self, data: object) -> Iterator[tuple[str, object]]:
        for name, places in self._variables.items():
            for value in _first(data, places):
                yield name, value

    def _action(self, event_type: str, variables: Mapping[str, object]) -> Action:
        if self._rule.action is not None:
            return self._rule.action
        if event_type.endswith(CREATING):
            return Action.CREATE
        closed = any(variables.get(name) in values for name, values in self._rule.closed.items())
        return Action.CLOSE if closed or event_type.endswith(CLOSING) else Action.UPDATE


_Steps = tuple[str, ...]


def steps_of(paths: Paths) -> tuple[_Steps, ...]:
    """Of each path its steps."""
    return tuple(tuple(path.split(".")) for path in ((paths,) if isinstance(paths, str) else paths))


def forms_of(texts: Texts) -> tuple[Form, ...]:
    """Raises InvalidField."""
    return tuple(parse_form(text) for text in ((texts,) if isinstance(texts, str) else texts))


def _first(data: object, places: tuple[_Steps, ...]) -> tuple[object, ...]:
    """The first value that is something, else (None,) where a place is there, else nothing."""
    found = [value for place in places for value in _at(data, place)]
    held = [value for value in found if value is not None and value not in ("", [], {})]
    return tuple(held[:1]) or ((None,) if found else ())


def _at(data: object, steps: _Steps) -> Iterator[object]:
    for step in steps:
        if not isinstance(data, Mapping) or step not in data:
            return
        data = data[step]
    yield data


def _id_text(value: object) -> str:
    """Empty for what is no id: neither text nor a whole number, or too long, or not printable."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if text.isprintable() and len(text) <= MAX_ID else ""


def _filled(forms: Iterable[Form], variables: Mapping[str, object]) -> str | None:
    """The first that can be."""
    filled = (_in_form(form, variables) for form in forms)
    return next((text for text in filled if text is not None), None)


def _in_form(form: Form, variables: Mapping[str, object]) -> str | None:
    values = [variables.get(part.name) if isinstance(part, Slot) else part for part in form]
    plain = [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
    return "".join(plain) if len(plain) == len(values) else None
