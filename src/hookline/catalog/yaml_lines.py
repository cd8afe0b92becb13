"""Where in a YAML file a value stands, for whoever has to mend it."""

import re

import yaml

_POSITION = re.compile(r"\[([0-9]+)\]")


def line_of(text: str, field: str) -> int:
    """The line, from 1, of the value at `field` (`a.b[0].c`), or of the innermost that is there. Keys may hold dots."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    while node is not None:
        step = _below(node, field)
        if step is None:
            return line
        line, node, field = step
    return line


def _below(node: yaml.Node, field: str) -> tuple[int, yaml.Node, str] | None:
    """One step: its line, what is there, and what is left of `field`."""
    if isinstance(node, yaml.SequenceNode):
        place = _POSITION.match(field)
        if place is None or int(place[1]) >= len(node.value):
            return None
        item = node.value[int(place[1])]
        return item.start_mark.line + 1, item, field[place.end() :].removeprefix(".")
    if not isinstance(node, yaml.MappingNode):
        return None
    # The longest key that fits: of `a` and `a.b`, the latter names `a.b`.
    fitting = [pair for pair in node.value if _leads(pair[0].value, field)]
    if not fitting:
        return None
    key, value = max(fitting, key=lambda pair: len(pair[0].value))
    return key.start_mark.line + 1, value, field[len(key.value) :].removeprefix(".")


def _leads(key: object, field: str) -> bool:
    return isinstance(key, str) and (field == key or field.startswith((f"{key}.", f"{key}[")))
