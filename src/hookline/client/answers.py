"""Answers of the API, read by pure functions: the body as values, or the problem as an exception."""

from typing import Any

import msgspec

from hookline.client.faults import Problem, Said

_OK = range(200, 300)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes
    headers: dict[str, str] = {}
    """Names in lower case."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a list."""

    items: list[msgspec.Raw]
    next: str | None = None
    """The path of the next part; None on the last."""

    def rows(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(item) for item in self.items]


def read(answer: Answer) -> Any:
    """The body's values, None when there is no body. Raises Problem."""
    body = accepted(answer)
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise Problem(_foreign(answer)) from None


def read_page(answer: Answer) -> Page:
    try:
        return msgspec.json.decode(accepted(answer), type=Page)
    except msgspec.DecodeError:
        raise Problem(_foreign(answer)) from None


def accepted(answer: Answer) -> bytes:
    """The body as it came. Raises Problem unless the gateway said yes."""
    if answer.status in _OK:
        return answer.body
    raise Problem(_said(answer), answer.headers.get("retry-after", ""))


def _said(answer: Answer) -> Said:
    try:
        return msgspec.json.decode(answer.body, type=Said)
    except msgspec.DecodeError:
        return _foreign(answer)


def _foreign(answer: Answer) -> Said:
    return Said(
        status=answer.status,
        title="This is not an answer of Hookline",
        detail=f"HTTP {answer.status}, {answer.headers.get('content-type') or 'without a content type'}.",
        hint="Does the URL lead to Hookline, or to a proxy before it?",
    )
