"""A tenant that has the paths of all systems as they are, a gateway that delivers, and a receiver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest_asyncio

from hookline.app import Roles
from hookline.model.api_key import Scope
from tests.api.running import Running, Told, serving, settings_for
from tests.engine.receivers import Receiver, receiving
from tests.storage.people import a_tenant
from tests.systems.shown import Example


class Sent(NamedTuple):
    """A tenant that has the paths of all systems as they are, and a gateway that delivers."""

    api: Running
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


@pytest_asyncio.fixture(loop_scope="session")
async def sent(tmp_path: Path) -> AsyncIterator[Sent]:
    async with receiving() as receiver, serving(settings_for(tmp_path), roles=Roles()) as api:
        await api.parts.store.tenants.create(a_tenant("alice"))
        yield Sent(api, await api.key(Scope.MANAGE, "alice"), receiver)
        assert api.faults() == []
