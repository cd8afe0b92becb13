"""What the schema of a preset's settings must keep to: it becomes a form, and what it hides is sealed."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.catalog.json_tree import check_json
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.model.json_schema import check_event_type, compile_schema
from hookline.model.mask import SHORTEST

FIELD = "settings"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TOLD = ("title", "description")
_Schema = Mapping[str, Any]


def check_settings_schema(schema: dict[str, Any]) -> None:
    """Raises InvalidField."""
    check_json(FIELD, schema)
    try:
        check_event_type(msgspec.Raw(msgspec.json.encode(schema)), None)
    except InvalidField as error:
        raise InvalidField(error.detail, hint=error.hint, field=FIELD) from error
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise InvalidField(
            "The settings are an object that has no properties but those that are named.",
            hint="Write type: object and additionalProperties: false.",
            field=FIELD,
        )
    properties = properties_of(schema)
    for name, one in properties.items():
        _check_property(f"{FIELD}.properties.{name}", name, one)
    for name in schema.get("required", ()):
        if name not in properties:
            meant = nearest(str(name), properties)
            hint = f"Did you mean {meant}?" if meant else "Add it to the properties."
            raise InvalidField(f"There is no setting {name}.", hint=hint, field=f"{FIELD}.required")


def properties_of(schema: _Schema) -> Mapping[str, _Schema]:
    """Name → schema, in the order of the form."""
    return schema.get("properties") or {}


def is_secret(one: _Schema) -> bool:
    return one.get("writeOnly") is True


def _check_property(field: str, name: str, one: Any) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidField("A setting is named in lower-case letters, digits and underscores.", field=field)
    for part in _TOLD:
        text = one.get(part) if isinstance(one, Mapping) else None
        if not isinstance(text, str) or not text.strip():
            raise InvalidField(
                f"The setting {name} has no {part}.",
                hint="A form is made of it: say in plain words what it is and where to find it.",
                field=field,
            )
    if is_secret(one):
        _check_secret(field, one)
    if one.get("properties"):
        raise InvalidField(
            "A form has no forms within: a setting is a plain value, a list, or a map with additionalProperties.",
            field=field,
        )
    _check_values(field, one)


def _check_secret(field: str, one: _Schema) -> None:
    if one.get("type") != "string" or "default" in one:
        raise InvalidField("A secret is of type string, and has no default.", field=field)
    if one.get("minLength", 0) < SHORTEST:
        raise InvalidField(
            f"A secret has at least {SHORTEST} characters: a shorter one cannot be masked in what is kept of requests.",
            hint=f"Write minLength: {SHORTEST}, or more.",
            field=field,
        )


def _check_values(field: str, one: _Schema) -> None:
    """Its default and its examples are such values themselves."""
    schema = compile_schema(msgspec.json.encode(one))
    given = {"default": one["default"]} if "default" in one else {}
    given |= {f"examples[{at}]": value for at, value in enumerate(one.get("examples", ()))}
    for place, value in given.items():
        error = next(schema.iter_errors(value), None)
        if error is not None:
            raise InvalidField(f"It does not fit the schema: {error.message}", field=f"{field}.{place}")
