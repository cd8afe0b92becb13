"""The generated matrix, of keys that live no more: every route × every scope × {revoked, expired}."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hookline.model.api_key import ApiKey, Scope, new_token, token_hash
from hookline.model.ids import TenantId
from tests.api.conftest import Keys
from tests.api.matrix import (
    CLOSED,
    PLAIN,
    SCOPES,
    TENANT,
    Route,
    absent,
    ask,
    named,
    on_disk,
    things,
    wording,
)
from tests.api.running import Running

PROBES = {
    "admin": ("GET", "/v1/tenants", 200),
    "manage": ("GET", "/v1/keys", 200),
    "publish": ("POST", "/v1/events", 400),
    "read": ("GET", "/v1/events", 200),
}
"""What each scope may, that leaves no trace."""
UNKNOWN = "hk_" + "x" * 43


async def revoked_key(api: Running, keys: Keys, scope: str) -> str:
    """Made, used, so that the node has it in memory, and revoked, all by the API."""
    headers = {} if scope == "admin" else {TENANT: keys.alice}
    made = await api.call("POST", "/v1/keys", keys["admin"], json={"scope": scope}, headers=headers)
    method, path, status = PROBES[scope]
    assert (await api.call(method, path, made.json["token"])).status == status
    gone = await api.call("DELETE", f"/v1/keys/{made.json['id']}", keys["admin"], headers=headers)
    assert gone.status == 204
    return str(made.json["token"])


async def expired_key(api: Running, keys: Keys, scope: str) -> str:
    """It ended this very moment."""
    token, now = new_token(), api.parts.clock.now()
    tenant = None if scope == "admin" else TenantId(keys.alice)
    key = ApiKey(
        id=api.parts.ids.key(), tenant_id=tenant, scope=Scope(scope), hint="", created_at=now, expires_at=now
    )
    await api.parts.store.keys.create(key, token_hash(token))
    return token


@pytest_asyncio.fixture(loop_scope="session")
async def dead(api: Running, keys: Keys) -> AsyncIterator[list[tuple[str, str]]]:
    """Scopes and tokens."""
    makers = (revoked_key, expired_key)
    yield [(scope, await make(api, keys, scope)) for scope in SCOPES for make in makers]


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_a_key_that_lives_no_more_is_one_that_never_was(
    api: Running, keys: Keys, dead: list[tuple[str, str]], route: Route
) -> None:
    """Word for word 401, whatever comes with it and whether what it asks for is there; and nothing is written."""
    own = await things(api, keys["admin"], keys.alice)
    before = await on_disk(api, keys.alice)
    for ids in (own, absent(own)):
        unknown = wording(await ask(api, route, UNKNOWN, ids), ids)
        assert unknown[0] == 401
        for scope, token in dead:
            tenant = keys.alice if scope == "admin" else ""
            assert wording(await ask(api, route, token, ids, tenant), ids) == unknown, scope
            assert wording(await ask(api, route, token, ids, body=b"not JSON"), ids) == unknown
            assert wording(await ask(api, route, token, ids, keys.stranger), ids) == unknown
    assert await on_disk(api, keys.alice) == before


@pytest.mark.parametrize("route", PLAIN, ids=named)
async def test_a_dead_key_closes_no_open_door(
    api: Running, dead: list[tuple[str, str]], route: Route
) -> None:
    """What is open to everybody does not look at keys."""
    open_to_all = await ask(api, route, "", {})
    for _, token in dead:
        assert (await ask(api, route, token, {})).status == open_to_all.status == 200
