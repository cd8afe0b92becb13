"""Nodes agree on the time: each follows the database's clock, one that only publishes too, which has no heartbeat."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from hookline.app import Engine, Roles, running
from hookline.clock import HOUR, SECOND, Micros, SystemClock
from hookline.config import load
from hookline.model.delivery import State
from hookline.setting_types import LogFormat
from hookline.telemetry import Telemetry
from hookline.vault import create_key_file
from tests.clock import ManualClock
from tests.engine.gateway import ALICE, PATIENCE, Gateway, folder, until
from tests.engine.receivers import Receiver

API, WORKER, BOTH = Roles(worker=False), Roles(api=False), Roles()
NEAR = 2 * SECOND
"""Both clocks are this machine's: what is between them is the way of the answer."""


class Turned(SystemClock):
    """The system's clock, with sleepers that the test wakes."""

    def __init__(self) -> None:
        super().__init__()
        self.hands = ManualClock()

    def sleep(self, seconds: float) -> Awaitable[None]:
        return self.hands.sleep(seconds)

    def go_wrong(self, by: int) -> None:
        self.follow(Micros(self.now() + by))


@asynccontextmanager
async def _node(env: dict[str, str], clock: Turned, roles: Roles) -> AsyncIterator[Engine]:
    allowed = {"HOOKLINE_ALLOW_HTTP": "1", "HOOKLINE_ALLOW_NETWORKS": "127.0.0.0/8", "HOOKLINE_GRACE": "0.2"}
    settings = load(allowed | env)
    if not settings.key_file.exists():
        create_key_file(settings.key_file)
    telemetry = Telemetry(stream=io.BytesIO(), clock=clock, log_format=LogFormat.JSON)
    async with running(settings, telemetry, roles, clock=clock) as engine:
        yield engine


async def _apart(engine: Engine) -> int:
    """How far the node's clock is from the database's, in microseconds."""
    query = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
    theirs = await engine.core.opened.store.database.read(lambda c: c.execute(query).scalar_one())
    return abs(engine.core.clock.now() - int(theirs))


async def _until_near(engine: Engine) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if await _apart(engine) <= NEAR:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("wrong", [-5 * HOUR, 5 * HOUR], ids=["behind", "ahead"])
@pytest.mark.parametrize("roles", [API, WORKER, BOTH], ids=["api", "worker", "both"])
async def test_a_node_whose_clock_is_hours_off_follows_the_databases_and_does_so_again(
    postgres_env: dict[str, str], roles: Roles, wrong: int
) -> None:
    clock = Turned()
    clock.go_wrong(wrong)
    async with _node(postgres_env, clock, roles) as engine:
        await _until_near(engine)
        clock.go_wrong(wrong)
        assert await _apart(engine) > HOUR
        await asyncio.sleep(0.05)
        clock.hands.turn(float(engine.core.settings.heartbeat))
        await _until_near(engine)


async def test_what_a_publisher_with_a_wrong_clock_stores_is_due_now_and_not_in_hours(
    postgres_env: dict[str, str], receiver: Receiver
) -> None:
    """What it stores is due by its clock; others send it by theirs."""
    wrong, right = Turned(), Turned()
    wrong.go_wrong(5 * HOUR)
    async with (
        _node(postgres_env, wrong, API) as publishing,
        _node(postgres_env, right, WORKER) as working,
    ):
        await _until_near(publishing)
        publisher = Gateway(publishing, right.hands, io.BytesIO())
        await publisher.tenants()
        await publisher.endpoint(receiver.url())
        published = await publisher.publish()
        async with asyncio.timeout(PATIENCE):
            while not receiver.got:
                right.hands.turn(1)
                await asyncio.sleep(0.02)
        done = await Gateway(working, right.hands, io.BytesIO()).until_state(published, State.DELIVERED)
        assert done.delivery.tenant_id == ALICE


async def test_a_database_that_does_not_answer_leaves_the_clock_as_it_is_and_is_asked_again(
    postgres_env: dict[str, str],
) -> None:
    clock = Turned()
    async with _node(postgres_env, clock, API) as engine:
        await _until_near(engine)
        database = engine.core.opened.store.database
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        others = "datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%LISTEN%'"
        await database.read(lambda c: c.execute(text(f"{cut} WHERE {others}")).all())
        clock.go_wrong(5 * HOUR)
        for _ in range(2):
            await asyncio.sleep(0.05)
            clock.hands.turn(float(engine.core.settings.heartbeat))
        await _until_near(engine)


async def test_on_sqlite_the_machine_itself_is_the_clock(tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = Turned()
    clock.go_wrong(5 * HOUR)
    async with _node(folder(tmp_path_factory.mktemp("home")), clock, BOTH) as engine:
        assert abs(clock.now() - SystemClock().now()) < NEAR
        clock.go_wrong(5 * HOUR)
        await asyncio.sleep(0.05)
        clock.hands.turn(float(engine.core.settings.heartbeat))
        await until(lambda: abs(clock.now() - SystemClock().now()) < NEAR)
