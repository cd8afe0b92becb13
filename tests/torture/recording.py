"""Recording: the real engine publishes, sends and records on SQLite, while everything that it writes is noted.

A program of its own, because it changes SQLite's tables: `python -m tests.torture.recording FOLDER SYNCHRONOUS EVENTS`.
"""

import asyncio
import io
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from hookline.app import Engine, Roles, running
from hookline.clock import SystemClock
from hookline.config import load
from hookline.model.endpoint import Endpoint
from hookline.model.ids import DeliveryId, EndpointId, NodeId, TenantId
from hookline.model.retry import Fixed
from hookline.model.tenant import Tenant
from hookline.route.draft import Draft
from hookline.storage.ledger import Accepted, Fate, LanePace, Ledger, Result, Stored
from hookline.storage.sqlite.database import SqliteDatabase
from hookline.telemetry import Telemetry
from tests.torture.databases import Place
from tests.torture.passing import PassingLedger
from tests.torture.receivers import Act as Answer
from tests.torture.receivers import Manners, Receiver
from tests.torture.vfs import Acknowledged, Act, NotShared
from tests.torture.vfs import recording as noted

BASE, ACTS = "base.db", "acts"
SKIP = 77
"""Exit code: this machine cannot record."""
TENANT = TenantId("torture")


class NotingLedger(PassingLedger):
    """Notes what the database has acknowledged, the moment that it does."""

    def __init__(self, note: Callable[[Act], None], plain: Ledger) -> None:
        super().__init__(plain)
        self._note = note

    async def publish(self, node: NodeId | None, group: Sequence[Accepted]) -> Sequence[Fate]:
        fates = await self.plain.publish(node, group)
        stored = zip(group, fates, strict=True)
        self._note(Acknowledged("events", [one.event.id for one, fate in stored if isinstance(fate, Stored)]))
        return fates

    async def record(
        self, node: NodeId, results: Sequence[Result], paces: Sequence[LanePace] = ()
    ) -> Sequence[DeliveryId]:
        refused = await self.plain.record(node, results, paces)
        self._note(Acknowledged("deliveries", [result.delivery.id for result in results]))
        return refused


async def _record(folder: Path, synchronous: str, events: int) -> None:
    place = Place(folder=folder)
    file = folder / "data" / "hookline.db"
    file.parent.mkdir()
    await place.create_key()  # makes the tables
    (folder / BASE).write_bytes(file.read_bytes())
    acts: list[Act] = []
    with noted(acts.append, below=file.parent):
        await _engine(place, acts.append, synchronous, events)
    (folder / ACTS).write_bytes(msgspec.msgpack.encode(acts))


async def _engine(place: Place, note: Callable[[Act], None], synchronous: str, events: int) -> None:
    telemetry = Telemetry(stream=io.BytesIO(), clock=SystemClock())
    receiver = Receiver(
        Manners(name="mixed", events=("*",), acts={Answer.OK: 80, Answer.FAIL: 20}), random.Random(1)
    )
    settings = load(place.settings)
    async with (
        receiver.listening(),
        running(settings, telemetry, Roles(), ledger=lambda plain: NotingLedger(note, plain)) as engine,
    ):
        database = engine.core.opened.store.database
        assert isinstance(database, SqliteDatabase)
        writer = database._writer
        await writer.run(lambda: writer.connection.execute(f"PRAGMA synchronous = {synchronous}"))
        await _publish(engine, receiver.port, events)


async def _publish(engine: Engine, port: int, events: int) -> None:
    store, now = engine.core.opened.store, engine.core.clock.now()
    await store.tenants.create(Tenant(id=TENANT, name="", created_at=now, updated_at=now))
    await store.endpoints.create(
        Endpoint(
            id=EndpointId("ep_torture"),
            tenant_id=TENANT,
            url=f"http://127.0.0.1:{port}/",
            retry=Fixed(delay=0.05, attempts=100),
            created_at=now,
            updated_at=now,
        )
    )
    for number in range(events):
        draft = Draft(type="ping", data=b'"%s"' % (b"x" * (number * 37 % 3000)), tags=("some",))
        if number % 5 == 0:
            await engine.publisher.publish_many(TENANT, [draft] * 7)
        else:
            await engine.publisher.publish(TENANT, draft)


def main() -> int:
    folder, synchronous, events = sys.argv[1:]
    try:
        asyncio.run(_record(Path(folder), synchronous, int(events)))
    except NotShared as error:
        sys.stderr.write(str(error))
        return SKIP
    return 0


if __name__ == "__main__":
    sys.exit(main())
