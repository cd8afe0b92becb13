"""The settings of an endpoint with a preset: checked against its schema, shown without their secrets."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from hookline.catalog.setting_rules import is_secret, properties_of
from hookline.errors import InvalidField, UnknownField
from hookline.model.json import nearest
from hookline.model.json_schema import compile_schema, path_of
from hookline.model.mask import MASK
from hookline.model.preset import Preset
from hookline.template.engine import Scope, TemplateFailed, compile_text

FIELD = "settings"
Settings = Mapping[str, object]


def checked(preset: Preset, settings: Settings) -> Settings:
    """With the defaults of what is left out; null means left out. Raises InvalidField, with the field, and tells no value.

    Secrets must be there themselves: see `unmasked`.
    """
    properties = properties_of(preset.settings)
    for name in settings.keys() - properties.keys():
        raise _unknown(preset, name)
    defaults = {name: one["default"] for name, one in properties.items() if "default" in one}
    given = {name: value for name, value in settings.items() if value is not None}
    whole = {name: (defaults | given)[name] for name in properties if name in defaults or name in given}
    _check_present(preset, whole)
    _check_schema(preset, whole)
    _check_secrets(preset, whole)
    _check_refusals(preset, whole)
    return MappingProxyType(whole)


def secret_names(preset: Preset) -> frozenset[str]:
    """Of the settings that are sealed and never shown."""
    return frozenset(name for name, one in properties_of(preset.settings).items() if is_secret(one))


def masked(preset: Preset, settings: Settings) -> Settings:
    """For people: a secret that is set is a mask."""
    hidden = secret_names(preset)
    return {name: MASK if name in hidden and value else value for name, value in settings.items()}


def unmasked(preset: Preset, given: Settings, known: Settings) -> Settings:
    """A mask means: as it was. Raises InvalidField where there was none."""
    hidden = secret_names(preset)
    for name in hidden & given.keys():
        if given[name] == MASK and not known.get(name):
            raise InvalidField(
                f"{MASK} stands for what is hidden, and nothing was set here.",
                hint="Give the secret itself.",
                field=f"{FIELD}.{name}",
            )
    return {name: known[name] if name in hidden and value == MASK else value for name, value in given.items()}


def _unknown(preset: Preset, name: str) -> UnknownField:
    properties = properties_of(preset.settings)
    meant = nearest(name, properties)
    hint = f"Did you mean {meant}?" if meant else f"Known: {', '.join(properties) or 'none'}."
    return UnknownField(
        f"The preset {preset.name} has no setting {name!r:.100}.", hint=hint, field=f"{FIELD}.{name[:64]}"
    )


def _check_present(preset: Preset, settings: Settings) -> None:
    for name in preset.settings.get("required", ()):
        if settings.get(name) in (None, ""):
            told = properties_of(preset.settings)[name]
            raise InvalidField(
                f"The preset {preset.name} needs the setting {name}: {told['title']}.",
                hint=told["description"],
                field=f"{FIELD}.{name}",
            )


def _check_schema(preset: Preset, settings: Settings) -> None:
    schema = compile_schema(msgspec.json.encode(preset.settings))
    error = next(schema.iter_errors(settings), None)
    if error is None:
        return
    steps = list(error.instance_path)
    name = str(steps[0]) if steps else ""
    hint = properties_of(preset.settings).get(name, {}).get("description", "")
    raise InvalidField(f"{error.message[:300]}.", hint=hint, field=path_of(steps, FIELD))


def _check_secrets(preset: Preset, settings: Settings) -> None:
    """What is copied brings a line break along, and no header can carry it."""
    for name in sorted(secret_names(preset) & settings.keys()):
        value = settings[name]
        if isinstance(value, str) and (value != value.strip() or not value.isprintable()):
            raise InvalidField(
                "It begins or ends with a space, or holds a character that cannot be seen.",
                hint="Copy it once more, without line breaks.",
                field=f"{FIELD}.{name}",
            )


def _check_refusals(preset: Preset, settings: Settings) -> None:
    for refusal in preset.refuses:
        field = f"{FIELD}.{refusal.setting}"
        try:
            refused = compile_text(refusal.when, field).text(Scope({"settings": settings})).strip()
        except TemplateFailed as error:
            raise InvalidField(f"The settings could not be looked at: {error.reason}", field=field) from None
        if refused:
            raise InvalidField(refusal.because, hint=refusal.hint, field=field)
