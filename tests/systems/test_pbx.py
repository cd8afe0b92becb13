"""The PBX's own API: subscriptions by their URLs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/webhooks"
ENABLED = "/v1/systems/pbx/enabled"
WEBHOOKS = "/api/webhooks"


class Pbx:
    """A tenant's, below a prefix of its own."""

    def __init__(self, api: Running, keys: Keys) -> None:
        self.api, self.keys, self.prefix = api, keys, keys.alice

    async def call(self, method: str, query: str = "", key: str = "manage", **more: Any) -> Told:
        return await self.api.call(method, f"/{self.prefix}{WEBHOOKS}{query}", self.keys[key], **more)


@pytest_asyncio.fixture(loop_scope="session")
async def pbx(api: Running, keys: Keys) -> AsyncIterator[Pbx]:
    body = {"prefix": keys.alice, "zone": "Europe/Berlin"}
    assert (await api.call("PUT", ENABLED, keys["manage"], json=body)).status == 200
    yield Pbx(api, keys)


async def test_a_subscription_is_added_listed_and_deleted(pbx: Pbx) -> None:
    body = {
        "url": URL,
        "events": ["call.started", "call.ended"],
        "secret": "your-secret-key",
        "headers": {"Authorization": "Bearer token123"},
    }
    added = await pbx.call("POST", json=body)
    assert (added.status, added.json) == (
        200,
        {
            "success": True,
            "message": f"Webhook subscription added: {URL}",
            "subscription": {"url": URL, "events": ["call.started", "call.ended"], "enabled": True},
        },
    )
    (shown,) = (await pbx.call("GET", key="read")).json
    created_at = shown.pop("created_at")
    assert (len(created_at), created_at[10]) == (len("2025-12-07T12:00:00"), "T")
    assert shown == {
        "url": URL,
        "events": ["call.started", "call.ended"],
        "enabled": True,
        "last_sent": None,
        "success_count": 0,
        "failure_count": 0,
    }
    (endpoint,) = (await pbx.api.call("GET", "/v1/endpoints", pbx.keys["read"])).json["items"]
    assert (endpoint["system"], endpoint["dialect"], endpoint["zone"]) == ("pbx", "pbx", "Europe/Berlin")
    assert endpoint["headers"] == {"Authorization": "Bearer ***"}
    deleted = await pbx.call("DELETE", f"?url={URL}")
    assert (deleted.status, deleted.json) == (
        200,
        {"success": True, "message": f"Webhook subscription removed: {URL}"},
    )
    assert (await pbx.call("GET")).json == []


async def test_all_events_are_meant_where_none_is_named(pbx: Pbx) -> None:
    added = await pbx.call("POST", json={"url": URL, "description": "of no meaning to the PBX"})
    assert added.json["subscription"] == {"url": URL, "events": ["*"], "enabled": True}


async def test_what_the_pbx_had_planned(pbx: Pbx) -> None:
    """Filter, batch, retries and rate of a subscription, and a template instead of a batch."""
    body = {
        "url": URL,
        "enabled": False,
        "filter": 'data.extension == "1001"',
        "max_retries": 5,
        "retry": None,
        "retry_delay": 30,
        "timeout": 20,
        "batch": {"count": 10, "seconds": 5},
        "rate": {"count": 10, "seconds": 1},
    }
    assert (await pbx.call("POST", json=body)).json["subscription"]["enabled"] is False
    (endpoint,) = (await pbx.api.call("GET", "/v1/endpoints", pbx.keys["read"])).json["items"]
    assert (endpoint["filter"], endpoint["timeout"], endpoint["active"]) == (body["filter"], 20.0, False)
    assert (endpoint["retry"]["attempts"], endpoint["retry"]["delay"]) == (5, 30.0)
    assert (endpoint["retry"]["jitter"], endpoint["retry"]["gone"]) == (0.0, False)
    assert endpoint["batch"]["count"] == 10
    assert endpoint["rate"]["count"] == 10
    other: dict[str, Any] = {"url": f"{URL}/2", "template": {"json": {"caller": "{{ data.caller }}"}}}
    assert (await pbx.call("POST", json=other)).status == 200
    listed = (await pbx.api.call("GET", "/v1/endpoints", pbx.keys["read"])).json["items"]
    assert [one["template"] and one["template"]["json"] for one in listed] == [
        None,
        other["template"]["json"],
    ]


