"""Replies: what an answer of another system means, by what its preset says of answers. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec

from hookline.model.attempt import Exchange
from hookline.model.preset import Answers

LONGEST = 500
"""Characters of a reason that are told."""
_NOTHING = object()
_EMPTY: tuple[object, ...] = (None, False, "", [], {})


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, read."""

    json: Any
    """None where it is no JSON."""
    good: bool
    """It says of itself that it is no failure; its status is not looked at."""
    message: str
    """The reason of a failure in the other system's own words; empty where it gives none."""
    retry_after: float
    """Seconds; 0 where it says none."""


def read_reply(exchange: Exchange, answers: Answers, hide: Callable[[str], str]) -> Reply:
    """`hide` takes the secrets out of a text: before the reason is cut, or a part of one would stay."""
    found = _json(exchange)
    return Reply(
        json=found,
        good=_good(found, answers),
        message=_line(hide(_message(found, exchange, answers))),
        retry_after=_seconds(found, answers),
    )


def passes(message: str, answers: Answers) -> bool:
    """Whether a failure with this reason passes by itself."""
    return any(word in message for word in answers.passing)


def is_so_already(message: str, answers: Answers) -> bool:
    """Whether a refusal with this reason says that nothing was left to do."""
    return any(word in message for word in answers.already)


def says_gone(message: str, answers: Answers) -> bool:
    """Whether a refusal with this reason says that the remote thing is not there any more."""
    return any(word in message for word in answers.gone)


def at_pointer(tree: Any, pointer: str) -> Any:
    """RFC 6901; `_NOTHING` for what is not there."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(tree, dict) and key in tree:
            tree = tree[key]
        elif isinstance(tree, list) and key.isdecimal() and int(key) < len(tree):
            tree = tree[int(key)]
        else:
            return _NOTHING
    return tree


def _json(exchange: Exchange) -> Any:
    try:
        return msgspec.json.decode(exchange.body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _good(found: Any, answers: Answers) -> bool:
    if any(not _is_empty(at_pointer(found, pointer)) for pointer in answers.failed):
        return False
    return all(at_pointer(found, pointer) == value for pointer, value in answers.unless.items())


def _message(found: Any, exchange: Exchange, answers: Answers) -> str:
    values = [at_pointer(found, pointer) for pointer in answers.message]
    told = next((value for value in values if not _is_empty(value)), None)
    if told is not None:
        text = told if isinstance(told, str) else msgspec.json.encode(told).decode()
    else:
        text = exchange.body.decode("utf-8", "replace") if found is None else ""
    return text


def _seconds(found: Any, answers: Answers) -> float:
    value = at_pointer(found, answers.retry_after) if answers.retry_after is not None else 0.0
    plain = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if plain else 0.0


def _is_empty(value: Any) -> bool:
    return value is _NOTHING or any(value == empty and type(value) is type(empty) for empty in _EMPTY)


def _line(text: str) -> str:
    """One line for a log and a page."""
    joined = " ".join(text.split())
    return joined if len(joined) <= LONGEST else joined[: LONGEST - 1] + "…"
