"""A running API with Alice and a stranger in it."""

from collections.abc import AsyncIterator

import pytest

from hookline.model.api_key import Scope
from hookline.storage.store import Store
from tests.api.running import Running, running
from tests.storage.people import ALICE, STRANGER, settle_in


class Keys(dict[str, str]):
    """Tokens: `admin`, and Alice's `manage`, `publish` and `read`; `stranger` manages another tenant."""


@pytest.fixture
async def api(store: Store) -> AsyncIterator[Running]:
    """On each of the two databases."""
    async with running(store) as found:
        await settle_in(store)
        yield found


@pytest.fixture
async def light(sqlite_store: Store) -> AsyncIterator[Running]:
    """On SQLite alone, for what does not touch storage."""
    async with running(sqlite_store) as found:
        await settle_in(sqlite_store)
        yield found


async def make_keys(api: Running) -> Keys:
    scopes = (Scope.MANAGE, Scope.PUBLISH, Scope.READ)
    keys = Keys({scope.value: await api.key(scope, ALICE) for scope in scopes})
    keys["admin"] = await api.key(Scope.ADMIN, None)
    keys["stranger"] = await api.key(Scope.MANAGE, STRANGER)
    return keys


@pytest.fixture
async def keys(api: Running) -> Keys:
    return await make_keys(api)


@pytest.fixture
async def light_keys(light: Running) -> Keys:
    return await make_keys(light)
