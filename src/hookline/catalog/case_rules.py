"""What rules of cases must keep to beyond the types of their fields, checked when the catalogue is loaded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hookline.errors import InvalidField
from hookline.model.case import PATH, RESERVED, CaseRule, Paths, Texts
from hookline.model.cases import forms_of, steps_of
from hookline.model.form import slots
from hookline.model.json import nearest
from hookline.model.patterns import Patterns, check_pattern
from hookline.model.system import System

ID = "case_id"
"""The variable that every case has, made of `id`."""


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cases.yaml`: of events that belong to no system."""

    cases: tuple[CaseRule, ...]


def check_cases(rules: Sequence[CaseRule]) -> None:
    """Raises InvalidField, with the field, for what can be seen without knowing the events."""
    for position, rule in enumerate(rules):
        field = f"cases[{position}]"
        for place, pattern in enumerate(rule.events):
            _check_pattern(f"{field}.events[{place}]", pattern)
        for part, names in (("variables", rule.variables), ("texts", rule.texts)):
            if taken := sorted({*RESERVED, ID} & names.keys()):
                raise InvalidField(
                    f"{taken[0]} is what templates call something else.",
                    hint="Choose another name.",
                    field=f"{field}.{part}.{taken[0]}",
                )
        for name, paths in {"id": rule.id, **_variables(rule)}.items():
            _check_form(f"{field}.{name}", paths)
        for name, texts in rule.texts.items():
            _check_texts(f"{field}.texts.{name}", texts, rule)
        for name in rule.closed:
            _check_variable(f"{field}.closed.{name}", name, rule)


def check_system_cases(system: System) -> None:
    """Raises InvalidField also for events that the system has not, and for places that their schemas have not."""
    check_cases(system.cases)
    for position, rule in enumerate(system.cases):
        field = f"cases[{position}]"
        for place, pattern in enumerate(rule.events):
            if not _meant(system, (pattern,)):
                meant = nearest(pattern, system.events)
                hint = f"Did you mean {meant}?" if meant else ""
                raise InvalidField(
                    f"The system has no event {pattern}.", hint=hint, field=f"{field}.events[{place}]"
                )
        schemas = [system.events[name].schema for name in _meant(system, rule.events)]
        for name, paths in {"id": rule.id, **_variables(rule)}.items():
            _check_paths(f"{field}.{name}", paths, schemas)


def _variables(rule: CaseRule) -> Mapping[str, Paths]:
    return {f"variables.{name}": paths for name, paths in rule.variables.items()}


def _meant(system: System, patterns: Iterable[str]) -> list[str]:
    wanted = Patterns(tuple(patterns))
    return [name for name in system.events if wanted.matches(name)]


def _check_pattern(field: str, pattern: str) -> None:
    try:
        check_pattern(pattern)
    except InvalidField as error:
        raise InvalidField(error.detail, hint=error.hint, field=field) from error


def _check_texts(field: str, texts: Texts, rule: CaseRule) -> None:
    try:
        places = [place for form in forms_of(texts) for place in slots(form)]
    except InvalidField as error:
        raise InvalidField(error.detail, hint=error.hint, field=field) from error
    for place in places:
        _check_variable(field, place.name, rule)


def _check_variable(field: str, name: str, rule: CaseRule) -> None:
    known = {ID, *rule.variables}
    if name not in known:
        meant = nearest(name, known)
        hint = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(sorted(known))}."
        raise InvalidField(f"The rule has no variable {name:.64}.", hint=hint, field=field)


def _check_form(field: str, paths: Paths) -> None:
    for path in (paths,) if isinstance(paths, str) else paths:
        if not PATH.fullmatch(path):
            raise InvalidField(
                f"{path!r:.100} is no place in the data.",
                hint="Write it like ticket.customer.name.",
                field=field,
            )


def _check_paths(field: str, paths: Paths, schemas: Sequence[Mapping[str, Any]]) -> None:
    """Each must be in one of the schemas: in which of several events a place is, the rule does not say."""
    for steps in steps_of(paths):
        refusals = [_missing(schema, steps) for schema in schemas]
        if all(refusals):
            raise InvalidField(
                f"The events of this rule have no {'.'.join(steps)}.",
                hint=next(filter(None, refusals), ""),
                field=field,
            )


def _missing(schema: Any, steps: Sequence[str]) -> str:
    """Empty, or what there is in the place of the first step that the schema has not. A schema that names no properties
    may have any.
    """
    for step in steps:
        properties = dict(_properties(schema))
        if not properties:
            return ""
        if step not in properties:
            meant = nearest(step, properties)
            return f"Did you mean {meant}?" if meant else f"There is: {', '.join(properties)}."
        schema = properties[step]
    return ""


def _properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Of the schema and of what it may be."""
    if isinstance(schema, Mapping):
        yield from (schema.get("properties") or {}).items()
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
            yield from _properties(one)
