"""Applying a declaration: what is there becomes what it says, and nothing of others is touched."""

from typing import Any

import msgspec
import trustme

from tests.api.conftest import Keys
from tests.api.running import Running, Told
from tests.net.certificates import a_certificate, tls_of

CRM = {
    "url": "http://127.0.0.1:9999/crm",
    "events": ["call.*"],
    "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}
PAYMENTS = {"provider": "stripe", "secrets": ["whsec_an_example_of_a_secret"]}


async def apply(api: Running, keys: Keys, tenants: Any, *, query: str = "", owner: str = "") -> Told:
    """By an owner of this test's own, unless another is said: what others have declared would go."""
    return await api.call(
        "POST", f"/v1/apply{query}", keys["admin"], json={"owner": owner or keys.alice, "tenants": tenants}
    )


def steps(told: Told) -> list[tuple[str, str, str]]:
    assert told.status == 200, told.body
    return [(one["action"], one["noun"], one["name"]) for one in told.json["steps"]]


async def listed(api: Running, keys: Keys, noun: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.call("GET", f"/v1/{noun}", keys["manage"])).json["items"]
    return found


async def test_what_is_declared_is_there_and_stays_when_it_is_applied_again(api: Running, keys: Keys) -> None:
    wanted = {keys.alice: {"endpoints": {"crm": CRM}, "sources": {"payments": PAYMENTS}}}
    planned = await apply(api, keys, wanted, query="?dry_run=true")
    assert (steps(planned), planned.json["applied"]) == (
        [("create", "endpoint", "crm"), ("create", "source", "payments")],
        False,
    )
    assert await listed(api, keys, "endpoints") == []
    assert steps(await apply(api, keys, wanted)) == steps(planned)
    (endpoint,) = await listed(api, keys, "endpoints")
    (source,) = await listed(api, keys, "sources")
    assert (endpoint["url"], endpoint["metadata"]["hookline.declared_as"]) == (CRM["url"], "crm")
    assert source["provider"] == "stripe"
    assert steps(await apply(api, keys, wanted)) == []
    assert [one["id"] for one in await listed(api, keys, "endpoints")] == [endpoint["id"]]


async def test_only_what_differs_is_changed_and_told(api: Running, keys: Keys) -> None:
    await apply(api, keys, {keys.alice: {"endpoints": {"crm": CRM}, "sources": {"payments": PAYMENTS}}})
    (before,) = await listed(api, keys, "endpoints")
    crm = {**CRM, "timeout": 20, "secrets": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]}
    wanted = {keys.alice: {"endpoints": {"crm": crm}, "sources": {"payments": {**PAYMENTS, "tolerance": 60}}}}
    told = await apply(api, keys, wanted)
    assert steps(told) == [("change", "endpoint", "crm"), ("change", "source", "payments")]
    assert [sorted(one["fields"]) for one in told.json["steps"]] == [["secrets", "timeout"], ["tolerance"]]
    (after,) = await listed(api, keys, "endpoints")
    assert (after["id"], after["timeout"]) == (before["id"], 20)
    assert "C2FVsBQIhrscChlQIMV" not in told.body.decode()


async def test_credentials_of_every_kind_are_compared_as_they_are_stored(api: Running, keys: Keys) -> None:
    """A certificate is written anew when it is saved, and a URL in its one form: neither is a change."""
    authority = trustme.CA()
    tls = msgspec.structs.asdict(tls_of(a_certificate(authority, "blue"), authority))
    commented = {name: f"# {name}\n{value}\n\n" for name, value in tls.items()}
    auth = {"kind": "oauth2", "token_url": "https://PUBLIC.test:443", "client_id": "a", "client_secret": "b"}
    crm = {**CRM, "url": "https://127.0.0.1:9999/crm", "tls": commented, "auth": auth}
    assert steps(await apply(api, keys, {keys.alice: {"endpoints": {"crm": crm}}})) != []
    assert steps(await apply(api, keys, {keys.alice: {"endpoints": {"crm": crm}}})) == []
    (endpoint,) = await listed(api, keys, "endpoints")
    assert endpoint["auth"]["token_url"] == "https://public.test/"
    renewed = msgspec.structs.asdict(tls_of(a_certificate(authority, "red"), authority))
    crm = {**crm, "tls": renewed, "auth": {**auth, "client_secret": "c"}}
    told = await apply(api, keys, {keys.alice: {"endpoints": {"crm": crm}}})
    assert sorted(told.json["steps"][0]["fields"]) == ["auth", "tls"]
    broken = {**crm, "tls": {**renewed, "key": tls["key"]}}
    told = await apply(api, keys, {keys.alice: {"endpoints": {"crm": broken}}})
    assert told.json["field"] == f"tenants.{keys.alice}.endpoints.crm.tls.key"


