"""Databases of PostgreSQL for tests, one after another: who is done gives its own back, emptied, for the next.

A new one takes a third of a second, which is longer than most tests; emptying one takes a fiftieth.

What lies outside a database's tables is not looked at: roles, grants, settings of the server, publications, large
objects; a test of those has a server or a database of its own. There are no foreign keys, so that rows may be deleted
in any order.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import asyncpg

from tests.postgres import create_database, drop_database, url_of

GROWTH = 2 << 20
"""A database whose files have grown by so many bytes is not lent again: emptied rows stay in them, to be read over."""

_CATALOGS = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_proc", "pg_trigger"),
    *("pg_namespace", "pg_sequence", "pg_statistic", "pg_type"),
)
_SHAPE = f"""
SELECT concat_ws(
    ',',
    {", ".join(f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM {name})" for name in _CATALOGS)},
    (SELECT string_agg(concat_ws(' ', oid, relpages, reltuples), ' ' ORDER BY oid)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace),
    (SELECT string_agg(version_num, ' ') FROM alembic_version),
    (SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting AS of_db
        JOIN pg_database ON of_db.setdatabase = pg_database.oid WHERE datname = current_database())
)
"""
"""Whoever made, changed or removed a table, an index, statistics or a setting has changed this: each such row of a
catalogue names the transaction that wrote it. But the pages and rows that the planner believes a table to have are
overwritten in place.
"""
_EMPTY = """
DO $$
DECLARE one regclass;
BEGIN
    FOR one IN
        SELECT oid FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM %s', one);
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$
"""
_CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1"
_SIZE = "SELECT pg_database_size(current_database())"


class Databases:
    """Migrated, without a row, and each lent to one test at a time."""

    def __init__(self, server_url: str, names: Iterator[str]) -> None:
        self._server_url = server_url
        self._names = names
        self._free: list[str] = []
        self._shape = ""
        self._size = 0

    async def lend(self) -> str:
        """Its name."""
        if self._free:
            return self._free.pop()
        name = next(self._names)
        url = await create_database(self._server_url, name)
        if not self._shape:  # they are all copies of one
            self._shape, self._size = await _looked_at(url)
        return name

    def url(self, name: str) -> str:
        return url_of(self._server_url, name)

    async def take_back(self, name: str) -> None:
        """Nobody gets it again who could tell it from a new one, but by its age. Nor do the connections of the test that
        had it: they are cut, and where they would connect again there is no database of that name.
        """
        server: asyncpg.Connection[Any] = await asyncpg.connect(self._server_url)
        try:
            new = await self._renamed(server, name)
            emptied = await self._emptied(new)
            await server.execute(_CUT, new)  # ours may still be going, and tests count connections
        finally:
            await server.close()
        if emptied:
            self._free.append(new)
        else:
            await drop_database(self._server_url, new)

    async def _renamed(self, server: "asyncpg.Connection[Any]", name: str) -> str:
        """Nobody may be in it meanwhile, so that it is closed to everybody, superusers as well."""
        new = next(self._names)
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        renamed = False
        while not renamed:
            await server.execute(_CUT, name)
            with suppress(asyncpg.ObjectInUseError):  # by one who had been let in, and was not to be seen yet
                await server.execute(f'ALTER DATABASE "{name}" RENAME TO "{new}"')
                renamed = True
        await server.execute(f'ALTER DATABASE "{new}" ALLOW_CONNECTIONS true')
        return new

    async def _emptied(self, name: str) -> bool:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(self.url(name))
        try:
            if await connection.fetchval(_SHAPE) != self._shape:
                return False
            await connection.execute(_EMPTY)
            return bool(await connection.fetchval(_SIZE) - self._size < GROWTH)
        finally:
            await connection.close()


async def _looked_at(url: str) -> tuple[str, int]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        return await connection.fetchval(_SHAPE), await connection.fetchval(_SIZE)
    finally:
        await connection.close()
