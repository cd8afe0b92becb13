"""Declared: what the owners of declarations have made that bears no mark itself: in which tenants, and which systems."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from hookline.clock import Micros
from hookline.model.ids import TenantId
from hookline.storage.database import Database, Turn
from hookline.storage.schema import facts

Owned = Mapping[TenantId, Mapping[str, Micros]]
"""Tenant → system that was enabled → when. A tenant in which only other things were declared has none."""
_OWNED = msgspec.json.Decoder(dict[TenantId, dict[str, Micros]])


class Declared:
    """Of all tenants: an owner is nobody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """To plan and do what a declaration says: of all nodes and owners one at a time, because two owners may name one
        tenant, and two nodes that find nothing would both make it.
        """
        return self._database.turn("declared")

    async def of(self, owner: str) -> Owned:
        """Empty for an owner that nobody has heard of."""
        found = await self._database.read(lambda connection: _read(connection, owner))
        return _OWNED.decode(found) if found else {}

    async def put(self, owner: str, owned: Owned) -> None:
        """In place of what stood there."""
        await self._database.write(lambda connection: _put(connection, owner, owned))


def _name(owner: str) -> str:
    return f"declared:{owner}"


def _read(connection: Connection, owner: str) -> bytes | None:
    return connection.execute(select(facts.c.value).where(facts.c.name == _name(owner))).scalar()


def _put(connection: Connection, owner: str, owned: Owned) -> None:
    one = facts.c.name == _name(owner)
    if not owned:
        connection.execute(delete(facts).where(one))
        return
    value = msgspec.json.encode(owned)
    if not connection.execute(update(facts).where(one).values(value=value)).rowcount:
        connection.execute(insert(facts).values(name=_name(owner), value=value))
