"""The templates of a preset: each must compile, and read only what there is where it stands."""

from collections.abc import Collection

import msgspec

from hookline.catalog.json_tree import texts_of
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.template.engine import compile_text
from hookline.template.tree import compile_tree

EVENT = frozenset({"id", "time", "tags"})


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a template sees in its place."""

    settings: frozenset[str]
    only_settings: bool = False
    """What is sent cannot choose where it goes, nor who sends it."""
    remote: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    answer: bool = False


def check_text(field: str, source: str, seen: Seen) -> None:
    """Raises InvalidField, InvalidTemplate."""
    for place in sorted(compile_text(source, field).places):
        _check_place(field, place, seen)


def check_tree(field: str, tree: object, seen: Seen) -> None:
    """Raises InvalidField, InvalidTemplate, with the path of the leaf."""
    compile_tree(tree, field)
    for path, text in texts_of(field, tree):
        check_text(path, text, seen)


def _check_place(field: str, place: tuple[str, ...], seen: Seen) -> None:
    first, *rest = place
    if seen.only_settings and first != "settings":
        raise InvalidField(f"{first:.64} is not seen here: only settings are.", field=field)
    if first == "answer" and not seen.answer:
        raise InvalidField("No answer has come yet that could be read here.", field=field)
    known: dict[str, Collection[str]] = {
        "settings": seen.settings,
        "remote": seen.remote,
        "before": seen.before,
        "event": EVENT,
    }
    if first in known and rest and rest[0] not in known[first]:
        meant = nearest(rest[0], known[first])
        hint = f"Did you mean {first}.{meant}?" if meant else f"Known: {', '.join(sorted(known[first]))}."
        raise InvalidField(f"There is no {first}.{rest[0]:.64} here.", hint=hint, field=field)
