"""Rows in statements: few texts, no large body kept in many of them, and the order in which they came."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.storage.sqlite import statements as sql
from hookline.storage.sqlite.rows import Into, parts, without_nulls

NAMES = ("tenant", "id", "key", "body")
HEAVY = b"x" * (sql.LIGHT + 1)


def _row(number: int, key: str | None = None, body: bytes | None = b"small") -> tuple[Any, ...]:
    return ("ten", number, key, body)


@given(st.integers(0, 1200))
def test_parts_are_all_the_rows_in_their_order_in_sizes_of_statements(count: int) -> None:
    cut = list(parts([(number,) for number in range(count)]))
    assert [row[0] for part in cut for row in part] == list(range(count))
    assert {len(part) for part in cut} <= set(sql.SIZES)
    assert len(cut) <= count // 250 + 3


def test_a_column_that_is_null_in_all_rows_is_left_out() -> None:
    assert without_nulls(NAMES, [_row(1), _row(2)]) == (
        ("tenant", "id", "body"),
        [("ten", 1, b"small"), ("ten", 2, b"small")],
    )
    mixed = [_row(1), _row(2, key="k")]
    assert without_nulls(NAMES, mixed) == (NAMES, mixed)


_bodies = st.sampled_from([None, b"", b"x" * 1000, b"x" * sql.LIGHT, HEAVY])


@given(st.lists(st.tuples(_bodies, st.sampled_from([None, "k", "k" * sql.LIGHT])), max_size=300))
def test_a_heavy_row_goes_alone_by_one_text_and_in_its_turn(kinds: list[Any]) -> None:
    """Two columns may be long, and both count."""
    rows = [_row(n, key, body) for n, (body, key) in enumerate(kinds)]
    cut = list(Into("things", NAMES, ("key", "body")).statements(rows))
    assert [row[1] for _, some in cut for row in some] == list(range(len(rows)))
    for statement, some in cut:
        weight = sum(len(value) for row in some for value in row[2:] if value)
        assert weight <= sql.WEIGHT
        if weight > sql.LIGHT and len(some) == 1:
            assert statement == sql.insert("things", NAMES, 1)


def _hot() -> list[str]:
    """Every hot statement, those of many rows with two."""
    plain = [text for text in vars(sql).values() if isinstance(text, str)]
    made = [sql.count(2), sql.take(2), sql.taken(2), sql.tenants(2), sql.insert("events", ("id",), 2)]
    return plain + made


@pytest.mark.parametrize("table", ["tenants", "nodes"])
def test_no_hot_statement_writes_what_the_thread_remembers(table: str) -> None:
    """`Known` forgets only when something else has run."""
    writes = re.compile(
        rf"(insert\s+(or\s+\w+\s+)?into|replace\s+into|update|delete\s+from)\s+{table}\b", re.IGNORECASE
    )
    assert writes.search(f"UPDATE {table} SET x = 1")
    assert not [text for text in _hot() if writes.search(text)]
