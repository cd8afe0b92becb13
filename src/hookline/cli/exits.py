"""Exit codes, and how every failure reads: what, why, how to mend it."""

import sys
from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from hookline.cli.text import clean
from hookline.client.faults import Problem, Unreachable
from hookline.errors import HooklineError, NotFound


class Exit(IntEnum):
    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    INTERRUPTED = 130


class Failed(Exception):
    """A command cannot do what it was asked, for a reason that is no error of the API or of a setting."""

    def __init__(self, what: str, *, hint: str = "", exit_code: Exit = Exit.ERROR) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.exit_code = exit_code


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A failure, ready to print."""

    what: str
    why: str = ""
    where: str = ""
    hint: str = ""
    exit_code: Exit = Exit.ERROR


Failure = Failed | Problem | Unreachable | HooklineError
_BY_STATUS: Mapping[int, Exit] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: Exit.AUTH,
        HTTPStatus.FORBIDDEN: Exit.AUTH,
        HTTPStatus.NOT_FOUND: Exit.NOT_FOUND,
    }
)


def tell(failure: Failure) -> int:
    """Print it on stderr; the exit code."""
    told = _told(failure)
    print(f"error: {_lines(told.what)}", file=sys.stderr)
    for label, text in (("why", told.why), ("where", told.where), ("fix", told.hint)):
        if text:
            print(f"  {label + ':':6} {_lines(text)}", file=sys.stderr)
    return told.exit_code


def _told(failure: Failure) -> Told:
    match failure:
        case Failed():
            return Told(what=failure.what, hint=failure.hint, exit_code=failure.exit_code)
        case Unreachable():
            return _unreachable(failure)
        case Problem():
            return _problem(failure)
        case HooklineError():
            code = Exit.NOT_FOUND if isinstance(failure, NotFound) else Exit.ERROR
            return Told(what=failure.title, why=failure.detail, hint=failure.hint, exit_code=code)


def _problem(problem: Problem) -> Told:
    named = f" ({problem.code}, HTTP {problem.status})" if problem.code else ""
    hint = problem.hint
    if problem.retry_after:
        hint = f"{hint} Come again in {problem.retry_after} s.".strip()
    if problem.id:
        hint = f"{hint} The log has more under {problem.id}.".strip()
    return Told(
        what=f"{problem.title}{named}",
        why=problem.detail,
        where=problem.field or "",
        hint=_auth_hint(problem) or hint,
        exit_code=_BY_STATUS.get(problem.status, Exit.ERROR),
    )


def _auth_hint(problem: Problem) -> str:
    """The API speaks of headers; here a key comes by a variable."""
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return (
            "Set HOOKLINE_API_KEY to a key of this gateway (hookline keys create --help says how to get one)."
        )
    if problem.field == "Hookline-Tenant" and problem.code == "bad_request":
        return "Name the tenant: --tenant ID (hookline tenants list shows them)."
    return ""


def _unreachable(failure: Unreachable) -> Told:
    hint = "Is HOOKLINE_URL, or --gateway, right?"
    if failure.refused:
        hint = "Is Hookline running? Start it with `hookline serve` (or `hookline dev`), or set HOOKLINE_URL to where it is."
    return Told(what=f"Hookline does not answer at {failure.url}", why=failure.reason, hint=hint)


def _lines(text: str) -> str:
    """Several faults come as several lines; nothing else in it may act on the terminal."""
    return "\n         ".join(clean(line) for line in text.splitlines())
