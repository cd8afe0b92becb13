"""A tenant that has the paths of all systems as they are, a gateway that delivers, and a receiver."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from hookline.app import Roles
from hookline.model.api_key import Scope
from hookline.model.ids import TenantId
from tests.api.running import Running, Told, serving, settings_for
from tests.engine.receivers import Receiver, receiving
from tests.storage.people import a_tenant
from tests.systems.shown import Example


class Sent(NamedTuple):
    """A tenant that has the paths of all systems as they are, and a gateway that delivers."""

    api: Running
    tenant: TenantId
    key: str
    receiver: Receiver

    async def call(self, request: str, **more: Any) -> Told:
        """`request`: method and path."""
        method, path = request.split(" ")
        return await self.api.call(method, path, self.key, **more)

    async def enable(self, system: str, **how: str) -> None:
        told = await self.call(f"PUT /v1/systems/{system}/enabled", json=how)
        assert told.status == 200, told.body

    async def publish(self, example: Example, **more: Any) -> None:
        event = {"type": example.type, "system": example.system, "data": example.body["data"], **more}
        assert (await self.call("POST /v1/events", json=event)).status == 202

    async def until(self, request: str, condition: Callable[[Any], bool]) -> Any:
        """Ask until the answer is so."""
        async with asyncio.timeout(15):
            while True:
                found = (await self.call(request)).json
                if condition(found):
                    return found
                await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def alices() -> Iterator[TenantId]:
    """One for each test."""
    return (TenantId(f"alice-{number}") for number in itertools.count())


@pytest.fixture(scope="session")
def told_faults() -> list[str]:
    """Those of the gateway that a test has failed for."""
    return []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def delivering(
    tmp_path_factory: pytest.TempPathFactory, told_faults: list[str]
) -> AsyncIterator[Running]:
    """A gateway that delivers, for one test after another."""
    async with serving(settings_for(tmp_path_factory.mktemp("delivering")), roles=Roles()) as api:
        yield api
        assert api.faults()[len(told_faults) :] == []


@pytest_asyncio.fixture(loop_scope="session")
async def sent(
    delivering: Running, alices: Iterator[TenantId], told_faults: list[str]
) -> AsyncIterator[Sent]:
    tenant = next(alices)
    async with receiving() as receiver:
        await delivering.parts.store.tenants.create(a_tenant(tenant))
        yield Sent(delivering, tenant, await delivering.key(Scope.MANAGE, tenant), receiver)
        await _gone(delivering, tenant)
        faults = delivering.faults()[len(told_faults) :]
        told_faults += faults
        assert faults == []


async def _gone(api: Running, tenant: TenantId) -> None:
    """The paths are free for the next, whose receiver gets nothing of what is left of this one's deliveries."""
    for system in await api.parts.store.enabled_systems.all(tenant):
        await api.parts.store.enabled_systems.delete(tenant, system)
    told = await api.call("DELETE", f"/v1/tenants/{tenant}", await api.key(Scope.ADMIN, None))
    assert told.status == 204, told.body
