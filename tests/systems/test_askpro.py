"""The AskPro gateway's admin paths: a test of an output, and the log of exchanges."""

import csv
import io

import msgspec
import pytest_asyncio

from tests.api.conftest import Keys
from tests.api.receiving import receipts
from tests.api.running import Running
from tests.systems.test_webhooks import NOBODY, Own

BOOKING = (
    b'{"triggerEvent": "BOOKING_CREATED", "createdAt": "2025-11-13T15:30:45Z", "payload": {"uid": "b1"}}'
)


@pytest_asyncio.fixture(loop_scope="session")
async def askpro(api: Running, keys: Keys) -> Own:
    body = {"prefix": keys.alice, "zone": "Europe/Berlin"}
    enabled = await api.call("PUT", "/v1/systems/askpro-gateway/enabled", keys["manage"], json=body)
    assert enabled.status == 200, enabled.body
    return Own(api, keys, f"/{keys.alice}", "service_case.created")


async def output(askpro: Own) -> str:
    body = {"url": NOBODY, "system": "askpro-gateway", "headers": {"Authorization": "Bearer token123"}}
    made = await askpro.api.call("POST", "/v1/endpoints", askpro.keys["manage"], json=body)
    return str(made.json["id"])


async def test_a_test_says_what_was_answered(askpro: Own) -> None:
    told = await askpro.call("POST", "/admin/test-webhook", json={"config_id": await output(askpro)})
    assert told.status == 200, told.body
    assert set(told.json) == {"success", "status", "body"}
    assert (told.json["success"], told.json["status"]) == (False, None)
    assert told.json["body"]
    absent = await askpro.call("POST", "/admin/test-webhook", json={"config_id": "ep_none"})
    assert absent.status == 404
    assert (await askpro.call("POST", "/admin/test-webhook", json={})).json["field"] == "config_id"
    assert (await askpro.call("POST", "/admin/test-webhook", key="read", json={})).status == 403


async def test_what_came_in_is_in_the_log_and_can_be_exported(askpro: Own) -> None:
    sent = await askpro.api.call(
        "POST", f"{askpro.base}/webhooks/calcom", body=BOOKING, headers={"Content-Type": "application/json"}
    )
    assert sent.status == 200, sent.body
    source = next(
        one
        for one in (await askpro.api.call("GET", "/v1/sources", askpro.keys["manage"])).json["items"]
        if one["path"] == "askpro-gateway/calcom"
    )
    await receipts(askpro.api, askpro.keys, source)
    log = await askpro.call("GET", "/admin/exchange-log", key="read")
    assert log.status == 200, (log.body, askpro.api.faults())
    (one,) = log.json["data"]
    assert (one["direction"], one["endpoint"], one["response_status"]) == ("inbound", "calcom", 200)
    assert one["request_payload"] == msgspec.json.decode(BOOKING)
    assert one["created_at"][-6:] in {"+01:00", "+02:00"}
    assert log.json["next_cursor"] is None
    for query, count in (
        ("direction=inbound", 1),
        ("direction=outbound", 0),
        ("status=200", 1),
        ("status=500", 0),
        ("case=123", 0),
        ("until=2020-01-01T00:00:00Z", 0),
        ("since=2020-01-01T00:00:00Z", 1),
    ):
        told = await askpro.call("GET", f"/admin/exchange-log?{query}", key="read")
        assert told.status == 200, (query, told.body)
        assert len(told.json["data"]) == count, query
    table = await askpro.call("GET", "/admin/exchange-log?format=csv", key="read")
    (row,) = csv.DictReader(io.StringIO(table.body.decode()))
    assert (row["direction"], row["response_status"]) == ("inbound", "200")
    lines = await askpro.call("GET", "/admin/exchange-log?format=ndjson", key="read")
    assert [msgspec.json.decode(line) for line in lines.body.splitlines()] == [one]
    assert (await askpro.call("GET", "/admin/exchange-log?direction=up", key="read")).json[
        "field"
    ] == "direction"
    assert (await askpro.call("GET", "/admin/exchange-log", key="publish")).status == 403
