"""A tree of YAML that must be JSON: YAML knows dates, other keys than texts, and numbers that JSON has not."""

from collections.abc import Iterator
from math import isfinite

from hookline.errors import InvalidField


def texts_of(field: str, tree: object) -> Iterator[tuple[str, str]]:
    """Every text in it with its path. Raises InvalidField, with the path, for what is no JSON."""
    if isinstance(tree, str):
        yield field, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if not isinstance(key, str):
                raise InvalidField(f"The key {key!r} is not text: it must stand in quotes.", field=field)
            yield from texts_of(f"{field}.{key}", value)
    elif isinstance(tree, list):
        for position, value in enumerate(tree):
            yield from texts_of(f"{field}[{position}]", value)
    elif isinstance(tree, float) and not isfinite(tree):
        raise InvalidField(f"JSON has no number {tree}.", field=field)
    elif tree is not None and not isinstance(tree, bool | int | float):
        raise InvalidField(f"{tree} is not JSON: a text must stand in quotes.", field=field)


def check_json(field: str, tree: object) -> None:
    """Raises InvalidField."""
    for _ in texts_of(field, tree):
        pass
