"""The own API of AskPro Callbacks: webhook configurations of a company, with their metrics, test and logs."""

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import RawBody

from hookline.api.endpoint_verbs import remove
from hookline.api.lists import Paging
from hookline.api.parts import Parts
from hookline.api.rules import AnyRequest, NeedsParts, PathText, read_query
from hookline.api.text import Description, Name
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.attempt import Headers
from hookline.model.endpoint import Counters, Endpoint
from hookline.model.ids import EndpointId
from hookline.model.retry import Fixed
from hookline.net.header import MASK, redact
from hookline.systems.access import Mounted, NeedsMounted, access, caller_name
from hookline.systems.exchanges import (
    Told,
    body_of,
    error_of,
    headers_of,
    history,
    millis,
    payload_of,
)
from hookline.systems.subscriptions import (
    Extras,
    change,
    counted,
    endpoint_of,
    endpoints_of,
    extras,
    local_time,
    read_fields,
    subscribe,
)
from hookline.systems.trials import send_trial

SYSTEM, PATH = "askpro-callbacks", "/api/webhook-configurations"
_ONE = f"{PATH}/{{configuration_id:str}}"
_CREATED_BY = "created_by"
"""Where an endpoint's metadata keeps who made it."""
_CALLED = {
    "events": "subscribed_events",
    "secrets": "secret_key",
    "active": "is_active",
    "timeout": "timeout_seconds",
}


class ConfigurationIn(Extras, frozen=True, kw_only=True):
    """The nine fields of a configuration, and in front of them five of Hookline."""

    name: Name | None = None
    """Must be given for a new one, and so must `url` and `subscribed_events`."""
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    subscribed_events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=250)] | None = None
    secret_key: str | None = None
    """Left out: one is made. Sent back as it is shown, it stays."""
    is_active: bool | None = None
    """Left out: true."""
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] | None = None
    """Left out: 10."""
    max_retry_attempts: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    """Attempts in all; left out: 3."""
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] | None = None
    description: Description | None = None


