"""Exchanges: what was delivered for a system, as its own API tells it: attempts, status codes, bodies, times, errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hookline.api.lists import Listing, Paging
from hookline.api.parts import Parts
from hookline.deliver.verdict import KEPT_BODY
from hookline.errors import NotFound
from hookline.model.attempt import Attempt, Cause, Headers
from hookline.model.delivery import Delivery, DeliveryDetail, State
from hookline.model.endpoint import Endpoint
from hookline.model.event import JSON, Event
from hookline.model.ids import DeliveryId, EndpointId
from hookline.storage.filters import DeliveryFilter
from hookline.systems.access import Mounted
from hookline.systems.subscriptions import endpoints_of

FAILED = frozenset({State.DEAD, State.EXPIRED, State.CANCELLED})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with its event and its attempts."""

    delivery: Delivery
    event: Event
    endpoint: Endpoint | None
    """None: it is gone."""
    attempts: tuple[Attempt, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    items: Sequence[Told]
    next_cursor: str | None


async def history(
    mounted: Mounted, parts: Parts, path: str, asked: Paging, wanted: Mapping[str, Any]
) -> Page:
    """Deliveries to the endpoints of the system, newest first. `wanted`: fields of DeliveryFilter."""
    endpoints = await endpoints_by_id(mounted, parts)
    named = wanted.get("endpoint_id")
    if named is not None and named not in endpoints:
        return Page(items=[], next_cursor=None)
    filters = DeliveryFilter(among=frozenset(endpoints), **wanted)
    listing = Listing.of(path, mounted.tenant, asked)
    page = await parts.store.deliveries.list(
        mounted.tenant, filters, after=listing.after(asked.cursor), limit=asked.limit
    )
    found = [await told_of(mounted, parts, endpoints, one.id) for one in page.items]
    return Page(items=found, next_cursor=listing.cursor(page.after))


async def one_of(mounted: Mounted, parts: Parts, delivery_id: str) -> Told:
    """Raises NotFound, also for a delivery of another system."""
    endpoints = await endpoints_by_id(mounted, parts)
    told = await told_of(mounted, parts, endpoints, DeliveryId(delivery_id))
    if told.endpoint is None:
        raise NotFound(
            f"There is no delivery {delivery_id!r:.100}.", hint="List them to see which there are."
        )
    return told


async def endpoints_by_id(mounted: Mounted, parts: Parts) -> Mapping[EndpointId, Endpoint]:
    return {one.id: one for one in await endpoints_of(mounted, parts)}


async def told_of(
    mounted: Mounted, parts: Parts, endpoints: Mapping[EndpointId, Endpoint], delivery_id: DeliveryId
) -> Told:
    detail: DeliveryDetail = await parts.store.deliveries.get(mounted.tenant, delivery_id)
    event = await parts.store.events.get(mounted.tenant, detail.delivery.event_id)
    return Told(
        delivery=detail.delivery,
        event=event,
        endpoint=endpoints.get(detail.delivery.endpoint_id),
        attempts=detail.attempts,
    )


def payload_of(told: Told, parts: Parts, attempt: Attempt | None = None) -> Any:
    """What that attempt sent, the last one unless told: read as JSON where it is. None: nobody can tell any more, or not
    yet, where a template makes it.
    """
    tried = attempt or (told.attempts[-1] if told.attempts else None)
    if tried is not None and tried.request_body is not None:
        return _read(tried.request_body)
    endpoint = told.endpoint
    if endpoint is None or (_is_made(endpoint) if tried is None else _was_made(tried)):
        return None
    body = parts.dialects[endpoint.dialect].zoned(endpoint.zone).body(told.event)
    return _read(body) if told.event.content_type == JSON else body.decode("utf-8", "replace")


def _is_made(endpoint: Endpoint) -> bool:
    return bool(endpoint.preset) or endpoint.template is not None


def _was_made(attempt: Attempt) -> bool:
    """By a preset or a template that sent nothing, or nothing that was kept."""
    return attempt.judged or attempt.exchange.cause is Cause.TEMPLATE


def _read(body: bytes) -> Any:
    try:
        return msgspec.Raw(body) if msgspec.json.decode(body) is not None else None
    except (msgspec.DecodeError, RecursionError):
        cut = " … (cut)" if len(body) >= KEPT_BODY else ""
        return body.decode("utf-8", "replace") + cut


def error_of(attempt: Attempt) -> str | None:
    """In words; None: it succeeded."""
    if attempt.succeeded:
        return None
    exchange = attempt.exchange
    if exchange.status is not None and exchange.cause in {None, Cause.STATUS}:
        return f"HTTP {exchange.status}"
    return exchange.detail or str(exchange.cause or "failed")


def body_of(attempt: Attempt) -> str | None:
    return attempt.exchange.body.decode("utf-8", "replace") if attempt.exchange.status is not None else None


def millis(attempt: Attempt) -> int:
    return round(attempt.exchange.timings.total)


def headers_of(headers: Headers) -> dict[str, str]:
    return dict(headers)
