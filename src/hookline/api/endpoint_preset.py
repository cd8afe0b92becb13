"""What an endpoint sends in the place of its dialect's body: by a preset, or by a template of its own. What is checked of both
before they are stored, and what is shown.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.api.body import at_field
from hookline.api.endpoint_auth import checked_url
from hookline.api.parts import Parts
from hookline.catalog.preset_settings import checked, masked, unmasked
from hookline.deliver.dialect import Envelope
from hookline.deliver.target import compile_target
from hookline.deliver.templated import Templated
from hookline.errors import InvalidField, InvalidTemplate
from hookline.model.endpoint import Endpoint, NoAuth, Order
from hookline.model.json import nearest
from hookline.model.patterns import check_pattern
from hookline.model.preset import Preset
from hookline.model.template import Template
from hookline.net import header
from hookline.net.header import MASK, RESERVED, check_headers, redact
from hookline.template.engine import TemplateFailed

_NOT_WITH_PRESET: Mapping[str, tuple[object, str]] = {
    "method": ("POST", "Each of its requests has its own."),
    "batch": (None, "Each event is told of by itself."),
    "template": (None, "It has templates of its own; a preset of yours may have others."),
}
"""Field → what it must be then, and why."""
_OF_PRESET = frozenset({"settings", "dialect", "retry", "timeout", "rate", "unsigned"})


def preset_named(name: str, presets: Mapping[str, Preset]) -> Preset:
    """Raises InvalidField."""
    found = presets.get(name)
    if found is None:
        meant = nearest(name, presets)
        hint = f"Did you mean {meant}?" if meant else "See GET /v1/presets."
        raise InvalidField(f"There is no preset {name[:64]!r}.", hint=hint, field="preset")
    return found


def usual_of_preset(name: str, presets: Mapping[str, Preset]) -> dict[str, Any]:
    """What an endpoint with this preset has unless it says otherwise. Raises InvalidField."""
    preset = preset_named(name, presets)
    usual = {"dialect": preset.dialect, "retry": preset.retry, "timeout": preset.timeout, "rate": preset.rate}
    values: dict[str, Any] = msgspec.to_builtins(usual)
    return values


def without_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """An endpoint's, before it turns to another preset or to none: nothing of the old one stays, not even that it did
    not sign.
    """
    return {name: value for name, value in values.items() if name not in _OF_PRESET}


def checked_settings(preset: Preset, given: Mapping[str, Any], known: Endpoint | None) -> dict[str, Any]:
    """Whole, with what is masked as it was. Raises InvalidField."""
    before = known.settings if known is not None and known.preset == preset.name else {}
    return dict(checked(preset, unmasked(preset, given, before)))


async def with_preset(endpoint: Endpoint, preset: Preset, dialect: Envelope, parts: Parts) -> Endpoint:
    """With the URL that may be shown of it. Raises InvalidField for what cannot be sent so."""
    check_beside(endpoint, preset)
    for pattern in endpoint.actions:
        with at_field(f"actions.{pattern}"):
            check_pattern(pattern)
    try:
        with at_field("settings"):
            recipe = parts.targets.recipe(endpoint, dialect)
    except (TemplateFailed, ValueError) as error:
        raise InvalidField(f"No request can be made of these settings: {error}", field="settings") from error
    await checked_url(recipe.base, _address_of(endpoint, recipe.base), parts.guard)
    return msgspec.structs.replace(endpoint, url=recipe.url)


def _address_of(endpoint: Endpoint, base: str) -> str:
    """The field of the setting that the address was made of; that of all settings where it was made of several."""
    texts = {name: value for name, value in endpoint.settings.items() if isinstance(value, str) and value}
    found = [name for name, value in texts.items() if base.rstrip("/") == value.rstrip("/")]
    return f"settings.{found[0]}" if found else "settings"


def check_template(endpoint: Endpoint, template: Template, dialect: Envelope) -> None:
    """Raises InvalidTemplate, InvalidHeader."""
    if endpoint.batch is not None:
        raise InvalidField(
            "A template makes a request of each event.", hint="Leave batch or template out.", field="batch"
        )
    if template.path and not template.path.startswith(("/", "{")):
        raise InvalidTemplate(
            "It is the path of a URL, and begins with /.",
            hint="Write it like /tickets/{{ case_id | path }}.",
            field="template.path",
        )
    with at_field("template.headers"):
        check_headers(dict.fromkeys(template.headers, "x"), reserved=RESERVED | dialect.reserved)
    with at_field("template.content_type"):
        check_headers({"Content-Type": template.content_type})
    Templated(compile_target(endpoint, dialect), template)


def check_url_left_out(url: str, known: Endpoint | None) -> None:
    """Raises InvalidField. What is shown of it may come back."""
    if url and (known is None or url != known.url):
        raise InvalidField(
            "The preset says where to send.", hint="Leave url out; settings decide it.", field="url"
        )


def shown_settings(endpoint: Endpoint, presets: Mapping[str, Preset]) -> dict[str, Any]:
    """Of a preset that the catalogue has no more nobody knows which are secret: all are masked (fails closed)."""
    preset = presets.get(endpoint.preset)
    if preset is None:
        return dict.fromkeys(endpoint.settings, MASK)
    return dict(masked(preset, endpoint.settings))


def shown_template(template: Template | None) -> Template | None:
    if template is None:
        return None
    return msgspec.structs.replace(template, headers=dict(redact(tuple(template.headers.items()))))


def unmasked_template(given: Template | None, known: Template | None) -> Template | None:
    if given is None:
        return None
    with at_field("template.headers"):
        headers = header.unmasked(given.headers, known.headers if known is not None else {})
    return msgspec.structs.replace(given, headers=headers)


def check_beside(endpoint: Endpoint, preset: Preset) -> None:
    for field, (usual, why) in _NOT_WITH_PRESET.items():
        if getattr(endpoint, field) != usual:
            raise InvalidField(
                f"A preset leaves no room for {field}. {why}",
                hint=f"Leave {field} out; in a patch, null takes away what is there.",
                field=field,
            )
    if endpoint.order is Order.KEY:
        raise InvalidField(
            "With a preset, what is said of one case goes one after the other already.",
            hint="Leave order out, or let it be endpoint; in a patch, null takes away what is there.",
            field="order",
        )
    if preset.auth and not isinstance(endpoint.auth, NoAuth):
        raise InvalidField(
            f"{preset.title} is told who asks by the settings.",
            hint="Leave auth out; in a patch, null takes away what is there.",
            field="auth",
        )
