"""Arrays as one text each (`{"a",NULL}`, PostgreSQL 8.15.2), which the statements cast.

The driver looks at each element of a list, whether it is a list itself, and that took a tenth of a busy node's time.
Bytes stay lists: as text they would be twice as long. A column of NULLs alone, as many are, is an empty array: `unnest`
fills the shorter of its arrays up with NULL (PostgreSQL 7.2.1.4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

Column = Sequence[Any]
_encode = msgspec.json.Encoder().encode


def columns(rows: Iterable[Sequence[Any]], types: Sequence[str]) -> list[Any]:
    """Rows as the arrays that `cast` reads; `types` are those of the columns. In each row something is not NULL."""
    turned: list[Column] = list(zip(*rows, strict=True)) or [()] * len(types)
    return [_WRITERS[type_](_filled(column)) for column, type_ in zip(turned, types, strict=True)]


def cast(place: int, type_: str) -> str:
    """What stands in a statement for the array at parameter `place`."""
    return f"${place}::bytea[]" if type_ == "bytea" else f"${place}::text::{type_}[]"


def _filled(column: Column) -> Column:
    return () if column.count(None) == len(column) else column


def _texts(column: Column) -> str:
    if not column:
        return "{}"
    if None not in column:
        joined = '","'.join(column)
        if "\\" not in joined and joined.count('"') == 2 * (len(column) - 1):  # nothing to escape, mostly
            return f'{{"{joined}"}}'
    return "{" + ",".join(["NULL" if text is None else _quoted(text) for text in column]) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(column: Column) -> str:
    """Whole numbers and truths: their JSON is what stands in an array, `null` in whatever case."""
    return f"{{{_encode(column)[1:-1].decode()}}}"


_WRITERS: Mapping[str, Callable[[Column], Any]] = MappingProxyType(
    {"text": _texts, "bigint": _plain, "int": _plain, "boolean": _plain, "bytea": list}
)
