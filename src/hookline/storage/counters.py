"""Counters: how many attempts at an endpoint succeeded and failed, in all and by the hour. The ledger counts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from hookline.model.endpoint import Counters as EndpointCounters
from hookline.model.endpoint import HourCount
from hookline.model.ids import EndpointId, TenantId
from hookline.storage.counting import ALL_HOURS
from hookline.storage.database import Database
from hookline.storage.schema import counters
from hookline.storage.wall import AnyRow, within


class Counters:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: TenantId, endpoint_id: EndpointId) -> EndpointCounters:
        """All zero when nothing was counted, also for an endpoint that is not."""
        return (await self.many(tenant_id, (endpoint_id,)))[endpoint_id]

    async def many(
        self, tenant_id: TenantId, endpoint_ids: Sequence[EndpointId]
    ) -> Mapping[EndpointId, EndpointCounters]:
        """One for each id asked for."""
        counted = await self._database.read(lambda connection: _many(connection, tenant_id, endpoint_ids))
        return {endpoint_id: counted.get(endpoint_id, EndpointCounters()) for endpoint_id in endpoint_ids}

    async def hours(
        self, tenant_id: TenantId, endpoint_id: EndpointId, since_hour: int, until_hour: int
    ) -> tuple[HourCount, ...]:
        """The hours from `since_hour` until before `until_hour` in which something was counted, in order."""
        return await self._database.read(
            lambda connection: _hours(connection, tenant_id, endpoint_id, since_hour, until_hour)
        )


def _many(
    connection: Connection, tenant_id: TenantId, endpoint_ids: Sequence[EndpointId]
) -> dict[EndpointId, EndpointCounters]:
    wanted = select(counters).where(
        within(counters, tenant_id), counters.c.endpoint_id.in_(endpoint_ids), counters.c.hour == ALL_HOURS
    )
    return {row.endpoint_id: _sum(row) for row in connection.execute(wanted)}


def _hours(
    connection: Connection, tenant_id: TenantId, endpoint_id: EndpointId, since: int, until: int
) -> tuple[HourCount, ...]:
    wanted = select(counters.c.hour, counters.c.succeeded, counters.c.failed).where(
        within(counters, tenant_id),
        counters.c.endpoint_id == endpoint_id,
        counters.c.hour >= max(since, ALL_HOURS + 1),
        counters.c.hour < until,
    )
    rows = connection.execute(wanted.order_by(counters.c.hour))
    return tuple(HourCount(hour=row.hour, succeeded=row.succeeded, failed=row.failed) for row in rows)


def _sum(row: AnyRow) -> EndpointCounters:
    return EndpointCounters(
        total=row.succeeded + row.failed,
        succeeded=row.succeeded,
        failed=row.failed,
        last_attempt_at=row.last_attempt_at,
        last_success_at=row.last_success_at,
    )
