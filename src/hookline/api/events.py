"""Events: list and show what was published, what it matched and why, and what became of it."""

import msgspec
from litestar import Response, get

from hookline.api.delivery_out import DeliveryOut, shaped_delivery
from hookline.api.lists import Listing, Period
from hookline.api.rules import Needs, NeedsCaller, NeedsParts, PathText, rule
from hookline.api.times import iso
from hookline.model.api_key import Scope
from hookline.model.delivery import Delivery, State
from hookline.model.event import JSON, Event
from hookline.model.ids import EventId
from hookline.route.filter import FilterInput
from hookline.route.match import Match

_READ = rule(Scope.READ)
_NULL = msgspec.Raw(b"null")


class EventQuery(Period, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events."""

    type: str | None = None
    """The exact event type."""
    tag: str | None = None


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """An event without its data."""

    id: str
    type: str
    content_type: str
    size: int
    """Bytes of its data."""
    time: str
    """When it happened, by the publisher's word."""
    accepted_at: str
    idempotency_key: str | None
    order_key: str
    tags: tuple[str, ...]
    receipt_id: str | None
    """The request that it was made from; null: it was published."""
    source_id: str | None
    system: str
    """The system that it belongs to; empty: none."""
    matched: tuple[str, ...]
    """The endpoints that it must reach; empty: none wanted it."""
    failures: dict[str, str]
    """Endpoints whose filter could not answer, and why."""


class EventWhole(EventOut, frozen=True, kw_only=True):
    """An event with its data."""

    data: msgspec.Raw
    """Byte for byte as it was published; null when it is not JSON: then `/data` has it."""


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, newest first."""

    items: list[EventOut]
    next_cursor: str | None
    next: str | None


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of one event, in the order of what it matched."""

    items: list[DeliveryOut]


class MatchOut(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint and one event."""

    endpoint_id: str
    matched: bool
    """At the time of publishing."""
    delivery_id: str | None
    state: State | None
    failure: str | None
    """Why its filter could not answer then."""
    would_match: bool | None
    """With the endpoint as it is now; null: it is gone."""
    reason: str
    """In words, why it would or would not match now."""


class MatchList(msgspec.Struct, frozen=True, kw_only=True):
    """Every endpoint that the event matched, and every one that there is now."""

    items: list[MatchOut]


@get("/v1/events", opt=rule(Scope.READ, query=EventQuery))
async def list_events(
    caller: NeedsCaller,
    parts: NeedsParts,
    asked: Needs[EventQuery],
) -> EventPage:
    """List events, newest first, without their data. Every filter narrows."""
    listing = Listing.of("/v1/events", caller.tenant, asked)
    page = await parts.store.events.list(
        caller.tenant,
        type=asked.type,
        tag=asked.tag,
        since=asked.since_micros,
        until=asked.until_micros,
        after=listing.after(asked.cursor),
        limit=asked.limit,
    )
    return EventPage(
        items=[_shaped(event) for event in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/events/{event_id:str}", opt=_READ)
async def get_event(event_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> EventWhole:
    """Show an event with its data, byte for byte."""
    event = await parts.store.events.get(caller.tenant, EventId(event_id))
    data = msgspec.Raw(event.data) if event.content_type == JSON else _NULL
    return EventWhole(data=data, **msgspec.structs.asdict(_shaped(event)))


@get("/v1/events/{event_id:str}/data", opt=_READ)
async def get_event_data(event_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> Response[bytes]:
    """The data alone: the bytes and the content type that were published."""
    event = await parts.store.events.get(caller.tenant, EventId(event_id))
    headers = {
        "Content-Type": event.content_type,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(event.data, headers=headers)


@get("/v1/events/{event_id:str}/deliveries", opt=_READ)
async def get_event_deliveries(event_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> DeliveryList:
    """The deliveries of an event, in the order of what it matched."""
    found = await parts.store.events.deliveries(caller.tenant, EventId(event_id))
    return DeliveryList(items=[shaped_delivery(delivery) for delivery in found])


@get("/v1/events/{event_id:str}/matches", opt=_READ)
async def get_event_matches(event_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> MatchList:
    """What an event matched when it was published, and for each endpoint of today whether it would match and why."""
    event = await parts.store.events.get(caller.tenant, EventId(event_id))
    found = await parts.store.events.deliveries(caller.tenant, event.id)
    config = await parts.config(caller.tenant)
    data = event.data if event.content_type == JSON else b""
    asked = FilterInput(type=event.type, data=data, tags=event.tags, time=event.time)
    now = {
        match.endpoint_id: match for match in parts.publisher.matchers.of(config).explain(asked, event.system)
    }
    deliveries: dict[str, Delivery] = {delivery.endpoint_id: delivery for delivery in found}
    wanted: dict[str, None] = dict.fromkeys([*event.matched, *event.failures, *now])
    return MatchList(items=[_match(event, one, deliveries.get(one), now.get(one)) for one in wanted])


def _match(event: Event, endpoint_id: str, delivery: Delivery | None, now: Match | None) -> MatchOut:
    return MatchOut(
        endpoint_id=endpoint_id,
        matched=endpoint_id in event.matched,
        delivery_id=None if delivery is None else delivery.id,
        state=None if delivery is None else delivery.state,
        failure=event.failures.get(endpoint_id),
        would_match=None if now is None else now.matched,
        reason="The endpoint is gone." if now is None else now.reason,
    )


def _shaped(event: Event) -> EventOut:
    return EventOut(
        id=event.id,
        type=event.type,
        content_type=event.content_type,
        size=len(event.data),
        time=iso(event.time),
        accepted_at=iso(event.accepted_at),
        idempotency_key=event.idempotency_key,
        order_key=event.order_key,
        tags=event.tags,
        receipt_id=None if event.origin is None else event.origin.receipt_id,
        source_id=None if event.origin is None else event.origin.source_id,
        system=event.system,
        matched=event.matched,
        failures=event.failures,
    )


HANDLERS = (list_events, get_event, get_event_data, get_event_deliveries, get_event_matches)
