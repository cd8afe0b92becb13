"""Grid: rows of an answer as a table on a terminal, as plain aligned lines anywhere else."""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from hookline.cli.text import EMPTY, compact, local, short

Row = Mapping[str, Any]

STYLES: Mapping[str, str] = MappingProxyType(
    {
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
        "accepted": "green",
        "duplicate": "dim",
        "refused": "red",
        "handshake": "cyan",
    }
)
"""Words that mean a state → how they look."""


GAP = "  "
UNCUT = ("id", "state", "secret", "setting")
_NARROW = 8


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
        return short(value)
    return compact(value)


def _print_table(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    """Columns without any value are left out, and ids are never cut: they are there to be copied."""
    kept = [place for place in range(len(columns)) if any(row[place] != EMPTY for row in cells)]
    lines = [[columns[place].title for place in kept], *([row[place] for place in kept] for row in cells)]
    console = Console(highlight=False, soft_wrap=True)
    widths = _fitted(
        [max(map(cell_len, column)) for column in zip(*lines, strict=True)], lines[0], console.width
    )
    for number, line in enumerate(lines):
        text = Text()
        for place, cell, width in zip(kept, line, widths, strict=True):
            piece = Text(cell, style=STYLES.get(cell, "") if number else "bold")
            piece.truncate(width, overflow="ellipsis")
            piece.align("right" if columns[place].right else "left", width)
            text += piece + Text(GAP)
        text.rstrip()
        console.print(text)


def _fitted(widths: list[int], titles: Sequence[str], room: int) -> list[int]:
    """Taken from the last columns first, down to their titles."""
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    for place in reversed(range(len(widths))):
        if excess > 0 and titles[place] not in UNCUT:
            cut = min(excess, widths[place] - max(len(titles[place]), _NARROW))
            widths[place] -= max(0, cut)
            excess -= max(0, cut)
    return widths


def _print_lines(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        print(GAP.join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _styled(text: str) -> Text:
    return Text(text, style=STYLES.get(text, ""))
