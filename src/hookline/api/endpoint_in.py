"""An endpoint as users write it, and everything that is checked before it is stored."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from hookline.api.body import at_field, convert_values, decode_body
from hookline.api.endpoint_auth import (
    checked_auth,
    checked_tls,
    checked_url,
    unmasked_auth,
    unmasked_tls,
)
from hookline.api.endpoint_preset import (
    check_template,
    check_url_left_out,
    checked_settings,
    preset_named,
    unmasked_template,
    usual_of_preset,
    with_preset,
)
from hookline.api.endpoint_secrets import Given, secrets_of
from hookline.api.parts import Parts
from hookline.api.systems import system_named, unknown_event
from hookline.api.text import Description, Metadata, Name
from hookline.clock import Micros
from hookline.deliver.dialect import Envelope
from hookline.errors import InvalidField, InvalidUrl
from hookline.model.endpoint import (
    NO_AUTH,
    Auth,
    Batch,
    CaseAction,
    ClientTls,
    Endpoint,
    Order,
    Rate,
    Timeout,
)
from hookline.model.ids import TenantId
from hookline.model.json import nearest
from hookline.model.patterns import Patterns, check_pattern
from hookline.model.retry import DEFAULT_RETRY, AnyRetryPolicy
from hookline.model.system import System
from hookline.model.template import Template
from hookline.model.zones import check_zone
from hookline.net.header import RESERVED, check_headers, unmasked
from hookline.net.url import Url
from hookline.route.filter import compile_filter
from hookline.template.engine import load_language


class EndpointIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to send, what, and how."""

    url: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    """Where to send. Left out where a preset says it, and only there."""
    name: Name = ""
    description: Description = ""
    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=250)] = ("*",)
    """Event types (`call.started`), beginnings of them (`call.*`), or `*`."""
    filter: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    """A CEL expression over `type`, `data`, `tags` and `time`; empty: everything."""
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] = {}
    """Sent with every request, beside those of the dialect."""
    auth: Auth = NO_AUTH
    tls: ClientTls | None = None
    """A client certificate, authorities of your own, or both. Needs an `https://` URL."""
    secrets: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=10)] | None = None
    """The newest first. Left out: one is made for a new endpoint, and those of an old one stay."""
    unsigned: bool = False
    """No secret: receivers cannot know who sent the request."""
    system: str = ""
    """The system that it belongs to (`/v1/systems`): it gets no events of others; `dialect`, `timeout` and `retry`, left
    out, are the system's, and so is whether a secret is made.
    """
    zone: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """The zone that times are written in, as `Europe/Berlin`, where the dialect does not write UTC. Left out: the one
    that the tenant's system is enabled with.
    """
    dialect: str = "standard"
    """The form of body, headers and signature."""
    timeout: Timeout = 15.0
    """Seconds for the whole exchange."""
    retry: AnyRetryPolicy = DEFAULT_RETRY
    rate: Rate | None = None
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 32
    """Requests at once, for each node."""
    order: Order = Order.NONE
    batch: Batch | None = None
    max_age: Annotated[float, msgspec.Meta(ge=1, le=31_536_000)] | None = None
    """Seconds after which a waiting delivery expires; null: never."""
    preset: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """A ready form for another system (`/v1/presets`): it says what is sent, and where. `dialect`, `timeout`, `retry` and
    `rate`, left out, are the preset's; where its dialect does not sign, no secret is kept.
    """
    settings: Annotated[dict[str, Any], msgspec.Meta(max_length=100)] = {}
    """What the preset asks for."""
    actions: Annotated[dict[str, CaseAction], msgspec.Meta(max_length=100)] = {}
    """Pattern of event types → what such events are to the case in the other system. Left out: the event type says it."""
    template: Template | None = None
    """What is sent in the place of the dialect's body, in Liquid."""
    active: bool = True
    metadata: Metadata = {}


_ENDPOINT = msgspec.json.Decoder(EndpointIn)


async def made(
    given: EndpointIn, parts: Parts, tenant: TenantId, now: Micros, known: Endpoint | None = None
) -> Endpoint:
    """The endpoint that `given` describes, in the place of `known` if there is one. Raises for what is not allowed."""
    given = _unmasked(given, known)
    if given.preset or given.template is not None:
        await load_language()
    dialect = _dialect(given.dialect, parts)
    system = system_named(given.system, parts.systems) if given.system else None
    _check(given, dialect, system)
    preset = preset_named(given.preset, parts.presets) if given.preset else None
    url = await _url(given, parts, known)
    auth = await checked_auth(given.auth, RESERVED | dialect.reserved, parts.guard)
    wanted = Given(
        values=given.secrets,
        unsigned=given.unsigned,
        preset=bool(given.preset),
        rule=system.secret if system else None,
    )
    endpoint = Endpoint(
        id=known.id if known else parts.ids.endpoint(),
        tenant_id=tenant,
        url=url.text if url is not None else "",
        name=given.name,
        description=given.description,
        events=given.events,
        filter=given.filter,
        method=given.method,
        headers=given.headers,
        auth=auth,
        tls=checked_tls(given.tls, url, now, known.tls if known else None),
        secrets=secrets_of(wanted, parts, dialect, now, known.secrets if known else ()),
        system=given.system,
        zone=given.zone,
        dialect=given.dialect,
        timeout=given.timeout,
        retry=given.retry,
        rate=given.rate,
        concurrency=given.concurrency,
        order=given.order,
        batch=given.batch,
        max_age=given.max_age,
        preset=given.preset,
        settings=checked_settings(preset, given.settings, known) if preset is not None else {},
        actions=given.actions,
        template=given.template,
        active=given.active,
        disabled_reason=known.disabled_reason if known and not (given.active or known.active) else "",
        metadata=given.metadata,
        created_at=known.created_at if known else now,
        updated_at=now,
    )
    if endpoint.template is not None and preset is None:
        check_template(endpoint, endpoint.template, dialect)
    return endpoint if preset is None else await with_preset(endpoint, preset, dialect, parts)


