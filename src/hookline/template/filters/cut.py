"""Texts that must not be longer than the receiver takes, counted as the receiver counts."""

import re
from collections.abc import Callable, Mapping

from hookline.template.filters.given import whole
from hookline.template.printing import text_of
from hookline.template.scope import TemplateFailed
from hookline.template.values import encode

MARK = "…"
_MAX_ENTITY = 32
_HALF = re.compile(r"&[#A-Za-z0-9]*\Z")
_ENTITY = re.compile(r"&#?[A-Za-z0-9]{1,32};")
UNITS: Mapping[str, Callable[[str], int]] = {
    "points": len,
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
    "json": lambda text: len(encode(text)) - 2,
}
"""What is counted → the size of a text in it."""


def cut(value: object, size: object, unit: object = "points", mark: object = MARK) -> str:
    """The longest beginning that fits together with the mark; where the mark alone is too long, without it."""
    text, most, end = text_of(value), whole(size), text_of(mark)
    measure = UNITS.get(text_of(unit))
    if measure is None or most < 0:
        raise TemplateFailed(f"The filter cut counts {', '.join(UNITS)}, from 0 on.")
    if measure(text) <= most:
        return text
    end = end if measure(end) <= most else ""
    return _whole_entities(text, _fitting(text, most - measure(end), measure)) + end


def _fitting(text: str, room: int, measure: Callable[[str], int]) -> str:
    """Every character counts at least one, so that none beyond `room` can fit."""
    low, high = 0, min(room, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    return text[:low]


def _whole_entities(text: str, kept: str) -> str:
    """`&am` of `&amp;` would show as it is."""
    start = kept.rfind("&", max(len(kept) - _MAX_ENTITY - 1, 0))
    if start < 0 or not _HALF.match(kept, start) or not _ENTITY.match(text, start):
        return kept
    return kept[:start]
