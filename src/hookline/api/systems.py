"""Systems: the webhook systems that Hookline stands in for, and which of them a tenant uses."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import delete, get, put
from litestar.params import RawBody

from hookline.api.auth import Caller
from hookline.api.body import at_field, decode_body
from hookline.api.parts import Parts
from hookline.api.rules import NeedsCaller, NeedsParts, PathText, Wall, rule
from hookline.api.system_sources import make_sources
from hookline.api.times import iso
from hookline.clock import Micros
from hookline.errors import InvalidField, NotFound
from hookline.model.api_key import Scope
from hookline.model.ids import TenantId
from hookline.model.json import nearest
from hookline.model.retry import AnyRetryPolicy
from hookline.model.system import EnabledSystem, System
from hookline.model.zones import check_zone
from hookline.net.url import DEFAULT_PORTS, parse_url

OWN = frozenset({"v1", "in", "docs", "healthz", "readyz", "metrics", "api", "admin", "webhooks", "console"})
"""First steps of paths that are somebody's already."""
_RULE = rule(Scope.READ, Wall.OPTIONAL)


class SystemEventOut(msgspec.Struct, frozen=True, kw_only=True):
    """A type of event that the system sends."""

    type: str
    description: str
    schema: dict[str, Any]
    """A JSON Schema of the data."""
    example: Any
    """Data that fits it."""


class SystemRecordOut(msgspec.Struct, frozen=True, kw_only=True):
    """A type of record of the system."""

    type: str
    description: str
    schema: dict[str, Any]
    """A JSON Schema of the state."""
    example: dict[str, Any]
    """A state that fits it."""
    events: list[str]
    """The types of event that its changes make."""
    deadlines: list[str]
    """The types of event that its dates make."""


class EnabledIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tenant uses a system: where its own paths are served, and in which zone its times are written."""

    zone: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """As `Europe/Berlin`, for times that are not written in UTC. Left out: the dialect's."""
    host: Annotated[str, msgspec.Meta(max_length=253)] = ""
    """Serve its paths under this host name alone."""
    prefix: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$(?!\n)")] = ""
    """Serve its paths below this step: `acme` makes `/acme/api/webhooks` of `/api/webhooks`."""
    known_as: Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[A-Za-z0-9._-]*$(?!\n)")] = ""
    """What the system calls the tenant, where its paths name one, as 4Calls's `orgId`. Left out: the tenant's id."""


