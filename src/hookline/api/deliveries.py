"""Deliveries: list, show with every attempt, retry now, cancel."""

from typing import Literal

import msgspec
from litestar import get, post

from hookline.api.attempt_out import shaped_attempt, shaped_body
from hookline.api.delivery_out import DeliveryOut, DeliveryPage, DeliveryWhole, shaped_delivery
from hookline.api.lists import Listing, Period
from hookline.api.parts import Parts
from hookline.api.remote_out import RemoteOut, shaped_remote
from hookline.api.rules import Needs, NeedsCaller, NeedsParts, PathText, rule
from hookline.errors import InvalidField, NotFound
from hookline.model.api_key import Scope
from hookline.model.delivery import OPEN, Delivery, State
from hookline.model.ids import DeliveryId, EndpointId, EventId
from hookline.storage.batches import Batches
from hookline.storage.filters import DeliveryFilter


class DeliveryQuery(Period, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    state: State | None = None
    endpoint: str | None = None
    """The id of an endpoint."""
    event_type: str | None = None
    """The exact event type."""
    event: str | None = None
    """The id of an event."""
    tag: str | None = None
    """A tag of the event."""
    status: Literal["2xx", "3xx", "4xx", "5xx"] | None = None
    """The class of the last answer's status."""


_READ = rule(Scope.READ)
_MOVE = rule(Scope.MANAGE, conflicts=True)


@get("/v1/deliveries", opt=rule(Scope.READ, query=DeliveryQuery))
async def list_deliveries(
    caller: NeedsCaller,
    parts: NeedsParts,
    asked: Needs[DeliveryQuery],
) -> DeliveryPage:
    """List deliveries, newest first. Every filter narrows."""
    listing = Listing.of("/v1/deliveries", caller.tenant, asked)
    page = await parts.store.deliveries.list(
        caller.tenant, _filter(asked), after=listing.after(asked.cursor), limit=asked.limit
    )
    return DeliveryPage(
        items=[shaped_delivery(delivery) for delivery in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/deliveries/{delivery_id:str}", opt=_READ)
async def get_delivery(delivery_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> DeliveryWhole:
    """Show a delivery with every attempt that has ended."""
    detail = await parts.store.deliveries.get(caller.tenant, DeliveryId(delivery_id))
    return DeliveryWhole(
        request_body=None
        if (body := await remade_body(parts, detail.delivery)) is None
        else shaped_body(body),
        remote=await _remote(parts, detail.delivery),
        history=[shaped_attempt(attempt, None) for attempt in detail.attempts],
        **msgspec.structs.asdict(shaped_delivery(detail.delivery)),
    )


@post("/v1/deliveries/{delivery_id:str}/retry", opt=_MOVE, status_code=200)
async def retry_delivery(delivery_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> DeliveryOut:
    """Send a delivery again now. One that had ended begins its schedule anew."""
    now = parts.clock.now()
    delivery = await parts.store.deliveries.retry(caller.tenant, DeliveryId(delivery_id), now)
    parts.wake()
    return shaped_delivery(delivery)


@post("/v1/deliveries/{delivery_id:str}/cancel", opt=_MOVE, status_code=200)
async def cancel_delivery(delivery_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> DeliveryOut:
    """Cancel a delivery that waits or is held."""
    now = parts.clock.now()
    return shaped_delivery(await parts.store.deliveries.cancel(caller.tenant, DeliveryId(delivery_id), now))


def _filter(asked: DeliveryQuery) -> DeliveryFilter:
    return DeliveryFilter(
        state=asked.state,
        endpoint_id=None if asked.endpoint is None else EndpointId(asked.endpoint),
        event_type=asked.event_type,
        event_id=None if asked.event is None else EventId(asked.event),
        tag=asked.tag,
        since=asked.since_micros,
        until=asked.until_micros,
        status_class=None if asked.status is None else int(asked.status[0]),
    )


async def _remote(parts: Parts, delivery: Delivery) -> RemoteOut | None:
    if not delivery.order_key:
        return None
    found = await parts.store.remotes.find(delivery.tenant_id, delivery.endpoint_id, delivery.order_key)
    return shaped_remote(found) if found is not None and found.id else None


async def remade_body(parts: Parts, delivery: Delivery) -> bytes | None:
    """Of its requests. It depends on the event and the dialect alone, so it is made again instead of being kept with each attempt."""
    if delivery.batch_id is not None:
        batches = Batches(parts.store.database)
        return await batches.body(delivery.tenant_id, delivery.batch_id)
    try:
        endpoint = await parts.store.endpoints.get(delivery.tenant_id, delivery.endpoint_id)
        if endpoint.preset or endpoint.template is not None:
            return None  # each attempt has its own
        dialect = parts.dialects[endpoint.dialect].zoned(endpoint.zone)
        if endpoint.batch is not None and dialect.batches and delivery.state in OPEN:
            return None  # its batch is not made yet
        event = await parts.store.events.get(delivery.tenant_id, delivery.event_id)
        return dialect.body(event)
    except (NotFound, InvalidField, KeyError):
        return None


HANDLERS = (list_deliveries, get_delivery, retry_delivery, cancel_delivery)
