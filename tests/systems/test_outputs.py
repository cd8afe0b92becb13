"""The AskPro gateway's service outputs: kept by its own paths, routed by category, each in the form that it asks for."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from hookline.model.api_key import Scope
from hookline.model.endpoint import Endpoint
from tests.engine.receivers import Got
from tests.storage.people import a_tenant
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
    "a template beside a preset": (
        {"webhook_url": None, "preset": "jira", "settings": JIRA, "webhook_template": "x"},
        "webhook_template",
    ),
    "settings without a preset": ({"settings": JIRA}, "settings"),
    "an empty id": ({"category_id": ""}, "category_id"),
    "a long id": ({"company_id": "x" * 65}, "company_id"),
    "an id on two lines": ({"category_id": "a\nb"}, "category_id"),
    "a number that no system has": ({"category_id": 2**63}, "category_id"),
    "a content type that is too long": (
        {"webhook_template": "x", "webhook_headers": {"Content-Type": "x" * 300}},
        "webhook_headers",
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
    """Another tenant that uses the gateway itself; an endpoint of the tenant that is of no system is none, either."""
    output = await made(sent)
    await sent.api.parts.store.tenants.create(a_tenant("bob"))
    bob = await sent.api.key(Scope.MANAGE, "bob")
    enabled = await sent.api.call("PUT", "/v1/systems/askpro-gateway/enabled", bob, json={"prefix": "bob"})
    assert enabled.status == 200, enabled.body
    assert (await sent.api.call("GET", f"/bob{OUTPUTS}", bob)).json["data"] == []
    for method in ("GET", "PUT", "DELETE"):
        told = await sent.api.call(method, f"/bob{OUTPUTS}/{output['id']}", bob, json={})
        assert told.status == 404
    other = await sent.call("POST /v1/endpoints", json={"url": sent.receiver.url()})
    for method in ("GET", "PUT", "DELETE"):
        assert (await sent.call(f"{method} {OUTPUTS}/{other.json['id']}", json={})).status == 404


async def shown(sent: Sent, output: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await sent.call(f"GET {OUTPUTS}/{output['id']}")).json["data"]
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {**OUTPUT, "filter": "data.case_id > 1 // not the first"},
        {
            "company_id": 0,
            "category_id": 'a "b" \\ ü {c}',
            "is_active": False,
            "events": ["service_case.created"],
        },
        {"webhook_template": "{{ subject }}", "webhook_method": "PATCH", "timeout": 5, "name": "Desk"},
        {"webhook_template": [{"a": "{{ subject }}"}], "retry": {"kind": "fixed", "attempts": 2, "delay": 1}},
        {"batch": {"count": 2, "seconds": 1}, "rate": {"count": 1, "seconds": 1}},
        {"webhook_url": None, "preset": "jira", "settings": JIRA, "timeout": 5},
        {
            "webhook_url": None,
            "preset": "slack",
            "settings": {"url": "https://hooks.slack.com/services/T/B/abcd"},
        },
    ],
)
async def test_what_is_shown_can_be_sent_back_and_changes_nothing(sent: Sent, fields: dict[str, Any]) -> None:
    await sent.enable("askpro-gateway")
    given = {"webhook_url": sent.receiver.url(), **fields}
    output = (await sent.call(f"POST {OUTPUTS}", json=given)).json["data"]
    before = (await sent.call(f"GET /v1/endpoints/{output['id']}")).json
    again = await changed(sent, output, **output)
    after = (await sent.call(f"GET /v1/endpoints/{output['id']}")).json
    moving = ("updated_at", "version")
    assert {k: v for k, v in again.items() if k not in moving} == {
        k: v for k, v in output.items() if k not in moving
    }
    assert {k: v for k, v in after.items() if k not in moving} == {
        k: v for k, v in before.items() if k not in moving
    }


PLAIN = dict.fromkeys(("webhook_method", "webhook_template", "batch"))
AT = "http://127.0.0.1:9998"
STEPS: Mapping[str, dict[str, Any]] = {
    "url": {**PLAIN, "webhook_url": f"{AT}/plain"},
    "template": {
        **PLAIN,
        "webhook_url": f"{AT}/templated",
        "webhook_method": "PUT",
        "webhook_template": '{"a":"{{ case_id }}"}',
    },
    "batch": {**PLAIN, "webhook_url": f"{AT}/batch", "batch": {"count": 2, "seconds": 1}},
    "jira": {"preset": "jira", "settings": JIRA},
    "slack": {"preset": "slack", "settings": {"url": "https://hooks.slack.com/services/T/B/abcd"}},
}
"""Changes of place. What a preset has no room for goes by itself."""


def place_of(endpoint: Endpoint) -> dict[str, Any]:
    names = (
        "url",
        "preset",
        "settings",
        "dialect",
        "rate",
        "retry",
        "timeout",
        "template",
        "batch",
        "method",
    )
    return {name: getattr(endpoint, name) for name in names}


async def test_where_an_output_goes_is_what_was_said_last(sent: Sent) -> None:
    """Whatever it was before: dialect, rate, retries and timeout are those of one that is made so."""
    await sent.enable("askpro-gateway")
    walks = list(itertools.permutations(STEPS, 3))
    fresh = {
        step: (await sent.call(f"POST {OUTPUTS}", json=STEPS[step])).json["data"]["id"] for step in STEPS
    }
    walked: list[str] = []
    for first, *others in walks:
        output = (await sent.call(f"POST {OUTPUTS}", json=STEPS[first])).json["data"]
        for step in others:
            await changed(sent, output, **STEPS[step])
        walked.append(output["id"])
    config = await sent.api.parts.config(sent.tenant)
    places = {str(name): place_of(one) for name, one in config.endpoints.items()}
    for walk, output_id in zip(walks, walked, strict=True):
        assert places[output_id] == places[fresh[walk[-1]]], walk


async def test_what_was_said_of_retries_and_timeout_stays_with_another_place(sent: Sent) -> None:
    retry = {"kind": "fixed", "attempts": 2, "delay": 1.0}
    output = await made(sent, timeout=7, retry=retry)
    jira = await changed(sent, output, preset="jira", settings=JIRA)
    assert (jira["timeout"], jira["retry"]["attempts"]) == (7, 2)
    usual = await changed(sent, output, timeout=None, retry=None)
    assert (usual["timeout"], usual["retry"]["delays"]) == (30, [0, 60, 120, 300, 600])


async def test_a_change_of_headers_keeps_what_the_template_has_beside(sent: Sent) -> None:
    output = await made(sent)
    template = {"json": {"id": "{{ case_id }}"}, "path": "/x/{{ case_id }}", "strict": True}
    await sent.call(f"PATCH /v1/endpoints/{output['id']}", json={"template": template})
    await changed(sent, output, webhook_headers={"X-B": "2"})
    found = (await sent.call(f"GET /v1/endpoints/{output['id']}")).json["template"]
    assert {name: found[name] for name in template} == template
    assert (await one_of(sent)).path == "/x/123"


@pytest.mark.parametrize("own", ["true) || (true", "true) || true // x", "true) ? true : (true"])
async def test_a_filter_cannot_let_through_what_the_category_keeps_out(sent: Sent, own: str) -> None:
    await sent.enable("askpro-gateway")
    given = {"webhook_url": sent.receiver.url(), "category_id": 5, "filter": own}
    told = await sent.call(f"POST {OUTPUTS}", json=given)
    assert (told.status, told.json["field"]) == (422, "filter")
    output = await made(sent, category_id=5)
    told = await sent.call(f"PUT {OUTPUTS}/{output['id']}", json={"filter": own})
    assert (told.status, told.json["field"]) == (422, "filter")


async def test_what_v1_says_of_the_filter_is_what_is_shown(sent: Sent) -> None:
    """Then company and category no longer stand in it."""
    output = await made(sent, category_id=5, company_id=1)
    await sent.call(f"PATCH /v1/endpoints/{output['id']}", json={"filter": 'data.priority == "high"'})
    found = await shown(sent, output)
    assert (found["category_id"], found["company_id"], found["filter"]) == (
        None,
        None,
        'data.priority == "high"',
    )
    again = await changed(sent, output, category_id=6)
    assert (again["category_id"], again["filter"]) == (6, 'data.priority == "high"')
    assert await got_of(sent, category_id=6) == ["/hook"]
    assert await got_of(sent, category_id=5) == []


async def test_a_case_without_a_category_harms_no_filter(sent: Sent) -> None:
    """Nor one whose id of a category is empty: then its name counts."""
    output = await made(sent, category_id="Telephony", company_id=7)
    assert await got_of(sent, category=None) == []
    assert await got_of(sent, category_id="", company_id=None) == ["/hook"]
    counters = (await sent.call(f"GET /v1/endpoints/{output['id']}")).json["counters"]
    assert counters["failed"] == 0
    for event in (await sent.call("GET /v1/events")).json["items"]:
        matches = (await sent.call(f"GET /v1/events/{event['id']}/matches")).json
        assert "filter_failed" not in str(matches)


async def test_the_log_shows_what_no_reader_can_read(sent: Sent) -> None:
    """What is too deep, and what is too long to be kept whole."""
    text = {"webhook_headers": {"Content-Type": "text/plain"}}
    output = await made(sent, **text, webhook_template="[" * 3000 + "]" * 3000)
    assert (await one_of(sent)).body == b"[" * 3000 + b"]" * 3000
    await changed(sent, output, webhook_template="{{ description }}")
    await happens(sent, description="x" * 70_000)
    log = await sent.call("GET /admin/exchange-log")
    assert log.status == 200, log.body
    long, deep = [entry["request_payload"] for entry in log.json["data"]]
    assert deep == "[" * 3000 + "]" * 3000
    assert long == f"{'x' * 65_536} … (cut)"


async def test_the_log_tells_what_was_sent_before_there_was_a_template(sent: Sent) -> None:
    output = await made(sent)
    await happens(sent)
    await changed(
        sent, output, webhook_template="{{ case_id }}", webhook_headers={"Content-Type": "text/plain"}
    )
    (entry,) = (await sent.call("GET /admin/exchange-log")).json["data"]
    assert entry["request_payload"] == CASE
