"""Problem documents (RFC 9457): every error as `application/problem+json`, with a stable code and never a secret."""

import msgspec

from hookline.errors import HooklineError
from hookline.model.ids import Ids

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal"
RawHeaders = list[tuple[bytes, bytes]]


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, why, and how to mend it."""

    type: str
    """Where the code is explained, on this server."""
    title: str
    status: int
    code: str
    """Stable: programs decide by it."""
    detail: str
    hint: str = ""
    """How to mend it."""
    field: str | None = None
    """The JSON path of the field at fault, or the name of the parameter."""
    id: str | None = None
    """Of an unexpected error: the same id stands in the log."""


NO_CONTENT = frozenset({204, 304})
"""Statuses of answers that end with their headers (RFC 9112, 6.3): a body would be read as the next answer, and a 204
must not tell a length (RFC 9110, 8.6).
"""


class Answer(msgspec.Struct, frozen=True):
    """An answer as it goes out."""

    status: int
    headers: RawHeaders
    body: bytes


_encode = msgspec.json.Encoder().encode


def problem_of(error: HooklineError) -> Problem:
    return Problem(
        type=kind_of(error.code),
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail,
        hint=error.hint,
        field=error.field,
    )


def kind_of(code: str) -> str:
    return f"/docs/errors#{code}"


def problem_answer(error: HooklineError) -> Answer:
    answer = answer_of(problem_of(error))
    if error.retry_after is not None:
        answer.headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.challenge:
        answer.headers.append((b"www-authenticate", error.challenge.encode()))
    return answer


def internal_problem(ids: Ids) -> Problem:
    """For what nobody expected: the caller learns an id, the log has the rest under it."""
    return Problem(
        type=kind_of(INTERNAL),
        title="Something went wrong in Hookline",
        status=500,
        code=INTERNAL,
        detail="An unexpected error; it was logged.",
        hint="Tell the operator the id of this answer.",
        id=f"err_{ids.event()[4:]}",
    )


def answer_of(problem: Problem) -> Answer:
    body = _encode(problem)
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    return Answer(problem.status, headers, body)
