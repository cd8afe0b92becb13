"""How much waits, and since when, without counting it all: for readiness and for shedding.

The index of due deliveries is entered once a tenant and once a lane (a skip-scan), so that the cost depends on
how many wait side by side, not on how many wait behind one another.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from sqlalchemy import CTE, ColumnElement, Connection, Select, func, select

from hookline.clock import Micros
from hookline.model.delivery import State
from hookline.model.ids import TenantId
from hookline.storage.planning import in_state, through
from hookline.storage.schema import deliveries

T = TypeVar("T")


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries in state `pending`, those that wait for a later retry too."""

    tenants: Mapping[TenantId, int]
    """How many for each tenant that has any; counting ended at the limit."""
    oldest_due_at: Micros | None
    """When the first of them was or will be due."""

    @property
    def waiting(self) -> int:
        return sum(self.tenants.values())


def count_backlog(connection: Connection, limit: int) -> Backlog:
    tenants = _tenants()
    some = _pending(deliveries.c.id).where(deliveries.c.tenant_id == tenants.c.tenant_id)
    bounded = some.limit(limit).correlate(tenants).subquery()
    count = select(func.count()).select_from(bounded).correlate(tenants).scalar_subquery()
    query = select(tenants.c.tenant_id, count).where(tenants.c.tenant_id.is_not(None))
    counted = {TenantId(row[0]): row[1] for row in connection.execute(query)}
    return Backlog(tenants=counted, oldest_due_at=_oldest(connection))


def _oldest(connection: Connection) -> Micros | None:
    lanes = _lanes(_tenants())
    first = _pending(func.min(deliveries.c.due_at)).where(
        deliveries.c.tenant_id == lanes.c.tenant_id, deliveries.c.endpoint_id == lanes.c.endpoint_id
    )
    heads = select(first.correlate(lanes).scalar_subquery().label("due_at")).select_from(lanes).subquery()
    return connection.execute(select(func.min(heads.c.due_at))).scalar()


def _tenants() -> CTE:
    """Each tenant with pending deliveries; a last row is NULL."""
    found = _pending(func.min(deliveries.c.tenant_id).label("tenant_id")).cte(
        "pending_tenants", recursive=True
    )
    following = _pending(func.min(deliveries.c.tenant_id)).where(deliveries.c.tenant_id > found.c.tenant_id)
    step = select(following.correlate(found).scalar_subquery()).where(found.c.tenant_id.is_not(None))
    return found.union_all(step)


def _lanes(tenants: CTE) -> CTE:
    """Each of their endpoints with pending deliveries; the last row of each tenant has NULL."""
    head = _pending(func.min(deliveries.c.endpoint_id)).where(deliveries.c.tenant_id == tenants.c.tenant_id)
    start = select(tenants.c.tenant_id, head.correlate(tenants).scalar_subquery().label("endpoint_id"))
    found = start.where(tenants.c.tenant_id.is_not(None)).cte("pending_lanes", recursive=True)
    following = _pending(func.min(deliveries.c.endpoint_id)).where(
        deliveries.c.tenant_id == found.c.tenant_id, deliveries.c.endpoint_id > found.c.endpoint_id
    )
    step = select(found.c.tenant_id, following.correlate(found).scalar_subquery())
    return found.union_all(step.where(found.c.endpoint_id.is_not(None)))


def _pending(column: ColumnElement[T]) -> Select[T]:
    return through(select(column).where(in_state(State.PENDING)), "deliveries_due")
