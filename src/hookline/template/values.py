"""Values in templates: decoded JSON whose numbers keep their digits, their JSON and their size."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from hookline.errors import InvalidJson
from hookline.model.json import guard_json

MAX_EXPONENT = 400
_MAX_NUMBER = 100
_ITEM = 16
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None}


class FarNumber(str):
    """A number too large or too small to reckon with, as `1e999999`: it stays as it is spelled."""

    __slots__ = ()


def decode(data: bytes) -> object:
    """JSON as plain values, numbers with a fraction as Decimal. Raises InvalidJson."""
    guard_json(data)
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise InvalidJson("It is nested too deeply.") from None
    except (msgspec.MsgspecError, ValueError) as error:
        sentence = str(error).removeprefix("JSON is malformed: ")
        raise InvalidJson(f"It is not JSON: {sentence}.") from None


def number_of(text: str) -> int | Decimal | FarNumber | None:
    """The number that `text` is in JSON; None for any other text."""
    found = _NUMBER.fullmatch(text) if len(text) <= _MAX_NUMBER else None
    if found is None:
        return None
    return int(text) if found[1] is None and found[2] is None else _fraction(text)


def typed(value: object) -> object:
    """A text that is a number, true, false or null as what it says; anything else as it is."""
    if not isinstance(value, str) or isinstance(value, FarNumber):
        return value
    if value in _WORDS:
        return _WORDS[value]
    number = number_of(value)
    return value if number is None else number


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8. What has no JSON, as the helper of a loop, is null."""
    return _ENCODER.encode(value)


def is_empty(value: object) -> bool:
    """Nothing to send: null, an empty text, list or object."""
    return value is None or (isinstance(value, str | list | dict | tuple) and not value)


def weight(value: object, limit: int) -> int:
    """Characters, and 32 for each item, since lists of small items cost time. Counting ends soon after `limit`, whatever is shared or nested."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, list | tuple | dict | range):
        return _ITEM
    total = 0
    left: list[object] = [value]
    while left and total <= limit:
        one = left.pop()
        total += _ITEM
        if isinstance(one, str):
            total += len(one)
        elif isinstance(one, range):
            total += _ITEM * max(one.stop - one.start, 0)
        elif isinstance(one, list | tuple | dict):
            total += _ITEM * len(one)
            if total <= limit:
                left.extend(_inside(one))
    return total


def _inside(value: list[object] | tuple[object, ...] | dict[object, object]) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    else:
        yield from value


def _fraction(text: str) -> Decimal | FarNumber:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return FarNumber(text)
    return number if abs(number.adjusted()) <= MAX_EXPONENT else FarNumber(text)


def _special(value: object) -> object:
    if isinstance(value, FarNumber):
        return msgspec.Raw(value.encode())
    if isinstance(value, range):
        return list(value)
    return None


_DECODER = msgspec.json.Decoder(float_hook=_fraction)
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_special)
