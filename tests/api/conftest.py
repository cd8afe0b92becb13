"""One running API for each database, and in every test an Alice and a stranger of its own in it."""

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from hookline.model.api_key import Scope
from hookline.model.attempt import Exchange
from tests.api.running import Running, serving, settings_for
from tests.clock import ManualClock
from tests.postgres import create_database, drop_database
from tests.receive.host import Host
from tests.storage.people import a_tenant

_HERE = Path(__file__).parent
_NUMBERS = itertools.count()


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """The tests here share a loop, because they share the servers that run in it."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Keys(dict[str, str]):
    """Tokens: `admin`, and Alice's `manage`, `publish` and `read`; `stranger` manages another tenant."""

    alice: str
    stranger: str


class Staged(NamedTuple):
    """Running at the time that a test says, with the hosts of providers in its hands."""

    api: Running
    keys: Keys
    clock: ManualClock
    host: Host


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with serving(settings_for(tmp_path_factory.mktemp("api"))) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_api(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, database_names: Iterator[str]
) -> AsyncIterator[Running]:
    name = next(database_names)
    url = await create_database(postgres_server, name)
    async with serving(settings_for(tmp_path_factory.mktemp("api"), url)) as found:
        yield found
    await drop_database(postgres_server, name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staged]:
    clock, host = ManualClock(), Host(Exchange(status=200))
    settings = settings_for(tmp_path_factory.mktemp("api"))
    async with serving(settings, clock=clock, host=host) as api:
        yield Staged(api, await make_keys(api), clock, host)
        assert api.faults() == []


@pytest.fixture(params=["sqlite", "postgres"])
def api(request: pytest.FixtureRequest) -> Running:
    """On each of the two databases."""
    found = request.getfixturevalue(f"{request.param}_api")
    assert isinstance(found, Running)
    return found


@pytest.fixture
def light(postgres_api: Running) -> Running:
    """For what is the same on both: on the one whose commits do not wait for the disk in these tests."""
    return postgres_api


@pytest_asyncio.fixture(loop_scope="session")
async def keys(api: Running) -> Keys:
    return await make_keys(api)


@pytest_asyncio.fixture(loop_scope="session")
async def light_keys(light: Running) -> Keys:
    return await make_keys(light)


async def make_keys(api: Running) -> Keys:
    """Two new tenants and their keys."""
    keys, number = Keys(), next(_NUMBERS)
    keys.alice, keys.stranger = f"alice-{number}", f"stranger-{number}"
    for tenant in (keys.alice, keys.stranger):
        await api.parts.store.tenants.create(a_tenant(tenant))
    for scope in (Scope.MANAGE, Scope.PUBLISH, Scope.READ):
        keys[scope.value] = await api.key(scope, keys.alice)
    keys["admin"] = await api.key(Scope.ADMIN, None)
    keys["stranger"] = await api.key(Scope.MANAGE, keys.stranger)
    return keys