async def test_what_is_declared_no_more_goes_and_nothing_of_others(api: Running, keys: Keys) -> None:
    by_hand = await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": CRM["url"]})
    assert by_hand.status == 201
    await apply(api, keys, {keys.alice: {"endpoints": {"crm": CRM}}}, owner="others")
    await apply(api, keys, {keys.alice: {"endpoints": {"crm": CRM, "two": CRM}, "sources": {"p": PAYMENTS}}})
    gone = await apply(api, keys, {keys.alice: {"endpoints": {"two": CRM}}})
    assert steps(gone) == [("delete", "endpoint", "crm"), ("delete", "source", "p")]
    names = [one["metadata"].get("hookline.declared_as", "") for one in await listed(api, keys, "endpoints")]
    assert sorted(names) == ["", "crm", "two"]
    await apply(api, keys, {keys.alice: {}})
    assert len(await listed(api, keys, "endpoints")) == 2


async def test_a_tenant_and_its_systems_are_made(api: Running, keys: Keys) -> None:
    tenant = f"{keys.alice}-declared"
    endpoint = {"url": "http://127.0.0.1:9999/pbx", "system": "pbx", "unsigned": True}
    wanted: dict[str, Any] = {
        tenant: {
            "systems": {"pbx": {"prefix": tenant, "zone": "Europe/Berlin"}},
            "endpoints": {"one": endpoint},
        }
    }
    assert steps(await apply(api, keys, wanted)) == [
        ("create", "tenant", tenant),
        ("create", "system", "pbx"),
        ("create", "endpoint", "one"),
    ]
    headers = {"Hookline-Tenant": tenant}
    (made,) = (await api.call("GET", "/v1/endpoints", keys["admin"], headers=headers)).json["items"]
    assert (made["dialect"], made["zone"]) == ("pbx", "Europe/Berlin")
    assert steps(await apply(api, keys, wanted)) == []
    wanted[tenant]["systems"]["pbx"]["zone"] = "UTC"
    told = await apply(api, keys, wanted)
    assert [(one["noun"], one["fields"]) for one in told.json["steps"]] == [
        ("system", ["zone"]),
        ("endpoint", ["zone"]),
    ]
    assert steps(await apply(api, keys, wanted)) == []


async def test_a_mistake_is_told_with_its_place_and_leaves_nothing(api: Running, keys: Keys) -> None:
    bad = {**CRM, "events": ["call.*", "a b"]}
    wanted = {keys.alice: {"endpoints": {"crm": CRM, "two": bad}}, f"{keys.alice}-new": {}}
    told = await apply(api, keys, wanted)
    assert (told.status, told.json["field"]) == (422, f"tenants.{keys.alice}.endpoints.two.events[1]")
    assert await listed(api, keys, "endpoints") == []
    assert (await api.call("GET", f"/v1/tenants/{keys.alice}-new", keys["admin"])).status == 404
    typo = await apply(api, keys, {keys.alice: {"sources": {"p": {**PAYMENTS, "tolerence": 1}}}})
    assert typo.json["field"] == f"tenants.{keys.alice}.sources.p.tolerence"
    assert "tolerance" in typo.json["hint"]
    assert (await api.call("POST", "/v1/apply", keys["manage"], json={"tenants": {}})).status == 403


async def test_what_was_held_is_released_when_the_file_switches_an_endpoint_on(
    api: Running, keys: Keys
) -> None:
    wanted = {keys.alice: {"endpoints": {"crm": {**CRM, "active": False}}}}
    await apply(api, keys, wanted)
    event = {"type": "call.started", "data": {}}
    assert (await api.call("POST", "/v1/events", keys["publish"], json=event)).status == 202
    (held,) = await listed(api, keys, "deliveries")
    assert held["state"] == "held"
    wanted[keys.alice]["endpoints"]["crm"]["active"] = True
    told = await apply(api, keys, wanted)
    assert [one["fields"] for one in told.json["steps"]] == [["active"]]
    await api.parts.store.endpoints.settle_inactive(api.parts.clock.now(), 1000)
    (released,) = await listed(api, keys, "deliveries")
    assert released["state"] == "pending"
