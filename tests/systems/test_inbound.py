"""The paths of AskPro's gateway that Retell and Cal.com send to."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from tests.api.conftest import Keys
from tests.api.running import Running, Told
from tests.systems.shown import CALCOM as CALCOM_EVENTS
from tests.systems.shown import RETELL

ENABLED = "/v1/systems/askpro-gateway/enabled"
ENDED = "/webhooks/retell/call-ended"
CALCOM = "/webhooks/calcom"
SECRET = "a-secret-of-the-provider"
CALL = msgspec.json.encode({"event": "call_ended", "call": {"call_id": "c1", "end_timestamp": 1714608491736}})
BOOKING = msgspec.json.encode(
    {"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-01-22T10:30:00Z", "payload": {"uid": "b1"}}
)


def hexed(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


class Gateway:
    def __init__(self, api: Running, keys: Keys) -> None:
        self.api, self.keys, self.prefix = api, keys, keys.alice

    async def send(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Told:
        return await self.api.call("POST", f"/{self.prefix}{path}", body=body, headers=dict(headers or {}))

    async def get(self, path: str) -> Any:
        return (await self.api.call("GET", path, self.keys["read"])).json

    async def events(self) -> list[str]:
        return [one["type"] for one in (await self.get("/v1/events"))["items"]][::-1]

    async def source(self, name: str, **change: Any) -> dict[str, Any]:
        (found,) = [
            one for one in (await self.get("/v1/sources"))["items"] if one["path"] == f"askpro-gateway/{name}"
        ]
        if change:
            path = f"/v1/sources/{found['id']}"
            assert (await self.api.call("PATCH", path, self.keys["manage"], json=change)).status == 200
        return dict(found)


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(api: Running, keys: Keys) -> AsyncIterator[Gateway]:
    assert (await api.call("PUT", ENABLED, keys["manage"], json={"prefix": keys.alice})).status == 200
    yield Gateway(api, keys)


async def test_a_system_is_enabled_with_its_sources(gateway: Gateway) -> None:
    """Made once; they are the tenant's, which may change or delete them."""
    before = await gateway.source("retell", types={"call_ended": "call.over"})
    await gateway.api.call("PUT", ENABLED, gateway.keys["manage"], json={"prefix": gateway.prefix})
    after = await gateway.source("retell")
    assert (after["id"], after["types"]) == (before["id"], {"call_ended": "call.over"})
    assert after["verification"] == "with_secret"


async def test_what_comes_is_an_event_once(gateway: Gateway) -> None:
    for _ in range(2):
        assert (await gateway.send(ENDED, CALL)).status in {200, 204}
        assert (await gateway.send(CALCOM, BOOKING)).status in {200, 204}
    assert await gateway.events() == ["retell.call_ended", "calcom.booking_created"]
    receipts = (await gateway.get("/v1/receipts"))["items"]
    assert sorted(one["outcome"] for one in receipts) == ["accepted", "accepted", "duplicate", "duplicate"]


@pytest.mark.parametrize("path", RETELL)
async def test_each_event_of_retell_has_its_path(gateway: Gateway, path: str) -> None:
    event = path.rpartition("/")[2].replace("-", "_")
    body = msgspec.json.encode({"event": event, "call": {"call_id": "c1"}})
    assert (await gateway.send(path, body)).status in {200, 204}
    assert await gateway.events() == [f"retell.{event}"]


@pytest.mark.parametrize("trigger", CALCOM_EVENTS)
async def test_each_event_of_calcom_comes_in_by_one_path(gateway: Gateway, trigger: str) -> None:
    body = BOOKING.replace(b"BOOKING_CREATED", trigger.encode())
    assert (await gateway.send(CALCOM, body)).status in {200, 204}
    assert await gateway.events() == [f"calcom.{trigger.lower()}"]


async def test_with_a_secret_only_what_is_signed_is_accepted(gateway: Gateway) -> None:
    """By the provider's own signature, or by the gateway's."""
    await gateway.source("retell", secrets=[SECRET])
    await gateway.source("calcom", secrets=[SECRET])
    for path, body in ((ENDED, CALL), (CALCOM, BOOKING)):
        assert (await gateway.send(path, body)).status == 401
    assert (await gateway.send(ENDED, CALL, {"X-Retell-Signature": hexed(CALL + b" ")})).status == 401
    assert (await gateway.send(ENDED, CALL, {"X-Retell-Signature": hexed(CALL)})).status in {200, 204}
    now = str(gateway.api.parts.clock.now() // 1000)
    own = hexed(CALL + now.encode())
    signed = {"X-Retell-Signature": f"v={now},d={own}"}
    assert (await gateway.send(ENDED, CALL, signed)).status in {200, 204}
    assert (await gateway.send(CALCOM, BOOKING, {"X-Calcom-Signature": hexed(BOOKING)})).status in {200, 204}
    assert (await gateway.send(CALCOM, BOOKING, {"X-Cal-Signature-256": hexed(BOOKING)})).status in {200, 204}
    assert await gateway.events() == ["retell.call_ended", "calcom.booking_created"]


async def test_bookings_may_become_appointments(gateway: Gateway) -> None:
    await gateway.source("calcom", types={"BOOKING_CREATED": "appointment.created"})
    await gateway.send(CALCOM, BOOKING)
    assert await gateway.events() == ["appointment.created"]


async def test_there_is_nothing_elsewhere(gateway: Gateway) -> None:
    """At other steps, for tenants that do not use it, and any more when it is used no more."""
    for path in ("/webhooks/retell", "/webhooks/retell/call-begun", "/webhooks/stripe"):
        assert (await gateway.send(path, CALL)).status == 404
    assert (await gateway.api.call("POST", f"/{gateway.keys.stranger}{ENDED}", body=CALL)).status == 404
    assert (await gateway.send(ENDED, CALL)).status in {200, 204}
    await gateway.api.call("DELETE", ENABLED, gateway.keys["manage"])
    assert (await gateway.send(ENDED, CALL)).status == 404


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100, b"{}"])
async def test_what_cannot_be_read_is_an_event_too(gateway: Gateway, body: bytes) -> None:
    told = await gateway.send(ENDED, body)
    assert told.status in {200, 204}
    assert len(await gateway.events()) == 1


async def test_a_source_that_the_tenant_deleted_is_gone(gateway: Gateway) -> None:
    found = await gateway.source("retell")
    await gateway.api.call("DELETE", f"/v1/sources/{found['id']}", gateway.keys["manage"])
    assert (await gateway.send(ENDED, CALL)).status == 401