class ConfigurationOut(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration with its metrics. The secret is told when it is made, this once."""

    id: str
    company_id: int | str
    name: str
    url: str
    subscribed_events: tuple[str, ...]
    secret_key: str
    is_active: bool
    timeout_seconds: int | float
    """Whole, where it was set here."""
    max_retry_attempts: int | None
    """Null: another policy than so many attempts."""
    headers: dict[str, str] | None
    """Credentials masked."""
    description: str | None
    created_by: str | None
    total_deliveries: int
    successful_deliveries: int
    failed_deliveries: int
    success_rate: float
    """Percent."""
    last_triggered_at: str | None
    created_at: str | None
    updated_at: str | None


class OneConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration."""

    data: ConfigurationOut


class Configurations(msgspec.Struct, frozen=True, kw_only=True):
    """All of the company, oldest first."""

    data: list[ConfigurationOut]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test."""

    success: bool
    status: int | None
    body: str | None
    message: str


class LogQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    event: str | None = None
    """The exact event type."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one delivery."""

    event_type: str
    idempotency_key: str
    delivery_attempt: int
    request_headers: dict[str, str]
    """As sent, credentials redacted."""
    payload: Any
    response_status: int | None
    response_body: str | None
    processing_time_ms: int
    error_message: str | None
    created_at: str | None


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first."""

    data: list[LogEntry]
    next_cursor: str | None


_MANAGE, _READ = access(SYSTEM, Scope.MANAGE), access(SYSTEM, Scope.READ)
_CHANGE = access(SYSTEM, Scope.MANAGE, body=ConfigurationIn, conflicts=True)


@get(PATH, opt=_READ)
async def list_configurations(mounted: NeedsMounted, parts: NeedsParts) -> Configurations:
    """List the company's configurations with their metrics."""
    endpoints = await endpoints_of(mounted, parts)
    return Configurations(data=[_shown(mounted, *one) for one in await counted(parts, mounted, endpoints)])


@post(PATH, opt=_CHANGE, status_code=201)
async def create_configuration(
    request: AnyRequest, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
) -> OneConfiguration:
    """Make a configuration: the answer tells its secret."""
    given, named = read_fields(body, ConfigurationIn, ConfigurationOut)
    for field in ("name", "url", "subscribed_events"):
        if getattr(given, field) is None:
            raise InvalidField(f"A configuration needs {field}.", field=field)
    fields = {**_fields(given, named, mounted), "metadata": {_CREATED_BY: caller_name(request)}}
    endpoint = await subscribe(mounted, parts, fields, _CALLED)
    return OneConfiguration(data=_shown(mounted, endpoint, Counters(), secret=True))


@get(_ONE, opt=_READ)
async def get_configuration(
    configuration_id: PathText, mounted: NeedsMounted, parts: NeedsParts
) -> OneConfiguration:
    """Show a configuration with its metrics."""
    return await _one(mounted, parts, await endpoint_of(mounted, parts, configuration_id))


@put(_ONE, opt=_CHANGE)
async def update_configuration(
    configuration_id: PathText, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
) -> OneConfiguration:
    """Change the given fields of a configuration."""
    given, named = read_fields(body, ConfigurationIn, ConfigurationOut)
    known = await endpoint_of(mounted, parts, configuration_id)
    fields = _fields(given, named, mounted)
    saved = await change(known, parts, fields, _CALLED, filter_saved="filter" in named)
    return await _one(mounted, parts, saved)


@delete(_ONE, opt=_MANAGE, status_code=204)
async def delete_configuration(configuration_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> None:
    """Delete a configuration: what waits for it is cancelled."""
    known = await endpoint_of(mounted, parts, configuration_id)
    await remove(parts, mounted.tenant, known.id)


@post(f"{_ONE}/test", opt=_MANAGE, status_code=200)
async def try_configuration(configuration_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> Tried:
    """Send a test now, active or not. Nothing of it is stored or counted."""
    endpoint = await endpoint_of(mounted, parts, configuration_id)
    payload = {
        "test": True,
        "message": "This is a test webhook delivery from AskPro AI Gateway",
        "webhook_name": endpoint.name,
        "timestamp": None,
    }
    attempt = await send_trial(parts, endpoint, payload, _zone(mounted))
    return Tried(
        success=attempt.succeeded,
        status=attempt.exchange.status,
        body=body_of(attempt),
        message=error_of(attempt) or "The test was delivered.",
    )


@get(f"{_ONE}/logs", opt=access(SYSTEM, Scope.READ, query=LogQuery))
async def list_logs(
    configuration_id: PathText, request: AnyRequest, mounted: NeedsMounted, parts: NeedsParts
) -> Logs:
    """List what was sent, newest first: each delivery with its tries, the last one first."""
    endpoint = await endpoint_of(mounted, parts, configuration_id)
    asked = read_query(request, LogQuery)
    wanted: dict[str, Any] = {"endpoint_id": EndpointId(endpoint.id), "event_type": asked.event}
    page = await history(mounted, parts, f"{PATH}/{endpoint.id}/logs", asked, wanted)
    entries = [entry for told in page.items for entry in _entries(mounted, told, parts)]
    return Logs(data=entries, next_cursor=page.next_cursor)


async def _one(mounted: Mounted, parts: NeedsParts, endpoint: Endpoint) -> OneConfiguration:
    (found,) = await counted(parts, mounted, [endpoint])
    return OneConfiguration(data=_shown(mounted, *found))


def _fields(given: ConfigurationIn, named: frozenset[str], mounted: Mounted) -> dict[str, Any]:
    """As `/v1` takes them: those that the body has."""
    fields: dict[str, Any] = {
        "name": given.name,
        "url": given.url,
        "events": given.subscribed_events,
        "secrets": None if given.secret_key in {None, "", MASK} else [given.secret_key],
        "active": given.is_active,
        "timeout": given.timeout_seconds,
        "headers": given.headers if given.headers is not None or "headers" not in named else {},
        "description": given.description,
        "retry": given.retry or _policy(given, mounted),
    }
    return extras(given, named) | {name: value for name, value in fields.items() if value is not None}


def _policy(given: ConfigurationIn, mounted: Mounted) -> Fixed | None:
    usual = mounted.system.retry
    if given.max_retry_attempts is None or not isinstance(usual, Fixed):
        return None
    return msgspec.structs.replace(usual, attempts=given.max_retry_attempts)


def _shown(
    mounted: Mounted, endpoint: Endpoint, counters: Counters, *, secret: bool = False
) -> ConfigurationOut:
    known_as, zone = mounted.enabled.known_as, _zone(mounted)
    total = counters.succeeded + counters.failed
    own = endpoint.secrets[0].value if endpoint.secrets else ""
    return ConfigurationOut(
        id=endpoint.id,
        company_id=int(known_as) if known_as.isdecimal() and known_as.isascii() else known_as,
        name=endpoint.name,
        url=endpoint.url,
        subscribed_events=endpoint.events,
        secret_key=own if secret else own and MASK,
        is_active=endpoint.active,
        timeout_seconds=int(endpoint.timeout) if endpoint.timeout.is_integer() else endpoint.timeout,
        max_retry_attempts=endpoint.retry.attempts if isinstance(endpoint.retry, Fixed) else None,
        headers=headers_of(redact(tuple(endpoint.headers.items()))) or None,
        description=endpoint.description or None,
        created_by=endpoint.metadata.get(_CREATED_BY),
        total_deliveries=total,
        successful_deliveries=counters.succeeded,
        failed_deliveries=counters.failed,
        success_rate=round(100 * counters.succeeded / total, 2) if total else 0.0,
        last_triggered_at=local_time(counters.last_attempt_at, zone, mark="offset"),
        created_at=local_time(endpoint.created_at, zone, mark="offset"),
        updated_at=local_time(endpoint.updated_at, zone, mark="offset"),
    )


def _entries(mounted: Mounted, told: Told, parts: Parts) -> list[LogEntry]:
    return [
        LogEntry(
            event_type=told.delivery.event_type,
            idempotency_key=_key_of(attempt.request_headers),
            delivery_attempt=attempt.number,
            request_headers=headers_of(attempt.request_headers),
            payload=payload_of(told, parts, attempt),
            response_status=attempt.exchange.status,
            response_body=body_of(attempt),
            processing_time_ms=millis(attempt),
            error_message=error_of(attempt),
            created_at=local_time(attempt.at, _zone(mounted), mark="offset"),
        )
        for attempt in reversed(told.attempts)
    ]


def _key_of(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "x-webhook-idempotency-key"), "")


def _zone(mounted: Mounted) -> str:
    """Of times in answers: the company's, as in its deliveries."""
    return mounted.enabled.zone or "Europe/Berlin"


HANDLERS = (
    list_configurations,
    create_configuration,
    get_configuration,
    update_configuration,
    delete_configuration,
    try_configuration,
    list_logs,
)
