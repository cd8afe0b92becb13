"""Endpoints: what is checked, what is shown and what is not, and how they change."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/x"


async def create(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": URL, **fields})


async def test_an_endpoint_gets_a_secret_that_is_not_shown(api: Running, keys: Keys) -> None:
    """A new endpoint has a generated secret, which only `/secrets` reveals, and the log tells to whom."""
    made = await create(api, keys)
    assert made.status == 201
    (secret,) = made.json["secrets"]
    assert secret["kind"] == "hmac"
    assert "value" not in secret
    told = await api.call("GET", f"/v1/endpoints/{made.json['id']}/secrets", keys["manage"])
    value = told.json["items"][0]["value"]
    assert value.startswith("whsec_")
    assert value.encode() not in made.body
    for path in ("/v1/endpoints", f"/v1/endpoints/{made.json['id']}"):
        assert value.encode() not in (await api.call("GET", path, keys["read"])).body
    assert b"SecretsRevealed" in api.log.getvalue()
    assert value.encode() not in api.log.getvalue()


async def test_credentials_are_masked_and_survive_being_sent_back(api: Running, keys: Keys) -> None:
    """What was shown masked and comes back in a PUT stays as it was."""
    made = await create(
        api,
        keys,
        auth={"kind": "bearer", "token": "t0psecret"},
        headers={"X-Api-Key": "s3cret", "X-A": "b", "Authorization": "Basic abc"},
    )
    assert b"t0psecret" not in made.body
    assert b"s3cret" not in made.body
    shown = made.json
    assert shown["headers"] == {"X-Api-Key": "***", "X-A": "b", "Authorization": "Basic ***"}
    path = f"/v1/endpoints/{shown['id']}"
    kept = ("url", "headers", "auth", "events")
    put = await api.call("PUT", path, keys["manage"], json={name: shown[name] for name in kept})
    assert put.status == 200
    stored = await api.parts.store.endpoints.get(api.tenant(keys), shown["id"])
    assert stored.headers == {"X-Api-Key": "s3cret", "X-A": "b", "Authorization": "Basic abc"}
    assert getattr(stored.auth, "token", "") == "t0psecret"
    refused = await create(api, keys, auth={"kind": "bearer", "token": "***"})
    assert (refused.code, refused.json["field"]) == ("invalid_field", "auth")


async def test_a_mask_is_never_stored_in_the_place_of_a_header(api: Running, keys: Keys) -> None:
    """The name may come back in another case; where there was none, nothing can be meant."""
    made = (await create(api, keys, headers={"Authorization": "Bearer t0psecret"})).json
    path, change = f"/v1/endpoints/{made['id']}", {"url": made["url"]}
    lower = {**change, "headers": {"authorization": "Bearer ***"}}
    assert (await api.call("PUT", path, keys["manage"], json=lower)).status == 200
    masked = {"X-Api-Key": "***"}
    for told in (
        await create(api, keys, headers=masked),
        await api.call("PUT", path, keys["manage"], json={**change, "headers": masked}),
        await api.call("PATCH", path, keys["manage"], json={"headers": masked}),
    ):
        assert (told.status, told.code, told.json["field"]) == (422, "invalid_header", "headers")
    stored = await api.parts.store.endpoints.get(api.tenant(keys), made["id"])
    assert stored.headers == {"authorization": "Bearer t0psecret"}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"url": "ftp://example.com/"}, "invalid_url", "url"),
        ({"url": "https://user:pass@public.test/"}, "invalid_url", "url"),
        ({"url": "http://10.0.0.1/"}, "invalid_url", "url"),
        ({"url": "http://[::1]/"}, "invalid_url", "url"),
        ({"url": "http://169.254.169.254/latest"}, "invalid_url", "url"),
        ({"url": "https://inside.test/"}, "invalid_url", "url"),
        ({"url": "https://metadata.test/"}, "invalid_url", "url"),
        ({"events": []}, "invalid_field", "events"),
        ({"events": ["call.*", "call.**"]}, "invalid_pattern", "events[1]"),
        ({"filter": "data.x >"}, "invalid_filter", "filter"),
        ({"method": "GET"}, "invalid_field", "method"),
        ({"headers": {"Host": "x"}}, "invalid_header", "headers"),
        ({"headers": {"webhook-signature": "x"}}, "invalid_header", "headers"),
        ({"headers": {"X": "a\r\nB: c"}}, "invalid_header", "headers"),
        ({"headers": {"X": "a\0"}}, "invalid_header", "headers"),
        ({"auth": {"kind": "basic", "username": "a:b", "password": "c"}}, "invalid_field", "auth"),
        ({"auth": {"kind": "header", "name": "Transfer-Encoding", "value": "c"}}, "invalid_header", "auth"),
        ({"auth": {"kind": "bearer", "token": "a\nb"}}, "invalid_header", "auth"),
        ({"auth": {"kind": "oauth"}}, "invalid_field", "auth.kind"),
        ({"secrets": ["whsec_short"]}, "invalid_field", "secrets"),
        ({"secrets": ["plain text"]}, "invalid_field", "secrets"),
        ({"secrets": ["x"], "unsigned": True}, "invalid_field", "secrets"),
        ({"dialect": "standart"}, "invalid_field", "dialect"),
        ({"timeout": 0.1}, "invalid_field", "timeout"),
        ({"timeout": 61}, "invalid_field", "timeout"),
        ({"concurrency": 0}, "invalid_field", "concurrency"),
        ({"retry": {"kind": "schedule", "delays": []}}, "invalid_field", "retry.delays"),
        ({"retry": {"kind": "fixed", "delay": 1}}, "invalid_field", "retry.attempts"),
        ({"order": "endpoint", "batch": {"count": 10}}, "invalid_field", "batch"),
        ({"order": "sometimes"}, "invalid_field", "order"),
        ({"dialect": "standard-raw", "batch": {"count": 10}}, "invalid_field", "batch"),
        ({"filtre": "x"}, "unknown_field", "filtre"),
        ({"retry": {"kind": "fixed", "delay": 1, "attempt": 2}}, "unknown_field", "retry.attempt"),
        ({"metadata": {"a": 1}}, "invalid_field", "metadata[...]"),
        ({"name": "a\0b"}, "invalid_field", "name"),
    ],
)
async def test_bad_endpoints_are_told_and_leave_no_trace(
    light: Running, light_keys: Keys, fields: dict[str, Any], code: str, field: str
) -> None:
    """Each mistake has its code and its field, and nothing is stored."""
    told = await create(light, light_keys, **fields)
    assert (told.status, told.code, told.json["field"]) == (422, code, field), told.body
    listed = await light.call("GET", "/v1/endpoints", light_keys["read"])
    assert listed.json["items"] == []


async def test_the_guard_is_no_oracle(light: Running, light_keys: Keys) -> None:
    """Every inside address and name gets one answer: nobody learns what is there."""
    urls = ("http://10.0.0.1/", "http://192.168.1.1/", "https://inside.test/", "https://metadata.test/")
    assert len({(await create(light, light_keys, url=url)).body for url in urls}) == 1


async def test_hints_name_what_was_meant(light: Running, light_keys: Keys) -> None:
    """A misspelt field, dialect or choice comes with the right one; a filter's error with its position."""
    assert (await create(light, light_keys, filtre="x")).json["hint"] == "Did you mean filter?"
    assert (await create(light, light_keys, dialect="standart")).json["hint"] == "Did you mean standard?"
    assert (await create(light, light_keys, order="x")).json["hint"] == "Use one of: none, endpoint, key."
    assert "schedule" in (await create(light, light_keys, retry={"kind": "x"})).json["hint"]
    nested = await create(light, light_keys, retry={"kind": "fixed", "delay": 1, "attempt": 2})
    assert nested.json["hint"] == "Did you mean attempts?"
    told = (await create(light, light_keys, filter="data.x > > 1")).json
    assert any(digit in told["detail"] for digit in "123456789")


