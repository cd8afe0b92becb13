"""Keys and tenants: who may make which, and when they stop."""

import pytest

from hookline.api.auth import Auth
from hookline.api.kept import KEPT
from hookline.errors import Unauthorized
from hookline.model.api_key import Scope
from tests.api.conftest import Keys
from tests.api.running import Running
from tests.clock import ManualClock


async def test_a_token_is_shown_once(api: Running, keys: Keys) -> None:
    """The token stands in the answer that makes it, works, and is shown nowhere else."""
    made = await api.call("POST", "/v1/keys", keys["manage"], json={"scope": "read", "name": "n"})
    assert made.status == 201
    token = made.json["token"]
    assert (await api.call("GET", "/v1/events", token)).status == 200
    for path in ("/v1/keys", f"/v1/keys/{made.json['id']}"):
        shown = await api.call("GET", path, keys["manage"])
        assert token.encode() not in shown.body
        assert made.json["hint"].encode() in shown.body


async def test_a_revoked_key_stops_here_at_once(api: Running, keys: Keys) -> None:
    """On the node that revoked it the next request is refused; it stays in the list, marked."""
    made = await api.call("POST", "/v1/keys", keys["manage"], json={"scope": "read"})
    token, path = made.json["token"], f"/v1/keys/{made.json['id']}"
    assert (await api.call("GET", "/v1/events", token)).status == 200
    assert (await api.call("DELETE", path, keys["manage"])).status == 204
    assert (await api.call("GET", "/v1/events", token)).code == "unauthorized"
    assert (await api.call("GET", path, keys["manage"])).json["revoked_at"] is not None


async def test_a_key_revoked_elsewhere_stops_within_five_seconds(api: Running, keys: Keys) -> None:
    """Another node believes what it saw of a key for less than five seconds."""
    clock, store = ManualClock(), api.parts.store
    elsewhere = Auth(store.keys, store.tenants, clock)
    shown = f"Bearer {keys['read']}".encode()
    key = (await elsewhere.caller(shown, b"", Scope.READ)).key
    await store.keys.revoke(key.tenant_id, key.id, clock.now())
    assert (await elsewhere.caller(shown, b"", Scope.READ)).key == key
    assert KEPT < 5
    clock.turn(KEPT)
    with pytest.raises(Unauthorized):
        await elsewhere.caller(shown, b"", Scope.READ)


async def test_an_expired_key_stops(api: Running, keys: Keys) -> None:
    """A key ends at its time without a look at the database, and one that would have ended already is not made."""
    body = {"scope": "read", "expires_at": "2100-01-01T00:00:00Z"}
    made = await api.call("POST", "/v1/keys", keys["manage"], json=body)
    assert made.json["expires_at"] == "2100-01-01T00:00:00.000000Z"
    clock = ManualClock(now=4_200_000_000 * 1_000_000)
    later = Auth(api.parts.store.keys, api.parts.store.tenants, clock)
    with pytest.raises(Unauthorized):
        await later.caller(f"Bearer {made.json['token']}".encode(), b"", Scope.READ)
    past = await api.call(
        "POST", "/v1/keys", keys["manage"], json={**body, "expires_at": "2020-01-01T00:00:00Z"}
    )
    assert (past.status, past.json["field"]) == (422, "expires_at")


async def test_only_an_admin_makes_admins(api: Running, keys: Keys) -> None:
    """A tenant's key makes keys of its tenant alone; an admin key that names none makes admin keys."""
    denied = await api.call("POST", "/v1/keys", keys["manage"], json={"scope": "admin"})
    assert (denied.status, denied.json["field"]) == (422, "scope")
    made = await api.call("POST", "/v1/keys", keys["admin"], json={"scope": "admin"})
    assert (made.status, made.json["tenant_id"]) == (201, None)
    named = {"Hookline-Tenant": keys.alice}
    mine = await api.call("POST", "/v1/keys", keys["admin"], json={"scope": "manage"}, headers=named)
    assert mine.json["tenant_id"] == keys.alice
    listed = await api.call("GET", "/v1/keys?limit=250", keys["manage"])
    assert made.json["id"] not in {key["id"] for key in listed.json["items"]}


async def test_a_tenant_from_birth_to_death(api: Running, keys: Keys) -> None:
    """Created with an id of one's own, changed, and deleted: then its keys stop at once and its id stays taken."""
    name = f"{keys.alice}-new"
    made = await api.call("POST", "/v1/tenants", keys["admin"], json={"id": name, "name": "A"})
    assert (made.status, made.json["id"]) == (201, name)
    again = await api.call("POST", "/v1/tenants", keys["admin"], json={"id": name})
    assert again.code == "conflict"
    patch = {"metadata": {"a": "b"}, "name": None}
    told = await api.call("PATCH", f"/v1/tenants/{name}", keys["admin"], json=patch)
    assert (told.json["name"], told.json["metadata"]) == ("", {"a": "b"})
    token = await api.key(Scope.READ, name)
    assert (await api.call("GET", "/v1/events", token)).status == 200
    assert (await api.call("DELETE", f"/v1/tenants/{name}", keys["admin"])).status == 204
    assert (await api.call("GET", "/v1/events", token)).code == "unauthorized"
    gone = await api.call("GET", "/v1/events", keys["admin"], headers={"Hookline-Tenant": name})
    assert (gone.status, gone.code) == (404, "not_found")
    assert (await api.call("POST", "/v1/tenants", keys["admin"], json={"id": name})).code == "conflict"


async def test_bad_ids_of_tenants(light: Running, light_keys: Keys) -> None:
    """An id is letters, digits, _ and -; without one, one is made."""
    for bad in ("", "a b", "a/b", "ä", "x" * 65, "a\n"):
        told = await light.call("POST", "/v1/tenants", light_keys["admin"], json={"id": bad})
        assert (told.status, told.json["field"]) == (422, "id"), bad
    made = await light.call("POST", "/v1/tenants", light_keys["admin"], json={})
    assert made.json["id"].startswith("ten_")
