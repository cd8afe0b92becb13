"""How a statement is kept to the index that it was written for, where a planner's guess could cost a table scan."""

from typing import TypeVar

from sqlalchemy import ColumnElement, Select, Text, literal_column

from hookline.model.delivery import State
from hookline.storage.schema import deliveries

T = TypeVar("T")


def in_state(state: State) -> ColumnElement[bool]:
    """As a literal: a planner proves a partial index by the text of the statement, not by its parameters."""
    return deliveries.c.state == literal_column(f"'{state.value}'", Text)


def through(query: Select[T], index: str) -> Select[T]:
    """SQLite, which has no statistics, would rather walk all that ever went to an endpoint than the partial index
    of what waits there. PostgreSQL has statistics and no such words.
    """
    return query.with_hint(deliveries, f"INDEXED BY {index}", "sqlite")
