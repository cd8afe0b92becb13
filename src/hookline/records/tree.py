"""Trees with places, as record rules write the data of their events; places keep the type of their value."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hookline.model.record_rules import BEFORE, NOW, PLACE, RECORD

_LEFT_OUT = object()


class Scope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What places look at."""

    record: Mapping[str, Any]
    before: Mapping[str, Any]
    now: str
    told: Mapping[str, Any] = {}
    """What `{record}` stands for."""


def fill(tree: Any, scope: Scope) -> Any:
    """Raises LookupError, with the place, for what is not there and not optional."""
    filled = _filled(tree, scope)
    return None if filled is _LEFT_OUT else filled


def fields_of(tree: Any) -> Iterator[str]:
    """Of the record, that its places name one by one."""
    if isinstance(tree, str) and (place := PLACE.fullmatch(tree)):
        first = place[1].partition(".")[0]
        yield from () if first in {RECORD, NOW, BEFORE} else (first,)
    for one in tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ():
        yield from fields_of(one)


def _filled(tree: Any, scope: Scope) -> Any:
    if isinstance(tree, str):
        return _text(tree, scope)
    if isinstance(tree, Mapping):
        values = {key: _filled(value, scope) for key, value in tree.items()}
        return {key: value for key, value in values.items() if value is not _LEFT_OUT}
    if isinstance(tree, list):
        return [value for one in tree if (value := _filled(one, scope)) is not _LEFT_OUT]
    return tree


def _text(text: str, scope: Scope) -> Any:
    place = PLACE.fullmatch(text)
    if place is None:
        return text
    value = _looked_up(place[1], scope)
    if place[2] and value is None:
        return _LEFT_OUT
    if value is _LEFT_OUT and not place[2]:
        raise LookupError(text)
    return value


def _looked_up(path: str, scope: Scope) -> Any:
    """`_LEFT_OUT` for what is not there."""
    if path == RECORD:
        return scope.told
    if path == NOW:
        return scope.now
    first, *rest = path.split(".")
    value: Any = scope.before if first == BEFORE else scope.record
    for step in rest if first == BEFORE else (first, *rest):
        if not isinstance(value, Mapping) or step not in value:
            return _LEFT_OUT
        value = value[step]
    return value
