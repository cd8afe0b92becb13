"""Endpoints: create, list, show, patch, put, delete, switch on and off, test, count."""

from typing import Literal

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import RawBody

from hookline.api.body import absent, decode_body
from hookline.api.endpoint_in import EndpointIn, as_given, decode_endpoint, with_defaults
from hookline.api.endpoint_out import EndpointOut, StatsOut, shaped, shaped_hour
from hookline.api.endpoint_preset import without_preset
from hookline.api.endpoint_verbs import create, remove, replace
from hookline.api.lists import Listing, Paging
from hookline.api.merge import decode_patch, merged
from hookline.api.parts import Parts
from hookline.api.rules import Needs, NeedsCaller, NeedsPaging, NeedsParts, PathText, rule
from hookline.api.times import iso, parse_time
from hookline.api.trial import TrialOut, shaped_trial, trial_event
from hookline.clock import DAY, HOUR, Micros
from hookline.model.api_key import Scope
from hookline.model.endpoint import Counters, Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.endpoints import Held

STATS_DAYS = 7


class EndpointPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list, oldest first."""

    items: list[EndpointOut]
    next_cursor: str | None
    next: str | None


class TrialIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send as a test."""

    type: str | None = None
    """Left out: the first event type that the endpoint names, else `hookline.test`; with a preset `case.created`."""
    data: msgspec.Raw = msgspec.field(default_factory=absent)
    """Any JSON value. Left out: the example of the event type, if there is one; with a preset and no type a case that says that it is a test."""


class StatsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which hours."""

    since: str | None = None
    """A time (ISO 8601 with zone); seven days before `until` if left out."""
    until: str | None = None
    """A time; now if left out."""


class HeldChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the deliveries that waited while the endpoint was inactive."""

    held: Literal["release", "cancel", "keep"] = "release"
    """`release` sends them, paced; `cancel` ends them; `keep` leaves them held."""


_TRIAL = msgspec.json.Decoder(TrialIn)
_CHOICE = msgspec.json.Decoder(HeldChoice)
_READ = rule(Scope.READ)
_MANAGE = rule(Scope.MANAGE)


@post("/v1/endpoints", opt=rule(Scope.MANAGE, body=EndpointIn))
async def create_endpoint(body: RawBody, caller: NeedsCaller, parts: NeedsParts) -> EndpointOut:
    """Create an endpoint. Unless secrets are given, or `unsigned` is true, one is made: reveal it by `/secrets`."""
    given = await decode_endpoint(body, parts, caller.tenant)
    return shaped(await create(parts, caller.tenant, given), Counters(), parts.presets)


@get("/v1/endpoints", opt=rule(Scope.READ, query=Paging))
async def list_endpoints(caller: NeedsCaller, parts: NeedsParts, asked: NeedsPaging) -> EndpointPage:
    """List endpoints, oldest first, with their counters."""
    listing = Listing.of("/v1/endpoints", caller.tenant, asked)
    page = await parts.store.endpoints.list(
        caller.tenant, after=listing.after(asked.cursor), limit=asked.limit
    )
    counters = await parts.store.counters.many(caller.tenant, [one.id for one in page.items])
    return EndpointPage(
        items=[shaped(one, counters[one.id], parts.presets) for one in page.items],
        next_cursor=listing.cursor(page.after),
        next=listing.link(page.after),
    )


