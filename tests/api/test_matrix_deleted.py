"""The generated matrix, of what was deleted: every route × every scope × each kind of id, and a whole tenant."""

from collections.abc import Mapping

import pytest

from hookline.clock import SECOND, Micros
from hookline.storage.prune import Prune
from tests.api.conftest import Keys
from tests.api.matrix import (
    BY_NAME,
    CLOSED,
    IDS,
    KEEPS,
    SCOPES,
    TENANT,
    WITH_ID,
    Route,
    absent,
    ask,
    named,
    on_disk,
    things,
    wording,
)
from tests.api.running import Running

DELETED = {
    "endpoint_id": "endpoints",
    "source_id": "sources",
    "record_id": "records/ticket",
    "name": "event-types",
    "tenant_id": "tenants",
}
"""What a person deletes: it is gone."""
PRUNED = ("event_id", "delivery_id", "receipt_id")
"""What goes when it is finished and old."""
REVOKED = "key_id"
"""What stays in the list, marked."""
CHILDREN = [route for route in WITH_ID if route.id in {"event_id", "delivery_id"}]
"""Of an endpoint."""


async def deleted(api: Running, keys: Keys, ids: Mapping[str, str], name: str) -> None:
    """Make the id of this name one that was."""
    headers = {TENANT: keys.alice}
    if name in DELETED:
        path = f"/v1/{DELETED[name]}/{ids[name]}"
        told = await api.call("DELETE", path, keys["admin"], headers={} if name == "tenant_id" else headers)
        assert told.status == 204
        return
    path = f"/v1/deliveries/{ids['delivery_id']}/cancel"
    assert (await api.call("POST", path, keys["admin"], headers=headers)).status == 200
    await pruned(api)


async def pruned(api: Running) -> None:
    """Upkeep, long after."""
    store, prune = api.parts.store, Prune(api.parts.store.database)
    before = Micros(api.parts.clock.now() + SECOND)
    while (
        await prune.finished(before, 1000)
        or await prune.receipts(before, 1000)
        or await store.tenants.prune_deleted(1000)
    ):
        pass


async def settled(api: Running) -> None:
    """Upkeep, two seconds after."""
    while await api.parts.store.endpoints.settle_inactive(api.parts.clock.now(), 1000):
        pass


def named_tenant(scope: str, keys: Keys) -> str:
    """What an admin key must say."""
    return keys.alice if scope == "admin" else ""


def test_every_kind_of_id_can_be_deleted() -> None:
    """A new kind of id must be told in the tables above how it goes."""
    assert {*DELETED, *PRUNED, REVOKED} == set(IDS)
    assert {route.id for route in WITH_ID} == set(IDS)


@pytest.mark.parametrize("route", [route for route in WITH_ID if route.id != REVOKED], ids=named)
async def test_what_was_deleted_answers_as_what_never_was(api: Running, keys: Keys, route: Route) -> None:
    """To every scope, word for word; what a name is put to is new; nothing else of the tenant is touched."""
    own = await things(api, keys["admin"], keys.alice)
    await deleted(api, keys, own, route.id)
    never, before = absent(own), await on_disk(api, keys.alice)
    for scope in SCOPES:
        tenant = named_tenant(scope, keys) if route.id != "tenant_id" else ""
        one = await ask(api, route, keys[scope], own, tenant)
        other = await ask(api, route, keys[scope], never, tenant)
        if route.id == "tenant_id" and scope != "admin":
            assert (one.status, one.code) == (401, "unauthorized")
            continue
        may = scope in KEEPS[str(route.scope)]
        if route.makes and may:
            assert (one.status, other.status) == (201 if scope == "admin" else 200,) * 2
            continue
        assert wording(one, own) == wording(other, never)
        assert (one.status, one.code) == ((404, "not_found") if may else (403, "forbidden"))
    if not route.makes:
        assert await on_disk(api, keys.alice) == before


@pytest.mark.parametrize("route", [route for route in WITH_ID if route.id == REVOKED], ids=named)
async def test_a_revoked_key_is_shown_and_stays_as_it_is(api: Running, keys: Keys, route: Route) -> None:
    """Each route of keys answers as before; the first time that it was revoked stands."""
    own = await things(api, keys["admin"], keys.alice)
    path = f"/v1/keys/{own['key_id']}"
    assert (await api.call("DELETE", path, keys["manage"])).status == 204
    shown = (await api.call("GET", path, keys["manage"])).json
    assert shown["revoked_at"] is not None
    before = await on_disk(api, keys.alice)
    for scope in SCOPES:
        told = await ask(api, route, keys[scope], own, named_tenant(scope, keys))
        assert (told.status < 300) is (scope in KEEPS[str(route.scope)])
    assert (await api.call("GET", path, keys["manage"])).json == shown
    assert await on_disk(api, keys.alice) == before


@pytest.mark.parametrize("route", CHILDREN, ids=named)
async def test_what_a_deleted_endpoint_leaves_is_shown_until_it_is_pruned(
    api: Running, keys: Keys, route: Route
) -> None:
    """Its events stay, its deliveries are cancelled and say why; sent again, they are cancelled again."""
    own = await things(api, keys["admin"], keys.alice)
    await deleted(api, keys, own, "endpoint_id")
    await settled(api)
    told = await ask(api, route, keys["manage"], own)
    assert told.status in {200, 409}, told.body
    await settled(api)
    shown = (await ask(api, BY_NAME["GET /v1/deliveries/{delivery_id}"], keys["read"], own)).json
    assert (shown["state"], shown["reason"]) == ("cancelled", "The endpoint was deleted.")
    assert (shown["endpoint_id"], shown["request_body"]) == (own["endpoint_id"], None)
    filtered = await api.call("GET", f"/v1/deliveries?endpoint={own['endpoint_id']}", keys["read"])
    assert [one["id"] for one in filtered.json["items"]] == [own["delivery_id"]]
    await pruned(api)
    gone, never = await ask(api, route, keys["manage"], own), absent(own)
    assert wording(gone, own) == wording(await ask(api, route, keys["manage"], never), never)
    assert gone.status == 404


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_a_deleted_tenant_is_one_that_never_was(api: Running, keys: Keys, route: Route) -> None:
    """An admin who names it, and its own keys, hear what they hear of nobody; so it is when its rows are gone too."""
    own = await things(api, keys["admin"], keys.alice)
    ids = {**own, "tenant": keys.alice}
    await deleted(api, keys, own, "tenant_id")
    never = absent(ids)
    for _ in range(2):
        before = await on_disk(api, keys.alice)
        for scope in ("manage", "publish", "read"):
            told = await ask(api, route, keys[scope], own)
            assert wording(told, own) == wording(await ask(api, route, "hk_unknown", never), never)
            assert (told.status, told.code) == (401, "unauthorized")
        if route.of_a_tenant:
            told = await ask(api, route, keys["admin"], own, keys.alice)
            other = await ask(api, route, keys["admin"], never, never["tenant"])
            assert wording(told, ids) == wording(other, never)
            assert (told.status, told.code) == (404, "not_found")
        assert await on_disk(api, keys.alice) == before
        await pruned(api)
