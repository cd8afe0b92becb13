"""After a restored backup: what it says is waiting may have been sent since, and is held until a person decides."""

from sqlalchemy import Connection, select, tuple_, update

from hookline.model.delivery import State
from hookline.storage.database import Database
from hookline.storage.schema import deliveries

REASON = "Restored from a backup: enable the endpoint to release or cancel it"


async def hold_waiting(database: Database, limit: int) -> int:
    """Hold up to `limit` waiting deliveries of all tenants. Returns how many; 0: none is left."""
    return await database.write(lambda connection: _hold(connection, limit))


def _hold(connection: Connection, limit: int) -> int:
    waiting = select(deliveries.c.tenant_id, deliveries.c.id).where(deliveries.c.state == State.PENDING.value)
    keys = [(row[0], row[1]) for row in connection.execute(waiting.limit(limit))]
    if keys:
        these = tuple_(deliveries.c.tenant_id, deliveries.c.id).in_(keys)
        held = {"state": State.HELD.value, "reason": REASON, "due_at": None}
        connection.execute(
            update(deliveries).where(these, deliveries.c.state == State.PENDING.value).values(held)
        )
    return len(keys)
