"""Endpoints with presets and templates: what is checked when they are saved, and what is shown."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

SETTINGS = {
    "site": "https://127.0.0.1:9999",
    "project": "SUP",
    "email": "ops@acme.example",
    "token": "t0ken-of-jira",
}
JIRA = {"preset": "jira", "settings": SETTINGS}
URL = "https://127.0.0.1:9999/x"


async def create(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("POST", "/v1/endpoints", keys["manage"], json=fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "url"),
        ({**JIRA, "url": URL}, "url"),
        ({**JIRA, "preset": "jiira"}, "preset"),
        ({**JIRA, "settings": {}}, "settings.site"),
        ({**JIRA, "settings": {**SETTINGS, "projekt": "x"}}, "settings.projekt"),
        ({**JIRA, "settings": {**SETTINGS, "token": "***"}}, "settings.token"),
        ({**JIRA, "settings": {**SETTINGS, "site": "https://10.0.0.1"}}, "settings.site"),
        ({**JIRA, "auth": {"kind": "bearer", "token": "x"}}, "auth"),
        ({**JIRA, "method": "PUT"}, "method"),
        ({**JIRA, "order": "key"}, "order"),
        ({**JIRA, "template": {"text": "x"}}, "template"),
        ({**JIRA, "actions": {"Case": "skip", "c..d": "skip"}}, "actions.c..d"),
        ({"url": URL, "settings": {"a": 1}}, "settings"),
        ({"url": URL, "actions": {"a": "skip"}}, "actions"),
        ({"url": URL, "template": {"json": {"a": ["{{ x"]}}}, "template.json.a[0]"),
        ({"url": URL, "template": {"text": "{% include 'x' %}"}}, "template.text"),
        ({"url": URL, "template": {"text": "x", "json": {}}}, "template"),
        ({"url": URL, "template": {"path": "tickets"}}, "template.path"),
        ({"url": URL, "template": {"text": "x", "headers": {"Host": "x"}}}, "template.headers"),
        ({"url": URL, "template": {"text": "x", "headers": {"X-Key": "***"}}}, "template.headers"),
        ({"url": URL, "template": {"json": {}}, "batch": {"count": 10}}, "batch"),
    ],
)
async def test_what_cannot_be_is_told_with_its_field_and_stored_nowhere(
    light: Running, light_keys: Keys, fields: dict[str, Any], field: str
) -> None:
    told = await create(light, light_keys, **fields)
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert "t0ken-of-jira" not in told.body.decode()
    assert (await light.call("GET", "/v1/endpoints", light_keys["read"])).json["items"] == []


async def test_a_template_that_does_not_parse_is_refused_with_line_and_column(
    light: Running, light_keys: Keys
) -> None:
    told = await create(light, light_keys, url=URL, template={"text": "one\n  {{ subject | nonsense }}"})
    assert told.code == "invalid_template"
    assert "ine 2, column" in told.json["detail"]


async def test_secrets_of_settings_are_masked_and_survive_being_sent_back(api: Running, keys: Keys) -> None:
    made = await create(api, keys, **JIRA)
    assert made.status == 201, made.body
    assert made.json["settings"]["token"] == "***"
    assert made.json["url"].startswith("https://127.0.0.1:9999")
    path = f"/v1/endpoints/{made.json['id']}"
    shown = {name: made.json[name] for name in ("url", "preset", "settings", "name")}
    for method, body in (
        ("PATCH", {"settings": {"token": "***", "project": "OPS"}}),
        ("PUT", {**shown, "settings": {**shown["settings"], "project": "OPS"}}),
    ):
        told = await api.call(method, path, keys["manage"], json=body)
        assert (told.status, told.json["settings"]["project"]) == (200, "OPS"), told.body
        assert "t0ken-of-jira" not in told.body.decode()
    tried = await api.call("POST", f"{path}/test", keys["manage"], json={"type": "case.created"})
    assert tried.status == 200
    assert "t0ken-of-jira" not in tried.body.decode()


async def test_a_url_that_is_a_secret_is_shown_nowhere(api: Running, keys: Keys) -> None:
    url = "https://127.0.0.1:9999/services/T0000/B0000/very-secret-part"
    made = await create(api, keys, preset="slack", settings={"url": url})
    assert made.status == 201, made.body
    assert (made.json["url"], made.json["settings"]["url"]) == ("https://127.0.0.1:9999/***", "***")
    path = f"/v1/endpoints/{made.json['id']}"
    tried = await api.call("POST", f"{path}/test", keys["manage"], json={"type": "case.created"})
    assert "very-secret-part" not in (made.body + tried.body).decode()


async def test_another_preset_begins_with_settings_of_its_own(api: Running, keys: Keys) -> None:
    made = await create(api, keys, **JIRA)
    body = {"preset": "slack", "settings": {"url": "https://127.0.0.1:9999/services/T/B/x"}}
    told = await api.call("PATCH", f"/v1/endpoints/{made.json['id']}", keys["manage"], json=body)
    assert told.status == 200, told.body
    assert told.json["settings"]["url"] == "***"
    assert "site" not in told.json["settings"]


async def test_a_template_is_replaced_whole(api: Running, keys: Keys) -> None:
    made = await create(api, keys, url=URL, template={"json": {"a": "{{ x }}", "b": 1}})
    body = {"template": {"json": {"c": "{{ y }}"}}}
    told = await api.call("PATCH", f"/v1/endpoints/{made.json['id']}", keys["manage"], json=body)
    assert told.json["template"]["json"] == {"c": "{{ y }}"}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_an_endpoint_that_signs_turns_to_a_preset_and_signs_no_more(
    light: Running, light_keys: Keys, method: str
) -> None:
    """What the preset leaves to its endpoints is the preset's then, too."""
    made = await create(light, light_keys, url=URL, timeout=3, rate={"count": 5})
    assert made.json["secrets"]
    path = f"/v1/endpoints/{made.json['id']}"
    told = await light.call(method, path, light_keys["manage"], json=JIRA)
    assert told.status == 200, told.body
    fresh = await create(light, light_keys, **JIRA)
    for field in ("preset", "settings", "dialect", "timeout", "retry", "rate", "secrets", "url"):
        assert told.json[field] == fresh.json[field], field