class EnabledOut(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant uses a system."""

    zone: str
    host: str
    prefix: str
    known_as: str
    created_at: str
    updated_at: str


class SystemOut(msgspec.Struct, frozen=True, kw_only=True):
    """A system."""

    name: str
    title: str
    description: str
    dialect: str
    """The wire format of its endpoints."""
    retry: AnyRetryPolicy
    timeout: float
    """Seconds for the whole exchange."""
    events: list[SystemEventOut]
    records: list[SystemRecordOut]
    enabled: EnabledOut | None
    """How the tenant uses it; null: it does not, or no tenant was named."""


class SystemList(msgspec.Struct, frozen=True, kw_only=True):
    """Every system of the catalogue, by name."""

    items: list[SystemOut]


@get("/v1/systems", opt=_RULE)
async def list_systems(caller: NeedsCaller, parts: NeedsParts) -> SystemList:
    """List the systems that Hookline stands in for, with their event types, and which of them the tenant uses."""
    used = await _used(caller, parts)
    return SystemList(items=[_shaped(parts.systems[name], used.get(name)) for name in sorted(parts.systems)])


@get("/v1/systems/{system:str}", opt=_RULE)
async def get_system(system: PathText, caller: NeedsCaller, parts: NeedsParts) -> SystemOut:
    """Show a system: its wire format, its retries, its event types with schema and example."""
    return _shaped(_known(system, parts), (await _used(caller, parts)).get(system))


@put(
    "/v1/systems/{system:str}/enabled", opt=rule(Scope.MANAGE, body=EnabledIn, optional=True, conflicts=True)
)
async def enable_system(system: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> SystemOut:
    """Use a system: its own paths are served for the tenant, and its endpoints write times in `zone`.

    One tenant has the paths as they are; others have theirs under a `host` or below a `prefix`.
    """
    known, given = _known(system, parts), decode_body(body or b"{}", _ENABLED)
    before = (await parts.store.enabled_systems.all(caller.tenant)).get(system)
    enabled = enabled_of(given, known, caller.tenant, parts.clock.now(), before)
    await parts.store.enabled_systems.put(enabled)
    await make_sources(parts, caller.tenant, known)
    return _shaped(known, enabled)


@delete("/v1/systems/{system:str}/enabled", opt=rule(Scope.MANAGE))
async def disable_system(system: PathText, caller: NeedsCaller, parts: NeedsParts) -> None:
    """Use a system no more: its own paths are not served any more. Its endpoints stay, and so do its events."""
    await parts.store.enabled_systems.delete(caller.tenant, _known(system, parts).name)
    await parts.directory.reload(caller.tenant)


def system_named(name: str, systems: Mapping[str, System]) -> System:
    """What a body names in its field `system`. Raises InvalidField."""
    if name not in systems:
        raise InvalidField(_absent(name), hint=_hint(name, systems), field="system")
    return systems[name]


def unknown_event(name: str, system: System) -> tuple[str, str]:
    """What to say of a type that the system has not, and what may have been meant."""
    meant = nearest(name, system.events)
    hint = f"Did you mean {meant}?" if meant else f"See GET /v1/systems/{system.name}."
    return f"{system.title} has no event type {name:.128}.", hint


def _known(name: str, parts: Parts) -> System:
    if name not in parts.systems:
        raise NotFound(_absent(name), hint=_hint(name, parts.systems))
    return parts.systems[name]


async def _used(caller: Caller, parts: Parts) -> Mapping[str, EnabledSystem]:
    return {} if caller.tenant_id is None else await parts.store.enabled_systems.all(caller.tenant_id)


def enabled_of(
    given: EnabledIn, system: System, tenant: TenantId, now: Micros, before: EnabledSystem | None
) -> EnabledSystem:
    if given.zone:
        check_zone(given.zone, "zone")
    if given.prefix in OWN:
        raise InvalidField(f"The prefix {given.prefix!r} is in use for other paths.", field="prefix")
    if given.known_as and not system.tenant:
        raise InvalidField(
            f"The paths of {system.title} name no tenant.", hint="Leave it out.", field="known_as"
        )
    return EnabledSystem(
        tenant_id=tenant,
        system=system.name,
        zone=given.zone,
        host=_checked_host(given.host),
        prefix=given.prefix,
        known_as=(given.known_as or tenant) if system.tenant else "",
        created_at=before.created_at if before else now,
        updated_at=now,
    )


def _checked_host(host: str) -> str:
    """As requests name it, without a port."""
    if not host:
        return ""
    with at_field("host"):
        url = parse_url(f"http://{host}/")
    if url.target != "/" or url.port != DEFAULT_PORTS["http"]:
        raise InvalidField("A host is a name alone, as hooks.example.com.", field="host")
    return url.host


def _absent(name: str) -> str:
    return f"There is no system {name!r:.100}."


def _hint(name: str, systems: Mapping[str, System]) -> str:
    meant = nearest(name, systems)
    return f"Did you mean {meant}?" if meant else "List them with GET /v1/systems."


def _shaped(system: System, enabled: EnabledSystem | None) -> SystemOut:
    return SystemOut(
        name=system.name,
        title=system.title,
        description=" ".join(system.description.split()),
        dialect=system.dialect,
        retry=system.retry,
        timeout=system.timeout,
        events=[
            SystemEventOut(type=name, description=one.description, schema=one.schema, example=one.example)
            for name, one in system.events.items()
        ],
        records=[
            SystemRecordOut(
                type=name,
                description=one.description,
                schema=one.schema,
                example=one.example,
                events=list(one.events),
                deadlines=list(one.deadlines),
            )
            for name, one in system.records.items()
        ],
        enabled=None if enabled is None else _shaped_enabled(enabled),
    )


def _shaped_enabled(enabled: EnabledSystem) -> EnabledOut:
    return EnabledOut(
        zone=enabled.zone,
        host=enabled.host,
        prefix=enabled.prefix,
        known_as=enabled.known_as,
        created_at=iso(enabled.created_at),
        updated_at=iso(enabled.updated_at),
    )


_ENABLED = msgspec.json.Decoder(EnabledIn)
HANDLERS = (list_systems, get_system, enable_system, disable_system)
