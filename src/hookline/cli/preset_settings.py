"""The settings of a preset on a command line: the preset's own schema says what each is, and which are secret."""

import getpass
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from cyclopts import Group, Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import json_object, pairs, read_source
from hookline.client.gateway import Gateway
from hookline.client.requests import fetch

PRESETS = "presets"
PRESET = Group("Preset", sort_key=1)
STDIN = "-"
_KINDS: Mapping[type, Sequence[str]] = {
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    dict: ("object",),
    list: ("array",),
    str: ("string",),
}
"""What JSON was read as → what the schema calls it."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SettingFields:
    """Empty: not given."""

    setting: Annotated[
        tuple[str, ...],
        Parameter(
            name="--setting",
            negative="",
            help="NAME=VALUE of the preset; again for more. A secret: NAME=@FILE, or NAME=- to type it.",
            show_default=False,
            group=PRESET,
        ),
    ] = ()
    settings_file: Annotated[
        str,
        Parameter(
            help="Take settings from a JSON file (or -); --setting goes before.",
            show_default=False,
            group=PRESET,
            allow_leading_hyphen=True,
        ),
    ] = ""

    def __bool__(self) -> bool:
        return bool(self.setting or self.settings_file)


BARE = SettingFields()
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def with_settings(
    gateway: Gateway, fields: Mapping[str, Any], given: SettingFields, known: Mapping[str, Any] = _NOTHING
) -> dict[str, Any]:
    """An endpoint's fields, with the settings of the preset that they name. `known`: the endpoint that is changed; what it
    has stays. Raises Failed, Problem.
    """
    before, said = known.get("preset", ""), fields.get("settings", {})
    name = fields.get("preset") or before
    if not name and given:
        raise Failed(
            "--setting is for an endpoint with a preset.", hint="Add --preset NAME.", exit_code=Exit.USAGE
        )
    if not name or not isinstance(name, str) or not isinstance(said, dict):
        return dict(fields)
    there = known["settings"] if name == before else {}
    settings = settings_of(gateway, name, given, before=there | said)
    return {
        **fields,
        "settings": {one: value for one, value in settings.items() if value != there.get(one)},
    }


def settings_of(
    gateway: Gateway, preset: str, given: SettingFields, *, before: Mapping[str, Any] = _NOTHING
) -> dict[str, Any]:
    """`before`: what is said of them elsewhere. A secret that must be there and is not is asked for, if somebody is here
    to answer. Raises Failed, Problem.
    """
    schema = gateway.call(fetch(PRESETS, preset))["settings"]
    _check_input(given)
    settings = dict(before)
    if given.settings_file:
        settings |= json_object(given.settings_file)
    properties = schema["properties"]
    for name, text in pairs(given.setting, "--setting").items():
        settings[name] = _value(name, text, properties.get(name, {}))
    for name in schema.get("required", ()):
        if name not in settings and _secret(properties[name]) and sys.stdin.isatty():
            settings[name] = _answer(name, properties[name])
    return settings


def _check_input(given: SettingFields) -> None:
    """Standard input can be read once."""
    if sys.stdin.isatty():
        return
    from_input = [one for one in given.setting if one.partition("=")[2] == STDIN]
    if len(from_input) + (given.settings_file == STDIN) > 1:
        raise Failed(
            "Standard input cannot be more than one of the settings.",
            hint="Give the others as NAME=@FILE.",
            exit_code=Exit.USAGE,
        )


def _value(name: str, text: str, one: Mapping[str, Any]) -> Any:
    if _secret(one):
        return _secret_of(name, text, one)
    kinds = _kinds(one)
    if set(kinds) <= {"string"}:  # as it stands: chats are called @name
        return text
    if text.startswith("@"):
        text = _read(text.removeprefix("@"))
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if set(_KINDS.get(type(value), ())) & set(kinds) else text


def _secret_of(name: str, text: str, one: Mapping[str, Any]) -> str:
    if text == STDIN:
        return _answer(name, one) if sys.stdin.isatty() else _read(STDIN)
    return _read(text.removeprefix("@")) if text.startswith("@") else text


def _answer(name: str, one: Mapping[str, Any]) -> str:
    """Nothing of it is shown, and it stands in no history of a shell."""
    try:
        return getpass.getpass(f"{one['title']} ({name}, is not shown): ").strip()
    except EOFError:
        raise Failed(f"No {name} was given.", hint=f"Give it as --setting {name}=@FILE.") from None


def _read(source: str) -> str:
    return read_source(source).decode(errors="replace").strip()


def _secret(one: Mapping[str, Any]) -> bool:
    return bool(one.get("writeOnly"))


def _kinds(one: Mapping[str, Any]) -> Sequence[str]:
    kind = one.get("type", "string")
    return [kind] if isinstance(kind, str) else kind
