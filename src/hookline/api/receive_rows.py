"""What is stored of a request to a source: its receipt, and a draft of each event."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

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


class Knock(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request to one source."""

    registered: Registered
    inbound: Inbound
    at: Micros
    remote: str
    receipt_id: ReceiptId
    rest: str = ""
    """Of its URL, what follows `/in/`: where that is, and what led to the source."""
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
    fault = inbound.fault if kind.json or not kind.form else ""
    whole = items[0].data if len(items) == 1 else None
    as_it_came = whole == inbound.body
    content_type = JSON if whole is None else _content_type(kind, fault if as_it_came else _fault(whole))
    drafts = [_draft(knock, item, headers.forwarded, content_type) for item in items]
    flag = knock.flag or identity.flag or (_unreadable(fault) if fault and kind.json else "")
    body = None if as_it_came else inbound.body
    return drafts, _receipt(knock, Outcome.ACCEPTED, flag, headers.shown, body)


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
    outcome = Outcome.HANDSHAKE if verdict.refusal is None else Outcome.REFUSED
    telling, inbound = knock.registered.telling, knock.inbound
    body = None if handshake or verdict.refusal is Refusal.BODY_TOO_LARGE else inbound.body
    return msgspec.structs.replace(
        _receipt(knock, outcome, verdict.detail, telling.headers(inbound).shown, body),
        cause=verdict.refusal,
        status=status,
        handshake=handshake,
        query=telling.query(inbound, whole=not handshake),
    )


def _receipt(knock: Knock, outcome: Outcome, detail: str, headers: Headers, body: bytes | None) -> Receipt:
    registered, inbound = knock.registered, knock.inbound
    source = registered.source
    return Receipt(
        id=knock.receipt_id,
        tenant_id=source.tenant_id,
        source_id=source.id,
        received_at=knock.at,
        outcome=outcome,
        detail=detail,
        status=registered.answer.status,
        method=inbound.method,
        query=registered.telling.query(inbound) if "?" in inbound.url else "",
        headers=headers,
        remote=knock.remote,
        size=len(inbound.body),
        body=body,
    )


class _Kind(msgspec.Struct, frozen=True, gc=False):
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


def _content_type(kind: _Kind, fault: str) -> str:
    """Of an event that is all of the body. What claims to be JSON, or says nothing, and is, is JSON: only that goes
    into an envelope as it is. `fault`: why it is none.
    """
    if kind.form:
        return kind.given
    return kind.otherwise if fault else JSON


def _fault(data: bytes) -> str:
    try:
        parse_json(data)
    except InvalidJson as error:
        return error.detail
    return ""


def _unreadable(fault: str) -> str:
    """Said of a body that claims to be JSON and is none."""
    return f"the body is not the JSON that it claims to be: {fault}"
