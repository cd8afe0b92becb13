"""Text for people: what strangers sent made harmless, times and JSON made readable."""

from datetime import datetime
from typing import Any

import msgspec

EMPTY = "-"


def clean(text: str) -> str:
    """Escapes what a terminal would act on: it may come from a receiver or a publisher."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def clean_lines(text: str) -> str:
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.splitlines())


def local(iso: str) -> str:
    """A time of the API in this machine's zone; what is no time stays as it is."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return iso


def short(iso: str) -> str:
    """As `local`, for tables: the time of today, the day of the rest."""
    try:
        at = datetime.fromisoformat(iso).astimezone()
    except ValueError:
        return iso
    today = at.date() == datetime.now(at.tzinfo).date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M")


def compact(value: Any) -> str:
    """A value of an answer on one line."""
    if value in (None, "", [], {}):
        return EMPTY
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return clean(value)
        case list() if all(isinstance(one, str) for one in value):
            return clean(", ".join(value))
        case _:
            return clean(msgspec.json.encode(value).decode())
