"""The AskPro gateway's service outputs: which cases go where, and in what form. Each is an endpoint of the system."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.params import RawBody

from hookline.api.endpoint_preset import shown_settings
from hookline.api.endpoint_verbs import remove
from hookline.api.parts import Parts
from hookline.api.rules import NeedsParts, PathText
from hookline.api.text import Name
from hookline.errors import InvalidField
from hookline.model.api_key import Scope
from hookline.model.endpoint import Batch, Endpoint, Rate
from hookline.model.retry import AnyRetryPolicy
from hookline.net.header import redact
from hookline.systems.access import Mounted, NeedsMounted, access
from hookline.systems.exchanges import headers_of
from hookline.systems.subscriptions import (
    change,
    endpoint_of,
    endpoints_of,
    local_time,
    read_fields,
    subscribe,
)

SYSTEM, PATH = "askpro-gateway", "/admin/service-outputs"
_ONE = f"{PATH}/{{output_id:str}}"
_COMPANY, _CATEGORY = "company_id", "category_id"
"""Where an endpoint's metadata keeps, as JSON, what its filter is made of."""
_OF_COMPANY = "(!has(data.company_id) || data.company_id == null || string(data.company_id) == {})"
_OF_CATEGORY = (
    "(has(data.category_id) && data.category_id != null"
    " ? string(data.category_id) : string(data.category)) == {}"
)
"""A case that names another company goes to none of this one's; one of no category to none that asks for one."""
_JSON = "application/json"
_EVENTS = ("service_case.*",)
_SAME = {
    "webhook_method": "method",
    "webhook_headers": "headers",
    "name": "name",
    "is_active": "active",
    "timeout": "timeout",
    "retry": "retry",
    "batch": "batch",
    "rate": "rate",
}
"""Field → what `/v1` calls it."""
_CALLED = {
    **{to: name for name, to in _SAME.items()},
    "url": "webhook_url",
    "template.text": "webhook_template",
    "template.json": "webhook_template",
}
Id = int | str | None


