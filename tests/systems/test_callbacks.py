"""The own API of AskPro Callbacks: nine fields, five metrics, a test and logs."""

from typing import Any

import pytest
import pytest_asyncio

from hookline.model.endpoint import Endpoint
from tests.api.conftest import Keys
from tests.api.running import Running
from tests.systems.test_webhooks import NOBODY, URL, Own

CRM = {
    "name": "CRM Integration",
    "url": URL,
    "subscribed_events": ["callback.created", "callback.assigned", "callback.completed"],
    "timeout_seconds": 10,
    "max_retry_attempts": 3,
    "headers": {"X-API-Key": "crm-api-key-here"},
    "description": "Send callback events to CRM for lead tracking",
}


@pytest_asyncio.fixture(loop_scope="session")
async def callbacks(api: Running, keys: Keys) -> Own:
    body = {"prefix": keys.alice, "known_as": "1", "zone": "Europe/Berlin"}
    enabled = await api.call("PUT", "/v1/systems/askpro-callbacks/enabled", keys["manage"], json=body)
    assert enabled.status == 200, enabled.body
    return Own(api, keys, f"/{keys.alice}/api/webhook-configurations", "callback.created")


async def test_the_nine_fields_and_the_five_metrics(callbacks: Own) -> None:
    made = await callbacks.call("POST", json=CRM)
    assert made.status == 201, made.body
    shown = made.json["data"]
    assert {name: shown[name] for name in CRM} == {**CRM, "headers": {"X-API-Key": "***"}}
    assert shown["secret_key"].startswith("whsec_")
    assert (shown["company_id"], shown["is_active"]) == (1, True)
    assert shown["created_by"]
    metrics = (
        "total_deliveries",
        "successful_deliveries",
        "failed_deliveries",
        "success_rate",
        "last_triggered_at",
    )
    assert [shown[name] for name in metrics] == [0, 0, 0, 0.0, None]
    assert shown["created_at"][-6:] in {"+01:00", "+02:00"}
    (listed,) = (await callbacks.call("GET", key="read")).json["data"]
    assert (listed["id"], listed["secret_key"]) == (shown["id"], "***")
    one = await callbacks.call("GET", f"/{shown['id']}", key="read")
    assert one.json["data"] == listed


async def test_a_configuration_is_changed_by_the_given_fields_and_deleted(callbacks: Own) -> None:
    made = (await callbacks.call("POST", json=CRM)).json["data"]
    changed = await callbacks.call(
        "PUT", f"/{made['id']}", json={"max_retry_attempts": 5, "is_active": False}
    )
    assert changed.status == 200, changed.body
    shown = changed.json["data"]
    assert (shown["max_retry_attempts"], shown["is_active"], shown["name"]) == (5, False, CRM["name"])
    assert shown["created_by"] == made["created_by"]
    endpoint = (await callbacks.api.call("GET", f"/v1/endpoints/{made['id']}", callbacks.keys["read"])).json
    assert endpoint["retry"]["attempts"] == 5
    assert endpoint["retry"]["delay"] == 60
    assert (await callbacks.call("DELETE", f"/{made['id']}")).status == 204
    assert (await callbacks.call("GET")).json["data"] == []


async def test_what_is_shown_can_be_sent_back(callbacks: Own) -> None:
    """What is masked stays as it was; headers are replaced as a whole, and a template comes and goes."""
    made = (await callbacks.call("POST", json={**CRM, "secret_key": "of sixteen characters"})).json["data"]
    path, template = f"/{made['id']}", {"json": {"number": "{{ data.callback_request.phone_number }}"}}
    listed = (await callbacks.call("GET", path)).json["data"]
    told = await callbacks.call("PUT", path, json={**listed, "template": template})
    assert told.status == 200, told.body
    assert told.json["data"] == {**listed, "updated_at": told.json["data"]["updated_at"]}

    async def kept() -> Endpoint:
        (found,) = (await callbacks.api.parts.config(callbacks.api.tenant(callbacks.keys))).endpoints.values()
        return found

    endpoint = await kept()
    assert endpoint.headers == CRM["headers"]
    assert [one.value for one in endpoint.secrets] == ["of sixteen characters"]
    assert endpoint.template is not None
    assert endpoint.template.json == template["json"]
    assert (await callbacks.call("PUT", path, json={"headers": {}, "template": None})).status == 200
    endpoint = await kept()
    assert (endpoint.headers, endpoint.template) == ({}, None)


async def test_so_many_attempts_count_though_no_policy_is_given(callbacks: Own) -> None:
    """`retry` as null is none."""
    given = {**CRM, "max_retry_attempts": 5, "retry": None}
    made = (await callbacks.call("POST", json=given)).json["data"]
    assert made["max_retry_attempts"] == 5
    six = {"max_retry_attempts": 6, "retry": None}
    assert (await callbacks.call("PUT", f"/{made['id']}", json=six)).json["data"]["max_retry_attempts"] == 6
    usual = (await callbacks.call("PUT", f"/{made['id']}", json={"retry": None})).json["data"]
    assert usual["max_retry_attempts"] == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"subscribed_events": ["callback.exploded"]}, "subscribed_events[0]"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"headers": {"X-Webhook-Signature": "x"}}, "headers"),
        ({"max_retry_attempt": 7}, "max_retry_attempt"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    callbacks: Own, change: dict[str, Any], field: str
) -> None:
    told = await callbacks.call("POST", json={**CRM, **change})
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert (await callbacks.call("GET")).json["data"] == []


async def test_a_test_that_nobody_answers_says_so(callbacks: Own) -> None:
    made = (await callbacks.call("POST", json={**CRM, "url": NOBODY})).json["data"]
    told = (await callbacks.call("POST", f"/{made['id']}/test")).json
    assert (told["success"], told["status"], told["body"]) == (False, None, None)
    assert told["message"]
    logs = await callbacks.call("GET", f"/{made['id']}/logs", key="read")
    assert (logs.status, logs.json) == (200, {"data": [], "next_cursor": None})
