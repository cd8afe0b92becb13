"""`hookline presets`: ready endpoints for other systems: what they ask for, what they do there."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from hookline.cli.grid import Column, Row, column, print_fields, print_grid
from hookline.cli.output import List, print_json, print_list
from hookline.cli.reach import FIRST, HERE, Reach, connect
from hookline.cli.text import clean
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch, listing

PRESETS = "presets"
PresetArgument = Annotated[str, Parameter(name="PRESET", help="A preset of the catalogue, as jira.")]


def _asked(row: Row) -> str:
    return ", ".join(row["settings"].get("required", ()))


_COLUMNS = (
    column("preset", "name"),
    column("title", "title"),
    Column("needs", _asked),
    Column("actions", lambda row: ", ".join(row["actions"])),
    Column("exactly one", lambda row: "yes" if row["once"] else "no"),
)
_SETTINGS = (
    column("setting", "name"),
    column("required", "required"),
    column("secret", "secret"),
    column("default", "default"),
    column("choices", "choices"),
    column("title", "title"),
    column("description", "description"),
)
_APART = ("settings", "notes")


def list_(*, reach: Reach = HERE) -> None:
    """List the presets: ready endpoints for other systems.

    For example:

        hookline presets list
        hookline presets list --json
    """
    wanted = List(
        request=listing(PRESETS, {}),
        columns=_COLUMNS,
        empty="The catalogue is empty: was it installed whole?",
    )
    with connect(reach) as gateway:
        print_list(gateway, wanted, FIRST, reach)


def show(preset: PresetArgument, /, *, reach: Reach = HERE) -> None:
    """Show a preset: its settings, what it does, and what to do in the other system.

    For example:

        hookline presets show jira
        hookline presets show slack --json
    """
    with connect(reach) as gateway:
        answer = gateway.send(fetch(PRESETS, preset))
    if reach.json:
        print_json(accepted(answer))
        return
    whole: dict[str, Any] = read(answer)
    print_fields({name: value for name, value in whole.items() if name not in _APART})
    print()
    print_grid(_SETTINGS, list(_settings(whole["settings"])))
    print()
    for line in whole["notes"].splitlines():
        print(clean(line))


def _settings(schema: Mapping[str, Any]) -> Iterator[Row]:
    for name, one in schema.get("properties", {}).items():
        yield {
            "name": name,
            "required": "yes" if name in schema.get("required", ()) else "no",
            "secret": "yes" if one.get("writeOnly") else "no",
            "default": one.get("default"),
            "choices": ", ".join(map(str, one.get("enum", ()))),
            "title": one["title"],
            "description": " ".join(one["description"].split()),
        }
