"""The AskPro gateway's service outputs: kept by its own paths, routed by category, each in the form that it asks for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.receivers import Got
from tests.systems.sending import Sent
from tests.systems.shown import OUTPUT, Example

OUTPUTS = "/admin/service-outputs"
CASE = {
    "case_id": 123,
    "subject": 'No sound, "again"\n{{ case_id }}',
    "description": "Nothing to hear.",
    "category": "Telephony",
    "priority": "high",
    "created_at": "2025-11-13T16:30:45+01:00",
}
JIRA = {
    "site": "https://acme.atlassian.net",
    "email": "a@acme.example",
    "token": "a-token",
    "project": "SUPPORT",
}
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "without a place": ({}, "webhook_url"),
    "another type": ({"output_type": "email"}, "output_type"),
    "a method that carries no body": ({"webhook_method": "GET"}, "webhook_method"),
    "no URL": ({"webhook_url": "example"}, "webhook_url"),
    "a template that does not parse": ({"webhook_template": "{{ subject"}, "webhook_template"),
    "a place twice": ({"preset": "jira", "settings": JIRA}, "webhook_url"),
    "a filter that does not parse": ({"filter": "data.case_id =="}, "filter"),
    "a preset that there is not": ({"webhook_url": None, "preset": "jria"}, "preset"),
    "a header that HTTP owns": ({"webhook_headers": {"Host": "x"}}, "webhook_headers"),
    "a text of a template's tree": ({"webhook_template": '{"a": ["{{ subject"]}'}, "webhook_template.a[0]"),
    "settings that do not fit": (
        {"webhook_url": None, "preset": "jira", "settings": {**JIRA, "project": 5}},
        "settings.project",
    ),
    "a misspelling": ({"webhook_templat": "x"}, "webhook_templat"),
    "a case of another system": ({"events": ["call.started"]}, "events[0]"),
}
"""Name → fields, and which of them is told."""


async def made(sent: Sent, **fields: Any) -> dict[str, Any]:
    await sent.enable("askpro-gateway")
    told = await sent.call(f"POST {OUTPUTS}", json={"webhook_url": sent.receiver.url(), **fields})
    assert told.status == 201, told.body
    found: dict[str, Any] = told.json["data"]
    return found


async def changed(sent: Sent, output: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    told = await sent.call(f"PUT {OUTPUTS}/{output['id']}", json=fields)
    assert told.status == 200, told.body
    found: dict[str, Any] = told.json["data"]
    return found


async def happens(sent: Sent, **case: Any) -> None:
    """A case is published, and has gone wherever it goes."""
    event = {"event": "service_case.created", "data": {**CASE, **case}}
    await sent.publish(Example("", "askpro-gateway", event))
    for state in ("pending", "sending"):
        await sent.until(f"GET /v1/deliveries?state={state}", lambda told: told["items"] == [])


async def got_of(sent: Sent, **case: Any) -> list[str]:
    """The paths that a case came to."""
    sent.receiver.got.clear()
    await happens(sent, **case)
    return sorted(got.path for got in sent.receiver.got)


async def one_of(sent: Sent, **case: Any) -> Got:
    sent.receiver.got.clear()
    await happens(sent, **case)
    (got,) = sent.receiver.got
    return got


async def test_an_output_sends_a_case_as_its_template_says(sent: Sent) -> None:
    """The configuration of the document, as it stands there."""
    given = {**OUTPUT, "webhook_url": sent.receiver.url()}
    output = await made(sent, **given)
    assert {name: output[name] for name in OUTPUT} == {
        **given,
        "webhook_headers": {"Authorization": "Bearer ***", "Content-Type": "application/json"},
        "webhook_template": json.dumps(json.loads(OUTPUT["webhook_template"]), separators=(",", ":")),
    }
    got = await one_of(sent, category_id=5, company_id=7)
    assert json.loads(got.body) == {"ticket": {"title": CASE["subject"], "body": CASE["description"]}}
    assert got.headers["authorization"] == "Bearer token123"
    assert got.headers["content-type"] == "application/json"
    log = await sent.until("GET /admin/exchange-log", lambda told: len(told["data"]) == 1)
    assert log["data"][0]["request_payload"] == json.loads(got.body)
    assert log["data"][0]["service_case_id"] == CASE["case_id"]


async def test_a_case_goes_to_the_outputs_of_its_category_and_company(sent: Sent) -> None:
    for path, fields in (
        ("/all", {}),
        ("/5", {"category_id": 5}),
        ("/6", {"category_id": "6"}),
        ("/phones", {"category_id": "Telephony"}),
        ("/company", {"company_id": 7, "category_id": 5}),
        ("/urgent", {"category_id": 5, "filter": 'data.priority == "urgent" || data.priority == "high"'}),
        ("/off", {"is_active": False}),
    ):
        await made(sent, **fields, webhook_url=sent.receiver.url(path))
    assert await got_of(sent, category_id=5, company_id=7) == ["/5", "/all", "/company", "/urgent"]
    assert await got_of(sent, category_id="5") == ["/5", "/all", "/company", "/urgent"]
    assert await got_of(sent, category_id=5, company_id=8, priority="low") == ["/5", "/all"]
    assert await got_of(sent, category_id=6) == ["/6", "/all"]
    assert await got_of(sent) == ["/all", "/phones"]
    assert await got_of(sent, category_id=None, company_id=None) == ["/all", "/phones"]
    assert (await sent.call("GET /v1/endpoints")).json["items"][0]["counters"]["failed"] == 0


async def test_an_output_is_listed_changed_and_deleted(sent: Sent) -> None:
    """What a change does not name stays; credentials that come back masked are those that were there."""
    output = await made(sent, **{**OUTPUT, "webhook_url": sent.receiver.url()}, filter="data.case_id > 100")
    assert (await sent.call(f"GET {OUTPUTS}")).json["data"] == [output]
    fresh = await changed(sent, output, webhook_template="case={{ case_id }}", webhook_method="PUT")
    assert fresh == {**output, "webhook_template": "case={{ case_id }}", "webhook_method": "PUT"} | {
        "updated_at": fresh["updated_at"]
    }
    await changed(sent, output, webhook_headers={**output["webhook_headers"], "Content-Type": "text/plain"})
    got = await one_of(sent, category_id=5)
    assert (got.method, got.body, got.headers["content-type"]) == ("PUT", b"case=123", "text/plain")
    assert got.headers["authorization"] == "Bearer token123"
    assert await got_of(sent, category_id=5, case_id=99) == []
    moved = await changed(sent, output, category_id=6, filter=None)
    assert (moved["category_id"], moved["company_id"], moved["filter"]) == (6, 7, "")
    assert await got_of(sent, category_id=6, case_id=99) == ["/hook"]
    plain = await changed(sent, output, webhook_template=None, webhook_headers=None, category_id=None)
    assert (plain["webhook_template"], plain["webhook_headers"], plain["category_id"]) == (None, {}, None)
    got = await one_of(sent)
    assert json.loads(got.body) == CASE
    assert "authorization" not in got.headers
    assert (await sent.call(f"DELETE {OUTPUTS}/{output['id']}")).status == 204
    assert (await sent.call(f"GET {OUTPUTS}/{output['id']}")).status == 404
    assert (await sent.call(f"GET {OUTPUTS}")).json["data"] == []


async def test_several_cases_go_in_one_request_as_a_list(sent: Sent) -> None:
    await made(sent, batch={"count": 2, "seconds": 3600})
    sent.receiver.got.clear()
    for number in (1, 2):
        event = {"event": "service_case.created", "data": {**CASE, "case_id": number}}
        await sent.publish(Example("", "askpro-gateway", event))
    await sent.until("GET /v1/deliveries?state=delivered", lambda told: len(told["items"]) == 2)
    (got,) = sent.receiver.got
    assert json.loads(got.body) == [{**CASE, "case_id": 1}, {**CASE, "case_id": 2}]


async def test_a_preset_takes_the_place_of_url_and_template(sent: Sent) -> None:
    output = await made(sent, **{**OUTPUT, "webhook_url": sent.receiver.url()})
    jira = await changed(sent, output, preset="jira", settings=JIRA)
    assert (jira["preset"], jira["webhook_url"], jira["webhook_template"]) == (
        "jira",
        f"{JIRA['site']}/",
        None,
    )
    assert jira["settings"]["token"] == "***"
    endpoint = (await sent.call(f"GET /v1/endpoints/{output['id']}")).json
    assert endpoint["retry"]["delays"] == [0, 60, 120, 300, 600]
    again = await changed(sent, output, settings={**jira["settings"], "project": "HELP"})
    assert again["settings"] == {**jira["settings"], "project": "HELP"}
    back = await changed(sent, output, webhook_url=sent.receiver.url("/back"))
    assert (back["preset"], back["settings"], back["webhook_url"]) == (None, {}, sent.receiver.url("/back"))
    assert await got_of(sent, category_id=5) == ["/back"]


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_sent_is_refused_with_its_field(name: str, sent: Sent) -> None:
    fields, field = REFUSED[name]
    await sent.enable("askpro-gateway")
    place = {} if name == "without a place" else {"webhook_url": sent.receiver.url()}
    told = await sent.call(f"POST {OUTPUTS}", json={**place, **fields})
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert (await sent.call(f"GET {OUTPUTS}")).json["data"] == []


async def test_others_find_no_output(sent: Sent) -> None:
    """An endpoint of the tenant that is of no system is none, either."""
    await sent.enable("askpro-gateway")
    made = await sent.call("POST /v1/endpoints", json={"url": sent.receiver.url()})
    for method in ("GET", "PUT", "DELETE"):
        assert (await sent.call(f"{method} {OUTPUTS}/{made.json['id']}", json={})).status == 404
