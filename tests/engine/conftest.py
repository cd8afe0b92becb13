"""A receiver, and a gateway with two tenants on each of the two databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.engine.gateway import Gateway, at, folder, gateway
from tests.engine.receivers import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Where the database is."""
    if request.param == "sqlite":
        return folder(request.getfixturevalue("data_dir"))
    return at(request.getfixturevalue("postgres_url"), tmp_path)


@pytest.fixture
def postgres_env(postgres_url: str, tmp_path: Path) -> dict[str, str]:
    return at(postgres_url, tmp_path)


@pytest.fixture
async def hookline(env: dict[str, str], clock: ManualClock) -> AsyncIterator[Gateway]:
    async with gateway(env, clock) as made:
        await made.tenants()
        yield made
        assert made.told("Fault") == []


@pytest.fixture
async def on_sqlite(data_dir: Path, clock: ManualClock) -> AsyncIterator[Gateway]:
    """For what does not depend on the database."""
    async with gateway(folder(data_dir), clock) as made:
        await made.tenants()
        yield made
        assert made.told("Fault") == []
