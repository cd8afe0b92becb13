"""An attempt as it is shown: the whole exchange, with a plain hint when it failed."""

import base64

import msgspec

from hookline.api.times import iso, maybe_iso
from hookline.model.attempt import HINTS, Attempt, Cause, Headers, Timings


class BodyOut(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes: `text` where they are UTF-8, else `base64`."""

    text: str | None
    base64: str | None
    truncated: bool
    """Only the beginning was read."""


class TimingsOut(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds spent in each part."""

    dns: float
    connect: float
    tls: float
    first_byte: float
    total: float


class StepOut(msgspec.Struct, frozen=True, kw_only=True):
    """A request that went before the one that the attempt is about."""

    name: str
    """`token`, `find`, `before.NAME`."""
    method: str
    url: str
    status: int | None
    cause: Cause | None
    detail: str
    total: float
    """Milliseconds."""


class AttemptOut(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP exchange."""

    number: int
    at: str
    trigger: str
    """`schedule` or `test`."""
    url: str
    method: str
    request_headers: Headers
    """As sent, credentials redacted."""
    request_body: BodyOut | None
    succeeded: bool
    status: int | None
    response_headers: Headers
    response_body: BodyOut
    cause: Cause | None
    """The class of the error, when it failed."""
    detail: str
    hint: str
    """In plain words what to do about it."""
    timings: TimingsOut
    resent: bool
    """Sent once more on a fresh connection: the receiver may have seen it twice."""
    next_at: str | None
    """When the next attempt is due."""
    action: str
    """With a preset: what was done with the case in the other system; empty: nothing, or there is no preset."""
    missing: tuple[str, ...]
    """Variables that the template asked for and that the event does not have: they came out empty."""
    steps: list[StepOut]
    """Requests that went before, in order."""


def shaped_attempt(attempt: Attempt, request_body: bytes | None) -> AttemptOut:
    exchange = attempt.exchange
    cause = None if attempt.succeeded else exchange.cause or Cause.STATUS
    body = attempt.request_body if attempt.request_body is not None else request_body
    return AttemptOut(
        number=attempt.number,
        at=iso(attempt.at),
        trigger=attempt.trigger,
        url=attempt.url,
        method=attempt.method,
        request_headers=attempt.request_headers,
        request_body=None if body is None else shaped_body(body),
        succeeded=attempt.succeeded,
        status=exchange.status,
        response_headers=exchange.headers,
        response_body=shaped_body(exchange.body, truncated=exchange.truncated),
        cause=cause,
        detail=exchange.detail,
        hint=_hint(attempt, cause),
        timings=_timings(exchange.timings),
        resent=exchange.resent,
        next_at=maybe_iso(attempt.next_at),
        action=attempt.action,
        missing=attempt.missing,
        steps=[StepOut(**msgspec.structs.asdict(step)) for step in attempt.steps],
    )


def _hint(attempt: Attempt, cause: Cause | None) -> str:
    if cause is None:
        return ""
    if attempt.judged and attempt.exchange.detail:  # a preset has found the reason
        return "" if cause is Cause.NOT_SENT else HINTS[Cause.REJECTED if cause is Cause.STATUS else cause]
    return HINTS[cause]


def shaped_body(body: bytes, *, truncated: bool = False) -> BodyOut:
    try:
        return BodyOut(text=body.decode(), base64=None, truncated=truncated)
    except UnicodeDecodeError:
        return BodyOut(text=None, base64=base64.b64encode(body).decode(), truncated=truncated)


def _timings(timings: Timings) -> TimingsOut:
    return TimingsOut(**msgspec.structs.asdict(timings))
