"""The AI Support Autoresponder's way in: a ticket of each request, numbered without a gap."""

import asyncio
import hashlib
import hmac
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.api.conftest import Keys
from tests.api.receiving import receipts
from tests.api.running import Running, Told
from tests.systems.test_webhooks import Own

DATA = {"subject": "Test Ticket", "message": "This is a test", "customer_email": "test@example.com"}
WHOLE = {
    "event": "ticket.create",
    "data": {
        "subject": "Support Request",
        "message": "Customer message here",
        "customer_email": "customer@example.com",
        "customer_name": "John Doe",
        "priority": "medium",
        "category": "Technical",
    },
}


@pytest_asyncio.fixture(loop_scope="session")
async def support(api: Running, keys: Keys) -> Own:
    body = {"prefix": keys.alice}
    path = "/v1/systems/ai-support-autoresponder/enabled"
    enabled = await api.call("PUT", path, keys["manage"], json=body)
    assert enabled.status == 200, enabled.body
    return Own(api, keys, f"/{keys.alice}/api/webhooks/receive", "ticket.created")


async def post(support: Own, body: Any, **headers: str) -> Told:
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    lines = {"Content-Type": "application/json", **headers}
    return await support.api.call("POST", support.base, body=sent, headers=lines)


async def source(support: Own) -> dict[str, Any]:
    listed = await support.api.call("GET", "/v1/sources", support.keys["manage"])
    found: dict[str, Any]
    (found,) = listed.json["items"]
    return found


async def test_a_request_makes_a_ticket_and_publishes_it(support: Own) -> None:
    made = await post(support, WHOLE)
    assert made.status == 201, (made.body, support.api.faults())
    ticket = made.json["ticket"]
    assert made.json["success"] is True
    assert {name: ticket[name] for name in WHOLE["data"]} == WHOLE["data"]
    assert ticket["status"] == "new"
    assert ticket["ticket_number"].startswith("TKT-20")
    assert ticket["ticket_number"].endswith("-001")
    shown = await support.api.call("GET", f"/v1/records/ticket/{ticket['id']}", support.keys["read"])
    assert shown.json["state"] == ticket
    (event,) = (await support.api.call("GET", "/v1/events", support.keys["read"])).json["items"]
    data = await support.api.call("GET", f"/v1/events/{event['id']}/data", support.keys["read"])
    assert (event["type"], data.json) == ("ticket.created", {"ticket": ticket})
    (receipt,) = await receipts(support.api, support.keys, await source(support))
    assert (receipt["outcome"], receipt["status"]) == ("accepted", 201)


async def test_numbers_have_no_gap_however_many_come_at_once(support: Own) -> None:
    told = await asyncio.gather(*[post(support, {"event": "ticket.create", "data": DATA}) for _ in range(40)])
    bad = await post(support, {"event": "ticket.create", "data": {**DATA, "customer_email": "nobody"}})
    assert bad.status == 422
    told.append(await post(support, {"event": "ticket.create", "data": DATA}))
    numbers = sorted(int(one.json["ticket"]["ticket_number"][-3:]) for one in told)
    assert numbers == list(range(1, 42))
    assert told[0].json["ticket"]["priority"] == "medium"


async def test_where_a_secret_is_set_the_body_must_be_signed(support: Own) -> None:
    made = await source(support)
    changed = await support.api.call(
        "PATCH", f"/v1/sources/{made['id']}", support.keys["manage"], json={"secrets": ["webhook-secret"]}
    )
    assert changed.status == 200, changed.body
    body = msgspec.json.encode(WHOLE)
    signature = hmac.new(b"webhook-secret", body, hashlib.sha256).hexdigest()
    assert (await post(support, body)).status == 401
    wrong = await post(support, body, **{"X-Webhook-Signature": "0" * 64})
    assert (wrong.status, wrong.code) == (401, "not_proven")
    assert (await post(support, body + b" ", **{"X-Webhook-Signature": signature})).status == 401
    assert (await post(support, body, **{"X-Webhook-Signature": signature})).status == 201
    found = await receipts(support.api, support.keys, made, 4)
    assert sorted(str(one["cause"]) for one in found) == [
        "None",
        "bad_signature",
        "bad_signature",
        "no_signature",
    ]


async def test_another_address_is_refused_and_the_receipt_says_why(support: Own) -> None:
    made = await source(support)
    path = f"/v1/sources/{made['id']}"
    fields = {"addresses": ["192.0.2.0/24"]}
    assert (await support.api.call("PATCH", path, support.keys["manage"], json=fields)).status == 200
    assert (await post(support, WHOLE)).status == 401
    (receipt,) = await receipts(support.api, support.keys, made)
    assert (receipt["outcome"], receipt["cause"]) == ("refused", "address_not_allowed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "ticket.create", "data": {**DATA, "subject": ""}}, "subject"),
        ({"event": "ticket.create", "data": {"subject": "x", "message": "y"}}, "customer_email"),
        ({"event": "ticket.create", "data": {**DATA, "customer_email": "a@b"}}, "customer_email"),
        ({"event": "ticket.create", "data": {**DATA, "prioritty": "high"}}, "prioritty"),
        ({"event": "ticket.created", "data": DATA}, "event"),
        ({"event": "ticket.create"}, "data"),
    ],
)
async def test_what_is_no_ticket_is_refused_with_its_field(support: Own, body: Any, field: str) -> None:
    told = await post(support, body)
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert (await support.api.call("GET", "/v1/records/ticket", support.keys["read"])).json["items"] == []


async def test_where_nobody_uses_the_system_there_is_nothing(support: Own) -> None:
    told = await support.api.call("POST", "/api/webhooks/receive", json=WHOLE)
    assert told.status == 404
