"""The AskPro gateway's admin paths: a test of an output, and the log of all exchanges."""

import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody

from hookline.api.lists import Listing, Period
from hookline.api.parts import Parts
from hookline.api.rules import AnyRequest, NeedsParts, read_query
from hookline.api.system_sources import source_path
from hookline.model.api_key import Scope
from hookline.model.ids import SourceId
from hookline.model.receipt import Receipt
from hookline.storage.filters import DeliveryFilter
from hookline.storage.receipts import ReceiptFilter
from hookline.systems.access import Mounted, NeedsMounted, access
from hookline.systems.exchanges import (
    body_of,
    endpoints_by_id,
    error_of,
    millis,
    payload_of,
    told_of,
)
from hookline.systems.subscriptions import endpoint_of, local_time, read_fields
from hookline.systems.trials import send_trial

SYSTEM = "askpro-gateway"
TRIAL, LOG = "/admin/test-webhook", "/admin/exchange-log"
_TIMEOUT = 10.0
"""Seconds for a test."""
_PAGES = 20
"""How many pages are looked through for one page of what a filter lets pass."""
_ENDED = "-"


class TrialIn(msgspec.Struct, frozen=True, kw_only=True):
    """Which output to test."""

    config_id: Annotated[str, msgspec.Meta(min_length=1)]
    """The id of its endpoint."""


class TrialOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered; where nothing was, `status` is null and `body` says why."""

    success: bool
    status: int | None
    body: str


class ExchangeQuery(Period, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which exchanges."""

    case: str | None = None
    """`case_id` of the service case."""
    status: Annotated[str, msgspec.Meta(pattern=r"^[1-5][0-9]{2}$(?!\n)")] | None = None
    """The HTTP status of the answer."""
    direction: Literal["inbound", "outbound"] | None = None
    format: Literal["json", "csv", "ndjson"] = "json"


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request, ours or theirs, and its answer."""

    service_case_id: int | str | None
    direction: str
    endpoint: str
    """The URL that it went to, or the source that it came to."""
    request_payload: Any
    response_status: int | None
    response_body: str | None
    duration_ms: int | None
    error: str | None
    created_at: str | None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first in each direction."""

    data: list[Exchange]
    next_cursor: str | None


@post(TRIAL, opt=access(SYSTEM, Scope.MANAGE, body=TrialIn), status_code=200)
async def test_webhook(body: RawBody, mounted: NeedsMounted, parts: NeedsParts) -> TrialOut:
    """Send a test to an output now, active or not. Nothing of it is stored or counted."""
    given, _ = read_fields(body, TrialIn)
    endpoint = await endpoint_of(mounted, parts, given.config_id)
    payload = {"test": True, "timestamp": None, "message": "AskPro webhook test"}
    attempt = await send_trial(parts, endpoint, payload, mounted.zone, within=_TIMEOUT)
    answered = body_of(attempt)
    return TrialOut(
        success=attempt.succeeded,
        status=attempt.exchange.status,
        body=answered if answered is not None else error_of(attempt) or "",
    )


@get(LOG, opt=access(SYSTEM, Scope.READ, query=ExchangeQuery, answer=Log))
async def exchange_log(request: AnyRequest, mounted: NeedsMounted, parts: NeedsParts) -> Response[Any]:
    """List exchanges, inbound and outbound, or export them as CSV or NDJSON."""
    asked = read_query(request, ExchangeQuery)
    log = await _log(mounted, parts, asked)
    if asked.format == "json":
        return Response(log, media_type="application/json")
    kind, write = _FORMATS[asked.format]
    headers = {"Content-Disposition": f'attachment; filename="exchange-log.{asked.format}"'}
    if log.next_cursor is not None:
        headers["Next-Cursor"] = log.next_cursor
    return Response(write(log.data), media_type=kind, headers=headers)


async def _log(mounted: Mounted, parts: Parts, asked: ExchangeQuery) -> Log:
    listing = Listing.of(LOG, mounted.tenant, asked)
    after = (listing.after(asked.cursor) or "|").split("|", 1)
    found: list[Exchange] = []
    left = list[str]()
    for direction, place, page in zip(("outbound", "inbound"), after, (_outbound, _inbound), strict=True):
        if asked.direction not in {None, direction} or place == _ENDED:
            left.append(_ENDED)
            continue
        some, behind = await _filled(asked, place, partial(page, mounted, parts, asked))
        found += some
        left.append(behind)
    found.sort(key=lambda one: one.created_at or "", reverse=True)
    ended = all(place == _ENDED for place in left)
    return Log(data=found, next_cursor=None if ended else listing.cursor("|".join(left)))


