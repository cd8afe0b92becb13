"""A whole gateway but its server, started as the program starts it, with a clock whose hands the test turns."""

import asyncio
import io
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from hookline.app import Delivering, Engine, Roles, running
from hookline.config import load
from hookline.model.delivery import Delivery, DeliveryDetail, State
from hookline.model.endpoint import Endpoint, Secret
from hookline.model.ids import EndpointId, EventId, SecretId, TenantId, delivery_id
from hookline.model.tenant import Tenant
from hookline.route.draft import Draft, Published
from hookline.setting_types import LogFormat
from hookline.storage.ledger import Ledger
from hookline.storage.store import Store
from hookline.telemetry import Telemetry
from hookline.vault import create_key_file
from tests.clock import ManualClock

ALICE = TenantId("alice")
STRANGER = TenantId("stranger")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE = 15.0
"""Seconds until a test that waits for something gives up."""
_numbers = itertools.count(1)

Wrap = Callable[[Ledger], Ledger]


class Gateway:
    def __init__(self, engine: Engine, clock: ManualClock, log: io.BytesIO) -> None:
        self.engine = engine
        self.clock = clock
        self._log = log

    @property
    def store(self) -> Store:
        return self.engine.core.opened.store

    @property
    def delivering(self) -> Delivering:
        assert self.engine.delivering is not None
        return self.engine.delivering

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged."""
        return [msgspec.json.decode(line) for line in self._log.getvalue().splitlines()]

    def told(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] == what]

    async def tenants(self) -> None:
        for tenant in (ALICE, STRANGER):
            await self.store.tenants.create(
                Tenant(id=tenant, name=tenant, created_at=self.clock.now(), updated_at=self.clock.now())
            )

    async def endpoint(self, url: str, tenant: TenantId = ALICE, **fields: Any) -> Endpoint:
        now = self.clock.now()
        given: dict[str, Any] = {
            "id": EndpointId(f"ep_{next(_numbers):06}"),
            "secrets": (Secret(id=SecretId("sec_1"), value=SECRET, created_at=now),),
            "created_at": now,
            "updated_at": now,
        }
        endpoint = Endpoint(tenant_id=tenant, url=url, **given | fields)
        await self.store.endpoints.create(endpoint)
        return endpoint

    async def change(self, endpoint: Endpoint, **fields: Any) -> Endpoint:
        changed = msgspec.structs.replace(endpoint, updated_at=self.clock.now(), **fields)
        await self.store.endpoints.replace(changed)
        return changed

    async def publish(
        self, data: bytes = b'{"n": 1.0}', tenant: TenantId = ALICE, **fields: Any
    ) -> Published:
        draft = Draft(type=fields.pop("type", "call.started"), data=data, **fields)
        return await self.engine.publisher.publish(tenant, draft)

    async def detail(
        self, event: Published | EventId, position: int = 0, tenant: TenantId = ALICE
    ) -> DeliveryDetail:
        event_id = event.event_id if isinstance(event, Published) else event
        return await self.store.deliveries.get(tenant, delivery_id(event_id, position))

    async def delivery(self, event: Published, position: int = 0, tenant: TenantId = ALICE) -> Delivery:
        return (await self.detail(event, position, tenant)).delivery

    async def until_state(
        self, event: Published, state: State, position: int = 0, tenant: TenantId = ALICE
    ) -> DeliveryDetail:
        """Wait for it, and for the room that it took to be free again."""
        found = await self.detail(event, position, tenant)
        async with asyncio.timeout(PATIENCE):
            while found.delivery.state is not state:
                await asyncio.sleep(0.005)
                found = await self.detail(event, position, tenant)
        return found

    async def until_tried(self, event: Published, attempts: int, position: int = 0) -> DeliveryDetail:
        """Wait until so many attempts are on disk."""
        found = await self.detail(event, position)
        async with asyncio.timeout(PATIENCE):
            while min(len(found.attempts), found.delivery.attempts) < attempts:
                await asyncio.sleep(0.005)
                found = await self.detail(event, position)
        return found

    async def turn(self, seconds: float, step: float = 1.0) -> None:
        """Turn the hands in steps, with a breath for everybody after each."""
        left = seconds
        while left > 0:
            self.clock.turn(min(step, left))
            left -= step
            await self.breathe()

    async def turn_until(self, condition: Callable[[], bool], step: float = 1.0) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self.turn(step, step)

    async def breathe(self, times: int = 3) -> None:
        """Until whoever could do something has done it: each breath is a few real milliseconds."""
        for _ in range(times):
            await asyncio.sleep(0.004)

    def idle(self) -> bool:
        """Nothing is in hand, neither counted nor named."""
        worker = self.delivering.worker
        counted = (worker.lanes.in_hand, worker.lanes.in_flight, len(worker.in_hand), len(worker.rows))
        return counted == (0, 0, 0, 0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.004)


@asynccontextmanager
async def gateway(
    env: dict[str, str], clock: ManualClock, *, roles: Roles | None = None, wrap: Wrap | None = None
) -> AsyncIterator[Gateway]:
    """`env`: where the database is."""
    allowed = {
        "HOOKLINE_ALLOW_HTTP": "1",
        "HOOKLINE_ALLOW_NETWORKS": "127.0.0.0/8",
        "HOOKLINE_GRACE": "0.2",
        "HOOKLINE_LEASE": "1000000s",
    }
    settings = load(allowed | env)
    if not settings.key_file.exists():
        create_key_file(settings.key_file)
    log = _Log()
    telemetry = Telemetry(stream=log, clock=clock, log_format=LogFormat.JSON)
    async with running(settings, telemetry, roles or Roles(), ledger=wrap, clock=clock) as engine:
        yield Gateway(engine, clock, log)


class _Log(io.BytesIO):
    def isatty(self) -> bool:
        return False


def folder(path: Path) -> dict[str, str]:
    """A database in a file of this folder."""
    return {"HOOKLINE_DATA_DIR": str(path)}


def at(url: str, path: Path) -> dict[str, str]:
    """A database at this URL; the key is in the folder."""
    return {"HOOKLINE_DATA_DIR": str(path), "HOOKLINE_DATABASE": url}
