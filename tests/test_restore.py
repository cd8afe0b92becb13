"""A backup that is restored must not send again what was sent since: a switch at start holds what it says is waiting."""

import io
from pathlib import Path

from hookline.app import Engine, Roles, running
from hookline.clock import SystemClock
from hookline.config import Settings, load
from hookline.model.delivery import State
from hookline.model.endpoint import Endpoint
from hookline.model.ids import TenantId
from hookline.model.tenant import Tenant
from hookline.route.draft import Draft
from hookline.setting_types import LogFormat
from hookline.storage.endpoints import Held
from hookline.storage.filters import DeliveryFilter
from hookline.telemetry import Telemetry

ALICE = TenantId("alice")
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def settings(folder: Path, **more: str) -> Settings:
    base = {"DATA_DIR": str(folder), "SECRET_KEY": KEY, "ALLOW_HTTP": "on", "ALLOW_NETWORKS": "127.0.0.0/8"}
    return load({f"HOOKLINE_{name}": value for name, value in (base | more).items()})


def telemetry() -> Telemetry:
    return Telemetry(stream=io.BytesIO(), clock=SystemClock(), log_format=LogFormat.JSON)


async def states(engine: Engine) -> list[State]:
    page = await engine.core.opened.store.deliveries.list(ALICE, DeliveryFilter(), limit=10)
    return [delivery.state for delivery in page.items]


async def fail_once(engine: Engine) -> Endpoint:
    """An event for a receiver that is down: its delivery waits for a retry."""
    core, now = engine.core, engine.core.clock.now()
    endpoint = Endpoint(
        id=core.ids.endpoint(), tenant_id=ALICE, url="http://127.0.0.1:9000/", created_at=now, updated_at=now
    )
    await core.opened.store.tenants.create(Tenant(id=ALICE, name="Alice", created_at=now, updated_at=now))
    await core.opened.store.endpoints.create(endpoint)
    await engine.publisher.publish(ALICE, Draft(type="call.started", data=b"{}"))
    return endpoint


async def test_what_waits_in_a_restored_backup_is_held_until_somebody_decides(tmp_path: Path) -> None:
    async with running(settings(tmp_path), telemetry(), Roles()) as engine:
        endpoint = await fail_once(engine)
    async with running(settings(tmp_path, RESTORE_HOLD="on"), telemetry(), Roles()) as engine:
        assert await states(engine) == [State.HELD]
        store, now = engine.core.opened.store, engine.core.clock.now()
        await store.endpoints.enable(ALICE, endpoint.id, Held.CANCEL, now)
        while await store.endpoints.settle_inactive(now, 10):
            pass
        assert await states(engine) == [State.CANCELLED]


async def test_without_the_switch_what_waits_goes_on_waiting(tmp_path: Path) -> None:
    async with running(settings(tmp_path), telemetry(), Roles()) as engine:
        await fail_once(engine)
    async with running(settings(tmp_path), telemetry(), Roles()) as engine:
        assert await states(engine) == [State.PENDING]
