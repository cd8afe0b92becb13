"""Presets: ready endpoints for other systems, as the catalogue has them."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from litestar import get, post
from litestar.params import RawBody

from hookline.api.body import absent, decode_body
from hookline.api.endpoint_in import made, with_defaults
from hookline.api.parts import Parts
from hookline.api.rules import NeedsCaller, NeedsParts, PathText, Wall, rule
from hookline.api.trial import TrialOut, shaped_trial, trial_event
from hookline.errors import NotFound
from hookline.model.api_key import Scope
from hookline.model.case import Action
from hookline.model.endpoint import NO_AUTH, Auth, ClientTls, Endpoint, Rate
from hookline.model.ids import TenantId
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


class PresetTrialIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send as a test, with which settings."""

    settings: dict[str, Any] = {}
    """What the preset asks for, secrets too."""
    auth: Auth = NO_AUTH
    """Where the preset leaves it to the endpoint."""
    headers: dict[str, str] = {}
    """Sent with every request, as an endpoint's."""
    tls: ClientTls | None = None
    """A client certificate, authorities of your own, or both, as an endpoint's."""
    type: str | None = None
    """The type of an event of your own. Left out: `case.created`."""
    data: msgspec.Raw = msgspec.field(default_factory=absent)
    """Any JSON value. Left out: the example of the type, and without a type a case that says that it is a test."""
    system: str = ""
    """The system that the event is of."""


_TRIAL = msgspec.json.Decoder(PresetTrialIn)


@get("/v1/presets", opt=_RULE)
async def list_presets(parts: NeedsParts) -> PresetList:
    """List the presets: ready endpoints for other systems, with their settings."""
    return PresetList(items=[_shaped(parts.presets[name]) for name in sorted(parts.presets)])


@get("/v1/presets/{preset:str}", opt=_RULE)
async def get_preset(preset: PathText, parts: NeedsParts) -> PresetOut:
    """Show a preset: what it asks for, what it does, what to do in the other system."""
    return _shaped(_named(preset, parts.presets))


@post("/v1/presets/{preset:str}/test", opt=rule(Scope.MANAGE, body=PresetTrialIn), status_code=200)
async def test_preset(preset: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> TrialOut:
    """Send a test case to the other system now, as an endpoint with these settings would, and show what came of it.

    Nothing of it is stored here. What it makes there is real, says that it is a test, and may be closed or deleted.
    """
    _named(preset, parts.presets)
    given = decode_body(body, _TRIAL)
    endpoint = await _draft(preset, given, caller.tenant, parts)
    event = await trial_event(parts, endpoint, given.type, bytes(given.data))
    return shaped_trial(await parts.tester.send(endpoint, event))


async def _draft(preset: str, given: PresetTrialIn, tenant: TenantId, parts: Parts) -> Endpoint:
    """Checked as one that is stored. Unsigned: nobody there could know a secret that is made for this."""
    values = {
        "preset": preset,
        "settings": given.settings,
        "auth": msgspec.to_builtins(given.auth),
        "headers": given.headers,
        "tls": msgspec.to_builtins(given.tls),
        "system": given.system,
        "unsigned": True,
    }
    return await made(await with_defaults(values, parts, tenant), parts, tenant, parts.clock.now())


def _named(name: str, presets: Mapping[str, Preset]) -> Preset:
    """Raises NotFound."""
    found = presets.get(name)
    if found is None:
        meant = nearest(name, presets)
        hint = f"Did you mean {meant}?" if meant else "List the presets to see which there are."
        raise NotFound(f"There is no preset {name[:64]!r}.", hint=hint)
    return found


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


HANDLERS = (list_presets, get_preset, test_preset)
