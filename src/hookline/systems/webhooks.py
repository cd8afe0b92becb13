"""Webhooks: how URPA and 4Calls keep subscriptions: registered, listed, updated and deleted by their ids."""

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from hookline.api.endpoint_verbs import remove
from hookline.api.rules import NeedsParts, PathText
from hookline.api.text import Description, Name
from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.endpoint import Endpoint
from hookline.systems.access import NeedsMounted, access
from hookline.systems.subscriptions import (
    Extras,
    change,
    endpoint_of,
    endpoints_of,
    extras,
    local_time,
    read_fields,
    subscribe,
)


class WebhookIn(Extras, frozen=True, kw_only=True):
    """What to send where. What stands behind `is_active` is of Hookline, and so are the first five."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    """Must be given when it is registered, and so must `events`."""
    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=250)] | None = None
    """Event types of the system, or patterns as `contact.*`."""
    secret: str | None = None
    """Of 16 characters at least; one is made where none is given."""
    is_active: bool | None = None
    """Left out: true."""
    name: Name | None = None
    description: Description | None = None
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] | None = None
    """Sent beside those of the system."""
    timeout: float | None = None
    """Seconds."""


class WebhookOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook. Its secret is told only when it is registered."""

    id: str
    url: str
    events: tuple[str, ...]
    is_active: bool
    name: str
    description: str
    created_at: str | None
    updated_at: str | None
    secret: str = ""
    """Only in the answer to its registration."""


class OneWebhook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A webhook, and what was done with it."""

    message: str = ""
    data: WebhookOut | None = None


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, oldest first."""

    data: list[WebhookOut]


_ENDPOINT_FIELDS = (
    "url",
    "events",
    "name",
    "description",
    "headers",
    "timeout",
)


def crud(system: str, path: str) -> tuple[HTTPRouteHandler, ...]:
    """The four handlers of one system."""
    manage = access(system, Scope.MANAGE)
    written = access(system, Scope.MANAGE, body=WebhookIn, conflicts=True)

    @get(path, opt=access(system, Scope.READ), name=f"{system}:list")
    async def list_webhooks(mounted: NeedsMounted, parts: NeedsParts) -> Webhooks:
        """List the webhooks."""
        return Webhooks(data=[_shown(one) for one in await endpoints_of(mounted, parts)])

    @post(path, opt=written, status_code=201, name=f"{system}:register")
    async def register_webhook(body: RawBody, mounted: NeedsMounted, parts: NeedsParts) -> OneWebhook:
        """Register a webhook: the answer tells its secret, this once."""
        given, fields = read_fields(body, WebhookIn, WebhookOut)
        for name in ("url", "events"):
            if getattr(given, name) is None:
                raise InvalidField(f"A webhook needs {name}.", hint=_EXAMPLE, field=name)
        endpoint = await subscribe(mounted, parts, _fields(given, fields), _CALLED)
        return OneWebhook(message="Webhook registered successfully", data=_shown(endpoint, secret=True))

    @put(f"{path}/{{webhook_id:str}}", opt=written, name=f"{system}:update")
    async def update_webhook(
        webhook_id: PathText, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
    ) -> OneWebhook:
        """Change the given fields of a webhook."""
        given, fields = read_fields(body, WebhookIn, WebhookOut)
        known = await endpoint_of(mounted, parts, webhook_id)
        endpoint = await change(
            known, parts, _fields(given, fields), _CALLED, filter_saved="filter" in fields
        )
        return OneWebhook(message="Webhook updated successfully", data=_shown(endpoint))

    @delete(f"{path}/{{webhook_id:str}}", opt=manage, status_code=200, name=f"{system}:delete")
    async def delete_webhook(webhook_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> OneWebhook:
        """Delete a webhook: what waits for it is cancelled."""
        known = await endpoint_of(mounted, parts, webhook_id)
        await remove(parts, mounted.tenant, known.id)
        return OneWebhook(message="Webhook deleted successfully")

    return (list_webhooks, register_webhook, update_webhook, delete_webhook)


_CALLED = {"active": "is_active", "secrets": "secret"}
_EXAMPLE = 'Send one like {"url": "https://example.com/hooks", "events": ["contact.created"]}.'


def _fields(given: WebhookIn, named: frozenset[str]) -> dict[str, Any]:
    """As `/v1` takes them: those that the body has."""
    fields: dict[str, Any] = {name: getattr(given, name) for name in _ENDPOINT_FIELDS if name in named}
    if "is_active" in named:
        fields["active"] = given.is_active
    if given.secret:
        fields["secrets"] = [given.secret]
    told = {name: value for name, value in fields.items() if value is not None}
    return told | extras(given, named)


def _shown(endpoint: Endpoint, *, secret: bool = False) -> WebhookOut:
    return WebhookOut(
        id=endpoint.id,
        url=endpoint.url,
        events=endpoint.events,
        is_active=endpoint.active,
        name=endpoint.name,
        description=endpoint.description,
        created_at=zulu(endpoint.created_at),
        updated_at=zulu(endpoint.updated_at),
        secret=endpoint.secrets[0].value if secret and endpoint.secrets else "",
    )


def zulu(at: Micros | None) -> str | None:
    """As URPA and 4Calls write times."""
    return local_time(at, "UTC", mark="Z")
