"""Sealing again under a newer key, whatever table it lies in."""

from functools import partial

from sqlalchemy import Connection, Table, select, tuple_, update

from hookline.storage.database import Database
from hookline.storage.endpoint_rows import Vault

_Place = tuple[str, str]


async def reseal_all(database: Database, table: Table, vault: Vault, limit: int) -> int:
    """Of all tenants: what an older key has sealed, `limit` rows a transaction. Returns how many.

    Interrupted, it goes on where it was: rows done need it no more.
    """
    done = 0
    place: _Place | None = ("", "")
    while place is not None:
        step = partial(_reseal, table=table, vault=vault, after=place, limit=limit)
        count, place = await database.write(step)
        done += count
    return done


def _reseal(
    connection: Connection, *, table: Table, vault: Vault, after: _Place, limit: int
) -> tuple[int, _Place | None]:
    key = tuple_(table.c.tenant_id, table.c.id)
    wanted = select(table.c.tenant_id, table.c.id, table.c.sealed).where(key > after)
    rows = connection.execute(wanted.order_by(table.c.tenant_id, table.c.id).limit(limit)).all()
    old = [row for row in rows if vault.needs_rotation(row.sealed)]
    for row in old:
        plain = vault.open(row.tenant_id, row.id, row.sealed)
        unchanged = (key == (row.tenant_id, row.id)) & (table.c.sealed == row.sealed)
        new = vault.seal(row.tenant_id, row.id, plain)
        connection.execute(update(table).where(unchanged).values(sealed=new))
    return len(old), (rows[-1].tenant_id, rows[-1].id) if len(rows) == limit else None
