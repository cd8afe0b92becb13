"""Too much waits: publishing is refused, for the tenant whose it is or for all, told once, until less waits."""

import io

import msgspec
import pytest

from hookline.clock import HOUR, SECOND, Micros
from hookline.deliver.upkeep import RETRY_AFTER, Bounds, Upkeep
from hookline.model.delivery import State
from hookline.model.ids import EndpointId, Ids, TenantId
from hookline.model.retry import Schedule
from hookline.setting_types import LogFormat
from hookline.storage.filters import DeliveryFilter
from hookline.storage.prune import Prune
from hookline.storage.store import Store
from hookline.telemetry import Telemetry
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, STRANGER, gateway
from tests.engine.receivers import Receiver
from tests.storage.people import a_tenant
from tests.storage.traffic import a_delivery, an_event, publish

NOBODY = TenantId("nobody")
EP = EndpointId("ep_1")


class Shedder:
    """Upkeep over a real store, and what it tells."""

    def __init__(self, store: Store, clock: ManualClock, *, all_: int = 0, tenant: int = 0) -> None:
        self._store = store
        self._clock = clock
        self._log = io.BytesIO()
        self._ids = Ids(clock)
        self.upkeep = Upkeep(
            store=store,
            prune=Prune(store.database),
            bounds=Bounds(
                retention_days=0, idempotency_days=7, backlog_limit=all_, tenant_backlog_limit=tenant
            ),
            clock=clock,
            telemetry=Telemetry(stream=self._log, clock=clock, log_format=LogFormat.JSON),
        )

    async def measured(self) -> tuple[int | None, int | None]:
        """What Alice and the stranger are told after the next measuring."""
        await self.upkeep.measure()
        return self.upkeep.shed(ALICE), self.upkeep.shed(STRANGER)

    async def wait(self, count: int, tenant: TenantId = ALICE, due_in: int = 0) -> None:
        for _ in range(count):
            event = an_event(self._ids, self._clock, tenant)
            due = Micros(self._clock.now() + due_in)
            await publish(self._store, event, a_delivery(event, 0, due_at=due))

    async def cancel(self, count: int, tenant: TenantId = ALICE) -> None:
        pending = DeliveryFilter(state=State.PENDING)
        page = await self._store.deliveries.list(tenant, pending, limit=count)
        for delivery in page.items:
            await self._store.deliveries.cancel(tenant, delivery.id, self._clock.now())

    @property
    def told(self) -> list[tuple[str, int, int]]:
        """Tenant, how many wait, how many may: of each line."""
        self.upkeep._telemetry.flush()
        lines = map(msgspec.json.decode, self._log.getvalue().splitlines())
        return [
            (line.get("tenant_id", ""), line["waiting"], line["limit"])
            for line in lines
            if line["what"] == "PublishingShed"
        ]


@pytest.fixture
async def peopled(store: Store) -> Store:
    for tenant in (ALICE, STRANGER):
        await store.tenants.create(a_tenant(tenant))
    return store


async def test_one_tenants_bound_refuses_that_tenant_alone(peopled: Store, clock: ManualClock) -> None:
    shedder = Shedder(peopled, clock, tenant=3)
    await shedder.wait(3)
    assert await shedder.measured() == (None, None)
    await shedder.wait(1)
    assert await shedder.measured() == (RETRY_AFTER, None)
    assert shedder.upkeep.shed(NOBODY) is None
    assert shedder.told == [(ALICE, 4, 3)]


async def test_the_bound_of_all_refuses_everybody(peopled: Store, clock: ManualClock) -> None:
    shedder = Shedder(peopled, clock, all_=3)
    await shedder.wait(2)
    await shedder.wait(1, STRANGER)
    assert await shedder.measured() == (None, None)
    await shedder.wait(1, STRANGER)
    assert await shedder.measured() == (RETRY_AFTER, RETRY_AFTER)
    assert shedder.upkeep.shed(NOBODY) == RETRY_AFTER
    assert shedder.told == [("", 4, 3)]


async def test_it_is_told_once_until_it_ends_and_again_when_it_comes_back(
    peopled: Store, clock: ManualClock
) -> None:
    shedder = Shedder(peopled, clock, tenant=3)
    await shedder.wait(4)
    for _ in range(5):
        assert await shedder.measured() == (RETRY_AFTER, None)
    assert len(shedder.told) == 1
    await shedder.cancel(1)
    assert await shedder.measured() == (None, None)
    await shedder.wait(2)
    assert await shedder.measured() == (RETRY_AFTER, None)
    assert shedder.told == [(ALICE, 4, 3), (ALICE, 5, 3)]


async def test_both_bounds_hold_beside_one_another(peopled: Store, clock: ManualClock) -> None:
    shedder = Shedder(peopled, clock, all_=5, tenant=3)
    await shedder.wait(4)
    await shedder.wait(2, STRANGER)
    assert await shedder.measured() == (RETRY_AFTER, RETRY_AFTER)
    assert sorted(shedder.told) == [("", 6, 5), (ALICE, 4, 3)]
    await shedder.cancel(4)
    assert await shedder.measured() == (None, None)
    assert len(shedder.told) == 2


async def test_without_bounds_nobody_is_refused(peopled: Store, clock: ManualClock) -> None:
    shedder = Shedder(peopled, clock)
    await shedder.wait(50)
    assert await shedder.measured() == (None, None)
    assert shedder.told == []


async def test_without_bounds_what_waits_is_counted_all_the_same(peopled: Store, clock: ManualClock) -> None:
    """The gauge of the backlog must not depend on whether anybody is refused."""
    shedder = Shedder(peopled, clock)
    await shedder.wait(5)
    await shedder.upkeep.measure()
    assert b"\nhookline_backlog 5.0" in shedder.upkeep._telemetry.render_metrics()


async def test_before_the_first_measuring_nobody_is_refused(peopled: Store, clock: ManualClock) -> None:
    shedder = Shedder(peopled, clock, all_=1, tenant=1)
    await shedder.wait(3)
    assert shedder.upkeep.shed(ALICE) is None
    assert shedder.upkeep.oldest_seconds == 0


async def test_what_waits_for_a_later_retry_counts_and_only_what_is_overdue_has_an_age(
    peopled: Store, clock: ManualClock
) -> None:
    shedder = Shedder(peopled, clock, tenant=1)
    await shedder.wait(2, due_in=HOUR)
    assert await shedder.measured() == (RETRY_AFTER, None)
    assert shedder.upkeep.oldest_seconds == 0
    clock.turn(HOUR / SECOND + 30)
    assert shedder.upkeep.oldest_seconds == 30


async def test_a_running_gateway_measures_by_itself_and_recovers_when_the_receiver_does(
    env: dict[str, str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.says(500)
    few = {"HOOKLINE_TENANT_BACKLOG_LIMIT": "2"}
    async with gateway(env | few, clock) as hookline:
        await hookline.tenants()
        await hookline.endpoint(receiver.url(), retry=Schedule(delays=(0.0, *[20.0] * 50), jitter=0.0))
        published = [await hookline.publish() for _ in range(3)]
        for one in published:
            await hookline.until_tried(one, 1)
        upkeep = hookline.engine.core.upkeep
        await hookline.turn_until(lambda: upkeep.shed(ALICE) == RETRY_AFTER)
        assert upkeep.shed(STRANGER) is None
        receiver.says(200)
        await hookline.turn_until(lambda: upkeep.shed(ALICE) is None)
        for one in published:
            await hookline.until_state(one, State.DELIVERED)
        assert len(hookline.told("PublishingShed")) == 1
