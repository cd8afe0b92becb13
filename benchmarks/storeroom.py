"""Storeroom: the gateway's own storage, opened while no gateway runs, to fill it and to time its claims."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Self

import msgspec

from benchmarks.traffic import data_of
from hookline.clock import SECOND, Micros, SystemClock
from hookline.config import Settings, load
from hookline.errors import Conflict
from hookline.model.delivery import Delivery, State
from hookline.model.endpoint import Endpoint
from hookline.model.event import Event
from hookline.model.ids import EndpointId, Ids, NodeId, TenantId, delivery_id
from hookline.model.record import Record, RecordKey
from hookline.model.tenant import Tenant
from hookline.storage.ledger import Accepted, Claimed, LaneKey, Result, Stored, Want
from hookline.storage.open import Location, Opened, open_store
from hookline.vault import Vault, load_keys

GROUP = 1000
"""Rows of one transaction while filling."""
_LEASE = Micros(3_600_000_000)
DATED = TenantId("ten_dates")
"""Whose records have dates."""


class Storeroom:
    def __init__(self, opened: Opened, clock: SystemClock, ids: Ids, node: NodeId) -> None:
        self._opened = opened
        self._clock = clock
        self._ids = ids
        self._node = node
        self._data = msgspec.json.encode(data_of(200))

    @classmethod
    @asynccontextmanager
    async def at(cls, environment: dict[str, str]) -> AsyncIterator[Self]:
        """Where a gateway with this environment keeps its rows."""
        settings = load({name: text for name, text in environment.items() if name.startswith("HOOKLINE_")})
        clock = SystemClock()
        ids = Ids(clock)
        opened = await open_store(_location(settings), Vault(load_keys(settings)), clock)
        room = cls(opened, clock, ids, ids.node())
        await opened.nodes.register(room._node, name="bench", lease=_LEASE, watermark=ids.event())
        try:
            yield room
        finally:
            await opened.nodes.leave(room._node)
            await opened.close()

    async def endpoints(self, url: str, count: int, *, each_tenant: int = 100) -> list[LaneKey]:
        """New ones, so many to a tenant."""
        lanes: list[LaneKey] = []
        for number in range(count):
            now = self._clock.now()
            if number % each_tenant == 0:
                tenant = self._ids.tenant()
                made = Tenant(id=tenant, name="bench", created_at=now, updated_at=now)
                await self._opened.store.tenants.create(made)
            endpoint = Endpoint(
                id=self._ids.endpoint(),
                tenant_id=tenant,
                url=f"{url}/{number}",
                created_at=now,
                updated_at=now,
            )
            await self._opened.store.endpoints.create(endpoint)
            lanes.append((tenant, endpoint.id))
        return lanes

    async def fill(self, lanes: Sequence[LaneKey], each: int, progress: Callable[[int], None]) -> None:
        """Make `each` deliveries due in every lane, of an event each, the lanes in turn."""
        todo = [lane for _ in range(each) for lane in lanes]
        for start in range(0, len(todo), GROUP):
            group = [await self._waiting(lane) for lane in todo[start : start + GROUP]]
            fates = await self._opened.store.ledger.publish(None, group)
            if not all(isinstance(fate, Stored) for fate in fates):
                raise RuntimeError(f"Filling failed: {fates[:3]}")
            progress(start + len(group))

    async def dates(self, dates: Mapping[int, int], progress: Callable[[int], None]) -> None:
        """Save a callback request for each, of one tenant, that expires then (microseconds)."""
        todo = [_expiring(number, at, Micros(self._clock.now())) for number, at in dates.items()]
        with suppress(Conflict):
            now = self._clock.now()
            await self._opened.store.tenants.create(
                Tenant(id=DATED, name="bench", created_at=now, updated_at=now)
            )
        for start in range(0, len(todo), GROUP):
            saving = map(self._opened.store.records.save, todo[start : start + GROUP])
            if not all(await asyncio.gather(*saving)):
                raise RuntimeError("Filling failed: a record is there already")
            progress(min(start + GROUP, len(todo)))

    async def passed(self) -> dict[int, list[int]]:
        """Of those, when the events were accepted."""
        found: dict[int, list[int]] = defaultdict(list)
        page = await self._opened.store.events.list(DATED, limit=200)
        while True:
            for event in page.items:
                found[int(event.order_key.partition(":")[2])].append(event.accepted_at)
            if page.after is None:
                return found
            page = await self._opened.store.events.list(DATED, limit=200, after=page.after)

    async def claim(self, lanes: Sequence[LaneKey], count: int) -> tuple[float, int]:
        """Seconds that a claim of up to `count` of each lane took, and how many it brought. They are then delivered."""
        wants = [Want(lane=lane, count=count) for lane in lanes]
        now = self._clock.now()
        began = time.perf_counter()
        claimed = await self._opened.store.ledger.claim(self._node, wants, now)
        took = time.perf_counter() - began
        if claimed:
            await self._opened.store.ledger.record(self._node, [self._delivered(one) for one in claimed])
        return took, len(claimed)

    async def walk(self, after: LaneKey | None, limit: int) -> tuple[float, list[LaneKey]]:
        """Seconds, and the next lanes with something pending."""
        began = time.perf_counter()
        found = await self._opened.store.ledger.walk(after, limit)
        return time.perf_counter() - began, [due.lane for due in found]

    async def _waiting(self, lane: LaneKey) -> Accepted:
        tenant, endpoint = lane
        now, event_id = self._clock.now(), self._ids.event()
        event = Event(
            id=event_id,
            tenant_id=tenant,
            type="bench.waiting",
            data=self._data,
            time=now,
            accepted_at=now,
            matched=(endpoint,),
        )
        waiting = Delivery(
            id=delivery_id(event_id, 0),
            tenant_id=tenant,
            event_id=event_id,
            endpoint_id=endpoint,
            event_type=event.type,
            state=State.PENDING,
            due_at=now,
            created_at=now,
        )
        config = await self._opened.directory.at_least(tenant)
        return Accepted(event=event, version=config.version, waiting=(waiting,))

    def _delivered(self, claimed: Claimed) -> Result:
        done = msgspec.structs.replace(
            claimed.delivery, state=State.DELIVERED, due_at=None, finished_at=self._clock.now()
        )
        return Result(delivery=done, fresh=False)


def _expiring(number: int, at: int, now: Micros) -> Record:
    expires = datetime.fromtimestamp(at / SECOND, UTC).isoformat()
    state = {
        "id": number,
        "customer_name": "Max Mustermann",
        "phone_number": "+4915112345678",
        "priority": "high",
        "status": "pending",
        "is_overdue": False,
        "expires_at": expires,
    }
    return Record(
        key=RecordKey(tenant_id=DATED, system="askpro-callbacks", type="callback_request", id=str(number)),
        state=msgspec.json.encode(state),
        version=1,
        due_at=Micros(at),
        created_at=now,
        updated_at=now,
    )


def lane_of(tenant: str, endpoint: str) -> LaneKey:
    return TenantId(tenant), EndpointId(endpoint)


def _location(settings: Settings) -> Location:
    return Location(
        sqlite=settings.sqlite_file,
        postgres=settings.database_url,
        pool_size=settings.pool_size,
        key_days=settings.idempotency_days,
    )