async def _filled(
    asked: ExchangeQuery, place: str, page: Callable[[str], Awaitable[tuple[Sequence[Exchange], str]]]
) -> tuple[list[Exchange], str]:
    """A page of what the filters let pass, and the place behind it."""
    found: list[Exchange] = []
    for _ in range(_PAGES):
        some, place = await page(place)
        found += [one for one in some if _fits(one, asked)]
        if place == _ENDED or len(found) >= asked.limit:
            break
    return found, place


def _fits(one: Exchange, asked: ExchangeQuery) -> bool:
    case = asked.case in {None, str(one.service_case_id)}
    return case and asked.status in {None, str(one.response_status)}


async def _outbound(
    mounted: Mounted, parts: Parts, asked: ExchangeQuery, place: str
) -> tuple[Sequence[Exchange], str]:
    endpoints = await endpoints_by_id(mounted, parts)
    filters = DeliveryFilter(among=frozenset(endpoints), since=asked.since_micros, until=asked.until_micros)
    page = await parts.store.deliveries.list(mounted.tenant, filters, after=place or None, limit=asked.limit)
    found: list[Exchange] = []
    for delivery in page.items:
        told = await told_of(mounted, parts, endpoints, delivery.id)
        found += [
            Exchange(
                service_case_id=_case_of(told.event.data),
                direction="outbound",
                endpoint=attempt.url,
                request_payload=payload_of(told, parts, attempt),
                response_status=attempt.exchange.status,
                response_body=body_of(attempt),
                duration_ms=millis(attempt),
                error=error_of(attempt),
                created_at=local_time(attempt.at, mounted.zone, mark="offset"),
            )
            for attempt in reversed(told.attempts)
        ]
    return found, page.after or _ENDED


async def _inbound(
    mounted: Mounted, parts: Parts, asked: ExchangeQuery, place: str
) -> tuple[Sequence[Exchange], str]:
    """Of the sources behind the gateway's own paths, one after another: `place` names the source, too."""
    sources = await _own_sources(mounted, parts)
    number, _, after = place.partition(" ")
    at = int(number) if number.isdecimal() else 0
    if at >= len(sources):
        return [], _ENDED
    name, source = sources[at]
    wanted = ReceiptFilter(source_id=source, since=asked.since_micros, until=asked.until_micros)
    page = await parts.store.receipts.list(mounted.tenant, wanted, after=after or None, limit=asked.limit)
    found = [await _received(mounted, parts, name, receipt) for receipt in page.items]
    if page.after is not None:
        return found, f"{at} {page.after}"
    return found, f"{at + 1} " if at + 1 < len(sources) else _ENDED


async def _own_sources(mounted: Mounted, parts: Parts) -> list[tuple[str, SourceId]]:
    config = await parts.config(mounted.tenant)
    by_path = {source.path: source.id for source in config.sources.values()}
    named = [(name, source_path(SYSTEM, name)) for name in mounted.system.sources]
    return [(name, by_path[path]) for name, path in named if path in by_path]


async def _received(mounted: Mounted, parts: Parts, name: str, receipt: Receipt) -> Exchange:
    body = (await parts.store.receipts.get(mounted.tenant, receipt.id)).body
    return Exchange(
        service_case_id=None,
        direction="inbound",
        endpoint=name,
        request_payload=_payload(body),
        response_status=receipt.status,
        response_body=None,
        duration_ms=None,
        error=None if receipt.cause is None else str(receipt.cause),
        created_at=local_time(receipt.received_at, mounted.zone, mark="offset"),
    )


def _payload(body: bytes | None) -> Any:
    if body is None:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body.decode("utf-8", "replace")


def _case_of(data: bytes) -> int | str | None:
    found = _payload(data)
    case = found.get("case_id") if isinstance(found, Mapping) else None
    return case if isinstance(case, int | str) else None


def _csv(entries: Sequence[Exchange]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(Exchange.__struct_fields__)
    table.writerows([[_cell(value) for value in msgspec.structs.astuple(one)] for one in entries])
    return text.getvalue()


def _cell(value: Any) -> str:
    """A spreadsheet takes what begins so for a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _ndjson(entries: Sequence[Exchange]) -> str:
    return "".join(_lines(entries))


def _lines(entries: Sequence[Exchange]) -> Iterator[str]:
    for one in entries:
        yield msgspec.json.encode(one).decode() + "\n"


_FORMATS: Mapping[str, tuple[str, Callable[[Sequence[Exchange]], str]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "ndjson": ("application/x-ndjson", _ndjson),
}
HANDLERS = (test_webhook, exchange_log)