class OutputIn(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases go where. What stands behind `webhook_template` is of Hookline."""

    company_id: Id = None
    """A case that names another company does not go there. Null: whatever it names; the key says the tenant."""
    category_id: Id = None
    """Only cases of this category: its `category_id`, or its `category` where a case has no id of one. Null: all."""
    output_type: Literal["webhook"] = "webhook"
    webhook_url: Annotated[str, msgspec.Meta(max_length=2048)] | None = None
    """Must be given for a new one, unless `preset` is."""
    webhook_method: Literal["POST", "PUT", "PATCH"] = "POST"
    webhook_headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] | None = None
    webhook_template: str | dict[str, Any] | None = None
    """In Liquid. What is JSON as it stands is filled in text by text, so that no value can break it; any other text as a
    whole, and a value in it is written with `| json`. Null: the case as it is.
    """
    preset: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """A ready form for another system, in the place of URL, method and template."""
    settings: Annotated[dict[str, Any], msgspec.Meta(max_length=100)] | None = None
    """What the preset asks for."""
    name: Name | None = None
    is_active: bool = True
    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=250)] | None = None
    """Left out: `service_case.*`."""
    filter: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    """A CEL expression that must be true beside the category."""
    timeout: float | None = None
    """Seconds; left out: 30."""
    retry: AnyRetryPolicy | None = None
    batch: Batch | None = None
    """Several cases in one request, as a list of them; with neither template nor preset."""
    rate: Rate | None = None


class OutputOut(msgspec.Struct, frozen=True, kw_only=True):
    """An output. Credentials in its headers and settings are masked."""

    id: str
    """What `config_id` of a test names."""
    company_id: Id
    category_id: Id
    output_type: str
    webhook_url: str
    webhook_method: str
    webhook_headers: dict[str, str]
    webhook_template: str | None
    preset: str | None
    settings: dict[str, Any]
    name: str
    is_active: bool
    events: tuple[str, ...]
    filter: str
    """Beside company and category."""
    timeout: float
    """Seconds."""
    created_at: str | None
    updated_at: str | None


class OneOutput(msgspec.Struct, frozen=True, kw_only=True):
    """An output."""

    data: OutputOut


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """All of the company, oldest first."""

    data: list[OutputOut]


_MANAGE, _READ = access(SYSTEM, Scope.MANAGE), access(SYSTEM, Scope.READ)
_CHANGE = access(SYSTEM, Scope.MANAGE, body=OutputIn, conflicts=True)


@get(PATH, opt=_READ)
async def list_outputs(mounted: NeedsMounted, parts: NeedsParts) -> Outputs:
    """List the company's outputs."""
    return Outputs(data=[_shown(mounted, parts, one) for one in await endpoints_of(mounted, parts)])


@post(PATH, opt=_CHANGE, status_code=201)
async def create_output(body: RawBody, mounted: NeedsMounted, parts: NeedsParts) -> OneOutput:
    """Make an output: cases of its category go there from now on."""
    given, named = read_fields(body, OutputIn)
    if not (given.webhook_url or given.preset):
        raise InvalidField(
            "An output has a webhook_url, or a preset that says where to send.", field="webhook_url"
        )
    fields = _fields(given, named | {"events"}, mounted, None)
    return OneOutput(data=_shown(mounted, parts, await subscribe(mounted, parts, fields, _CALLED)))


@get(_ONE, opt=_READ)
async def get_output(output_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> OneOutput:
    """Show an output."""
    return OneOutput(data=_shown(mounted, parts, await endpoint_of(mounted, parts, output_id)))


@put(_ONE, opt=_CHANGE)
async def update_output(
    output_id: PathText, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
) -> OneOutput:
    """Change the given fields of an output."""
    given, named = read_fields(body, OutputIn)
    known = await endpoint_of(mounted, parts, output_id)
    fields = _fields(given, named, mounted, known)
    return OneOutput(data=_shown(mounted, parts, await change(known, parts, fields, _CALLED)))


@delete(_ONE, opt=_MANAGE, status_code=204)
async def delete_output(output_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> None:
    """Delete an output: what waits for it is cancelled."""
    known = await endpoint_of(mounted, parts, output_id)
    await remove(parts, mounted.tenant, known.id)


def _fields(
    given: OutputIn, named: frozenset[str], mounted: Mounted, known: Endpoint | None
) -> dict[str, Any]:
    """As `/v1` takes them: those that the body has."""
    fields: dict[str, Any] = {to: getattr(given, name) for name, to in _SAME.items() if name in named}
    if "events" in named:
        fields["events"] = given.events or _EVENTS
    if named & {"preset", "settings", "webhook_url"}:
        fields |= _place(given, named, mounted)
    if named & {"webhook_template", "webhook_headers"} and not fields.get("preset"):
        fields["template"] = _template(given, named, known)
    if known is None or named & {_COMPANY, _CATEGORY, "filter"}:
        fields |= _routed(given, named, known)
    return fields


def _place(given: OutputIn, named: frozenset[str], mounted: Mounted) -> dict[str, Any]:
    """A URL or a preset says where to send: who names one takes the other's place."""
    if given.preset and given.webhook_url:
        raise InvalidField(
            "The preset says where to send.", hint="Leave webhook_url out.", field="webhook_url"
        )
    if given.webhook_url:
        return {"url": given.webhook_url, "preset": None, "settings": None}
    settings = {"settings": given.settings or {}} if "settings" in named else {}
    if not given.preset:
        return settings
    usual = {"retry": mounted.system.retry, "timeout": mounted.system.timeout}  # of every output, as it was
    return {"url": "", "preset": given.preset, "template": None, **settings, **usual}


def _template(given: OutputIn, named: frozenset[str], known: Endpoint | None) -> dict[str, Any] | None:
    """None: the case as it is."""
    wanted = given.webhook_template
    if "webhook_template" not in named and known is not None:
        wanted = _text_of(known)
    if not wanted:
        return None
    headers = given.webhook_headers if "webhook_headers" in named else known.headers if known else None
    kind = next((value for name, value in (headers or {}).items() if name.lower() == "content-type"), _JSON)
    tree = _tree(wanted) if isinstance(wanted, str) else wanted
    return {"text": wanted, "content_type": kind} if tree is None else {"json": tree, "content_type": kind}


def _tree(text: str) -> Any:
    """None: it is no JSON as it stands, or a bare value."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _text_of(endpoint: Endpoint) -> str | None:
    template = endpoint.template
    if template is None:
        return None
    return template.text or (None if template.json is None else msgspec.json.encode(template.json).decode())


def _routed(given: OutputIn, named: frozenset[str], known: Endpoint | None) -> dict[str, Any]:
    """The filter that company and category make, with the output's own behind them."""
    before = dict(known.metadata) if known is not None else {}
    ids = {
        name: msgspec.json.encode(getattr(given, name)).decode()
        for name in (_COMPANY, _CATEGORY)
        if name in named
    }
    metadata = {name: value for name, value in {**before, **ids}.items() if value != "null"}
    own = given.filter if "filter" in named else _own_filter(known) if known is not None else ""
    return {"metadata": metadata, "filter": _filter(metadata, own or "")}


def _filter(metadata: Mapping[str, str], own: str = "") -> str:
    parts = [
        form.format(msgspec.json.encode(str(_id(metadata[name]))).decode())
        for name, form in ((_COMPANY, _OF_COMPANY), (_CATEGORY, _OF_CATEGORY))
        if name in metadata
    ]
    if own:
        parts.append(f"({own})" if parts else own)
    return " && ".join(parts)


def _own_filter(endpoint: Endpoint) -> str:
    """What stands in its filter behind company and category."""
    routed = _filter(endpoint.metadata)
    if not routed:
        return endpoint.filter
    if endpoint.filter == routed:
        return ""
    start = f"{routed} && ("
    return endpoint.filter[len(start) : -1] if endpoint.filter.startswith(start) else endpoint.filter


def _id(kept: str | None) -> int | str | None:
    """Whoever writes metadata by `/v1` need not write JSON."""
    try:
        return None if kept is None else msgspec.json.decode(kept, type=int | str)
    except msgspec.DecodeError:
        return kept


def _shown(mounted: Mounted, parts: Parts, endpoint: Endpoint) -> OutputOut:
    return OutputOut(
        id=endpoint.id,
        company_id=_id(endpoint.metadata.get(_COMPANY)) or mounted.tenant,
        category_id=_id(endpoint.metadata.get(_CATEGORY)),
        output_type="webhook",
        webhook_url=endpoint.url,
        webhook_method=endpoint.method,
        webhook_headers=headers_of(redact(tuple(endpoint.headers.items()))),
        webhook_template=_text_of(endpoint),
        preset=endpoint.preset or None,
        settings=shown_settings(endpoint, parts.presets),
        name=endpoint.name,
        is_active=endpoint.active,
        events=endpoint.events,
        filter=_own_filter(endpoint),
        timeout=endpoint.timeout,
        created_at=local_time(endpoint.created_at, mounted.zone, mark="offset"),
        updated_at=local_time(endpoint.updated_at, mounted.zone, mark="offset"),
    )


HANDLERS = (list_outputs, create_output, get_output, update_output, delete_output)