async def _url(given: EndpointIn, parts: Parts, known: Endpoint | None) -> Url | None:
    """None where a preset says it. Raises InvalidField, InvalidUrl."""
    if given.preset:
        check_url_left_out(given.url, known)
        return None
    if not given.url:
        raise InvalidUrl(
            "An endpoint has a URL, or a preset that says where to send.",
            hint="Give url, or preset with its settings.",
            field="url",
        )
    for field in ("settings", "actions"):
        if getattr(given, field):
            raise InvalidField(
                f"Only with a preset there are {field}.",
                hint="Name the preset, or leave them out.",
                field=field,
            )
    return await checked_url(given.url, "url", parts.guard)


def as_given(endpoint: Endpoint) -> EndpointIn:
    """What would make this endpoint again; its secrets stay where they are."""
    names = set(EndpointIn.__struct_fields__) - {"secrets", "unsigned"}
    fields = {name: getattr(endpoint, name) for name in names}
    if endpoint.preset:
        fields["url"] = ""
    return EndpointIn(**fields, unsigned=not endpoint.secrets)


async def decode_endpoint(body: bytes, parts: Parts, tenant: TenantId) -> EndpointIn:
    """Raises what is wrong with it."""
    given = decode_body(body, _ENDPOINT)
    if not (given.system or given.preset):
        return given
    return await with_defaults(msgspec.json.decode(body), parts, tenant)


async def with_defaults(values: Mapping[str, Any], parts: Parts, tenant: TenantId) -> EndpointIn:
    """From values that were read before: what they leave out is the preset's or the system's, where they name one."""
    usual: dict[str, Any] = {}
    system, preset = values.get("system"), values.get("preset")
    if isinstance(system, str) and system:
        enabled = (await parts.config(tenant)).systems.get(system)
        usual = usual_of(system, enabled.zone if enabled else "", parts)
    if isinstance(preset, str) and preset:
        usual |= usual_of_preset(preset, parts.presets)
    return convert_values({**usual, **values}, EndpointIn)


def usual_of(name: str, zone: str, parts: Parts) -> dict[str, Any]:
    """What an endpoint of this system has unless it says otherwise. Raises InvalidField."""
    system = system_named(name, parts.systems)
    usual = {"dialect": system.dialect, "retry": system.retry, "timeout": system.timeout, "zone": zone}
    values: dict[str, Any] = msgspec.to_builtins(usual)
    return values


def _dialect(name: str, parts: Parts) -> Envelope:
    found = parts.dialects.get(name)
    if found is None:
        meant = nearest(name, parts.dialects)
        hint = f"Did you mean {meant}?" if meant else f"There are {', '.join(parts.dialects)}."
        raise InvalidField(f"There is no dialect {name[:64]!r}.", hint=hint, field="dialect")
    return found


def _check(given: EndpointIn, dialect: Envelope, system: System | None) -> None:
    for position, pattern in enumerate(given.events):
        with at_field(f"events[{position}]"):
            _check_pattern(pattern, system)
    if given.filter:
        with at_field("filter"):
            compile_filter(given.filter)
    if given.zone:
        check_zone(given.zone, "zone")
    with at_field("headers"):
        check_headers(given.headers, reserved=RESERVED | dialect.reserved)
    if given.batch is not None and given.order is not Order.NONE:
        raise InvalidField(
            "An endpoint is either ordered or batched.", hint="Leave order or batch out.", field="batch"
        )
    if given.batch is not None and not dialect.batches and not given.preset:  # a preset says why itself
        raise InvalidField(
            f"The dialect {dialect.name} has no form for several events in one request.",
            hint="Leave batch out, or choose another dialect.",
            field="batch",
        )


def _check_pattern(pattern: str, system: System | None) -> None:
    check_pattern(pattern)
    wanted = Patterns((pattern,))
    if system is not None and not any(map(wanted.matches, system.events)):
        detail, hint = unknown_event(pattern, system)
        raise InvalidField(detail, hint=hint)


def _unmasked(given: EndpointIn, known: Endpoint | None) -> EndpointIn:
    """What comes back as it was shown, masked, means: as it was."""
    headers = unmasked(given.headers, known.headers if known else {})
    auth = unmasked_auth(given.auth, known.auth if known else NO_AUTH)
    tls = unmasked_tls(given.tls, known.tls if known else None)
    template = unmasked_template(given.template, known.template if known else None)
    return msgspec.structs.replace(given, headers=headers, auth=auth, tls=tls, template=template)
