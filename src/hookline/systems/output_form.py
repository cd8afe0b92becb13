"""An output as its API takes it, and the endpoint that it is."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from hookline.api.parts import Parts
from hookline.api.text import Name
from hookline.errors import InvalidField
from hookline.model.endpoint import Batch, Endpoint, Rate
from hookline.model.retry import AnyRetryPolicy
from hookline.model.template import Template
from hookline.systems.access import Mounted
from hookline.systems.output_routing import Id, Routing, routing_of, without_routing

EVENTS = ("service_case.*",)
CALLED: Mapping[str, str] = {
    "url": "webhook_url",
    "method": "webhook_method",
    "headers": "webhook_headers",
    "template": "webhook_template",
    "template.text": "webhook_template",
    "template.json": "webhook_template",
    "template.content_type": "webhook_headers",
    "active": "is_active",
}
"""Field of `/v1` → what it is called here."""
_JSON = "application/json"
_OF_URL = ("webhook_method", "webhook_template", "batch")
"""What a preset has no room for."""


class OutputIn(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases go where. What stands behind `webhook_template` is of Hookline. Null is as if a field were left out of a
    new output.
    """

    company_id: Id = None
    """A case that names another company does not go there. Null: whatever it names; the key says the tenant."""
    category_id: Id = None
    """Only cases of this category: its `category_id`, or its `category` where a case has no id of one. Null: all."""
    output_type: Literal["webhook"] | None = None
    """`webhook`, and nothing else."""
    webhook_url: Annotated[str, msgspec.Meta(max_length=2048)] | None = None
    """Must be there, unless `preset` is."""
    webhook_method: Literal["POST", "PUT", "PATCH"] | None = None
    """Left out: `POST`."""
    webhook_headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] | None = None
    webhook_template: str | dict[str, Any] | list[Any] | None = None
    """In Liquid. What is JSON as it stands is filled in text by text, so that no value can break it; any other text as a
    whole, and a value in it is written with `| json`. Left out: the case as it is.
    """
    preset: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """A ready form for another system, in the place of URL, method and template."""
    settings: Annotated[dict[str, Any], msgspec.Meta(max_length=100)] | None = None
    """What the preset asks for."""
    name: Name | None = None
    is_active: bool | None = None
    """Left out: true."""
    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=250)] | None = None
    """Left out: `service_case.*`."""
    filter: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    """A CEL expression that must be true beside company and category."""
    timeout: float | None = None
    """Seconds; left out: 30, with a preset as well."""
    retry: AnyRetryPolicy | None = None
    """Left out: five attempts, as the gateway made them, with a preset as well."""
    batch: Batch | None = None
    """Several cases in one request, as a list of them; with neither template nor preset."""
    rate: Rate | None = None
    """Left out: the preset's."""


def output_of(endpoint: Endpoint, mounted: Mounted, parts: Parts) -> OutputIn:
    """What would make it again, apart from its template, which may be one that this API cannot write."""
    routing, preset = routing_of(endpoint), parts.presets.get(endpoint.preset)
    usual, method = mounted.system, cast("Any", endpoint.method)
    return OutputIn(
        company_id=routing.company,
        category_id=routing.category,
        webhook_url=None if endpoint.preset else endpoint.url,
        webhook_method=method,
        webhook_headers=endpoint.headers,
        preset=endpoint.preset or None,
        settings=endpoint.settings,
        name=endpoint.name,
        is_active=endpoint.active,
        events=endpoint.events,
        filter=routing.own,
        timeout=None if endpoint.timeout == usual.timeout else endpoint.timeout,
        retry=None if endpoint.retry == usual.retry else endpoint.retry,
        batch=endpoint.batch,
        rate=None if preset is not None and endpoint.rate == preset.rate else endpoint.rate,
    )


def changed(known: Endpoint, before: OutputIn, given: OutputIn, named: frozenset[str]) -> OutputIn:
    """`before` with the named fields of `given`. A URL takes the place of a preset, and a preset that of a URL with all
    that belongs to it.
    """
    change = {name: getattr(given, name) for name in named}
    if known.preset and given.webhook_url == known.url:  # sent back as it was shown
        change.pop("webhook_url")
    if change.get("webhook_url") is not None and given.preset is None:
        change |= {"preset": None, "settings": change.get("settings")}
    if given.preset is not None and given.preset != known.preset:
        gone = dict.fromkeys(("webhook_url", "settings", "rate", *_OF_URL))
        change = gone | change
    return msgspec.structs.replace(before, **change)


def check_place(output: OutputIn) -> None:
    """Raises InvalidField."""
    if output.preset and output.webhook_url:
        raise InvalidField(
            "The preset says where to send.", hint="Leave webhook_url out.", field="webhook_url"
        )
    if output.preset and output.webhook_template:
        raise InvalidField(
            "A preset has templates of its own.", hint="Leave one of both out.", field="webhook_template"
        )
    if output.settings and not output.preset:
        raise InvalidField(
            "Only with a preset there are settings.",
            hint="Name the preset, or leave them out.",
            field="settings",
        )
    if not (output.webhook_url or output.preset):
        raise InvalidField(
            "An output has a webhook_url, or a preset that says where to send.", field="webhook_url"
        )


def fields_of(
    output: OutputIn, mounted: Mounted, template: Template | None, known: Endpoint | None
) -> dict[str, Any]:
    """Of the endpoint, as `/v1` takes them, whole. None: what is usual for the system, or the preset."""
    routing = Routing(company=output.company_id, category=output.category_id, own=output.filter or "")
    routing.check()
    fields: dict[str, Any] = {
        "url": output.webhook_url or "",
        "preset": output.preset or None,
        "settings": output.settings if output.preset else None,
        "template": template,
        "method": output.webhook_method,
        "headers": output.webhook_headers,
        "name": output.name,
        "active": output.is_active,
        "events": output.events or EVENTS,
        "filter": routing.filter,
        "metadata": without_routing(known.metadata if known is not None else {}) | routing.metadata,
        "timeout": output.timeout or mounted.system.timeout,
        "retry": output.retry or mounted.system.retry,
        "batch": output.batch,
        "rate": output.rate,
    }
    if known is not None and (output.preset or "") != known.preset:
        fields |= {"dialect": None, "actions": None}
    return fields


def template_of(
    output: OutputIn, given: OutputIn, named: frozenset[str], known: Endpoint | None
) -> Template | None:
    """The output's: as it was, where no other is given; in the content type that its headers name."""
    kind = _kind(output.webhook_headers)
    before = None if known is None else known.template
    if known is None or ("webhook_template" in named and given.webhook_template != text_of(before)):
        return (
            None if given.webhook_template in (None, "") else _written(given.webhook_template, kind or _JSON)
        )
    if before is None or output.preset:
        return None
    same = kind == _kind(known.headers)
    return before if same else msgspec.structs.replace(before, content_type=kind or _JSON)


def text_of(template: Template | None) -> str | None:
    """As an output shows it."""
    if template is None:
        return None
    return template.text or (None if template.json is None else msgspec.json.encode(template.json).decode())


def _written(wanted: Any, kind: str) -> Template:
    tree = _tree(wanted) if isinstance(wanted, str) else wanted
    return (
        Template(text=wanted, content_type=kind) if tree is None else Template(json=tree, content_type=kind)
    )


def _tree(text: str) -> Any:
    """None: it is no JSON as it stands, or a bare value."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _kind(headers: Mapping[str, str] | None) -> str | None:
    return next((value for name, value in (headers or {}).items() if name.lower() == "content-type"), None)
