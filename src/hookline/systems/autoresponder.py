"""The AI Support Autoresponder's way in: `POST /api/webhooks/receive` makes a ticket of a request."""

from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
from litestar import post
from litestar.params import RawBody

from hookline.api.parts import Parts
from hookline.api.publish import overloaded
from hookline.api.receive_rows import Knock, refused_receipt
from hookline.api.rules import AnyRequest, NeedsParts
from hookline.api.system_sources import source_path
from hookline.clock import SECOND, Micros
from hookline.emissions_inbound import ReceiptRefused, RequestReceived, SignatureInvalid
from hookline.errors import InvalidField, NotFound, NotProven
from hookline.model.json import nearest
from hookline.model.receipt import Outcome, Refusal
from hookline.model.record import RecordKey
from hookline.receive.inbound import Inbound
from hookline.receive.scheme import Verdict
from hookline.systems.access import Mounted, NeedsMounted, access
from hookline.systems.subscriptions import local_time, read_fields

SYSTEM, PATH, SOURCE = "ai-support-autoresponder", "/api/webhooks/receive", "receive"
CREATE = "ticket.create"
COUNTER = "ticket_number"
"""The type of the record that counts the tickets of a year. No rule speaks of it, and no path shows it."""
_EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$(?!\n)"


class ReceivedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    event: str
    """`ticket.create`."""
    data: dict[str, Any]
    """The fields of a TicketIn."""


class TicketIn(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to make."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    message: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    customer_email: Annotated[str, msgspec.Meta(max_length=254, pattern=_EMAIL)]
    customer_name: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    priority: Annotated[str, msgspec.Meta(min_length=1, max_length=50)] = "medium"
    category: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that was made."""

    success: bool
    ticket: dict[str, Any]
    """The state of the new record: what was given, with `id`, `ticket_number`, `status`, `created_at`, `updated_at`."""


@post(PATH, opt=access(SYSTEM, None, body=ReceivedIn, beside=TicketIn), status_code=201)
async def receive_webhook(
    request: AnyRequest, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
) -> Made:
    """Make a ticket: verified where the source behind this path has a secret, numbered, and published."""
    knock = await _knock(request, body, mounted, parts)
    _verify(knock, parts)
    given = _ticket(body)
    wait = parts.shedder.shed(mounted.tenant)
    if wait is not None:
        raise overloaded(wait)
    saved = await _saved(given, mounted, parts)
    receipt = refused_receipt(knock, Verdict(), 201)
    parts.inbox.refusals.add(msgspec.structs.replace(receipt, outcome=Outcome.ACCEPTED))
    source = knock.registered.source
    parts.telemetry.emit(
        RequestReceived(
            tenant_id=source.tenant_id,
            source_id=source.id,
            receipt_id=knock.receipt_id,
            provider=source.provider,
            outcome=Outcome.ACCEPTED,
        )
    )
    return Made(success=True, ticket=saved)


async def _knock(request: AnyRequest, body: bytes, mounted: Mounted, parts: Parts) -> Knock:
    config = await parts.config(mounted.tenant)
    path = source_path(SYSTEM, SOURCE)
    source = next((one for one in config.sources.values() if one.path == path and one.active), None)
    if source is None:
        raise NotFound(
            "Nothing is received here.", hint=f"hookline systems enable {SYSTEM} makes its source."
        )
    client, now = request.scope.get("client"), parts.clock.now()
    return Knock(
        registered=parts.inbox.registry.registered(source),
        inbound=Inbound(
            method="POST", url=str(request.url), headers=list(request.scope["headers"]), body=body
        ),
        at=now,
        remote=client[0] if client else "",
        receipt_id=parts.ids.receipt(now),
    )


def _verify(knock: Knock, parts: Parts) -> None:
    """Raises NotProven, which says no more than that; the receipt has the cause."""
    let_in = knock.registered.lets_in(knock.remote)
    verdict = knock.judged_by(knock.registered) if let_in else Verdict(Refusal.ADDRESS_NOT_ALLOWED)
    if verdict.refusal is None:
        return
    source = knock.registered.source
    parts.inbox.refusals.add(refused_receipt(knock, verdict, NotProven.status))
    kind = SignatureInvalid if let_in else ReceiptRefused
    parts.telemetry.emit(
        kind(
            tenant_id=source.tenant_id,
            source_id=source.id,
            receipt_id=knock.receipt_id,
            provider=source.provider,
            cause=verdict.refusal,
            remote=knock.remote,
        )
    )
    raise NotProven(
        "The request does not prove who sends it.", hint="Sign the body with the webhook secret, in hex."
    )


def _ticket(body: bytes) -> TicketIn:
    """Raises InvalidField."""
    given, _ = read_fields(body, ReceivedIn)
    if given.event != CREATE:
        meant = nearest(given.event, [CREATE])
        hint = f"Did you mean {meant}?" if meant else f"Only {CREATE} is received here."
        raise InvalidField(f"{given.event[:64]!r} is not received.", hint=hint, field="event")
    ticket, _ = read_fields(msgspec.json.encode(given.data), TicketIn)
    return ticket


async def _saved(given: TicketIn, mounted: Mounted, parts: Parts) -> dict[str, Any]:
    now = parts.clock.now()
    year = _year(now, mounted.zone)
    ticket_id = str(uuid4())
    written = local_time(now, "UTC", mark="Z")

    def made(number: int) -> dict[str, Any]:
        return {
            "id": ticket_id,
            "ticket_number": f"TKT-{year}-{number:03}",
            **msgspec.structs.asdict(given),
            "status": "new",
            "created_at": written,
            "updated_at": written,
        }

    key = RecordKey(tenant_id=mounted.tenant, system=SYSTEM, type="ticket", id=ticket_id)
    counter = RecordKey(tenant_id=mounted.tenant, system=SYSTEM, type=COUNTER, id=str(year))
    saved = await parts.saver.create(key, counter, made)
    return dict(saved.state)


def _year(now: Micros, zone: str) -> int:
    return datetime.fromtimestamp(now / SECOND, ZoneInfo(zone)).year


HANDLERS = (receive_webhook,)
