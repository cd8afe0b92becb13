"""The AskPro gateway's service outputs: which cases go where, and in what form. Each is an endpoint of the system."""

from typing import Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import RawBody

from hookline.api.endpoint_preset import shown_settings
from hookline.api.endpoint_verbs import remove
from hookline.api.parts import Parts
from hookline.api.rules import NeedsParts, PathText
from hookline.model.api_key import Scope
from hookline.model.endpoint import Batch, Endpoint, Rate
from hookline.model.retry import AnyRetryPolicy
from hookline.net.header import redact
from hookline.systems.access import Mounted, NeedsMounted, access
from hookline.systems.exchanges import headers_of
from hookline.systems.output_form import (
    CALLED,
    OutputIn,
    changed,
    check_place,
    fields_of,
    output_of,
    template_of,
    text_of,
)
from hookline.systems.output_routing import Id, routing_of
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
    filter_off: str
    """Why the filter was switched off, and no case goes there; empty: it was not."""
    timeout: float
    """Seconds."""
    retry: AnyRetryPolicy
    batch: Batch | None
    rate: Rate | None
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
    given, named = read_fields(body, OutputIn, OutputOut)
    check_place(given)
    fields = fields_of(given, mounted, template_of(given, given, named, None), None)
    return OneOutput(data=_shown(mounted, parts, await subscribe(mounted, parts, fields, CALLED)))


@get(_ONE, opt=_READ)
async def get_output(output_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> OneOutput:
    """Show an output."""
    return OneOutput(data=_shown(mounted, parts, await endpoint_of(mounted, parts, output_id)))


@put(_ONE, opt=_CHANGE)
async def update_output(
    output_id: PathText, body: RawBody, mounted: NeedsMounted, parts: NeedsParts
) -> OneOutput:
    """Change the given fields of an output."""
    given, named = read_fields(body, OutputIn, OutputOut)
    known = await endpoint_of(mounted, parts, output_id)
    output = changed(known, output_of(known, mounted, parts), given, named)
    check_place(output)
    fields = fields_of(output, mounted, template_of(output, given, named, known), known)
    saved = await change(known, parts, fields, CALLED, filter_saved="filter" in named)
    return OneOutput(data=_shown(mounted, parts, saved))


@delete(_ONE, opt=_MANAGE, status_code=204)
async def delete_output(output_id: PathText, mounted: NeedsMounted, parts: NeedsParts) -> None:
    """Delete an output: what waits for it is cancelled."""
    known = await endpoint_of(mounted, parts, output_id)
    await remove(parts, mounted.tenant, known.id)


def _shown(mounted: Mounted, parts: Parts, endpoint: Endpoint) -> OutputOut:
    routing = routing_of(endpoint)
    return OutputOut(
        id=endpoint.id,
        company_id=routing.company,
        category_id=routing.category,
        output_type="webhook",
        webhook_url=endpoint.url,
        webhook_method=endpoint.method,
        webhook_headers=headers_of(redact(tuple(endpoint.headers.items()))),
        webhook_template=text_of(endpoint.template),
        preset=endpoint.preset or None,
        settings=shown_settings(endpoint, parts.presets),
        name=endpoint.name,
        is_active=endpoint.active,
        events=endpoint.events,
        filter=routing.own,
        filter_off=endpoint.filter_off,
        timeout=endpoint.timeout,
        retry=endpoint.retry,
        batch=endpoint.batch,
        rate=endpoint.rate,
        created_at=local_time(endpoint.created_at, mounted.zone, mark="offset"),
        updated_at=local_time(endpoint.updated_at, mounted.zone, mark="offset"),
    )


HANDLERS = (list_outputs, create_output, get_output, update_output, delete_output)
