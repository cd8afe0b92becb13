"""How often a JSON Schema can make the checker look at one place of the data: refused before it is stored."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from hookline.errors import InvalidField
from hookline.model.json import MAX_DEPTH

MAX_PARTS = 2_000
"""Schemas within the schema, the targets of references counted once."""
MAX_STEPS = 5_000
"""Looks, at most, on the way from the root of the data to any place in it: some 0.1 ms for each such place."""

_Schema = Mapping[str, Any]
_HERE_ONE = ("not", "if", "then", "else", "propertyNames")
_HERE_MANY = ("allOf", "anyOf", "oneOf")
_HERE_NAMED = ("dependentSchemas", "dependencies")
_BELOW = ("contains", "additionalItems", "unevaluatedItems", "unevaluatedProperties")
_APART = ("additionalProperties", "items")
_AGAIN = ("unevaluatedItems", "unevaluatedProperties")
_BASES = ("$id", "id")
_DYNAMIC = ("$dynamicRef", "$recursiveRef")


def check_cost(schema: object) -> None:
    """Raises InvalidField.

    A reference that is used twice doubles the work, and a schema that refers to itself does so again at each level of
    the data: a kilobyte of it can keep a checker busy for years. So the work is counted for data that is as deep as
    any may be, as if every keyword applied.
    """
    Cost(schema).check()


class Cost:
    def __init__(self, root: object) -> None:
        self._root = root
        self._anchors: dict[str, object] = {}
        self._parts: dict[int, _Part] = {}

    def check(self) -> None:
        first = self._collect()
        above: dict[int, int] = dict.fromkeys(self._parts, 0)
        for _ in range(MAX_DEPTH + 1):
            level = _Level(self._parts, above).steps()
            if level[first] > MAX_STEPS:
                raise refused(
                    f"Checking data against this schema could take more than {MAX_STEPS} steps for one value.",
                    "Refer to the same schema less often, above all where a schema refers to itself by several ways.",
                )
            if level == above:
                return
            above = level

    def _collect(self) -> int:
        """Reads every schema that the root leads to; returns the root's key."""
        _find_anchors(self._root, self._anchors)
        waiting = [self._root]
        while waiting:
            schema = waiting.pop()
            if id(schema) in self._parts or not isinstance(schema, dict):
                continue
            if len(self._parts) == MAX_PARTS:
                raise refused(f"The schema has more than {MAX_PARTS} parts.", "Leave details out.")
            if schema is not self._root:
                _check_base(schema)
            part = _Part(schema, self._target(schema))
            self._parts[id(schema)] = part
            waiting.extend([*part.here, *part.below, *part.apart])
        self._parts.setdefault(id(self._root), _Part({}, None))
        return id(self._root)

    def _target(self, schema: _Schema) -> object:
        for keyword in _DYNAMIC:
            if keyword in schema:
                raise refused(f"{keyword} is not supported.", "Use $ref.")
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return None
        base, _, fragment = ref.partition("#")
        if base and base != self._base():
            raise refused(
                f"The reference {ref[:200]!r} leads out of the schema.", "Copy what it means to $defs."
            )
        try:
            return self._found(unquote(fragment))
        except (LookupError, ValueError, TypeError):
            raise refused(
                f"The reference {ref[:200]!r} leads nowhere.", "See https://json-schema.org."
            ) from None

    def _base(self) -> str:
        root = self._root if isinstance(self._root, dict) else {}
        return next((str(root[name]).removesuffix("#") for name in _BASES if name in root), "")

    def _found(self, fragment: str) -> object:
        if fragment and not fragment.startswith("/"):
            return self._anchors[fragment]
        place: Any = self._root
        for step in fragment.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            place = place[int(name)] if isinstance(place, list) else place[name]
            _check_base(place)
        return place


class _Part:
    """What one schema leads to: `here` for the same value, `below` for the values in it, `apart` for one of them each."""

    def __init__(self, schema: _Schema, target: object) -> None:
        self.again = 2 if any(keyword in schema for keyword in _AGAIN) else 1
        """Keywords that ask what the others looked at look once more themselves."""
        here = [schema.get(keyword) for keyword in _HERE_ONE]
        here += [target, *_listed(schema, _HERE_MANY), *_named(schema, _HERE_NAMED)]
        below = [*(schema.get(keyword) for keyword in _BELOW), *_named(schema, ("patternProperties",))]
        apart = [*(schema.get(keyword) for keyword in _APART), *_named(schema, ("properties",))]
        apart += _listed(schema, ("prefixItems", "items"))
        self.here, self.below, self.apart = (
            [one for one in found if isinstance(one, dict)] for found in (here, below, apart)
        )


class _Level:
    """The steps of each schema, where `below` has those for the level beneath."""

    def __init__(self, parts: Mapping[int, _Part], below: Mapping[int, int]) -> None:
        self._parts = parts
        self._below = below
        self._known: dict[int, int] = {}

    def steps(self) -> dict[int, int]:
        try:
            return {key: self._steps(key) for key in self._parts}
        except RecursionError:
            raise refused("The references of this schema are too long a chain.", "Shorten it.") from None

    def _steps(self, key: int) -> int:
        known = self._known.get(key)
        if known == 0:
            raise refused("A part of this schema refers to itself for the same value.", "See its $ref.")
        if known is not None:
            return known
        self._known[key] = 0
        part = self._parts[key]
        here = sum(self._steps(id(one)) for one in part.here)
        below = sum(self._below[id(one)] for one in part.below)
        apart = max((self._below[id(one)] for one in part.apart), default=0)
        # Cut off, because numbers that double at each step would grow long.
        self._known[key] = total = min(1 + part.again * (here + below) + apart, MAX_STEPS + 1)
        return total


def refused(detail: str, hint: str) -> InvalidField:
    return InvalidField(detail, hint=hint, field="schema")


def _listed(schema: _Schema, keywords: tuple[str, ...]) -> Iterator[object]:
    for keyword in keywords:
        found = schema.get(keyword)
        if isinstance(found, list):
            yield from found


def _named(schema: _Schema, keywords: tuple[str, ...]) -> Iterator[object]:
    for keyword in keywords:
        found = schema.get(keyword)
        if isinstance(found, dict):
            yield from found.values()


def _check_base(schema: object) -> None:
    """It would change where the references beneath it lead."""
    for keyword in _BASES:
        if isinstance(schema, dict) and isinstance(schema.get(keyword), str):
            raise refused(
                f"A schema within the schema has an {keyword}.", "Leave it out, and refer by #/$defs/…."
            )


def _find_anchors(value: object, anchors: dict[str, object]) -> None:
    if isinstance(value, dict):
        name = value.get("$anchor")
        if isinstance(name, str):
            if name in anchors:
                raise refused(f"The anchor {name[:200]!r} is there twice.", "Give each its own name.")
            anchors[name] = value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _find_anchors(one, anchors)
