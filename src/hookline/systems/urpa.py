"""URPA's own API: webhooks, and the history of what was sent to them."""

from typing import Any

import msgspec
from litestar import get, post

from hookline.api.lists import Paging
from hookline.api.rules import AnyRequest, NeedsParts, PathText, read_query
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.attempt import Attempt
from hookline.model.delivery import State
from hookline.model.ids import EndpointId
from hookline.systems.access import NeedsMounted, access
from hookline.systems.exchanges import (
    FAILED,
    Told,
    body_of,
    error_of,
    history,
    millis,
    one_of,
    payload_of,
)
from hookline.systems.webhooks import crud, zulu

SYSTEM = "urpa"
EVENTS = "/api/urpa/webhooks/events"
_STATES = {"delivered": State.DELIVERED, "failed": State.DEAD, "pending": State.PENDING}


class EventQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    webhook_id: str | None = None
    event: str | None = None
    """The exact event type."""
    status: str | None = None
    """`pending`, `delivered` or `failed`."""


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    attempt: int
    attempted_at: str | None
    status_code: int | None
    response_body: str | None
    error_message: str | None
    duration_ms: int


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a webhook."""

    id: str
    webhook_id: str
    event: str
    status: str
    """`pending`, `delivered` or `failed`."""
    attempts: int
    status_code: int | None
    """Of the last answer."""
    response_body: str | None
    error_message: str | None
    delivered_at: str | None
    next_retry_at: str | None
    created_at: str | None


class WholeEvent(WebhookEvent, frozen=True, kw_only=True):
    """With its payload and every attempt."""

    payload: Any
    history: list[DeliveryAttempt]


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    data: list[WebhookEvent]
    next_cursor: str | None


class OneEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event, and what was done with it."""

    message: str = ""
    data: WholeEvent | None = None


@get(EVENTS, opt=access(SYSTEM, Scope.READ, query=EventQuery))
async def list_events(request: AnyRequest, mounted: NeedsMounted, parts: NeedsParts) -> EventPage:
    """List what was sent, newest first."""
    asked = read_query(request, EventQuery)
    wanted: dict[str, Any] = {"event_type": asked.event, "state": _state(asked.status)}
    if asked.webhook_id is not None:
        wanted["endpoint_id"] = EndpointId(asked.webhook_id)
    page = await history(mounted, parts, EVENTS, asked, wanted)
    return EventPage(data=[WebhookEvent(**_fields(one)) for one in page.items], next_cursor=page.next_cursor)


@get(f"{EVENTS}/{{delivery_id:str}}", opt=access(SYSTEM, Scope.READ))
async def get_event(delivery_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> OneEvent:
    """Show one with its payload and every attempt."""
    told = await one_of(mounted, parts, delivery_id)
    return OneEvent(data=_whole(told, payload_of(told, parts)))


@post(
    f"{EVENTS}/{{delivery_id:str}}/retry",
    opt=access(SYSTEM, Scope.MANAGE, conflicts=True),
    status_code=200,
)
async def retry_event(delivery_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> OneEvent:
    """Send one again now."""
    told = await one_of(mounted, parts, delivery_id)
    moved = await parts.store.deliveries.retry(mounted.tenant, told.delivery.id, parts.clock.now())
    parts.wake()
    told = msgspec.structs.replace(told, delivery=moved)
    return OneEvent(message="Webhook retry queued", data=_whole(told, payload_of(told, parts)))


def _state(named: str | None) -> State | None:
    if named is None:
        return None
    if named not in _STATES:
        raise InvalidField("A status is pending, delivered or failed.", field="status")
    return _STATES[named]


def _whole(told: Told, payload: Any) -> WholeEvent:
    return WholeEvent(**_fields(told), payload=payload, history=[_attempt(one) for one in told.attempts])


def _fields(told: Told) -> dict[str, Any]:
    delivery, last = told.delivery, told.attempts[-1] if told.attempts else None
    return {
        "id": delivery.id,
        "webhook_id": delivery.endpoint_id,
        "event": delivery.event_type,
        "status": _status(delivery.state),
        "attempts": delivery.attempts,
        "status_code": delivery.last_status,
        "response_body": None if last is None else body_of(last),
        "error_message": None if last is None else error_of(last),
        "delivered_at": zulu(last.at) if last is not None and last.succeeded else None,
        "next_retry_at": zulu(delivery.due_at),
        "created_at": zulu(delivery.created_at),
    }


def _status(state: State) -> str:
    if state is State.DELIVERED:
        return "delivered"
    return "failed" if state in FAILED else "pending"


def _attempt(attempt: Attempt) -> DeliveryAttempt:
    return DeliveryAttempt(
        attempt=attempt.number,
        attempted_at=zulu(attempt.at),
        status_code=attempt.exchange.status,
        response_body=body_of(attempt),
        error_message=error_of(attempt),
        duration_ms=millis(attempt),
    )


HANDLERS = (*crud(SYSTEM, "/api/urpa/integrations/webhooks"), list_events, get_event, retry_event)
