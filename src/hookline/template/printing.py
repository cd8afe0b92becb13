"""Printing: a value as a text of a template has it."""

from decimal import Decimal

from hookline.template.missing import is_missing
from hookline.template.values import encode


def text_of(value: object) -> str:
    """Null is empty, collections are their JSON."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | dict | list | tuple):
        return encode(value).decode()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return str(value) if is_missing(value) else ""
