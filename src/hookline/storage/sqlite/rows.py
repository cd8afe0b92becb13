"""Rows as SQLite takes them cheaply."""

from collections.abc import Sequence
from itertools import compress
from typing import Any

_Row = Sequence[Any]


def narrowed(columns: tuple[str, ...], rows: Sequence[_Row]) -> tuple[tuple[str, ...], Sequence[_Row]]:
    """Without the columns that are NULL in all rows, as many are: `sqlite3` looks for an adapter of each None, with
    the interpreter's lock in its hand, and that takes as long as all else it does with a row.
    """
    given = [column.count(None) < len(rows) for column in zip(*rows, strict=True)]
    if all(given):
        return columns, rows
    return tuple(compress(columns, given)), [tuple(compress(row, given)) for row in rows]
