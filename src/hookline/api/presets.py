"""Presets: ready endpoints for other systems, as the catalogue has them."""

from typing import Any, Literal

import msgspec
from litestar import get

from hookline.api.rules import NeedsParts, PathText, Wall, rule
from hookline.errors import NotFound
from hookline.model.api_key import Scope
from hookline.model.case import Action
from hookline.model.endpoint import Rate
from hookline.model.json import nearest
from hookline.model.preset import Preset

_RULE = rule(Scope.READ, Wall.NONE)


class PresetOut(msgspec.Struct, frozen=True, kw_only=True):
    """A ready endpoint for another system."""

    name: str
    title: str
    description: str
    url: str
    """Where the other system documents it."""
    settings: dict[str, Any]
    """A JSON Schema of what an endpoint with it says in `settings`; its properties, in their order, are a form. Those that
    are `writeOnly` are secrets: they are never shown again.
    """
    actions: list[Action]
    """What it can do there. Where `close` or `comment` is missing it is an `update`, and a missing `update` a `create`."""
    remembers: bool
    """What it makes is linked with its case, and later events go to the same; otherwise each event makes something new."""
    once: bool
    """One thing is made of a case, even where an answer was lost; otherwise another may be made then."""
    auth: Literal["preset", "endpoint"]
    """Whose settings say how it signs in; `endpoint`: its `auth`."""
    rate: Rate | None
    """Of its endpoints, unless they have their own."""
    timeout: float
    """Seconds, over all requests of one attempt."""
    notes: str
    """What to do in the other system, and what to know: Markdown."""


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """Every preset of the catalogue, by name."""

    items: list[PresetOut]


@get("/v1/presets", opt=_RULE)
async def list_presets(parts: NeedsParts) -> PresetList:
    """List the presets: ready endpoints for other systems, with their settings."""
    return PresetList(items=[_shaped(parts.presets[name]) for name in sorted(parts.presets)])


@get("/v1/presets/{preset:str}", opt=_RULE)
async def get_preset(preset: PathText, parts: NeedsParts) -> PresetOut:
    """Show a preset: what it asks for, what it does, what to do in the other system."""
    found = parts.presets.get(preset)
    if found is None:
        meant = nearest(preset, parts.presets)
        hint = f"Did you mean {meant}?" if meant else "List the presets to see which there are."
        raise NotFound(f"There is no preset {preset[:64]!r}.", hint=hint)
    return _shaped(found)


def _shaped(preset: Preset) -> PresetOut:
    return PresetOut(
        name=preset.name,
        title=preset.title,
        description=" ".join(preset.description.split()),
        url=preset.url,
        settings=preset.settings,
        actions=list(preset.actions),
        remembers=preset.remembers,
        once=preset.once,
        auth="preset" if preset.auth else "endpoint",
        rate=preset.rate,
        timeout=preset.timeout,
        notes=preset.notes,
    )


HANDLERS = (list_presets, get_preset)
