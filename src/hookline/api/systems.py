"""Systems: the webhook systems that Hookline stands in for."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import get

from hookline.api.rules import NeedsParts, PathText, Wall, rule
from hookline.errors import InvalidField, NotFound
from hookline.model.api_key import Scope
from hookline.model.json import nearest
from hookline.model.retry import AnyRetryPolicy
from hookline.model.system import System

_RULE = rule(Scope.READ, Wall.NONE)


class SystemEventOut(msgspec.Struct, frozen=True, kw_only=True):
    """A type of event that the system sends."""

    type: str
    description: str
    schema: dict[str, Any]
    """A JSON Schema of the data."""
    example: Any
    """Data that fits it."""


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


class SystemList(msgspec.Struct, frozen=True, kw_only=True):
    """Every system of the catalogue, by name."""

    items: list[SystemOut]


@get("/v1/systems", opt=_RULE)
async def list_systems(parts: NeedsParts) -> SystemList:
    """List the systems that Hookline stands in for, with their event types."""
    return SystemList(items=[_shaped(parts.systems[name]) for name in sorted(parts.systems)])


@get("/v1/systems/{system:str}", opt=_RULE)
async def get_system(system: PathText, parts: NeedsParts) -> SystemOut:
    """Show a system: its wire format, its retries, its event types with schema and example."""
    if system not in parts.systems:
        raise NotFound(_absent(system), hint=_hint(system, parts.systems))
    return _shaped(parts.systems[system])


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


def _absent(name: str) -> str:
    return f"There is no system {name!r:.100}."


def _hint(name: str, systems: Mapping[str, System]) -> str:
    meant = nearest(name, systems)
    return f"Did you mean {meant}?" if meant else "List them with GET /v1/systems."


def _shaped(system: System) -> SystemOut:
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
    )


HANDLERS = (list_systems, get_system)
