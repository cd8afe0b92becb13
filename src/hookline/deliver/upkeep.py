"""Upkeep: chores that nobody waits for. Each returns how much it did; while that is not 0, there may be more."""

import msgspec

from hookline.clock import DAY, HOUR, SECOND, Clock, Micros
from hookline.emissions import BacklogMeasured, Pruned, PublishingShed
from hookline.model.ids import TenantId
from hookline.storage.backlog import Backlog
from hookline.storage.prune import Prune
from hookline.storage.store import Store
from hookline.telemetry import Telemetry

CHUNK = 500
"""Rows of one transaction of upkeep: short, so that publishing never waits long behind it."""
COUNTED = 100_000
"""Waiting deliveries that are counted at least, whatever is refused: for the metric."""
RETRY_AFTER = 10
"""Seconds after which a publisher that was refused may ask again."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    retention_days: int
    """0: for ever."""
    idempotency_days: int
    backlog_limit: int
    """0: none; so of one tenant's."""
    tenant_backlog_limit: int


class Upkeep:
    def __init__(
        self, *, store: Store, prune: Prune, bounds: Bounds, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._store = store
        self._prune = prune
        self._bounds = bounds
        self._clock = clock
        self._telemetry = telemetry
        self._backlog = Backlog(tenants={}, oldest_due_at=None)
        self._waiting = 0
        self._shedding: set[TenantId | None] = set()

    async def settle(self) -> int:
        """Deliveries follow what became of their endpoint: held, released, cancelled."""
        return await self._store.endpoints.settle_inactive(self._clock.now(), CHUNK)

    async def measure(self) -> int:
        """How much waits, and since when."""
        limit = max(self._bounds.backlog_limit, self._bounds.tenant_backlog_limit, COUNTED) + 1
        self._backlog = await self._store.deliveries.backlog(limit)
        self._waiting = self._backlog.waiting
        self._telemetry.emit(BacklogMeasured(waiting=self._waiting, oldest_seconds=self.oldest_seconds))
        return 0

    async def forget(self) -> int:
        """Old events, idempotency keys and hourly counts go, and the rows of deleted tenants and endpoints."""
        now, bounds = self._clock.now(), self._bounds
        keys = await self._prune.keys(Micros(now - bounds.idempotency_days * DAY), CHUNK)
        gone = await self._store.tenants.prune_deleted(CHUNK)
        gone += await self._prune.remotes(CHUNK)
        events = receipts = 0
        if bounds.retention_days:
            before = Micros(now - bounds.retention_days * DAY)
            events = await self._prune.finished(before, CHUNK)
            receipts = await self._prune.receipts(before, CHUNK)
            await self._prune.hours(before // HOUR)
        if events or receipts or keys:
            self._telemetry.emit(Pruned(events=events, receipts=receipts, keys=keys))
        return events + receipts + keys + gone

    @property
    def oldest_seconds(self) -> float:
        """How long the first waiting delivery is overdue."""
        oldest = self._backlog.oldest_due_at
        return 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest) / SECOND)

    def shed(self, tenant: TenantId) -> int | None:
        """Seconds after which to ask again, when too much waits already: for this tenant first, then in all."""
        own = self._backlog.tenants.get(tenant, 0)
        if self._over(own, self._bounds.tenant_backlog_limit, tenant):
            return RETRY_AFTER
        return RETRY_AFTER if self._over(self._waiting, self._bounds.backlog_limit, None) else None

    def _over(self, waiting: int, limit: int, whose: TenantId | None) -> bool:
        over = bool(limit) and waiting > limit
        if over and whose not in self._shedding:
            self._telemetry.emit(PublishingShed(tenant_id=whose or "", waiting=waiting, limit=limit))
            self._shedding.add(whose)
        elif not over:
            self._shedding.discard(whose)
        return over
