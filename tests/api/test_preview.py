"""A preview shows what would be sent, sends nothing, and leaves no trace."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from hookline.app import Roles
from hookline.deliver.verdict import KEPT_BODY
from tests.api.conftest import Keys, make_keys
from tests.api.running import Running, Told, serving, settings_for
from tests.engine.receivers import Receiver, receiving

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


class Sent:
    """A gateway that delivers, and its receiver."""

    def __init__(self, api: Running, keys: Keys, receiver: Receiver) -> None:
        self.api = api
        self.keys = keys
        self.receiver = receiver

    async def endpoint(self, **fields: Any) -> str:
        given = {"url": self.receiver.url(), **fields}
        made = await self.api.call("POST", "/v1/endpoints", self.keys["manage"], json=given)
        return str(made.json["id"])

    async def change(self, endpoint: str, **fields: Any) -> None:
        path = f"/v1/endpoints/{endpoint}"
        told = await self.api.call("PATCH", path, self.keys["manage"], json=fields)
        assert told.status == 200, told.body

    async def event(self, state: str = "delivered", **data: Any) -> str:
        """Its id, when its deliveries have come to this state."""
        event = {"type": "case.created", "data": {"case_id": 7, **data}}
        id_ = (await self.api.call("POST", "/v1/events", self.keys["publish"], json=event)).json["id"]
        states: set[str] = set()
        async with asyncio.timeout(15):
            while states != {state}:
                await asyncio.sleep(0.01)
                states = {one["state"] for one in await self.deliveries(id_)}
        return str(id_)

    async def deliveries(self, event: str) -> Any:
        told = await self.api.call("GET", f"/v1/deliveries?event={event}", self.keys["read"])
        return told.json["items"]

    async def difference(self, endpoint: str, **fields: Any) -> list[str]:
        told = await preview(self.api, self.keys, endpoint=endpoint, **fields)
        assert (told.status, told.json["problem"]) == (200, ""), told.body
        changed: list[str] = told.json["difference"]
        return [line for line in changed if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


@pytest_asyncio.fixture(loop_scope="session")
async def sent(tmp_path: Path) -> AsyncIterator[Sent]:
    async with serving(settings_for(tmp_path), roles=Roles()) as api, receiving() as receiver:
        yield Sent(api, await make_keys(api), receiver)
        assert api.faults() == []


async def test_the_difference_is_to_what_was_sent_for_the_same_event_else_to_what_was_sent_last(
    sent: Sent,
) -> None:
    endpoint = await sent.endpoint(template={"json": {"title": "{{ subject }}", "case": "{{ case_id }}"}})
    first, _ = await sent.event(subject="No sound"), await sent.event(subject="Noise")
    assert await sent.difference(endpoint, event=first) == []
    data = {"case_id": 7, "subject": "No sound"}
    changed = await sent.difference(endpoint, type="case.created", data=data)
    assert changed == ['-  "title": "Noise",', '+  "title": "No sound",']
    await sent.change(
        endpoint, template={"json": {"title": "{{ subject | upcase }}", "case": "{{ case_id }}"}}
    )
    changed = await sent.difference(endpoint, event=first)
    assert changed == ['-  "title": "No sound",', '+  "title": "NO SOUND",']
    draft = {"json": {"title": "{{ subject }}", "case": "{{ case_id | typed }}"}}
    changed = await sent.difference(endpoint, event=first, template=draft)
    assert changed == ['-  "case": "7"', '+  "case": 7']
    assert len(sent.receiver.got) == 2, "previews are not sent"


async def test_what_was_not_sent_is_no_last_body(sent: Sent) -> None:
    """The newest delivery may wait."""
    endpoint = await sent.endpoint(template={"json": {"title": "{{ subject }}"}})
    await sent.event(subject="sent")
    await sent.change(endpoint, active=False)
    await sent.event("held", subject="held")
    changed = await sent.difference(endpoint, type="case.created", data={"case_id": 7, "subject": "new"})
    assert changed == ['-  "title": "sent"', '+  "title": "new"']


async def test_of_an_endpoint_without_a_template_the_last_body_is_its_dialects(sent: Sent) -> None:
    """It is not kept with the attempt: it can be made of the event again."""
    endpoint = await sent.endpoint()
    event = await sent.event(subject="No sound")
    draft = {"json": {"type": "{{ type }}"}}
    changed = await sent.difference(endpoint, event=event, template=draft)
    assert '-    "subject": "No sound"' in changed
    assert not [line for line in changed if line.startswith("+") and '"type"' not in line and line != "+}"]


async def test_of_a_long_body_that_was_kept_in_part_the_part_is_compared(sent: Sent) -> None:
    endpoint = await sent.endpoint(template={"text": "{{ data.subject }}", "content_type": "text/plain"})
    event = await sent.event(subject="line\n" * KEPT_BODY)
    assert await sent.difference(endpoint, event=event) == []


async def test_a_preset_has_templates_of_its_own(api: Running, keys: Keys) -> None:
    told = await preview(api, keys, **JIRA, template={"json": {"a": 1}}, **CASE)
    assert (told.status, told.json["field"]) == (422, "template")
