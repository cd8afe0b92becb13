"""Rows as SQLite takes them cheaply."""

from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from typing import Any

from hookline.storage.sqlite import statements as sql

Row = Sequence[Any]


class Chunk:
    """Rows for one statement: all of `columns` but some that are NULL in each of them."""

    __slots__ = ("columns", "rows")

    def __init__(self, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
        self.columns = columns
        self.rows = rows


def chunks(columns: tuple[str, ...], rows: Sequence[Row], long: int) -> Iterator[Chunk]:
    """In their order. `long`: which column may hold a large body; a row that does goes alone, with all of its columns, so
    that one text keeps one such body, and not every text that ever wrote one.
    """
    for heavy, some in groupby(rows, key=lambda row: len(row[long] or ()) > sql.LIGHT):
        if heavy:
            yield from (Chunk(columns, [row]) for row in some)
            continue
        light = list(some)
        most = sql.WEIGHT // max(len(row[long] or b"1") for row in light)
        given, narrow = without_nulls(columns, light)
        yield from (Chunk(given, part) for part in parts(narrow, most))


def without_nulls(columns: tuple[str, ...], rows: Sequence[Row]) -> tuple[tuple[str, ...], Sequence[Row]]:
    """Without the columns that are NULL in all rows, as many are: `sqlite3` looks for an adapter of each None, with
    the interpreter's lock in its hand, and that takes as long as all else it does with a row.
    """
    given = [column.count(None) < len(rows) for column in zip(*rows, strict=True)]
    if all(given):
        return columns, rows
    return tuple(compress(columns, given)), [tuple(compress(row, given)) for row in rows]


def parts(rows: Sequence[Row], most: int = max(sql.SIZES)) -> Iterator[Sequence[Row]]:
    """In sizes that statements have, none larger than `most`."""
    start = 0
    while start < len(rows):
        size = next(size for size in sql.SIZES if size <= min(most, len(rows) - start))
        yield rows[start : start + size]
        start += size
