"""Which thread loads Liquid: run by itself, as a program without tests around it, since a process loads it once."""

import asyncio
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from hookline import late
from hookline.model.api_key import Scope
from hookline.model.ids import TenantId
from hookline.template import engine
from tests.api.running import Running, serving, settings_for
from tests.storage.people import a_tenant

LANGUAGE = "hookline.template.parsed"
HERE = "http://127.0.0.1:9999"
TEMPLATE = {"text": "{{ id }}"}
JIRA = {
    "preset": "jira",
    "settings": {"site": HERE, "project": "SUP", "email": "o@a.example", "token": "t0ken-x"},
}


class Watch(MetaPathFinder):
    """Asked by whoever is about to load a module."""

    def __init__(self) -> None:
        self.loaders: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == LANGUAGE:
            in_loop = threading.current_thread() is threading.main_thread()
            self.loaders.append("loop" if in_loop else "thread")
        return None


def forget() -> None:
    """As if the process had just begun."""
    sys.modules.pop(LANGUAGE, None)
    vars(vars(engine)["parsed"]).pop("parse", None)
    late._LOADED.clear()


class Caller:
    """Prints for each request which thread loaded the language for it."""

    def __init__(self, api: Running, key: str, watch: Watch) -> None:
        self._api = api
        self._key = key
        self._watch = watch

    async def first(self, what: str, method: str, path: str, json: object) -> Any:
        forget()
        self._watch.loaders.clear()
        told = await self._api.call(method, path, self._key, json=json)
        assert told.status < 300, told.body
        sys.stdout.write(f"{what}: {' '.join(self._watch.loaders)}\n")
        return told.json


@asynccontextmanager
async def alone(watch: Watch) -> AsyncIterator[tuple[Running, Caller]]:
    with tempfile.TemporaryDirectory() as folder:
        async with serving(settings_for(Path(folder))) as api:
            await api.parts.store.tenants.create(a_tenant("alice"))
            yield api, Caller(api, await api.key(Scope.MANAGE, "alice"), watch)


async def main() -> None:
    sys.meta_path.insert(0, watch := Watch())
    async with alone(watch) as (api, caller):
        plain = {"url": HERE, "template": TEMPLATE}
        made = await caller.first("create", "POST", "/v1/endpoints", plain)
        own = f"/v1/endpoints/{made['id']}"
        await caller.first("patch", "PATCH", own, {"template": {"text": "{{ type }}"}})
        await caller.first("put", "PUT", own, plain)
        await caller.first("test", "POST", f"{own}/test", {})
        await caller.first("preview", "POST", "/v1/templates/preview", {"template": TEMPLATE})
        await caller.first("create with preset", "POST", "/v1/endpoints", JIRA)
        await caller.first("test of preset", "POST", "/v1/presets/jira/test", {"settings": JIRA["settings"]})
        api.parts.directory.forget(TenantId("alice"))
        await caller.first("publish", "POST", "/v1/events", {"type": "a.b", "data": {}})


if __name__ == "__main__":
    asyncio.run(main())
