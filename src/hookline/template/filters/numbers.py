"""Filters of numbers: whole ones stay whole, fractions are reckoned in decimal."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from hookline.template.filters.given import MAX_BITS, RECKONING, Number, number, whole
from hookline.template.scope import TemplateFailed

_MAX_PLACES = 30


def absolute(value: object) -> Number:
    found = number(value)
    return -found if found < 0 else found


def plus(value: object, other: object) -> Number:
    return _both(value, other, int.__add__, RECKONING.add)


def minus(value: object, other: object) -> Number:
    return _both(value, other, int.__sub__, RECKONING.subtract)


def times(value: object, other: object) -> Number:
    return _both(value, other, int.__mul__, RECKONING.multiply)


def divided_by(value: object, other: object) -> Number:
    """Two whole numbers give a whole one, rounded down."""
    _check_divisor(other)
    return _both(value, other, int.__floordiv__, RECKONING.divide)


def modulo(value: object, other: object) -> Number:
    """It has the sign of the divisor."""
    _check_divisor(other)
    rest = _both(value, other, int.__mod__, RECKONING.remainder)
    divisor = number(other)
    return (
        rest if not rest or (rest < 0) == (divisor < 0) else _both(rest, divisor, int.__add__, RECKONING.add)
    )


def at_least(value: object, other: object) -> Number:
    return max(number(value), number(other))


def at_most(value: object, other: object) -> Number:
    return min(number(value), number(other))


def ceil(value: object) -> int:
    return _whole(number(value), ROUND_CEILING)


def floor(value: object) -> int:
    return _whole(number(value), ROUND_FLOOR)


def rounded(value: object, places: object = 0) -> Number:
    """Halves go away from zero."""
    given, count = number(value), whole(places)
    if count <= 0 or isinstance(given, int):
        return _whole(given, ROUND_HALF_UP)
    if count > _MAX_PLACES:
        raise ValueError
    return given.quantize(Decimal(1).scaleb(-count), rounding=ROUND_HALF_UP, context=RECKONING)


def bounded(result: Number) -> Number:
    """Raises TemplateFailed for more digits than anybody counts with."""
    if isinstance(result, int):
        if result.bit_length() > MAX_BITS:
            raise TemplateFailed("A number has more than a hundred digits.")
    elif not result.is_finite():
        raise ArithmeticError
    return result


def _both(
    value: object,
    other: object,
    whole_numbers: Callable[[int, int], int],
    fractions: Callable[[Decimal, Decimal], Decimal],
) -> Number:
    left, right = number(value), number(other)
    if isinstance(left, int) and isinstance(right, int):
        return bounded(whole_numbers(bounded_int(left), bounded_int(right)))
    return bounded(fractions(Decimal(left), Decimal(right)))


def bounded_int(given: int) -> int:
    bounded(given)
    return given


def _whole(given: Number, rounding: str) -> int:
    if isinstance(given, int):
        return given
    return bounded_int(int(given.to_integral_value(rounding=rounding)))


def _check_divisor(other: object) -> None:
    if not number(other):
        raise TemplateFailed("A number is divided by 0.")