@get("/v1/endpoints/{endpoint_id:str}", opt=_READ)
async def get_endpoint(endpoint_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> EndpointOut:
    """Show an endpoint with its counters."""
    return await _shown(parts, caller.tenant, EndpointId(endpoint_id))


@put("/v1/endpoints/{endpoint_id:str}", opt=rule(Scope.MANAGE, body=EndpointIn))
async def replace_endpoint(
    endpoint_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> EndpointOut:
    """Replace an endpoint: what is left out gets its default; secrets that are not given stay."""
    given = await decode_endpoint(body, parts, caller.tenant)
    known = await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    return await _counted(parts, await replace(parts, given, known))


@patch("/v1/endpoints/{endpoint_id:str}", opt=rule(Scope.MANAGE, body=EndpointIn, patch=True))
async def change_endpoint(
    endpoint_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> EndpointOut:
    """Change an endpoint by JSON merge patch (RFC 7396): what is left out stays, null resets to the default.

    An object that changes its `kind` is replaced whole, and so is a template. Another preset, or none, brings its own `settings`, `dialect`, `retry`, `timeout` and `rate`, and says whether requests are signed. Switching on by `active` releases what was held.
    """
    change = decode_patch(body, EndpointIn)
    known = await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    before = msgspec.to_builtins(as_given(known))
    if (change.get("preset", known.preset) or "") != known.preset:
        before = without_preset(before)
    if "template" in change:
        before["template"] = None
    if change.get("secrets") is not None and "unsigned" not in change:
        before["unsigned"] = False
    given = await with_defaults(merged(before, change), parts, caller.tenant)
    return await _counted(parts, await replace(parts, given, known, filter_saved="filter" in change))


@delete("/v1/endpoints/{endpoint_id:str}", opt=_MANAGE)
async def delete_endpoint(endpoint_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> None:
    """Delete an endpoint: its secrets are wiped, what waits for it is cancelled."""
    await remove(parts, caller.tenant, EndpointId(endpoint_id))


@post(
    "/v1/endpoints/{endpoint_id:str}/enable",
    opt=rule(Scope.MANAGE, body=HeldChoice, optional=True),
    status_code=200,
)
async def enable_endpoint(
    endpoint_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> EndpointOut:
    """Switch an endpoint on, and say what becomes of what was held."""
    choice = decode_body(body or b"{}", _CHOICE).held
    held = None if choice == "keep" else Held(choice)
    await parts.store.endpoints.enable(caller.tenant, EndpointId(endpoint_id), held, parts.clock.now())
    await parts.directory.reload(caller.tenant)
    parts.wake()
    return await _shown(parts, caller.tenant, EndpointId(endpoint_id))


@post("/v1/endpoints/{endpoint_id:str}/disable", opt=_MANAGE, status_code=200)
async def disable_endpoint(endpoint_id: PathText, caller: NeedsCaller, parts: NeedsParts) -> EndpointOut:
    """Switch an endpoint off: what is due for it is held."""
    await parts.store.endpoints.disable(caller.tenant, EndpointId(endpoint_id), "", parts.clock.now())
    await parts.directory.reload(caller.tenant)
    return await _shown(parts, caller.tenant, EndpointId(endpoint_id))


@post(
    "/v1/endpoints/{endpoint_id:str}/test",
    opt=rule(Scope.MANAGE, body=TrialIn, optional=True),
    status_code=200,
)
async def test_endpoint(
    endpoint_id: PathText, body: RawBody, caller: NeedsCaller, parts: NeedsParts
) -> TrialOut:
    """Send a test event now, active or not, and show the whole exchange. Nothing of it is stored or counted.

    With a preset it is a case of its own, which says that it is a test: a real one in the other system.
    """
    given = decode_body(body or b"{}", _TRIAL)
    endpoint = await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    event = await trial_event(parts, endpoint, given.type, bytes(given.data))
    trial = await parts.tester.send(endpoint, event)
    dialect = parts.dialects.get(endpoint.dialect)
    if dialect is None or endpoint.preset or endpoint.template is not None:
        return shaped_trial(trial)
    return shaped_trial(trial, dialect.zoned(endpoint.zone).body(event))


@get("/v1/endpoints/{endpoint_id:str}/stats", opt=rule(Scope.READ, query=StatsQuery))
async def get_stats(
    endpoint_id: PathText,
    caller: NeedsCaller,
    parts: NeedsParts,
    asked: Needs[StatsQuery],
) -> StatsOut:
    """Count attempts by the hour."""
    await parts.store.endpoints.get(caller.tenant, EndpointId(endpoint_id))
    now = parts.clock.now()
    end = now if asked.until is None else parse_time(asked.until, "until")
    start = (
        Micros(max(0, end - STATS_DAYS * DAY)) if asked.since is None else parse_time(asked.since, "since")
    )
    hours = await parts.store.counters.hours(
        caller.tenant, EndpointId(endpoint_id), start // HOUR, -(-end // HOUR)
    )
    return StatsOut(since=iso(start), until=iso(end), hours=[shaped_hour(hour) for hour in hours])


async def _shown(parts: Parts, tenant: TenantId, endpoint_id: EndpointId) -> EndpointOut:
    return await _counted(parts, await parts.store.endpoints.get(tenant, endpoint_id))


async def _counted(parts: Parts, endpoint: Endpoint) -> EndpointOut:
    counters = await parts.store.counters.get(endpoint.tenant_id, endpoint.id)
    return shaped(endpoint, counters, parts.presets)


HANDLERS = (
    create_endpoint,
    list_endpoints,
    get_endpoint,
    replace_endpoint,
    change_endpoint,
    delete_endpoint,
    enable_endpoint,
    disable_endpoint,
    test_endpoint,
    get_stats,
)
