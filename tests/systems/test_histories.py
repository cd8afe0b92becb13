"""What the systems' own APIs tell once something was sent: every request of their documents, against a real receiver."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.api.running import Told
from tests.systems.sending import Sent
from tests.systems.shown import (
    ACTIVITY,
    CALL,
    CONFIGURATIONS,
    CREATED,
    DEFAULTS,
    EXCHANGE,
    FOURCALLS_HOOKS,
    FOURCALLS_REQUESTS,
    METRICS,
    PBX_LIST,
    URPA_EVENTS,
    URPA_HOOKS,
    URPA_REQUESTS,
    Example,
)

BROKEN = b"HTTP/1.1 500 Broken\r\nContent-Length: 6\r\n\r\nbroken"
CONFIGURATION = "/api/webhook-configurations"


async def answers(
    sent: Sent, requests: Mapping[str, str], ids: Mapping[str, str], body: Mapping[str, Any]
) -> Mapping[str, Told]:
    """To each request of a list, in an order in which each has something to do. `ids`: by what their paths end with."""
    found: dict[str, Told] = {}
    for request in sorted(requests, key=lambda one: one.startswith("DELETE")):
        method, path = request.split(" ")
        place = path.partition("/{id}")[0]
        asked = f"{method} {path.replace('{id}', ids.get(place, '')).replace('{orgId}', 'org-7')}"
        found[request] = await sent.call(asked, json=body if method in {"POST", "PUT"} else None)
    return found


async def test_urpa_answers_every_request_of_its_list(sent: Sent) -> None:
    """The event that is told of has failed once; sent again by hand, it arrives."""
    await sent.enable("urpa")
    sent.receiver.answer = lambda _: BROKEN
    hook = {"url": sent.receiver.url(), "events": ["activity.*"]}
    made = (await sent.call(f"POST {URPA_HOOKS}", json=hook)).json["data"]
    await sent.publish(ACTIVITY)
    listed = await sent.until(f"GET {URPA_EVENTS}", lambda told: told["data"][0]["attempts"] == 1)
    (event,) = listed["data"]
    assert (event["status"], event["status_code"], event["response_body"]) == ("pending", 500, "broken")
    assert (event["error_message"], event["delivered_at"]) == ("HTTP 500", None)
    assert event["next_retry_at"] > event["created_at"]
    sent.receiver.says(200)
    ids = {URPA_HOOKS: made["id"], URPA_EVENTS: event["id"]}
    told = await answers(sent, URPA_REQUESTS, ids, hook)
    assert {request: one.status for request, one in told.items()} == {
        request: 201 if request == f"POST {URPA_HOOKS}" else 200 for request in URPA_REQUESTS
    }
    whole = told[f"GET {URPA_EVENTS}/{{id}}"].json["data"]
    assert whole["payload"]["data"] == ACTIVITY.body["data"]
    assert [one["status_code"] for one in whole["history"]] == [500]


async def test_urpa_sends_again_what_has_failed(sent: Sent) -> None:
    await sent.enable("urpa")
    sent.receiver.answer = lambda _: BROKEN
    await sent.call(f"POST {URPA_HOOKS}", json={"url": sent.receiver.url(), "events": ["*"]})
    await sent.publish(ACTIVITY)
    listed = await sent.until(f"GET {URPA_EVENTS}", lambda told: told["data"][0]["attempts"] == 1)
    sent.receiver.says(200)
    path = f"{URPA_EVENTS}/{listed['data'][0]['id']}"
    queued = await sent.call(f"POST {path}/retry")
    assert (queued.status, queued.json["message"]) == (200, "Webhook retry queued")
    whole = (await sent.until(f"GET {path}", lambda told: told["data"]["status"] == "delivered"))["data"]
    assert [one["status_code"] for one in whole["history"]] == [500, 200]
    assert [one["error_message"] for one in whole["history"]] == ["HTTP 500", None]
    assert whole["delivered_at"] == whole["history"][1]["attempted_at"]
    assert len(sent.receiver.got) == 2
    assert sent.receiver.got[0].body == sent.receiver.got[1].body


async def test_4calls_answers_every_request_of_its_list(sent: Sent) -> None:
    await sent.enable("4calls", known_as="org-7")
    hook = {"url": sent.receiver.url(), "events": ["appointment.*"]}
    path = FOURCALLS_HOOKS.replace("{orgId}", "org-7")
    made = (await sent.call(f"POST {path}", json=hook)).json["data"]
    told = await answers(sent, FOURCALLS_REQUESTS, {FOURCALLS_HOOKS: made["id"]}, hook)
    assert {request: one.status for request, one in told.items()} == {
        request: 201 if request.startswith("POST") else 200 for request in FOURCALLS_REQUESTS
    }


async def test_the_pbx_counts_what_its_guide_says_to_look_for(sent: Sent) -> None:
    """`last_sent` is the last success: a failure after it is no matter."""
    await sent.enable("pbx")
    url = sent.receiver.url()
    await sent.call("POST /api/webhooks", json={"url": url, "max_retries": 1})
    await sent.publish(CALL)
    (once,) = await sent.until("GET /api/webhooks", lambda told: told[0]["success_count"] == 1)
    assert list(once) == list(PBX_LIST[0])
    assert len(once["last_sent"]) == len(PBX_LIST[0]["last_sent"])
    sent.receiver.says(500)
    await sent.publish(CALL)
    (again,) = await sent.until("GET /api/webhooks", lambda told: told[0]["failure_count"] == 1)
    assert (again["success_count"], again["last_sent"], again["enabled"]) == (1, once["last_sent"], True)


@pytest.mark.parametrize("given", CONFIGURATIONS, ids=lambda given: given["name"])
async def test_callbacks_takes_the_configurations_of_its_document(
    sent: Sent, given: Mapping[str, Any]
) -> None:
    """Only the URL is changed; what is left out is as the table of fields says."""
    await sent.enable("askpro-callbacks", known_as="1")
    made = await sent.call(f"POST {CONFIGURATION}", json={**given, "url": sent.receiver.url()})
    assert made.status == 201, made.body
    shown = made.json["data"]
    told = {"headers": shown["headers"] and list(shown["headers"]), "company_id": shown["company_id"]}
    assert told == {"headers": list(given["headers"]) if "headers" in given else None, "company_id": 1}
    wanted = {**DEFAULTS, **given}
    plain = [name for name in wanted if name not in {"url", "headers"}]
    assert {name: shown[name] for name in plain} == {name: wanted[name] for name in plain}
    assert shown["secret_key"]


async def test_callbacks_counts_and_logs_what_was_sent(sent: Sent) -> None:
    await sent.enable("askpro-callbacks", known_as="1", zone="Europe/Berlin")
    given = {**CONFIGURATIONS[0], "url": sent.receiver.url(), "max_retry_attempts": 1}
    made = (await sent.call(f"POST {CONFIGURATION}", json=given)).json["data"]
    path = f"{CONFIGURATION}/{made['id']}"
    await sent.publish(CREATED)
    await sent.until(f"GET {path}", lambda told: told["data"]["total_deliveries"] == 1)
    sent.receiver.answer = lambda _: BROKEN
    await sent.publish(CREATED)
    shown = await sent.until(f"GET {path}", lambda told: told["data"]["total_deliveries"] == 2)
    metrics = [shown["data"][name] for name in METRICS]
    assert metrics[:-1] == [2, 1, 1, 50.0]
    assert metrics[-1][-6:] in {"+01:00", "+02:00"}
    logs = (await sent.call(f"GET {path}/logs?event=callback.created")).json["data"]
    failed, fine = logs
    assert [one["response_status"] for one in logs] == [500, 200]
    assert [one["error_message"] for one in logs] == ["HTTP 500", None]
    assert (failed["response_body"], fine["response_body"]) == ("broken", "ok")
    for entry, got in zip(reversed(logs), sent.receiver.got, strict=True):
        assert entry["event_type"] == got.headers["x-webhook-event"]
        assert entry["idempotency_key"] == got.headers["x-webhook-idempotency-key"]
        assert entry["payload"]["data"] == CREATED.body["data"]
        assert entry["processing_time_ms"] >= 0
        assert entry["request_headers"]["User-Agent"] == "AskProAI-Webhooks/1.0"
    assert (await sent.call(f"GET {path}/logs?event=callback.assigned")).json["data"] == []


async def test_the_gateways_log_has_what_went_out(sent: Sent) -> None:
    """Found by its case, its status and its direction."""
    await sent.enable("askpro-gateway")
    output = {"url": sent.receiver.url(), "system": "askpro-gateway", "events": ["service_case.*"]}
    assert (await sent.call("POST /v1/endpoints", json=output)).status == 201
    case = {**sent.api.parts.systems["askpro-gateway"].events["service_case.created"].example, "case_id": 7}
    example = Example("", "askpro-gateway", {"event": "service_case.created", "data": case})
    await sent.publish(example)
    log = await sent.until("GET /admin/exchange-log", lambda told: len(told["data"]) == 1)
    (entry,) = log["data"]
    assert list(entry)[: len(EXCHANGE)] == list(EXCHANGE)
    assert (entry["service_case_id"], entry["direction"], entry["endpoint"]) == (
        7,
        "outbound",
        sent.receiver.url(),
    )
    assert (entry["request_payload"], entry["response_status"], entry["response_body"]) == (case, 200, "ok")
    assert entry["duration_ms"] >= 0
    for query, count in (("case=7", 1), ("case=8", 0), ("status=200", 1), ("direction=inbound", 0)):
        told = (await sent.call(f"GET /admin/exchange-log?{query}")).json
        assert len(told["data"]) == count, query
