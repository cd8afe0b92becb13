"""JSON from strangers: refuse what is not JSON, and what is JSON but made to hurt whoever parses it."""

import difflib
import re
from collections.abc import Iterable
from itertools import accumulate

import msgspec

from hookline.errors import InvalidJson

MAX_DEPTH = 64
MAX_DIGITS = 40

_BOM = b"\xef\xbb\xbf"
# A missing closing quote ends the match at the end of the text instead of failing, which keeps it linear.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_DIGIT_RUN = re.compile(rb"[0-9]{%d,}" % (MAX_DIGITS + 1))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = tuple(1 if byte in b"[{" else -1 for byte in range(256))
# Each digit becomes 0. A run of more than 40 digits covers at least five of every eighth byte, so looking at these
# is enough to know that there is none.
_DIGITS_TO_0 = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_STRIDE = 8
_SUSPECT = b"0" * (MAX_DIGITS // _STRIDE)
_DECODER = msgspec.json.Decoder()


def guard_json(body: bytes) -> None:
    """Text, nesting and digits, which msgspec leaves open: for callers that decode `body` themselves right after.

    Syntax is not looked at: what passes here is refused by msgspec with a `DecodeError`, or decodes. Nor are
    exponents: `1e999` harms nobody while it stays a `msgspec.Raw`, and only reading it shows that it is too large.
    """
    _check_text(body)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(body)
    if _SUSPECT in body[::_STRIDE].translate(_DIGITS_TO_0) and _DIGIT_RUN.search(body):
        _check_numbers(body)


def parse_json(body: bytes) -> object:
    """`body` as plain Python values. Raises `InvalidJson` and nothing else."""
    guard_json(body)
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidJson(_sentence(str(error)), hint="Check the body with a JSON linter.") from None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    close = difflib.get_close_matches(name[:100], list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _check_text(body: bytes) -> None:
    if body.isascii():
        return
    if body.startswith(_BOM):
        raise InvalidJson(
            "The body begins with a byte order mark.", hint="Send UTF-8 without one (RFC 8259, 8.1)."
        )
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidJson(
            f"The body is not valid UTF-8 at byte {error.start}.", hint="Send JSON as UTF-8."
        ) from None


def _check_depth(body: bytes) -> None:
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise _too_deep()


def _check_numbers(body: bytes) -> None:
    """Strings may hold as many digits as they like: they are blanked, so that positions stay."""
    bare = _STRING.sub(lambda string: b" " * len(string[0]), body)
    if long := _DIGIT_RUN.search(bare):
        raise InvalidJson(
            f"The number at byte {long.start()} has more than {MAX_DIGITS} digits.",
            hint="Send such a number as a string.",
        )


def _sentence(fault: str) -> str:
    return f"The body is not JSON: {fault.removeprefix('JSON is malformed: ')}."


def _too_deep() -> InvalidJson:
    return InvalidJson(f"The JSON is nested more than {MAX_DEPTH} deep.", hint="Send a flatter object.")