async def test_a_preset_that_is_left_leaves_nothing_of_its_own(light: Running, light_keys: Keys) -> None:
    """The endpoint signs again, with a secret of its own."""
    made = await create(light, light_keys, **JIRA)
    path, body = f"/v1/endpoints/{made.json['id']}", {"preset": None, "url": URL}
    told = await light.call("PATCH", path, light_keys["manage"], json=body)
    assert told.status == 200, told.body
    plain = await create(light, light_keys, url=URL)
    for field in ("preset", "settings", "dialect", "timeout", "retry", "rate", "url"):
        assert told.json[field] == plain.json[field], field
    assert len(told.json["secrets"]) == 1


async def test_what_stands_against_a_preset_is_said_to_whoever_only_named_the_preset(
    light: Running, light_keys: Keys
) -> None:
    made = await create(light, light_keys, url=URL, batch={"count": 10})
    path = f"/v1/endpoints/{made.json['id']}"
    told = await light.call("PATCH", path, light_keys["manage"], json=JIRA)
    assert (told.status, told.json["field"]) == (422, "batch")
    assert "null" in told.json["hint"]
    told = await light.call("PATCH", path, light_keys["manage"], json={**JIRA, "batch": None})
    assert told.status == 200, told.body


async def test_a_dialect_that_does_not_sign_asks_before_secrets_go(light: Running, light_keys: Keys) -> None:
    made = await create(light, light_keys, url=URL)
    path = f"/v1/endpoints/{made.json['id']}"
    told = await light.call("PATCH", path, light_keys["manage"], json={"dialect": "plain"})
    assert (told.status, told.json["field"]) == (422, "secrets")
    assert "unsigned: true" in told.json["hint"]
    body = {"dialect": "plain", "unsigned": True}
    told = await light.call("PATCH", path, light_keys["manage"], json=body)
    assert (told.status, told.json["secrets"]) == (200, [])
