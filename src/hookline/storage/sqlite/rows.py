"""Rows as SQLite takes them cheaply."""

from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from typing import Any, TypeVar

from hookline.storage.sqlite import statements as sql

Row = Sequence[Any]
T = TypeVar("T")


class Into:
    """A table that many rows go into."""

    def __init__(self, table: str, columns: tuple[str, ...], long: tuple[str, ...]) -> None:
        """`long`: the columns that may be; the others are short."""
        self._table = table
        self._columns = columns
        self._long = [columns.index(name) for name in long]

    def statements(self, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
        """Each with its rows, in the order in which they came. A heavy row goes alone, with all of its columns, so that one
        text keeps one such row, and not every text that ever wrote one.
        """
        for heavy, some in groupby(map(self._weighed, rows), key=lambda weighed: weighed[0] > sql.LIGHT):
            if heavy:
                yield from ((sql.insert(self._table, self._columns, 1), [row]) for _, row in some)
            else:
                yield from self._together(list(some))

    def _together(self, weighed: Sequence[tuple[int, Row]]) -> Iterator[tuple[str, Sequence[Row]]]:
        most = sql.WEIGHT // max(1, *[weight for weight, _ in weighed])
        given, narrow = without_nulls(self._columns, [row for _, row in weighed])
        return ((sql.insert(self._table, given, len(part)), part) for part in parts(narrow, most))

    def _weighed(self, row: Row) -> tuple[int, Row]:
        return sum([len(row[place] or "") for place in self._long]), row


def without_nulls(columns: tuple[str, ...], rows: Sequence[Row]) -> tuple[tuple[str, ...], Sequence[Row]]:
    """Without the columns that are NULL in all rows, as many are: `sqlite3` looks for an adapter of each None, with
    the interpreter's lock in its hand, and that takes as long as all else it does with a row.
    """
    given = [column.count(None) < len(rows) for column in zip(*rows, strict=True)]
    if all(given):
        return columns, rows
    return tuple(compress(columns, given)), [tuple(compress(row, given)) for row in rows]


def parts(rows: Sequence[T], most: int = max(sql.SIZES)) -> Iterator[Sequence[T]]:
    """In sizes that statements have, none larger than `most`."""
    start = 0
    while start < len(rows):
        size = next(size for size in sql.SIZES if size <= min(most, len(rows) - start))
        yield rows[start : start + size]
        start += size
