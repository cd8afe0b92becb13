"""`hookline presets show`: what a preset asks for, what it does, what to do in the other system."""

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from hookline.cli.grid import Row, column, print_fields, print_grid
from hookline.cli.output import print_json
from hookline.cli.presets import PRESETS, PresetArgument
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.text import clean, compact
from hookline.client.answers import accepted, read
from hookline.client.requests import fetch

_SETTINGS = (
    column("setting", "name"),
    column("required", "required"),
    column("secret", "secret"),
    column("default", "default"),
    column("choices", "choices"),
    column("title", "title"),
    column("description", "description"),
)
_WIDEST = 110
"""Columns that a text is set in; longer lines are hard to read."""
_ADDRESS = re.compile(r"<(https?://[^>\s]+)>")
"""Would be shown twice: as a text, and where it leads."""


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
    rows = list(_settings(whole["settings"]))
    if sys.stdout.isatty():
        _print_page(whole, rows)
    else:
        _print_plain(whole, rows)


def _print_plain(whole: Row, rows: list[Row]) -> None:
    print_fields({"preset": whole["name"], **_facts(whole), "description": whole["description"]})
    print()
    print_grid(_SETTINGS, rows)
    print()
    for line in whole["notes"].splitlines():
        print(clean(line))


def _print_page(whole: Row, rows: list[Row]) -> None:
    """Set in the terminal's width."""
    console = Console(highlight=False)
    width = min(console.width, _WIDEST)
    console.print(Text(clean(f"{whole['title']} ({whole['name']})"), style="bold"))
    print("\n".join(textwrap.wrap(clean(whole["description"]), width)), end="\n\n")
    print_fields(_facts(whole))
    console.print(Text("\nSettings", style="bold"))
    for row in rows:
        _print_setting(console, row, width)
    print()
    console.print(_notes(whole["notes"]), width=width)


def _notes(text: str) -> Markdown:
    """Below its title, which stands above already."""
    lines = [_ADDRESS.sub(r"\1", clean(line)) for line in text.splitlines()]
    titled = bool(lines) and lines[0].startswith("# ")
    return Markdown("\n".join(lines[titled:]), hyperlinks=False)


def _print_setting(console: Console, row: Row, width: int) -> None:
    demand = _demand(row)
    head = Text.assemble("  ", (clean(row["name"]), "bold cyan"), f"  {demand}" if demand else "")
    console.print(head, soft_wrap=True)
    choices = f" One of {row['choices']}." if row["choices"] else ""
    text = clean(f"{row['title']}. {row['description']}{choices}")
    print(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))


def _demand(row: Row) -> str:
    default = "" if row["default"] in (None, "", {}, []) else f"{compact(row['default'])} if left out"
    needed = "must be given" if row["required"] else ""
    hidden = "a secret" if row["secret"] else ""
    return ", ".join(filter(None, (needed, hidden, default)))


def _facts(whole: Row) -> Row:
    rate = whole["rate"]
    return {
        "actions": whole["actions"],
        "later events": "go to the same ticket" if whole["remembers"] else "make something new",
        "exactly one": whole["once"],
        "signs in by": "its settings" if whole["auth"] == "preset" else "its URL, or the endpoint's auth",
        "rate": "-" if rate is None else f"{rate['count']} in {rate['seconds']:g} s",
        "timeout": f"{whole['timeout']:g} s",
        "documentation": whole["url"],
    }


def _settings(schema: Mapping[str, Any]) -> Iterator[Row]:
    for name, one in schema.get("properties", {}).items():
        yield {
            "name": name,
            "required": name in schema.get("required", ()),
            "secret": one.get("writeOnly") is True,
            "default": one.get("default"),
            "choices": ", ".join(str(choice) for choice in one.get("enum", ()) if choice != ""),
            "title": one["title"],
            "description": " ".join(one["description"].split()),
        }
