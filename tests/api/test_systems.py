"""Systems: what is told of them, what an endpoint takes from its own, and that they stay apart."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/x"
CONTACT = {"id": "c1", "name": "Ana Ruiz"}


async def create(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": URL, **fields})


async def publish(api: Running, keys: Keys, name: str, system: str, **more: Any) -> Told:
    event = {"type": name, "data": CONTACT, "system": system}
    return await api.call("POST", "/v1/events", keys["publish"], json=event, headers=more)


async def test_systems_are_told_with_their_event_types(api: Running, keys: Keys) -> None:
    listed = (await api.call("GET", "/v1/systems", keys["read"])).json["items"]
    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    shown = (await api.call("GET", "/v1/systems/pbx", keys["read"])).json
    assert shown in listed
    assert (shown["dialect"], shown["timeout"], len(shown["events"])) == ("pbx", 10.0, 22)
    absent = await api.call("GET", "/v1/systems/pbxx", keys["read"])
    assert (absent.status, absent.json["hint"]) == (404, "Did you mean pbx?")


async def test_an_endpoint_takes_what_it_leaves_out_from_its_system(api: Running, keys: Keys) -> None:
    """Wire format, retries and timeout; and what it says itself is its own."""
    made = (await create(api, keys, system="pbx", events=["call.*"])).json
    assert (made["system"], made["dialect"], made["timeout"]) == ("pbx", "pbx", 10.0)
    assert (made["retry"]["kind"], made["retry"]["delay"], made["retry"]["attempts"]) == ("fixed", 5.0, 3)
    assert made["secrets"] == []
    own = (await create(api, keys, system="pbx", dialect="standard", timeout=20)).json
    assert (own["dialect"], own["timeout"], own["retry"]["kind"]) == ("standard", 20.0, "fixed")


async def test_a_change_takes_the_new_systems_where_it_says_nothing(api: Running, keys: Keys) -> None:
    """PUT describes the whole endpoint anew; PATCH changes what is given and nothing else."""
    made = (await create(api, keys, system="urpa")).json
    path = f"/v1/endpoints/{made['id']}"
    put = await api.call("PUT", path, keys["manage"], json={"url": URL, "system": "4calls"})
    assert (put.json["system"], put.json["dialect"]) == ("4calls", "4calls")
    patched = await api.call("PATCH", path, keys["manage"], json={"name": "b"})
    assert (patched.json["system"], patched.json["dialect"]) == ("4calls", "4calls")
    out = await api.call("PATCH", path, keys["manage"], json={"system": ""})
    assert (out.json["system"], out.json["dialect"]) == ("", "4calls")


@pytest.mark.parametrize("system", ["urpa", "4calls"])
async def test_where_a_secret_is_always_wanted_one_is_made(api: Running, keys: Keys, system: str) -> None:
    made = (await create(api, keys, system=system)).json
    shown = await api.call("GET", f"/v1/endpoints/{made['id']}/secrets", keys["manage"])
    (secret,) = shown.json["items"]
    assert len(secret["value"]) >= 16
    assert not secret["value"].startswith("whsec_")


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"system": "urpaa"}, "system", "Did you mean urpa?"),
        ({"system": "urpa", "secrets": ["fifteen-letters"]}, "secrets", "at least 16 characters"),
        ({"system": "urpa", "events": ["contact.made"]}, "events[0]", "URPA has no event type contact.made."),
        ({"system": "urpa", "events": ["contact.*", "call.*"]}, "events[1]", "no event type call.*"),
        ({"system": "pbx", "timeout": "x"}, "timeout", "Expected `float`"),
        ({"system": 5}, "system", "Expected `str`"),
    ],
)
async def test_what_does_not_fit_a_system_is_refused(
    api: Running, keys: Keys, fields: dict[str, Any], field: str, said: str
) -> None:
    refused = await create(api, keys, **fields)
    assert (refused.status, refused.json["field"]) == (422, field)
    assert said in f"{refused.json['detail']} {refused.json.get('hint', '')}"
    assert (await api.call("GET", "/v1/endpoints", keys["read"])).json["items"] == []


async def test_a_rotated_secret_keeps_to_the_rule_too(api: Running, keys: Keys) -> None:
    made = (await create(api, keys, system="urpa")).json
    path = f"/v1/endpoints/{made['id']}/rotate"
    short = await api.call("POST", path, keys["manage"], json={"secret": "fifteen-letters"})
    assert (short.status, short.code) == (422, "invalid_field")
    assert "16 characters" in short.json["detail"]


async def test_the_same_type_of_two_systems_stays_apart(api: Running, keys: Keys) -> None:
    """An endpoint of none gets both; why one got nothing is told."""
    urpa, calls, anybody = [
        (await create(api, keys, system=system)).json["id"] for system in ("urpa", "4calls", "")
    ]
    event = (await publish(api, keys, "contact.created", "urpa")).json
    assert event["matched"] == [urpa, anybody]
    assert event["warnings"] == []
    shown = (await api.call("GET", f"/v1/events/{event['id']}", keys["read"])).json
    assert shown["system"] == "urpa"
    matches = await api.call("GET", f"/v1/events/{event['id']}/matches", keys["read"])
    reasons = {one["endpoint_id"]: one["reason"] for one in matches.json["items"]}
    assert reasons[calls] == "The endpoint is one of 4calls; the event is one of urpa."
    assert (await publish(api, keys, "contact.created", "")).json["matched"] == [urpa, calls, anybody]


async def test_an_event_of_a_system_that_there_is_not(api: Running, keys: Keys) -> None:
    """Refused; a type that the system does not know is taken, with a warning."""
    refused = await publish(api, keys, "contact.created", "upra")
    assert (refused.status, refused.json["field"], refused.json["hint"]) == (
        422,
        "system",
        "Did you mean urpa?",
    )
    told = await publish(api, keys, "contact.create", "urpa")
    assert told.status == 202
    (warning,) = told.json["warnings"]
    assert warning["code"] == "unknown_type"
    assert "Did you mean contact.created?" in warning["detail"]


async def test_an_idempotency_key_means_the_event_of_its_system(api: Running, keys: Keys) -> None:
    """The same key with another system is another content: a conflict, not a repeat."""
    key = {"Idempotency-Key": "one"}
    first = await publish(api, keys, "contact.created", "urpa", **key)
    again = await publish(api, keys, "contact.created", "urpa", **key)
    assert (again.json["id"], again.json["duplicate"]) == (first.json["id"], True)
    other = await publish(api, keys, "contact.created", "4calls", **key)
    assert (other.status, other.code) == (409, "idempotency_conflict")


async def test_a_system_is_used_and_used_no_more(api: Running, keys: Keys) -> None:
    """What is told says how; a tenant does not see what another uses."""
    path = "/v1/systems/urpa/enabled"
    body = {"zone": "Europe/Berlin", "prefix": "acme", "host": "Hooks.Example.com"}
    told = await api.call("PUT", path, keys["manage"], json=body)
    assert told.status == 200
    enabled = told.json["enabled"]
    assert (enabled["zone"], enabled["prefix"], enabled["host"]) == (
        "Europe/Berlin",
        "acme",
        "hooks.example.com",
    )
    assert enabled["known_as"] == ""
    shown = (await api.call("GET", "/v1/systems/urpa", keys["read"])).json
    assert shown["enabled"] == enabled
    assert (await api.call("GET", "/v1/systems/urpa", keys["stranger"])).json["enabled"] is None
    assert (await api.call("GET", "/v1/systems/urpa", keys["admin"])).json["enabled"] is None
    again = (await api.call("PUT", path, keys["manage"], json={"prefix": "acme"})).json["enabled"]
    assert (again["zone"], again["created_at"]) == ("", enabled["created_at"])
    assert (await api.call("DELETE", path, keys["manage"])).status == 204
    assert (await api.call("DELETE", path, keys["manage"])).status == 404
    assert (await api.call("PUT", path, keys["publish"])).status == 403


async def test_one_tenant_has_the_paths_as_they_are(api: Running, keys: Keys) -> None:
    """Others have theirs elsewhere; where paths name the tenant, all share them. What is given up is free again."""
    for system in ("pbx", "4calls"):
        assert (await api.call("PUT", f"/v1/systems/{system}/enabled", keys["manage"])).status == 200
    refused = await api.call("PUT", "/v1/systems/pbx/enabled", keys["stranger"])
    assert (refused.status, refused.code, refused.json["field"]) == (409, "conflict", "prefix")
    assert (
        await api.call("PUT", "/v1/systems/pbx/enabled", keys["stranger"], json={"prefix": "other"})
    ).status == 200
    assert (await api.call("DELETE", "/v1/systems/pbx/enabled", keys["manage"])).status == 204
    assert (await api.call("PUT", "/v1/systems/pbx/enabled", keys["stranger"])).status == 200
    assert (await api.call("DELETE", "/v1/systems/pbx/enabled", keys["stranger"])).status == 204
    shared = await api.call("PUT", "/v1/systems/4calls/enabled", keys["stranger"])
    assert shared.json["enabled"]["known_as"] == keys.stranger
    taken = await api.call(
        "PUT", "/v1/systems/4calls/enabled", keys["stranger"], json={"known_as": keys.alice}
    )
    assert taken.status == 409
    assert (await api.call("GET", "/v1/systems/4calls", keys["stranger"])).json["enabled"]["known_as"] == (
        keys.stranger
    )


@pytest.mark.parametrize(
    ("system", "body", "field"),
    [
        ("pbx", {"zone": "Mars/Base"}, "zone"),
        ("pbx", {"zone": "../../etc/passwd"}, "zone"),
        ("pbx", {"prefix": "v1"}, "prefix"),
        ("pbx", {"prefix": "a/b"}, "prefix"),
        ("pbx", {"prefix": "a\n"}, "prefix"),
        ("pbx", {"host": "example.com:8080"}, "host"),
        ("pbx", {"host": "example.com/a"}, "host"),
        ("pbx", {"host": "exa mple"}, "host"),
        ("pbx", {"known_as": "x"}, "known_as"),
        ("4calls", {"known_as": "a/b"}, "known_as"),
        ("pbx", {"zones": "x"}, "zones"),
    ],
)
async def test_a_mistake_in_how_a_system_is_used(
    api: Running, keys: Keys, system: str, body: dict[str, str], field: str
) -> None:
    refused = await api.call("PUT", f"/v1/systems/{system}/enabled", keys["manage"], json=body)
    assert (refused.status, refused.json["field"]) == (422, field)
    assert (await api.call("GET", f"/v1/systems/{system}", keys["read"])).json["enabled"] is None


async def test_endpoints_follow_the_zone_of_their_system(api: Running, keys: Keys) -> None:
    """Those that are there, and those that come; an endpoint of its own zone keeps it until the system's changes."""
    path = "/v1/systems/pbx/enabled"
    first = (await create(api, keys, system="pbx")).json
    other = (await create(api, keys, system="urpa")).json
    assert (first["zone"], other["zone"]) == ("", "")
    body = {"zone": "Europe/Berlin", "prefix": keys.alice[4:]}
    assert (await api.call("PUT", path, keys["manage"], json=body)).status == 200
    zones = {
        one["id"]: one["zone"] for one in (await api.call("GET", "/v1/endpoints", keys["read"])).json["items"]
    }
    assert zones == {first["id"]: "Europe/Berlin", other["id"]: ""}
    assert (await create(api, keys, system="pbx")).json["zone"] == "Europe/Berlin"
    assert (await create(api, keys, system="pbx", zone="UTC")).json["zone"] == "UTC"
    assert (await create(api, keys, zone="Mars/Base")).json["field"] == "zone"
