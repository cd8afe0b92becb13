"""Templates: what an endpoint would send for an event, without sending it."""

import difflib
from typing import Any

import msgspec
from litestar import post
from litestar.params import RawBody

from hookline.api.attempt_out import BodyOut, shaped_body
from hookline.api.body import absent, decode_body
from hookline.api.deliveries import remade_body
from hookline.api.endpoint_preset import check_beside, check_template, checked_settings, preset_named
from hookline.api.parts import Parts
from hookline.api.rules import NeedsCaller, NeedsParts, rule
from hookline.api.trial import trial_event
from hookline.deliver.stepwise import Wish
from hookline.deliver.verdict import KEPT_BODY, Verdict
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.attempt import Headers
from hookline.model.delivery import Delivery
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, EventId, TenantId
from hookline.model.template import Template
from hookline.storage.filters import DeliveryFilter
from hookline.template.engine import load_language

_LOOKED_AT = 20
"""Deliveries at most: the newest may not have been sent, or made no request."""
_NOWHERE = "https://example.com/"
"""Of a draft that names no receiver."""


class PreviewIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what, and for which event."""

    endpoint: str = ""
    """The id of an endpoint. Left out: `preset` with `settings`, or `template`, say what would be sent."""
    preset: str = ""
    """The name of a preset, to be tried before there is an endpoint."""
    settings: dict[str, Any] = {}
    """What that preset asks for."""
    template: Template | None = None
    """In the place of the endpoint's."""
    event: str = ""
    """The id of an event. Left out: `type` and `data` are the event."""
    type: str | None = None
    """The event's type, where no event is named. Left out, as `data`: as of a test."""
    data: msgspec.Raw = msgspec.field(default_factory=absent)
    """Any JSON value. Left out: the example of the event type, if there is one; with a preset and no type a case."""
    system: str = ""
    """The system that it is an event of."""


class PreviewOut(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was not sent."""

    problem: str
    """Why nothing would be sent; empty where it would be."""
    action: str
    """With a preset: what would be done with the case there."""
    method: str
    url: str
    """Secrets masked, as in headers and body."""
    headers: Headers
    body: BodyOut | None
    missing: tuple[str, ...]
    """Variables that the template asks for and that the event does not have: they come out empty."""
    difference: list[str]
    """Lines of a unified diff from the body that the endpoint sent last, for this event if it did; empty where there is none."""


_PREVIEW = msgspec.json.Decoder(PreviewIn)


@post("/v1/templates/preview", opt=rule(Scope.MANAGE, body=PreviewIn), status_code=200)
async def preview_template(body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> PreviewOut:
    """Show the request that a template or a preset makes of an event, without sending it."""
    given = decode_body(body, _PREVIEW)
    endpoint = await _endpoint(given, caller.tenant, parts)
    event = await _event(given, endpoint, parts)
    target = parts.targets.compile(endpoint)
    if isinstance(target, str):
        raise InvalidField(target, field="settings" if endpoint.preset else "template")
    wish = Wish(event=event, attempt=1, now=parts.clock.now(), alone=not given.endpoint)
    verdict = await parts.stepwise.preview(target, wish)
    last = await _last_body(given, endpoint, parts)
    return _shaped(verdict, endpoint, last)


def _shaped(verdict: Verdict, endpoint: Endpoint, last: bytes | None) -> PreviewOut:
    sent = verdict.sent
    body = None if sent is None else sent.body
    return PreviewOut(
        problem=verdict.cancelled or verdict.exchange.detail,
        action=verdict.action,
        method=endpoint.method if sent is None else sent.method,
        url=endpoint.url if sent is None else sent.url,
        headers=() if sent is None else sent.headers,
        body=None if body is None else shaped_body(body),
        missing=verdict.missing,
        difference=[] if last is None or body is None else _difference(last, body),
    )


async def _endpoint(given: PreviewIn, tenant: TenantId, parts: Parts) -> Endpoint:
    """The one that is named, with the draft's template; else one that is nowhere. Raises what is wrong with it."""
    await load_language()
    now = parts.clock.now()
    if given.endpoint:
        known = await parts.store.endpoints.get(tenant, EndpointId(given.endpoint))
        if given.template is None:
            return known
        endpoint = msgspec.structs.replace(known, id=parts.ids.endpoint(), template=given.template)
    else:
        preset = preset_named(given.preset, parts.presets) if given.preset else None
        endpoint = Endpoint(
            id=parts.ids.endpoint(),
            tenant_id=tenant,
            url="" if preset is not None else _NOWHERE,
            preset=given.preset,
            settings=checked_settings(preset, given.settings, None) if preset is not None else {},
            dialect=preset.dialect if preset is not None else "standard",
            template=given.template,
            created_at=now,
            updated_at=now,
        )
    if endpoint.preset:
        check_beside(endpoint, preset_named(endpoint.preset, parts.presets))
    if endpoint.template is not None:
        check_template(endpoint, endpoint.template, parts.dialects[endpoint.dialect])
    return endpoint


async def _event(given: PreviewIn, endpoint: Endpoint, parts: Parts) -> Event:
    if given.event:
        return await parts.store.events.get(endpoint.tenant_id, EventId(given.event))
    whose = msgspec.structs.replace(endpoint, system=given.system or endpoint.system)
    return await trial_event(parts, whose, given.type, bytes(given.data))


async def _last_body(given: PreviewIn, endpoint: Endpoint, parts: Parts) -> bytes | None:
    """What was sent last for this event, else at all."""
    if not given.endpoint:
        return None
    of_endpoint = DeliveryFilter(endpoint_id=EndpointId(given.endpoint))
    of_event = msgspec.structs.replace(of_endpoint, event_id=EventId(given.event))
    for wanted in (of_event, of_endpoint) if given.event else (of_endpoint,):
        page = await parts.store.deliveries.list(endpoint.tenant_id, wanted, after=None, limit=_LOOKED_AT)
        for delivery in page.items:
            if delivery.attempts and (body := await _body_of(delivery, parts)) is not None:
                return body
    return None


async def _body_of(delivery: Delivery, parts: Parts) -> bytes | None:
    """Of its last request that had one."""
    attempts = (await parts.store.deliveries.get(delivery.tenant_id, delivery.id)).attempts
    own = [one.request_body for one in attempts if one.request_body is not None]
    return own[-1] if own else await remade_body(parts, delivery)


def _difference(before: bytes, after: bytes) -> list[str]:
    """As far as both are known."""
    if len(before) == KEPT_BODY:
        after = after[:KEPT_BODY]
    lines = difflib.unified_diff(_lines(before), _lines(after), "sent last", "now", lineterm="")
    return list(lines)


def _lines(body: bytes) -> list[str]:
    """JSON one member a line."""
    try:
        return msgspec.json.format(body, indent=2).decode().splitlines()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "replace").splitlines()


HANDLERS = (preview_template,)
