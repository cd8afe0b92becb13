"""A language that files are written in, as tables: from its structs and enums, and the texts that stand in them."""

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from types import NoneType
from typing import Annotated, Literal, get_args, get_origin

import msgspec

from hookline.docs.markdown import code, codes, one_line, table
from hookline.docs.sentences import sentences

_SHOWN = 80
"""Characters of a default."""
_PLAIN = {str: "text", bool: "`true` or `false`", int: "whole number", float: "number", object: "anything"}


def struct_section(kind: type[msgspec.Struct], *, but: Collection[str] = ()) -> str:
    """Its fields, each with what it takes; the kinds that it names have sections of their own on the page.

    `but`: fields that no file holds.
    """
    rows = [row for row in _rows(kind) if row[0] not in set(map(code, but))]
    return _section(kind, table(("field", "takes", "default", "what it says"), rows))


def enum_section(kind: type[Enum]) -> str:
    texts = sentences(kind)
    rows = [(code(one.value), one_line(texts.get(one.name, ""))) for one in kind]
    return _section(kind, table(("value", "what it means"), rows))


def _rows(kind: type[msgspec.Struct]) -> Iterator[tuple[str, ...]]:
    texts = sentences(kind)
    for field in msgspec.structs.fields(kind):
        text = one_line(texts.get(field.name, ""))
        yield code(field.encode_name), takes(field.type), _default(field), text


def takes(kind: object) -> str:
    """A type in words."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is None:
        return _plainly(kind)
    if origin is Literal:
        return codes(args)
    if origin is Annotated:
        return takes(args[0]) + _bound(args[0], args[1])
    inner = [takes(one) for one in args if one is not NoneType and not isinstance(one, msgspec.Meta)]
    if origin in {tuple, list}:
        return f"list: {inner[0]}"
    return f"map: text → {inner[1]}" if origin is dict else " or ".join(inner)


def parts_of(kinds: Iterable[object]) -> Iterator[type[msgspec.Struct]]:
    """Every struct that is one of them or stands in one, each once, as they are met."""
    seen = list[object]()
    open_ = list(kinds)
    while open_:
        kind = open_.pop(0)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
            seen.append(kind)
            yield kind
            open_ += [field.type for field in msgspec.structs.fields(kind)]
        open_ += get_args(kind)


def _bound(kind: object, meta: msgspec.Meta) -> str:
    """Of texts there is a page full, and each has one: it is said once, above them."""
    many = get_origin(kind) in {tuple, dict} and meta.max_length is not None
    return f" (up to {meta.max_length})" if many else ""


def _plainly(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct | Enum):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return next((words for plain, words in _PLAIN.items() if kind is plain), "anything")


def _section(kind: type, rows: str) -> str:
    about = one_line(kind.__dict__.get("__doc__") or "")
    return "\n\n".join(filter(None, (f"### {kind.__name__}", about, rows)))


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be given"
    value = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is msgspec.UNSET:
        return "left out"
    if isinstance(value, msgspec.Struct):
        return "its own defaults"
    return code(_short(msgspec.json.encode(value).decode()))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 4 :]}"
