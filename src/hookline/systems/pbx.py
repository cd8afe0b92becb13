"""The PBX's own API: `GET`, `POST` and `DELETE /api/webhooks`. A URL is subscribed once, and removed by itself."""

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import RawBody

from hookline.api.endpoint_verbs import remove
from hookline.api.rules import AnyRequest, NeedsParts, read_query
from hookline.errors import InvalidField, InvalidUrl, NotFound
from hookline.model.api_key import Scope
from hookline.model.endpoint import Counters, Endpoint
from hookline.model.retry import Fixed
from hookline.net.url import parse_url
from hookline.systems.access import Mounted, NeedsMounted, access
from hookline.systems.subscriptions import (
    Extras,
    counted,
    endpoints_of,
    extras,
    local_time,
    read_fields,
    subscribe,
)

SYSTEM, PATH = "pbx", "/api/webhooks"
_CALLED = {
    "active": "enabled",
    "secrets": "secret",
    "retry.delay": "retry_delay",
    "retry.attempts": "max_retries",
}


class SubscriptionIn(Extras, frozen=True, kw_only=True):
    """What to send where. Only `url`, `events`, `secret`, `headers` and `enabled` are the PBX's: the others it had planned."""

    url: Annotated[str, msgspec.Meta(min_length=1)]
    """Each is subscribed once."""
    events: tuple[str, ...] | None = None
    """Event types, or patterns as `call.*`. Left out: all of them."""
    secret: str | None = None
    """Deliveries are signed where there is one."""
    headers: dict[str, str] | None = None
    enabled: bool | None = None
    """Left out: true."""
    max_retries: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    """Attempts in all."""
    retry_delay: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Seconds between them."""
    timeout: float | None = None
    """Seconds."""


class UrlQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which subscription."""

    url: str | None = None
    """Must be given: its URL, as it was added or spelled otherwise."""


class SubscriptionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with what became of its deliveries. Times are in the tenant's zone, which they do not name."""

    url: str
    events: tuple[str, ...]
    enabled: bool
    created_at: str | None
    last_sent: str | None
    """The last success."""
    success_count: int
    failure_count: int


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What was subscribed."""

    url: str
    events: tuple[str, ...]
    enabled: bool


class Done(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done."""

    success: bool
    message: str
    subscription: Added | None = None


@get(PATH, opt=access(SYSTEM, Scope.READ, local=True))
async def list_subscriptions(mounted: NeedsMounted, parts: NeedsParts) -> list[SubscriptionOut]:
    """List the subscriptions with their counters."""
    endpoints = await endpoints_of(mounted, parts)
    return [_shown(mounted, *one) for one in await counted(parts, mounted, endpoints)]


@post(
    PATH,
    opt=access(SYSTEM, Scope.MANAGE, local=True, body=SubscriptionIn, conflicts=True),
    status_code=200,
)
async def add_subscription(body: RawBody, mounted: NeedsMounted, parts: NeedsParts) -> Done:
    """Subscribe a URL to event types, all of them unless told."""
    given, named = read_fields(body, SubscriptionIn)
    endpoint = await subscribe(
        mounted, parts, {**extras(given, named), **_fields(given, mounted)}, _CALLED, alone=True
    )
    return Done(
        success=True,
        message=f"Webhook subscription added: {given.url}",
        subscription=Added(url=given.url, events=endpoint.events, enabled=endpoint.active),
    )


@delete(PATH, opt=access(SYSTEM, Scope.MANAGE, local=True, query=UrlQuery), status_code=200)
async def delete_subscription(request: AnyRequest, mounted: NeedsMounted, parts: NeedsParts) -> Done:
    """Remove the subscription of the URL that the query names as `url`."""
    url = read_query(request, UrlQuery).url
    if not url:
        raise InvalidField("The query must name the url.", hint=f"DELETE {PATH}?url=https://…", field="url")
    found = [one for one in await endpoints_of(mounted, parts) if one.url == _canonical(url)]
    if not found:
        raise NotFound(f"There is no subscription of {url:.2048}.", hint=f"List them: GET {PATH}")
    for one in found:
        await remove(parts, mounted.tenant, one.id)
    return Done(success=True, message=f"Webhook subscription removed: {url}")


def _fields(given: SubscriptionIn, mounted: Mounted) -> dict[str, Any]:
    """As `/v1` takes them."""
    fields: dict[str, Any] = {
        "url": given.url,
        "events": given.events,
        "headers": given.headers,
        "active": given.enabled,
        "timeout": given.timeout,
        "retry": given.retry or _policy(given, mounted),
        "secrets": [given.secret] if given.secret else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _policy(given: SubscriptionIn, mounted: Mounted) -> Fixed | None:
    usual = mounted.system.retry
    if not isinstance(usual, Fixed) or (given.max_retries is None and given.retry_delay is None):
        return None
    return msgspec.structs.replace(
        usual,
        attempts=usual.attempts if given.max_retries is None else given.max_retries,
        delay=usual.delay if given.retry_delay is None else given.retry_delay,
    )


def _shown(mounted: Mounted, endpoint: Endpoint, counters: Counters) -> SubscriptionOut:
    return SubscriptionOut(
        url=endpoint.url,
        events=endpoint.events,
        enabled=endpoint.active,
        created_at=local_time(endpoint.created_at, mounted.zone),
        last_sent=local_time(counters.last_success_at, mounted.zone),
        success_count=counters.succeeded,
        failure_count=counters.failed,
    )


def _canonical(url: str) -> str:
    """As it is kept; as it came, if it cannot be one."""
    try:
        return parse_url(url).text
    except InvalidUrl:
        return url


HANDLERS = (list_subscriptions, add_subscription, delete_subscription)