async def test_patch_merges_and_null_resets(api: Running, keys: Keys) -> None:
    """RFC 7396: objects merge, null resets to the default, and what is left out stays."""
    made = await create(
        api,
        keys,
        name="n",
        metadata={"a": "1", "b": "2"},
        timeout=5,
        retry={"kind": "fixed", "delay": 1, "attempts": 2},
    )
    path = f"/v1/endpoints/{made.json['id']}"
    patch = {"metadata": {"b": None, "c": "3"}, "timeout": None, "retry": {"kind": "schedule"}}
    told = await api.call("PATCH", path, keys["manage"], json=patch)
    assert told.status == 200, told.body
    assert told.json["metadata"] == {"a": "1", "c": "3"}
    assert (told.json["timeout"], told.json["name"]) == (15.0, "n")
    assert told.json["retry"]["kind"] == "schedule"
    assert told.json["secrets"] == made.json["secrets"]
    unknown = await api.call("PATCH", path, keys["manage"], json={"evnts": ["a.b"]})
    assert (unknown.code, unknown.json["hint"]) == ("unknown_field", "Did you mean events?")
    gone = await api.call("PATCH", path, keys["manage"], json={"url": None})
    assert (gone.status, gone.json["field"]) == (422, "url")
    assert (await api.call("PATCH", path, keys["manage"], body=b"[]")).code == "invalid_json"


