"""Filters of lists, and of what may be empty."""

from decimal import Decimal
from functools import reduce

from hookline.template.filters.given import Number, items, number, part
from hookline.template.filters.numbers import plus
from hookline.template.missing import is_missing
from hookline.template.printing import text_of
from hookline.template.scope import Scope, TemplateFailed, in_words
from hookline.template.values import encode, is_empty


def default(value: object, other: object = "", *, allow_false: bool = False) -> object:
    if value is False:
        return value if allow_false else other
    return other if is_missing(value) or is_empty(value) else value


def size(value: object) -> int:
    if isinstance(value, range):
        return value.stop - value.start
    return len(value) if isinstance(value, str | list | tuple | dict) else 0


def first(value: object) -> object:
    return value[0] if isinstance(value, list | tuple | range) and value else None


def last(value: object) -> object:
    return value[-1] if isinstance(value, list | tuple | range) and value else None


def join(scope: Scope, value: object, by: object = " ") -> str:
    """Its size is reckoned before it is made."""
    texts, mark = [text_of(one) for one in items(value)], text_of(by)
    if sum(map(len, texts)) + len(mark) * len(texts) > scope.limits.value:
        raise TemplateFailed(f"The filter join makes more than {in_words(scope.limits.value)}.")
    return mark.join(texts)


def concat(value: object, other: object) -> list[object]:
    if not isinstance(other, list | tuple | range):
        raise TypeError
    return [*items(value), *items(other)]


def map_(value: object, name: object) -> list[object]:
    return [part(one, name) for one in items(value)]


def where(value: object, name: object, wanted: object = None) -> list[object]:
    """Without a value: those that have anything but null and false there."""
    return [one for one in items(value) if _fits(one, name, wanted)]


def reject(value: object, name: object, wanted: object = None) -> list[object]:
    return [one for one in items(value) if not _fits(one, name, wanted)]


def find(value: object, name: object, wanted: object = None) -> object:
    return next((one for one in items(value) if _fits(one, name, wanted)), None)


def sort(value: object, name: object = None) -> list[object]:
    """Numbers, then texts, then the rest; what has no such member comes last."""
    return sorted(items(value), key=lambda one: _rank(one if name is None else part(one, name)))


def sort_natural(value: object, name: object = None) -> list[object]:
    return sorted(items(value), key=lambda one: text_of(one if name is None else part(one, name)).casefold())


def reverse(value: object) -> list[object]:
    return items(value)[::-1]


def uniq(value: object, name: object = None) -> list[object]:
    """The first of those that are equal stays."""
    kept: dict[bytes, object] = {}
    for one in items(value):
        kept.setdefault(encode(one if name is None else part(one, name)), one)
    return list(kept.values())


def compact(value: object, name: object = None) -> list[object]:
    return [one for one in items(value) if (one if name is None else part(one, name)) is not None]


def sum_(value: object, name: object = None) -> Number:
    numbers = [number(one if name is None else part(one, name)) for one in items(value)]
    start: Number = 0
    return reduce(plus, numbers, start)


def json(value: object) -> str:
    return encode(value).decode()


def _fits(one: object, name: object, wanted: object) -> bool:
    found = part(one, name)
    if wanted is None:
        return found is not None and found is not False
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _rank(value: object) -> tuple[int, Number, str]:
    if isinstance(value, bool) or value is None:
        return (3 if value is None else 2), 0, text_of(value)
    if isinstance(value, int | float | Decimal):
        return 0, number(value), ""
    return (1 if isinstance(value, str) else 2), 0, text_of(value)