async def test_a_url_is_subscribed_once(pbx: Pbx) -> None:
    """Also by its other spelling; another system's endpoint of the same URL is no matter."""
    await pbx.api.call("POST", "/v1/endpoints", pbx.keys["manage"], json={"url": URL})
    assert (await pbx.call("POST", json={"url": URL})).status == 200
    again = await pbx.call("POST", json={"url": URL.replace("http", "HTTP")})
    assert (again.status, again.code, again.json["field"]) == (409, "conflict", "url")
    assert len((await pbx.call("GET")).json) == 1
    assert (await pbx.call("DELETE", f"?url={URL}")).status == 200
    assert len((await pbx.api.call("GET", "/v1/endpoints", pbx.keys["read"])).json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://x"}, "url"),
        ({"url": URL, "events": ["call.begun"]}, "events[0]"),
        ({"url": URL, "events": "call.started"}, "events"),
        ({"url": URL, "event": ["call.started"]}, "event"),
        ({"url": URL, "max_retries": 0}, "max_retries"),
        ({"url": URL, "retry_delay": 1e9}, "retry_delay"),
        ({"url": URL, "headers": {"X-Webhook-ID": "x"}}, "headers"),
        ({"url": URL, "filter": "data.x >"}, "filter"),
        ({"url": URL, "template": {"text": "{{ data.x"}}, "template.text"),
    ],
)
async def test_a_mistake_is_told_and_leaves_nothing(pbx: Pbx, body: dict[str, Any], field: str) -> None:
    refused = await pbx.call("POST", json=body)
    assert (refused.status, refused.json["field"]) == (422, field)
    assert (await pbx.call("GET")).json == []


async def test_what_is_not_subscribed_cannot_be_deleted(pbx: Pbx) -> None:
    assert (await pbx.call("DELETE", f"?url={URL}")).code == "not_found"
    assert (await pbx.call("DELETE", "?url=%20")).code == "not_found"
    assert (await pbx.call("DELETE")).json["field"] == "url"


async def test_who_may(pbx: Pbx) -> None:
    """A key is needed, of this tenant, and of the scope; the admin's needs no name of the tenant."""
    path = f"/{pbx.prefix}{WEBHOOKS}"
    nobody = await pbx.api.call("GET", path)
    assert (nobody.status, nobody.code) == (401, "unauthorized")
    assert (await pbx.call("POST", key="read", json={"url": URL})).status == 403
    assert (await pbx.call("GET", key="publish")).status == 403
    stranger = await pbx.call("GET", key="stranger")
    assert (stranger.status, stranger.code) == (404, "not_found")
    assert "hookline systems enable pbx" in stranger.json["hint"]
    assert (await pbx.call("POST", key="admin", json={"url": URL})).status == 200
    assert len((await pbx.call("GET")).json) == 1


async def test_the_paths_are_where_the_tenant_has_them(pbx: Pbx) -> None:
    """And nowhere else, and not any more when it is used no more."""
    for path in (WEBHOOKS, f"/other{WEBHOOKS}", f"/{pbx.prefix}/{pbx.prefix}{WEBHOOKS}"):
        assert (await pbx.api.call("GET", path, pbx.keys["manage"])).status == 404
    put = await pbx.call("PUT")
    assert (put.status, sorted(put.headers["Allow"].split(", "))) == (
        405,
        ["DELETE", "GET", "OPTIONS", "POST"],
    )
    await pbx.api.call("DELETE", ENABLED, pbx.keys["manage"])
    assert (await pbx.call("GET")).status == 404


async def test_a_host_of_its_own(pbx: Pbx) -> None:
    body = {"host": f"{pbx.prefix}.example.com"}
    await pbx.api.call("PUT", ENABLED, pbx.keys["manage"], json=body)
    named = {"Host": f"{pbx.prefix}.Example.com:8080"}
    assert (await pbx.api.call("GET", WEBHOOKS, pbx.keys["manage"], headers=named)).status == 200
    assert (await pbx.api.call("GET", WEBHOOKS, pbx.keys["admin"], headers=named)).status == 200
    assert (await pbx.api.call("GET", WEBHOOKS, pbx.keys["manage"])).status == 404
    assert (await pbx.api.call("GET", WEBHOOKS, pbx.keys["stranger"], headers=named)).status == 404