async def test_put_replaces_but_keeps_the_secrets(api: Running, keys: Keys) -> None:
    """What a PUT leaves out gets its default; `unsigned` takes the secrets away, and back gives a new one."""
    made = await create(api, keys, name="n", filter="data.x == 1")
    path = f"/v1/endpoints/{made.json['id']}"
    told = await api.call("PUT", path, keys["manage"], json={"url": URL})
    assert (told.json["name"], told.json["filter"]) == ("", "")
    assert told.json["secrets"] == made.json["secrets"]
    bare = await api.call("PATCH", path, keys["manage"], json={"unsigned": True})
    assert bare.json["secrets"] == []
    again = await api.call("PATCH", path, keys["manage"], json={"unsigned": False})
    assert len(again.json["secrets"]) == 1


async def test_a_filter_that_was_switched_off_says_why_until_it_is_saved(api: Running, keys: Keys) -> None:
    """Saving the same text is saving; changes of other fields leave it off."""
    made = await create(api, keys, filter="data.x == 1")
    path, store = f"/v1/endpoints/{made.json['id']}", api.parts.store.endpoints
    saved = {"filter": "data.x == 1"}
    assert made.json["filter_off"] == ""
    for method, body in (("PATCH", saved), ("PUT", {"url": URL, **saved}), ("PATCH", {"filter": None})):
        slow = await store.get(api.tenant(keys), made.json["id"])
        assert await store.switch_filter_off(slow, "slow", api.parts.clock.now())
        assert (await api.call("GET", path, keys["read"])).json["filter_off"] == "slow"
        kept = await api.call("PATCH", path, keys["manage"], json={"name": "n", "timeout": None})
        assert kept.json["filter_off"] == "slow"
        told = await api.call(method, path, keys["manage"], json=body)
        assert (told.status, told.json["filter_off"]) == (200, "")
        assert (await store.get(api.tenant(keys), made.json["id"])).filter_off == ""
    refused = await api.call("PATCH", path, keys["manage"], json={"filter_off": ""})
    assert refused.code == "unknown_field"


async def test_switching_off_and_on(api: Running, keys: Keys) -> None:
    """What is held is released, cancelled or kept, as the caller chooses, and the node is woken."""
    made = await create(api, keys)
    path = f"/v1/endpoints/{made.json['id']}"
    assert (await api.call("POST", f"{path}/disable", keys["manage"])).json["active"] is False
    bad = await api.call("POST", f"{path}/enable", keys["manage"], json={"held": "maybe"})
    assert (bad.status, bad.json["field"]) == (422, "held")
    for choice in ("release", "cancel", "keep"):
        woken = len(api.woken)
        told = await api.call("POST", f"{path}/enable", keys["manage"], json={"held": choice})
        assert (told.status, told.json["active"]) == (200, True)
        assert len(api.woken) == woken + 1
    assert (await api.call("POST", f"{path}/enable", keys["manage"])).status == 200


async def test_rotation_overlaps(api: Running, keys: Keys) -> None:
    """The new secret comes first, the old one gets its end, and is gone at once with an overlap of 0."""
    made = await create(api, keys)
    path = f"/v1/endpoints/{made.json['id']}/rotate"
    first = await api.call("POST", path, keys["manage"])
    new, old = first.json["items"]
    assert (new["expires_at"], old["expires_at"] is not None) == (None, True)
    ed = await api.call("POST", path, keys["manage"], json={"kind": "ed25519", "overlap_seconds": 0})
    assert [one["kind"] for one in ed.json["items"]] == ["ed25519"]
    assert ed.json["items"][0]["public_key"].startswith("whpk_")
    bad = await api.call("POST", path, keys["manage"], json={"secret": "whsec_x"})
    assert (bad.status, bad.json["field"]) == (422, "secrets")
    assert b"whsec_x" not in bad.body


async def test_the_hours_of_an_endpoint(api: Running, keys: Keys) -> None:
    """Stats take a period; a time without a zone is refused with its field."""
    made = await create(api, keys)
    path = f"/v1/endpoints/{made.json['id']}/stats"
    assert (await api.call("GET", path, keys["read"])).json["hours"] == []
    bad = await api.call("GET", f"{path}?since=2026-01-01", keys["read"])
    assert (bad.status, bad.json["field"]) == (422, "since")
