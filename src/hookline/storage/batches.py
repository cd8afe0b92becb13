"""Batches: several deliveries that go in one request, frozen with their bytes before it is first sent."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from hookline.clock import Micros
from hookline.model.delivery import State
from hookline.model.ids import BatchId, DeliveryId, EndpointId, NodeId, TenantId
from hookline.storage.columns import DELIVERY, EVENT, read_delivery, read_event
from hookline.storage.database import Database
from hookline.storage.ledger import Claimed
from hookline.storage.schema import batches, deliveries, events, tenants


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    id: BatchId
    endpoint_id: EndpointId
    members: tuple[DeliveryId, ...]
    body: bytes
    created_at: Micros


class Batches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def freeze(self, node: NodeId, batch: Batch) -> None:
        """From now on these deliveries, all in this node's hand, go together and as these bytes."""
        await self._database.write(lambda connection: _freeze(connection, node, batch))

    async def body(self, tenant_id: TenantId, batch_id: BatchId) -> bytes | None:
        """None when it is so old that it was pruned."""
        query = select(batches.c.body).where(batches.c.tenant_id == tenant_id, batches.c.id == batch_id)
        return await self._database.read(lambda connection: connection.execute(query).scalar())

    async def rest(self, node: NodeId, tenant_id: TenantId, batch_id: BatchId) -> Sequence[Claimed]:
        """Take in hand the members of a batch that are still pending: it is sent again as a whole or not at all."""
        return await self._database.write(lambda connection: _rest(connection, node, tenant_id, batch_id))


def _freeze(connection: Connection, node: NodeId, batch: Batch) -> None:
    members = msgspec.json.encode(batch.members).decode()
    row = msgspec.structs.asdict(batch) | {"members": members}
    connection.execute(insert(batches).values(row))
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant_id == batch.tenant_id,
            deliveries.c.id.in_(batch.members),
            deliveries.c.owner == node,
        )
        .values(batch_id=batch.id)
    )


def _rest(connection: Connection, node: NodeId, tenant_id: TenantId, batch_id: BatchId) -> Sequence[Claimed]:
    listed = connection.execute(
        select(batches.c.members).where(batches.c.tenant_id == tenant_id, batches.c.id == batch_id)
    ).scalar()
    members = msgspec.json.decode(listed or "[]", type=list[str])
    taken = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.tenant_id == tenant_id,
            deliveries.c.id.in_(members),
            deliveries.c.state == State.PENDING.value,
            deliveries.c.batch_id == batch_id,
        )
        .values(state=State.SENDING.value, owner=node)
        .returning(deliveries.c.id)
    ).scalars()
    return _claimed(connection, tenant_id, list(taken))


def _claimed(connection: Connection, tenant_id: TenantId, ids: Sequence[str]) -> Sequence[Claimed]:
    columns = [deliveries.c[name] for name in DELIVERY] + [events.c[name] for name in EVENT]
    rows = connection.execute(
        select(*columns, tenants.c.config_version)
        .join(events, (events.c.tenant_id == deliveries.c.tenant_id) & (events.c.id == deliveries.c.event_id))
        .join(tenants, tenants.c.id == deliveries.c.tenant_id)
        .where(deliveries.c.tenant_id == tenant_id, deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )
    width = len(DELIVERY)
    return [
        Claimed(read_delivery(row[:width]), read_event(row[width : width + len(EVENT)]), row[-1])
        for row in map(tuple, rows)
    ]
