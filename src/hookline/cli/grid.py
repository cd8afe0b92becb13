"""Grid: rows of an answer as a table on a terminal, as plain aligned lines anywhere else."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hookline.cli.text import compact, local

Row = Mapping[str, Any]

STYLES: Mapping[str, str] = {
    "delivered": "green",
    "pending": "yellow",
    "sending": "cyan",
    "held": "magenta",
    "dead": "red",
    "cancelled": "dim",
    "expired": "dim",
    "off": "red",
    "revoked": "red",
    "active": "green",
}
"""Words that mean a state → how they look."""


class Column(msgspec.Struct, frozen=True):
    title: str
    read: Callable[[Row], Any]
    time: bool = False
    right: bool = False


def column(title: str, path: str, *, right: bool = False) -> Column:
    """`path` leads through nested objects: `counters.total`."""
    return Column(title, lambda row: at(row, path), right=right)


def moment(title: str, path: str) -> Column:
    return Column(title, lambda row: at(row, path), time=True)


def at(row: Row, path: str) -> Any:
    value: Any = row
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def print_grid(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    terminal = sys.stdout.isatty()
    cells = [[_text(column, row, terminal=terminal) for column in columns] for row in rows]
    if terminal:
        _print_table(columns, cells)
    else:
        _print_lines([[column.title for column in columns], *cells])


def print_fields(fields: Row) -> None:
    """One object: a name and a value a line."""
    terminal = sys.stdout.isatty()
    width = max(map(len, fields), default=0)
    console = Console(highlight=False, soft_wrap=True)
    for name, value in fields.items():
        shown = _shown(name, value, terminal=terminal)
        if terminal:
            console.print(Text(f"{name:{width}}  ", style="dim") + _styled(shown))
        else:
            print(f"{name:{width}}  {shown}")


def _shown(name: str, value: Any, *, terminal: bool) -> str:
    is_time = terminal and isinstance(value, str) and (name.endswith("_at") or name == "time")
    return local(value) if is_time else compact(value)


def _text(column: Column, row: Row, *, terminal: bool) -> str:
    value = column.read(row)
    if column.time and terminal and isinstance(value, str):
        return local(value)
    return compact(value)


def _print_table(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        short = column.title != "url"
        table.add_column(
            column.title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if column.right else "left",
            min_width=None if not short else len(column.title),
        )
    for row in cells:
        table.add_row(*map(_styled, row))
    Console(highlight=False).print(table)


def _print_lines(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _styled(text: str) -> Text:
    return Text(text, style=STYLES.get(text, ""))
