"""What filters are given, as what they work on: texts, numbers, lists."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from hookline.template.printing import text_of
from hookline.template.values import FarNumber, number_of

MAX_BITS = 400
"""Of a whole number, some 120 digits: more would be for the sake of the digits."""
RECKONING = Context(prec=50, rounding=ROUND_HALF_EVEN)
"""Not the thread's: the same everywhere, and division by nothing raises."""

Number = int | Decimal


def on_text(work: Callable[[str], str]) -> Callable[[object], str]:
    """A filter of one text."""

    def run(value: object) -> str:
        return work(text_of(value))

    return run


def number(value: object) -> Number:
    """What is no number is 0, as Liquid has it."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, int | Decimal):
        return value
    found = number_of(value.strip()) if isinstance(value, str) and not isinstance(value, FarNumber) else None
    return 0 if found is None or isinstance(found, FarNumber) else found


def whole(value: object) -> int:
    """Raises ValueError for what is no whole number."""
    found = number(value)
    if isinstance(value, bool) or int(found) != found or (found == 0 and text_of(value).strip("-0. ")):
        raise ValueError
    return int(found)


def items(value: object) -> list[object]:
    """Lists in lists are flattened; anything else is a list of itself, nothing an empty one."""
    if value is None:
        return []
    if isinstance(value, range):
        return list(value)
    if not isinstance(value, list | tuple):
        return [value]
    flat: list[object] = []
    for one in value:
        flat.extend(one) if isinstance(one, list | tuple) else flat.append(one)
    return flat


def part(value: object, name: object) -> object:
    """A member of an object; None where there is none."""
    return value.get(text_of(name)) if isinstance(value, dict) else None
