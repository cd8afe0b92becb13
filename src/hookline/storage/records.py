"""Records: read, list, delete, and save where no event follows; what makes events is saved by the ledger with them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hookline.clock import Micros
from hookline.model.ids import TenantId
from hookline.model.page import Page
from hookline.model.record import Record, RecordKey
from hookline.storage.database import Database
from hookline.storage.record_rows import COLUMNS, KEY, RECORD, key_row, read_record, record_row
from hookline.storage.schema import records, tenants
from hookline.storage.wall import absent, cut, require_tenant, within

_KEPT = frozenset({*KEY, "created_at"})
"""Columns that no later save changes."""


class Records:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: RecordKey) -> Record | None:
        named = dict(zip(KEY, key_row(key), strict=True))
        row = await self._database.read(lambda connection: connection.execute(_FIND, named).first())
        return None if row is None else read_record(row)

    async def get(self, key: RecordKey) -> Record:
        """Raises NotFound."""
        found = await self.find(key)
        if found is None:
            raise absent(key.type, key.id)
        return found

    async def list(
        self, tenant_id: TenantId, system: str, type_: str, *, after: str | None, limit: int
    ) -> Page[Record]:
        """In the order of their ids."""
        of_type = (
            within(records, tenant_id),
            records.c.system == system,
            records.c.type == type_,
            records.c.id > (after or ""),
        )
        wanted = select(*COLUMNS).where(*of_type).order_by(records.c.id).limit(limit + 1)
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return cut([read_record(row) for row in rows], limit, lambda record: record.key.id)

    async def save(self, record: Record) -> bool:
        """Keep a state that makes no event. False: another version than the one before it is there by now."""
        return await self._database.write(lambda connection: _save(connection, record))

    async def delete(self, key: RecordKey) -> None:
        """Raises NotFound. Its events stay."""
        if not await self._database.write(
            lambda connection: connection.execute(delete(records).where(_one(key))).rowcount
        ):
            raise absent(key.type, key.id)

    async def due(self, now: Micros, limit: int) -> Sequence[Record]:
        """Those with a deadline that has passed, of all tenants, the longest due first."""
        living = select(*COLUMNS).join(tenants, tenants.c.id == records.c.tenant_id)
        passed = (records.c.due_at <= now, tenants.c.deleted_at.is_(None))
        wanted = living.where(*passed).order_by(records.c.due_at).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return [read_record(row) for row in rows]


def _save(connection: Connection, record: Record) -> bool:
    require_tenant(connection, record.key.tenant_id)
    row = dict(zip(RECORD, record_row(record), strict=True))
    if record.version == 1:
        return _inserted(connection, row)
    changed = {name: value for name, value in row.items() if name not in _KEPT}
    before = (_one(record.key), records.c.version == record.version - 1)
    return bool(connection.execute(update(records).where(*before).values(changed)).rowcount)


def _inserted(connection: Connection, row: dict[str, object]) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(records).values(row))
    except IntegrityError:
        return False
    return True


def _one(key: RecordKey) -> ColumnElement[bool]:
    _, system, type_, record_id = key_row(key)
    named = (records.c.system == system) & (records.c.type == type_) & (records.c.id == record_id)
    return within(records, key.tenant_id) & named


_FIND = select(*COLUMNS).where(
    within(records, bindparam("tenant_id")), *[records.c[name] == bindparam(name) for name in KEY[1:]]
)
"""Put together once: each save asks it, and building it takes longer than its answer."""
