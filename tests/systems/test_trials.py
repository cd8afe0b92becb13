"""Test deliveries in the words of AskPro's two systems, to receivers that are there: what they get, and what is said of
their answers.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.api.conftest import Keys, make_keys
from tests.api.running import Running
from tests.engine.receivers import Got, Receiver, receiving
from tests.systems.test_webhooks import Own

SECRET = "whsec_of_a_test"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"
BROKEN = b"HTTP/1.1 500 Broken\r\nContent-Length: 7\r\n\r\nno \xc3\xbcse"
ANSWERS: Mapping[str, tuple[bytes, bool, int, str]] = {
    "200": (FINE, True, 200, "done"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", True, 204, ""),
    "302": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", False, 302, ""),
    "500": (BROKEN, False, 500, "no \u00fcse"),
}
"""What a receiver says, and what is told of it: whether it went well, the status, the body."""


async def enabled(api: Running, keys: Keys, system: str, **more: str) -> None:
    body = {"prefix": keys.alice, "zone": "Europe/Berlin", **more}
    told = await api.call("PUT", f"/v1/systems/{system}/enabled", keys["manage"], json=body)
    assert told.status == 200, told.body


@pytest_asyncio.fixture(loop_scope="session")
async def callbacks(api: Running, keys: Keys) -> Own:
    await enabled(api, keys, "askpro-callbacks", known_as="1")
    return Own(api, keys, f"/{keys.alice}/api/webhook-configurations", "callback.created")


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(api: Running, keys: Keys) -> Own:
    await enabled(api, keys, "askpro-gateway")
    return Own(api, keys, f"/{keys.alice}/admin/test-webhook", "service_case.created")


async def configuration(own: Own, receiver: Receiver, **more: Any) -> str:
    body = {
        "name": "CRM Größe 1/2",
        "url": receiver.url(),
        "subscribed_events": ["callback.created"],
        "secret_key": SECRET,
        "headers": {"X-API-Key": "crm-api-key-here"},
    }
    made = await own.call("POST", json={**body, **more})
    assert made.status == 201, made.body
    return str(made.json["data"]["id"])


async def output(own: Own, receiver: Receiver, **more: Any) -> str:
    body = {
        "url": receiver.url(),
        "system": "askpro-gateway",
        "headers": {"Authorization": "Bearer token123", "Content-Type": "application/json"},
    }
    made = await own.api.call("POST", "/v1/endpoints", own.keys["manage"], json={**body, **more})
    assert made.status == 201, made.body
    return str(made.json["id"])


def time_of(got: Got) -> str:
    told: str = msgspec.json.decode(got.body)["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", told)
    return told


@pytest.mark.parametrize("answer", ANSWERS)
async def test_callbacks_tells_what_a_receiver_answered(callbacks: Own, answer: str) -> None:
    said, success, status, body = ANSWERS[answer]
    async with receiving() as receiver:
        receiver.answer = lambda _: said
        told = await callbacks.call("POST", f"/{await configuration(callbacks, receiver)}/test")
        assert len(receiver.got) == 1
    assert told.status == 200
    message = "The test was delivered." if success else f"HTTP {status}"
    assert told.json == {"success": success, "status": status, "body": body, "message": message}


async def test_callbacks_test_has_no_envelope_and_the_systems_headers(callbacks: Own) -> None:
    """Written as PHP writes it, and signed as it is written."""
    async with receiving() as receiver:
        await callbacks.call("POST", f"/{await configuration(callbacks, receiver, is_active=False)}/test")
        (got,) = receiver.got
    assert got.body.decode() == (
        '{"test":true,"message":"This is a test webhook delivery from AskPro AI Gateway",'
        f'"webhook_name":"CRM Gr\\u00f6\\u00dfe 1\\/2","timestamp":"{time_of(got)}"}}'
    )
    signature = hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-webhook-signature"] == f"sha256={signature}"
    assert (got.headers["x-webhook-event"], got.headers["x-webhook-delivery-attempt"]) == (
        "callback.created",
        "1",
    )
    assert re.fullmatch(r"callback_\d+_created_\d+", got.headers["x-webhook-idempotency-key"])
    assert (got.headers["x-api-key"], got.headers["user-agent"]) == (
        "crm-api-key-here",
        "AskProAI-Webhooks/1.0",
    )


async def test_callbacks_waits_as_long_as_the_configuration_says(callbacks: Own) -> None:
    async with receiving() as receiver:
        receiver.hangs()
        path = f"/{await configuration(callbacks, receiver, timeout_seconds=1)}/test"
        begun = time.monotonic()
        told = await callbacks.call("POST", path)
        assert 1 <= time.monotonic() - begun < 5
    assert (told.json["success"], told.json["status"], told.json["body"]) == (False, None, None)
    assert told.json["message"] == "the deadline passed before any byte of the answer"


async def test_a_test_of_callbacks_leaves_no_trace(callbacks: Own) -> None:
    async with receiving() as receiver:
        receiver.says(500)
        made = await configuration(callbacks, receiver)
        for _ in range(3):
            await callbacks.call("POST", f"/{made}/test")
    shown = (await callbacks.call("GET", f"/{made}")).json["data"]
    assert (shown["total_deliveries"], shown["failed_deliveries"], shown["last_triggered_at"]) == (0, 0, None)
    assert (await callbacks.call("GET", f"/{made}/logs")).json["data"] == []


@pytest.mark.parametrize("answer", ANSWERS)
async def test_the_gateway_tells_what_an_output_answered(gateway: Own, answer: str) -> None:
    said, success, status, body = ANSWERS[answer]
    async with receiving() as receiver:
        receiver.answer = lambda _: said
        told = await gateway.call("POST", json={"config_id": await output(gateway, receiver)})
        assert len(receiver.got) == 1
    assert (told.status, told.json) == (200, {"success": success, "status": status, "body": body})


async def test_the_gateways_test_has_three_fields_and_the_outputs_headers(gateway: Own) -> None:
    async with receiving() as receiver:
        await gateway.call("POST", json={"config_id": await output(gateway, receiver, active=False)})
        (got,) = receiver.got
    assert got.body.decode() == (
        f'{{"test":true,"timestamp":"{time_of(got)}","message":"AskPro webhook test"}}'
    )
    assert got.headers["authorization"] == "Bearer token123"
    assert got.headers["content-type"] == "application/json"
    assert not [name for name in got.headers if name.startswith(("x-", "webhook-"))]


async def test_the_gateway_waits_ten_seconds_whatever_the_output_says(sqlite_api: Running) -> None:
    """A timeout of an hour would hold whoever asks."""
    keys = await make_keys(sqlite_api)
    await enabled(sqlite_api, keys, "askpro-gateway")
    gateway = Own(sqlite_api, keys, f"/{keys.alice}/admin/test-webhook", "")
    async with receiving() as receiver:
        receiver.hangs()
        made = await output(gateway, receiver, timeout=60)
        begun = time.monotonic()
        told = await gateway.call("POST", json={"config_id": made})
        assert 10 <= time.monotonic() - begun < 20
    late = {"success": False, "status": None, "body": "the deadline passed before any byte of the answer"}
    assert told.json == late
