"""A preview shows what would be sent, sends nothing, and leaves no trace."""

from typing import Any

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "https://127.0.0.1:9999/x"
CASE = {"type": "case.created", "data": {"case_id": 7, "subject": "No sound", "amount": 1.50}}
JIRA = {
    "preset": "jira",
    "settings": {
        "site": "https://127.0.0.1:9999",
        "project": "SUP",
        "email": "o@a.example",
        "token": "t0ken-x",
    },
}


async def preview(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("POST", "/v1/templates/preview", keys["manage"], json=fields)


async def test_a_draft_of_a_template_shows_its_request(api: Running, keys: Keys) -> None:
    template = {"json": {"title": "{{ subject }}", "none": "{{ data.none }}"}, "path": "/cases/{{ case_id }}"}
    told = await preview(api, keys, template=template, **CASE)
    assert told.status == 200, told.body
    assert told.json["url"] == "https://example.com/cases/7"
    assert told.json["body"]["text"] == '{"title":"No sound","none":""}'
    assert (told.json["missing"], told.json["problem"], told.json["difference"]) == (["data.none"], "", [])


async def test_a_draft_of_a_preset_shows_its_request_without_its_secrets(api: Running, keys: Keys) -> None:
    told = await preview(api, keys, **JIRA, **CASE)
    assert (told.json["action"], told.json["problem"]) == ("create", ""), told.body
    assert told.json["url"].endswith("/rest/api/2/issue")
    assert "No sound" in told.json["body"]["text"]
    assert "t0ken-x" not in told.body.decode()


async def test_without_an_event_a_preset_shows_what_its_test_would_send(api: Running, keys: Keys) -> None:
    told = await preview(api, keys, **JIRA)
    assert "Test from Hookline" in told.json["body"]["text"]


async def test_of_an_endpoint_and_an_event_it_tells_what_would_change(api: Running, keys: Keys) -> None:
    made = await api.call(
        "POST",
        "/v1/endpoints",
        keys["manage"],
        json={"url": URL, "template": {"json": {"a": "{{ subject }}"}}},
    )
    told = await preview(api, keys, endpoint=made.json["id"], **CASE)
    assert told.json["body"]["text"] == '{"a":"No sound"}'
    other = await preview(api, keys, endpoint=made.json["id"], template={"json": {"b": 1}}, **CASE)
    assert other.json["body"]["text"] == '{"b":1}'


async def test_a_template_that_fails_says_why(api: Running, keys: Keys) -> None:
    told = await preview(api, keys, template={"text": "{{ subject }}"}, **CASE)
    assert "is not JSON" in told.json["problem"]
    assert told.json["body"] is None


async def test_what_cannot_be_is_refused_with_its_field(api: Running, keys: Keys) -> None:
    for fields, field in (
        ({"preset": "jiira"}, "preset"),
        ({"preset": "jira"}, "settings.site"),
        ({"template": {"json": {"a": "{{"}}}, "template.json.a"),
        ({"type": "no type"}, None),
    ):
        told = await preview(api, keys, **fields)
        assert (told.status, told.json.get("field")) == (422, field), told.body


async def test_nothing_is_stored_and_another_tenants_things_are_absent(api: Running, keys: Keys) -> None:
    await preview(api, keys, **JIRA, **CASE)
    listed = await api.call("GET", "/v1/deliveries", keys["read"])
    assert listed.json["items"] == []
    assert (await preview(api, keys, endpoint="ep_0r9fa3w0fn00012q3m5x7zk8")).status == 404
    assert (await preview(api, keys, event="evt_0r9fa3w0fn00012q3m5x7zk8")).status == 404
