"""What is stored of a request to a source: its receipt, and a draft of each event."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Self

import msgspec

from hookline.clock import SECOND, Micros
from hookline.errors import InvalidJson
from hookline.model.event import JSON, Origin
from hookline.model.ids import ReceiptId
from hookline.model.json import parse_json
from hookline.model.receipt import Headers, Outcome, Receipt, Refusal
from hookline.receive.identify import Identity, Item
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Fetched
from hookline.receive.registry import Registered
from hookline.receive.scheme import Verdict
from hookline.route.draft import Draft

_BINARY = "application/octet-stream"
_MAX_TYPE = 255


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """One request to one source."""

    registered: Registered
    inbound: Inbound
    at: Micros
    remote: str
    receipt_id: ReceiptId
    flag: str = ""
    """Something about it that people should know, though it was accepted."""
    proven: Inbound | None = None
    """As it was verified, where that is another: a body may be decoded after it."""
    fetched: Fetched = {}
    """Keys that it was verified with, beside those of the source."""

    def flagged(self, flag: str) -> Self:
        return msgspec.structs.replace(self, flag=flag)

    def judged_by(self, registered: Registered) -> Verdict:
        """Also by rules of its source that are newer than those that it was verified by."""
        return registered.receiver.verify(self.proven or self.inbound, self.at, self.fetched)

    def at_source(self, registered: Registered) -> Self:
        return msgspec.structs.replace(self, registered=registered)


def rows_of(knock: Knock, identity: Identity) -> tuple[Sequence[Draft], Receipt]:
    """Of what is accepted: each of its events; and the receipt without its items, whose ids are given when they are
    stored.
    """
    inbound, items = knock.inbound, identity.items
    headers, kind = knock.registered.telling.headers(inbound), _kind(inbound)
    whole = items[0].data if len(items) == 1 else None
    content_type = JSON if whole is None else _content_type(kind, inbound, whole)
    drafts = [_draft(knock, item, headers.forwarded, content_type) for item in items]
    flag = knock.flag or identity.flag or (_unreadable(inbound) if kind.json else "")
    body = None if whole == inbound.body else inbound.body
    return drafts, _receipt(knock, headers.shown, outcome=Outcome.ACCEPTED, detail=flag, body=body)


def _draft(knock: Knock, item: Item, forwarded: Headers, content_type: str) -> Draft:
    source = knock.registered.source
    deduped = bool(item.id) and source.dedupe != 0
    return Draft(
        type=item.type,
        data=item.data,
        content_type=content_type,
        # A blank stands in no key that a publisher may choose, so that neither meets the other.
        idempotency_key=f"{source.id} {item.id}" if deduped else None,
        key_life=None if source.dedupe is None else int(source.dedupe * SECOND),
        origin=Origin(
            receipt_id=knock.receipt_id,
            source_id=source.id,
            original_type=item.original,
            headers=forwarded,
        ),
    )


def refused_receipt(knock: Knock, verdict: Verdict, status: int, *, handshake: str = "") -> Receipt:
    """Of a request that made no event. A handshake's body may hold a secret, and is not kept."""
    good = verdict.refusal is None
    receipt = _receipt(
        knock,
        knock.registered.telling.headers(knock.inbound).shown,
        outcome=Outcome.HANDSHAKE if good else Outcome.REFUSED,
        detail=verdict.detail,
        body=None if handshake or verdict.refusal is Refusal.BODY_TOO_LARGE else knock.inbound.body,
        whole_query=not handshake,
    )
    return msgspec.structs.replace(receipt, cause=verdict.refusal, status=status, handshake=handshake)


def _receipt(
    knock: Knock,
    headers: Headers,
    *,
    outcome: Outcome,
    detail: str,
    body: bytes | None,
    whole_query: bool = True,
) -> Receipt:
    source = knock.registered.source
    return Receipt(
        id=knock.receipt_id,
        tenant_id=source.tenant_id,
        source_id=source.id,
        received_at=knock.at,
        outcome=outcome,
        detail=detail,
        status=knock.registered.answer.status,
        method=knock.inbound.method,
        query=knock.registered.telling.query(knock.inbound, whole=whole_query),
        headers=headers,
        remote=knock.remote,
        size=len(knock.inbound.body),
        body=body,
    )


class _Kind(NamedTuple):
    """What a Content-Type says."""

    given: str
    form: bool
    json: bool
    otherwise: str
    """Of a body that is no JSON."""


def _kind(inbound: Inbound) -> _Kind:
    return _read_kind(inbound.by_name.get(b"content-type") or b"")


@lru_cache(200)
def _read_kind(header: bytes) -> _Kind:
    given = header.decode("latin-1")[:_MAX_TYPE]
    plain = given.partition(";")[0].strip().lower()
    readable = plain not in {"", JSON} and given.isprintable()
    form = "form" in given or "multipart" in given
    return _Kind(given, form, "json" in given, given if readable else _BINARY)


def _content_type(kind: _Kind, inbound: Inbound, data: bytes) -> str:
    """Of an event that is all of the body. What claims to be JSON, or says nothing, and is, is JSON: only that goes
    into an envelope as it is.
    """
    if kind.form:
        return kind.given
    fault = inbound.fault if data is inbound.body else _fault(data)
    return kind.otherwise if fault else JSON


def _fault(data: bytes) -> str:
    try:
        parse_json(data)
    except InvalidJson as error:
        return error.detail
    return ""


def _unreadable(inbound: Inbound) -> str:
    """Said of a body that claims to be JSON and is none."""
    fault = inbound.fault
    return f"the body is not the JSON that it claims to be: {fault}" if fault else ""
