"""Where in a YAML file a value stands, for whoever has to mend it."""

import re
from collections.abc import Iterator

import yaml

_ANY = "[...]"
"""What msgspec says for the keys of a mapping that it does not name."""
_POSITION = re.compile(r"\[([0-9]+)\]")
_Step = tuple[int, yaml.Node, str]
"""A line, what is there, and what is left of the field."""


def line_of(text: str, field: str) -> int:
    """The line, from 1, of the value at `field` (`a.b[0].c`), or of the innermost that is there. Keys may hold dots."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return 1 if node is None else _deepest(1, node, field)[1]


def _deepest(line: int, node: yaml.Node, field: str) -> tuple[int, int]:
    """How much of `field` is left, and the line. Of several that are as deep, the first."""
    found = [_deepest(*step) for step in _below(node, field)] if field else []
    return min(found, key=lambda one: one[0], default=(len(field), line))


def _below(node: yaml.Node, field: str) -> Iterator[_Step]:
    anything = field.startswith(_ANY)
    rest = field.removeprefix(_ANY).removeprefix(".")
    if isinstance(node, yaml.SequenceNode):
        place = _POSITION.match(field)
        for position, item in enumerate(node.value):
            if anything or (place is not None and position == int(place[1])):
                left = rest if anything or place is None else field[place.end() :].removeprefix(".")
                yield item.start_mark.line + 1, item, left
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if anything:
                yield key.start_mark.line + 1, value, rest
            elif _leads(key.value, field):
                yield key.start_mark.line + 1, value, field[len(key.value) :].removeprefix(".")


def _leads(key: object, field: str) -> bool:
    return isinstance(key, str) and (field == key or field.startswith((f"{key}.", f"{key}[")))
