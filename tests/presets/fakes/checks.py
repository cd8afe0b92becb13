"""What fakes of several systems look at."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.presets.fakes.base import utf16

CLOSED = ("closed", "resolved", "completed", "cancelled")


def is_text(value: Any, most: int, unit: Callable[[str], int] = utf16) -> bool:
    """With something in it that people see, and not too long."""
    return isinstance(value, str) and bool(value.strip()) and unit(value) <= most


def is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def is_time(value: Any) -> bool:
    """RFC 3339 with an offset."""
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def utf8(text: str) -> int:
    return len(text.encode())


def reads_closed(text: str) -> bool:
    """For people, by its first line: chats have no other way to say so."""
    return any(word in text.partition("\n")[0].lower() for word in CLOSED)
