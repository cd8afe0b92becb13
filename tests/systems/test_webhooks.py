"""The own APIs of URPA and 4Calls: webhooks by their ids, and URPA's history of what was sent."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/webhooks"
NOBODY = "http://127.0.0.1:9998/webhooks"
SECRET = "sixteen-characters-and-more"


class Own(NamedTuple):
    """A tenant's paths of a system, below a prefix of its own."""

    api: Running
    keys: Keys
    base: str
    first: str
    """One of the system's event types."""

    async def call(self, method: str, path: str = "", key: str = "manage", **more: Any) -> Told:
        return await self.api.call(method, f"{self.base}{path}", self.keys[key], **more)


@pytest_asyncio.fixture(loop_scope="session", params=["urpa", "4calls"])
async def own(request: pytest.FixtureRequest, api: Running, keys: Keys) -> AsyncIterator[Own]:
    body: dict[str, str] = {"prefix": keys.alice}
    path, first = "/api/urpa/integrations/webhooks", "activity.created"
    if request.param == "4calls":
        body["known_as"] = "org-7"
        path, first = "/api/coordinator/organizations/org-7/webhooks", "appointment.created"
    enabled = await api.call("PUT", f"/v1/systems/{request.param}/enabled", keys["manage"], json=body)
    assert enabled.status == 200, enabled.body
    yield Own(api, keys, f"/{keys.alice}{path}", first)


async def test_a_webhook_is_registered_listed_updated_and_deleted(own: Own) -> None:
    made = await own.call("POST", json={"url": URL, "events": [own.first], "secret": SECRET})
    assert made.status == 201, made.body
    webhook = made.json["data"]
    assert (webhook["url"], webhook["events"], webhook["is_active"]) == (URL, [own.first], True)
    assert webhook["secret"] == SECRET
    assert webhook["created_at"].endswith("Z")
    (listed,) = (await own.call("GET", key="read")).json["data"]
    assert (listed["id"], "secret" in listed) == (webhook["id"], False)
    changed = await own.call("PUT", f"/{webhook['id']}", json={"is_active": False, "events": ["*"]})
    assert (changed.status, changed.json["data"]["is_active"]) == (200, False)
    assert changed.json["data"]["url"] == URL
    endpoint = (await own.api.call("GET", f"/v1/endpoints/{webhook['id']}", own.keys["read"])).json
    assert (endpoint["active"], endpoint["events"]) == (False, ["*"])
    deleted = await own.call("DELETE", f"/{webhook['id']}")
    assert (deleted.status, "deleted" in deleted.json["message"]) == (200, True)
    assert (await own.call("GET")).json["data"] == []


EXTRAS: Mapping[str, Any] = {
    "filter": 'data.status == "pending"',
    "retry": {"kind": "fixed", "attempts": 2, "delay": 5},
    "rate": {"count": 10, "seconds": 1},
    "template": {"json": {"title": "{{ data.title }}", "kind": "{{ type }}"}},
}


async def test_what_the_system_had_no_field_for(own: Own) -> None:
    """A change replaces each whole; null takes it away again."""

    async def kept() -> dict[str, Any]:
        (endpoint,) = (await own.api.call("GET", "/v1/endpoints", own.keys["read"])).json["items"]
        return {name: endpoint[name] for name in EXTRAS}

    plain = (await own.call("POST", json={"url": URL, "events": [own.first], **EXTRAS})).json["data"]
    given = await kept()
    assert (given["filter"], given["rate"]["count"]) == (EXTRAS["filter"], 10)
    assert given["retry"] | EXTRAS["retry"] == given["retry"]
    assert given["template"]["json"] == EXTRAS["template"]["json"]
    fewer = {"json": {"title": "{{ data.title }}"}}
    await own.call("PUT", f"/{plain['id']}", json={"template": fewer})
    assert (await kept()) == {**given, "template": {**given["template"], **fewer}}
    assert (await own.call("PUT", f"/{plain['id']}", json=dict.fromkeys(EXTRAS))).status == 200
    fresh = await kept()
    assert (fresh["filter"], fresh["rate"], fresh["template"]) == ("", None, None)
    assert fresh["retry"]["attempts"] != 2


async def test_a_missing_secret_is_made_and_told_once(own: Own) -> None:
    made = await own.call("POST", json={"url": URL, "events": [own.first]})
    assert len(made.json["data"]["secret"]) >= 16


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": URL}, "events"),
        ({"events": ["*"]}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["contact.exploded"]}, "events[0]"),
        ({"url": URL, "events": ["*"], "secret": "too-short"}, "secret"),
        ({"url": "ftp://example.com", "events": ["*"]}, "url"),
        ({"url": URL, "events": ["*"], "template": {"text": "{% if"}}, "template.text"),
        ({"url": URL, "events": ["*"], "is_activ": False}, "is_activ"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(own: Own, body: dict[str, Any], field: str) -> None:
    told = await own.call("POST", json=body)
    assert told.status == 422, told.body
    assert told.json["field"] == field
    assert (await own.call("GET")).json["data"] == []


async def test_another_tenant_and_a_key_that_may_not_find_nothing(own: Own) -> None:
    made = await own.call("POST", json={"url": URL, "events": [own.first]})
    path = f"/{made.json['data']['id']}"
    assert (await own.call("DELETE", path, key="read")).status == 403
    assert (await own.call("GET", key="stranger")).status == 404
    assert (await own.call("DELETE", "/ep_none")).status == 404
    assert (await own.api.call("GET", own.base)).status == 401


@pytest_asyncio.fixture(loop_scope="session")
async def urpa(api: Running, keys: Keys) -> Own:
    body = {"prefix": keys.alice}
    assert (await api.call("PUT", "/v1/systems/urpa/enabled", keys["manage"], json=body)).status == 200
    return Own(api, keys, f"/{keys.alice}/api/urpa", "activity.created")


async def test_the_history_tells_attempts_codes_bodies_times_and_errors(urpa: Own) -> None:
    """What nobody receives: URPA's event is there with its payload, waiting."""
    made = await urpa.call("POST", "/integrations/webhooks", json={"url": NOBODY, "events": ["activity.*"]})
    data = {"id": "1", "title": "Task title", "status": "pending"}
    event = {"type": "activity.created", "data": data, "system": "urpa"}
    assert (await urpa.api.call("POST", "/v1/events", urpa.keys["publish"], json=event)).status == 202
    other = {"type": "contact.created", "data": data, "system": "4calls"}
    await urpa.api.call("POST", "/v1/events", urpa.keys["publish"], json=other)
    listed = await urpa.call("GET", "/webhooks/events", key="read")
    (one,) = listed.json["data"]
    assert (one["event"], one["webhook_id"], one["status"]) == (
        "activity.created",
        made.json["data"]["id"],
        "pending",
    )
    whole = (await urpa.call("GET", f"/webhooks/events/{one['id']}", key="read")).json["data"]
    assert whole["payload"]["event"] == "activity.created"
    assert whole["payload"]["data"] == data
    assert whole["history"] == []
    none = await urpa.call("GET", "/webhooks/events?status=failed")
    assert none.json["data"] == []
    assert (await urpa.call("GET", "/webhooks/events?status=lost")).json["field"] == "status"
    assert (await urpa.call("GET", "/webhooks/events?webhook_id=ep_none")).json["data"] == []
    assert (await urpa.call("GET", "/webhooks/events/dlv_none")).status == 404
