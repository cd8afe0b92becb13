"""The seam under the verbs: a place where a function over one SQLAlchemy connection runs as one transaction.

Verbs are written once, as plain functions of a connection. SQLite runs them in its writer or reader thread,
PostgreSQL on a pooled connection; what differs otherwise (the hot statements) is the Ledger.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

Turn = Callable[[], Awaitable[None]]
"""Asked before each step of what a turn is for. Raises Unavailable when the turn is lost."""


class Database(Protocol):
    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work`; it sees everything that was committed before. Raises Unavailable when the database is lost."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit, or change nothing. Raises Unavailable when the database is lost or full."""
        ...

    def turn(self, name: str) -> AbstractAsyncContextManager[Turn]:
        """For work of several transactions: wait until nobody else, on any node, has the turn of this name, and have it.

        A crash leaves nothing behind: its turn ends with its process. Raises Unavailable when others take too long.
        """
        ...

    @property
    def vital(self) -> "Database":
        """The same database, on a way that slow reads of others do not hold up: for heartbeat and take-over."""
        ...

    async def ping(self) -> None:
        """Raises Unavailable unless the database answers."""
        ...

    async def close(self) -> None: ...
