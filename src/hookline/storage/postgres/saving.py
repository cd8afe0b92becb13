"""Saving records with their events on PostgreSQL: two statements in one transaction, fed with arrays."""

from collections.abc import Callable, Sequence
from typing import Any

from hookline.model.ids import NodeId
from hookline.storage.ledger import Accepted, Saving
from hookline.storage.postgres.arrays import cast, columns
from hookline.storage.postgres.database import commit_in_doubt
from hookline.storage.record_rows import RECORD, record_row

Publishing = Callable[[Sequence[Accepted]], tuple[str, list[Any]]]
_TYPES = {
    "state": "bytea",
    "version": "bigint",
    "due_at": "bigint",
    "created_at": "bigint",
    "updated_at": "bigint",
}
_ARRAYS = [_TYPES.get(column, "text") for column in RECORD]
_COLUMNS = ", ".join(RECORD)
_SAVE = f"""
WITH given AS (
  SELECT * FROM unnest({", ".join(cast(1 + n, type_) for n, type_ in enumerate(_ARRAYS))}) AS i({_COLUMNS})
  ORDER BY tenant_id COLLATE "C", system COLLATE "C", type COLLATE "C", id COLLATE "C"
), made AS (
  INSERT INTO records ({_COLUMNS}) SELECT {_COLUMNS} FROM given WHERE version = 1
  ON CONFLICT DO NOTHING RETURNING id
), moved AS (
  UPDATE records r
  SET state = g.state, version = g.version, fired = g.fired, due_at = g.due_at, updated_at = g.updated_at
  FROM given g
  WHERE g.version > 1 AND r.version = g.version - 1
    AND r.tenant_id = g.tenant_id AND r.system = g.system AND r.type = g.type AND r.id = g.id
  RETURNING r.id
)
SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM moved)"""


async def save_all(
    connection: Any, node: NodeId | None, savings: Sequence[Saving], publishing: Publishing
) -> bool | None:
    """None: all is stored. Else nothing is: True because of a record's version, False because of an event."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        lost = await _lost(connection, savings)
        kept = not lost and await _stored(connection, node, savings, publishing)
        if not kept:
            await transaction.rollback()
            return lost
    except BaseException:
        # A connection within a broken transaction must not go back into the pool.
        connection.terminate()
        raise
    async with commit_in_doubt():
        await transaction.commit()
    return None


async def _lost(connection: Any, savings: Sequence[Saving]) -> bool:
    rows = [record_row(record) for saving in savings for record in saving.records]
    written = await connection.fetchval(_SAVE, *columns(rows, _ARRAYS))
    return bool(written != len(rows))


async def _stored(
    connection: Any, node: NodeId | None, savings: Sequence[Saving], publishing: Publishing
) -> bool:
    events = [accepted for saving in savings for accepted in saving.events]
    statement, arguments = publishing(events)
    return len(await connection.fetch(statement, node, *arguments)) == len(events)
