"""Bodies: JSON from strangers as our own nouns, strictly, with an error that names the field and the nearest known name."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from hookline.errors import BadRequest, InvalidField, InvalidJson, UnknownField
from hookline.model.json import guard_json, nearest

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_WHERE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`$", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]]+)|(\[[^\]]*\])")
_MAX_SHOWN = 200
_MAX_DIGITS = 18


def absent() -> msgspec.Raw:
    """The default of a field that takes any JSON value."""
    return msgspec.Raw(b"")


def decode_body(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises InvalidJson, UnknownField or InvalidField, and nothing else."""
    if not body:
        raise empty_body()
    guard_json(body)
    return decode_guarded(body, decoder)


def decode_guarded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """As `decode_body`, for a body that holds nothing but what was guarded, or will be before it is read."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise field_error(str(error), decoder.type) from None
    except UnicodeDecodeError:  # of a name that msgspec wanted to tell
        raise InvalidJson("The body is not valid UTF-8.", hint="Send JSON as UTF-8.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise not_json(str(error)) from None


def convert_values(values: object, kind: type[T]) -> T:
    """As `decode_body`, from values that were read before."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise field_error(str(error), kind) from None


def convert_query(values: Mapping[str, str], kind: type[S]) -> S:
    """As `convert_values`, from texts: only numbers are read as something else. (msgspec's own lax reading would take
    the text `null` for nothing, and drop a filter.)
    """
    numbers = _numbers_of(kind)
    return convert_values({name: _number(name, value, numbers) for name, value in values.items()}, kind)


@cache
def _numbers_of(kind: type[msgspec.Struct]) -> Collection[str]:
    """The fields that hold whole numbers: asked once of each kind, since msgspec looks through all its types for it."""
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return frozenset(field.encode_name for field in fields if isinstance(_bare(field.type), inspect.IntType))


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _number(name: str, value: str, numbers: Collection[str]) -> str | int:
    plain = name in numbers and value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS
    return int(value) if plain else value


@contextmanager
def at_field(field: str) -> Iterator[None]:
    """What is refused inside is told as the fault of `field`."""
    try:
        yield
    except BadRequest as error:
        error.field = field
        raise


@contextmanager
def below(field: str) -> Iterator[None]:
    """What is refused inside is told as a fault of `field`, or of what lies below it."""
    try:
        yield
    except BadRequest as error:
        error.field = f"{field}.{error.field}" if error.field else field
        raise


def empty_body() -> InvalidJson:
    return InvalidJson("The body is empty.", hint="Send a JSON object.")


def not_json(fault: str) -> InvalidJson:
    detail = f"The body is not JSON: {fault.removeprefix('JSON is malformed: ').rstrip('.')}."
    return InvalidJson(detail, hint="Check the body with a JSON linter.")


def field_error(message: str, kind: Any) -> BadRequest:
    """What msgspec says about a value that should be a `kind`, in our words."""
    where = _WHERE.search(message)
    path = where[1] if where else ""
    message = _WHERE.sub("", message)
    if unknown := _UNKNOWN.search(message):
        return unknown_field(unknown[1], _names(kind, path), path)
    if missing := _MISSING.search(message):
        field = _join(path, missing[1])
        return InvalidField(f"The field {field} is required.", field=field)
    if not path and message.startswith("Expected `object`"):
        return InvalidJson(f"{_shown(message)}.", hint="Send one JSON object.")
    hint = _choices(kind, path) if "nvalid" in message else ""
    return InvalidField(f"{_shown(message)}.", hint=hint, field=path or None)


def unknown_field(name: str, known: Iterator[str] | list[str], path: str = "") -> UnknownField:
    names = sorted(set(known))
    meant = nearest(name, names)
    hint = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(names) or 'nothing'}."
    return UnknownField(f"{_shown(name)!r} is not known here.", hint=hint, field=_join(path, name[:64]))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(text: str) -> str:
    """Short: it may repeat what a stranger sent."""
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _names(kind: Any, path: str) -> Iterator[str]:
    for found in _at(inspect.type_info(kind), path):
        if isinstance(found, inspect.StructType):
            yield from (field.encode_name for field in found.fields)
            if found.tag_field:
                yield found.tag_field


def _choices(kind: Any, path: str) -> str:
    allowed: list[str] = []
    for found in _at(inspect.type_info(kind), path):
        if isinstance(found, inspect.EnumType):
            allowed += [str(member.value) for member in found.cls]
        elif isinstance(found, inspect.LiteralType):
            allowed += map(str, found.values)
        elif isinstance(found, inspect.StructType) and found.tag is not None:
            allowed.append(str(found.tag))
    return f"Use one of: {', '.join(allowed)}." if allowed else ""


def _at(info: inspect.Type, path: str) -> Iterator[inspect.Type]:
    """The types that may stand at `path` below `info`."""
    here = list(_plain(info))
    for step in _STEP.finditer(path):
        here = [deeper for one in here for below in _below(one, step) for deeper in _plain(below)]
    yield from here


def _plain(info: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(info, inspect.UnionType):
        for one in info.types:
            yield from _plain(one)
    elif isinstance(info, inspect.Metadata):
        yield from _plain(info.type)
    else:
        yield info


def _below(info: inspect.Type, step: "re.Match[str]") -> Iterator[inspect.Type]:
    if isinstance(info, inspect.StructType):
        named = [field for field in info.fields if field.encode_name == step[1]]
        if named:
            yield named[0].type
        elif step[1] == info.tag_field:
            yield info
    elif isinstance(info, inspect.DictType):
        yield info.value_type
    elif isinstance(info, inspect.ListType | inspect.VarTupleType):
        yield info.item_type
