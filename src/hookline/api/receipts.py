"""Receipts: list and show what came to sources, and accept later what was refused."""

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody

from hookline.api.accept import accept_later
from hookline.api.attempt_out import BodyOut, shaped_body
from hookline.api.body import decode_body
from hookline.api.lists import Listing, Period
from hookline.api.rules import Needs, NeedsCaller, NeedsParts, PathText, rule
from hookline.api.times import iso
from hookline.errors import NotFound
from hookline.model.api_key import Scope
from hookline.model.ids import ReceiptId, SourceId
from hookline.model.receipt import Outcome, Receipt, ReceiptItem, Refusal
from hookline.storage.receipts import ReceiptFilter, Whole


class ReceiptQuery(Period, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which receipts."""

    source: str | None = None
    """The id of a source."""
    outcome: Outcome | None = None
    cause: Refusal | None = None


class ReceiptItemOut(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the request."""

    type: str
    original_type: str
    """In the provider's words."""
    event_id: str | None
    """The event that it became, or that it repeated; null when that is pruned."""
    duplicate: bool


class ReceiptOut(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a source, without its body."""

    id: str
    source_id: str
    received_at: str
    outcome: Outcome
    cause: Refusal | None
    """Why it was refused."""
    handshake: str
    """The handshake that it was; empty for others."""
    detail: str
    """More of the cause, in words."""
    accepted_as: str | None
    """The receipt under which it was accepted later."""
    status: int
    """What was answered."""
    method: str
    query: str
    remote: str
    size: int
    """Bytes of the body."""
    types: list[str]
    """Of the events in it."""


class ReceiptWhole(ReceiptOut, frozen=True, kw_only=True):
    """A request to a source."""

    headers: list[tuple[str, str]]
    """As they came, credentials masked."""
    body: BodyOut | None
    """Null when it was too large to keep, or is pruned."""
    events: list[ReceiptItemOut]


class ReceiptPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, newest first."""

    items: list[ReceiptOut]
    next_cursor: str | None
    next: str | None


class AcceptIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to accept a request that was refused."""

    verify: bool = True
    """Verify it again, with the source as it is now and the clock as it was then; false: take it as it is."""


_ACCEPT = msgspec.json.Decoder(AcceptIn)
_READ = rule(Scope.READ)


@get("/v1/receipts", opt=rule(Scope.READ, query=ReceiptQuery))
async def list_receipts(caller: NeedsCaller, parts: NeedsParts, asked: Needs[ReceiptQuery]) -> ReceiptPage:
    """List what came to sources, newest first, without bodies. Every filter narrows."""
    listing = Listing.of("/v1/receipts", caller.tenant, asked)
    wanted = ReceiptFilter(
        source_id=None if asked.source is None else SourceId(asked.source),
        outcome=asked.outcome,
        cause=asked.cause,
        since=asked.since_micros,
        until=asked.until_micros,
    )
    page = await parts.store.receipts.list(
        caller.tenant, wanted, after=listing.after(asked.cursor), limit=asked.limit
    )
    return ReceiptPage(
        items=[_shaped(receipt) for receipt in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/receipts/{receipt_id:str}", opt=_READ)
async def get_receipt(receipt_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> ReceiptWhole:
    """Show a request whole, and the events that it became."""
    return _whole(await parts.store.receipts.get(caller.tenant, ReceiptId(receipt_id)))


@get("/v1/receipts/{receipt_id:str}/body", opt=_READ)
async def get_receipt_body(receipt_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> Response[bytes]:
    """The body alone, byte for byte."""
    found = await parts.store.receipts.get(caller.tenant, ReceiptId(receipt_id))
    if found.body is None:
        raise NotFound("The body of this receipt is not kept.", hint="It was too large, or is pruned.")
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(found.body, headers=headers)


@post(
    "/v1/receipts/{receipt_id:str}/accept",
    opt=rule(Scope.MANAGE, body=AcceptIn, optional=True, conflicts=True),
    status_code=200,
)
async def accept_receipt(
    receipt_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> ReceiptWhole:
    """Accept a request that was refused, after the source was mended. It makes its events now, under a new receipt."""
    given = decode_body(body or b"{}", _ACCEPT)
    refused = await parts.store.receipts.get(caller.tenant, ReceiptId(receipt_id))
    accepted = await accept_later(parts, refused, verify=given.verify)
    return _whole(await parts.store.receipts.get(caller.tenant, accepted))


def _shaped(receipt: Receipt) -> ReceiptOut:
    return ReceiptOut(
        id=receipt.id,
        source_id=receipt.source_id,
        received_at=iso(receipt.received_at),
        outcome=receipt.outcome,
        cause=receipt.cause,
        handshake=receipt.handshake,
        detail=receipt.detail,
        accepted_as=receipt.accepted_as or None,
        status=receipt.status,
        method=receipt.method,
        query=receipt.query,
        remote=receipt.remote,
        size=receipt.size,
        types=[item.type for item in receipt.items],
    )


def _whole(found: Whole) -> ReceiptWhole:
    return ReceiptWhole(
        headers=list(found.receipt.headers),
        body=None if found.body is None else shaped_body(found.body),
        events=[_item(item, found) for item in found.receipt.items],
        **msgspec.structs.asdict(_shaped(found.receipt)),
    )


def _item(item: ReceiptItem, found: Whole) -> ReceiptItemOut:
    event_id = found.events.get(item.event_id)
    return ReceiptItemOut(
        type=item.type,
        original_type=item.original,
        event_id=event_id,
        duplicate=event_id not in {None, item.event_id} or found.receipt.outcome is Outcome.DUPLICATE,
    )


HANDLERS = (list_receipts, get_receipt, get_receipt_body, accept_receipt)
