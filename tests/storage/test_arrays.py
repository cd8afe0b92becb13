"""Arrays as texts: whatever a column holds comes out of PostgreSQL as it went in."""

import random
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.storage.postgres.arrays import cast, columns

TYPES = ("text", "bigint", "boolean", "bytea")
READ = f"SELECT * FROM unnest({', '.join(cast(place + 1, type_) for place, type_ in enumerate(TYPES))})"
NASTY = [
    "",
    '"',
    "\\",
    '","',
    '\\"',
    "NULL",
    "null",
    "{}",
    "{",
    "}",
    ",",
    " a ",
    "\n\r\t",
    "ü€😀",
    "None",
    "'",
    "\x7f",
]
Row = tuple[str | None, int | None, bool | None, bytes | None]


async def read_back(url: str, rows: list[Row]) -> list[Row]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(READ, *columns(rows, TYPES))]
    finally:
        await connection.close()


@pytest.mark.parametrize("seed", range(20))
async def test_what_goes_in_comes_out(empty_postgres_url: str, seed: int) -> None:
    draw = random.Random(seed)
    rows: list[Row] = [
        (
            draw.choice([None, *NASTY, "".join(draw.choices("".join(NASTY), k=20))]),
            draw.choice([None, 0, -1, 2**63 - 1, -(2**63)]),
            draw.choice([None, True, False]),
            draw.choice([None, b"", b"\0\xff\\"]),
        )
        for _ in range(draw.randrange(40))
    ]
    assert await read_back(empty_postgres_url, rows) == rows


@pytest.mark.parametrize("row", [("a", None, None, None), (None, 0, None, None), (None, None, None, b"")])
async def test_columns_of_nulls_alone_are_as_long_as_the_others(empty_postgres_url: str, row: Row) -> None:
    assert await read_back(empty_postgres_url, [row] * 3) == [row] * 3
    assert columns([row], TYPES).count("{}") + columns([row], TYPES).count([]) == len(row) - 1


@given(st.lists(st.text(), min_size=1))
def test_no_text_ends_its_element(texts: list[str]) -> None:
    """By PostgreSQL's rule: within quotes a backslash takes the next character as it is."""
    (literal,) = columns([(text,) for text in texts], ["text"])
    assert elements(literal) == texts


def elements(literal: str) -> list[str]:
    found: list[str] = []
    inside, escaped = False, False
    for character in literal[1:-1]:
        if escaped:
            found[-1] += character
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
            found += [""] if inside else []
        elif inside:
            found[-1] += character
        else:
            assert character == ","
    return found
