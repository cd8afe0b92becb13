"""Events, their matches and their deliveries, event types and schemas, health."""

from typing import Any

import pytest

from hookline.errors import InvalidField
from hookline.model.json_schema import compile_schema
from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/x"
SCHEMA = {"type": "object", "required": ["call"], "properties": {"call": {"type": "string", "maxLength": 5}}}


async def create(api: Running, keys: Keys, **fields: Any) -> str:
    made = await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": URL, **fields})
    return str(made.json["id"])


async def publish(api: Running, keys: Keys, data: object = None, name: str = "call.started") -> Told:
    return await api.call("POST", "/v1/events", keys["publish"], json={"type": name, "data": data})


async def test_why_an_event_matched_or_did_not(api: Running, keys: Keys) -> None:
    """For each endpoint: what was decided then, what would be now, and in words why."""
    yes = await create(api, keys, events=["call.*"])
    other = await create(api, keys, events=["order.*"])
    filtered = await create(api, keys, filter="data.seconds > 60")
    told = await publish(api, keys, {"seconds": 5})
    path = f"/v1/events/{told.json['id']}"
    late = await create(api, keys)
    items = {
        one["endpoint_id"]: one
        for one in (await api.call("GET", f"{path}/matches", keys["read"])).json["items"]
    }
    assert set(items) == {yes, other, filtered, late}
    assert [items[one]["matched"] for one in (yes, other, filtered, late)] == [True, False, False, False]
    assert [items[one]["would_match"] for one in (yes, other, filtered, late)] == [True, False, False, True]
    assert items[yes]["delivery_id"].startswith("dlv_")
    assert items[yes]["state"] == "pending"
    assert items[other]["reason"] == "The endpoint wants order.*; the event is call.started."
    await api.call("DELETE", f"/v1/endpoints/{yes}", keys["manage"])
    gone = (await api.call("GET", f"{path}/matches", keys["read"])).json["items"][0]
    assert (gone["matched"], gone["would_match"], gone["reason"]) == (True, None, "The endpoint is gone.")


async def test_a_delivery_is_shown_retried_and_cancelled(api: Running, keys: Keys) -> None:
    """A waiting delivery shows what will be sent; cancelled it stays so until it is retried."""
    endpoint = await create(api, keys)
    told = await publish(api, keys, {"n": 1})
    (listed,) = (await api.call("GET", f"/v1/events/{told.json['id']}/deliveries", keys["read"])).json[
        "items"
    ]
    path = f"/v1/deliveries/{listed['id']}"
    shown = (await api.call("GET", path, keys["read"])).json
    assert shown["request_body"]["text"].endswith('"data":{"n":1}}')
    assert (shown["endpoint_id"], shown["history"]) == (endpoint, [])
    ended = await api.call("POST", f"{path}/cancel", keys["manage"])
    assert ended.json["state"] == "cancelled"
    twice = await api.call("POST", f"{path}/cancel", keys["manage"])
    assert (twice.status, twice.code) == (409, "conflict")
    woken = len(api.woken)
    again = await api.call("POST", f"{path}/retry", keys["manage"])
    assert (again.json["state"], len(api.woken)) == ("pending", woken + 1)
    for query, count in (
        ("state=pending", 1),
        ("state=dead", 0),
        (f"endpoint={endpoint}", 1),
        ("status=5xx", 0),
    ):
        page = await api.call("GET", f"/v1/deliveries?{query}", keys["read"])
        assert len(page.json["items"]) == count, query


async def test_a_test_event_is_sent_now_and_told_whole(api: Running, keys: Keys) -> None:
    """Nobody listens there: the exchange says so in plain words, and nothing is stored."""
    endpoint = await create(api, keys, events=["call.started"], headers={"X-Token": "s3cret"})
    told = await api.call("POST", f"/v1/endpoints/{endpoint}/test", keys["manage"], json={"data": {"a": 1}})
    assert told.status == 200, told.body
    attempt = told.json
    assert (attempt["succeeded"], attempt["cause"], attempt["trigger"]) == (False, "connect_refused", "test")
    assert "Is the receiver running?" in attempt["hint"]
    assert attempt["request_body"]["text"].endswith('"data":{"a":1}}')
    names = {name.lower(): value for name, value in attempt["request_headers"]}
    assert names["x-token"] == "***"
    assert names["webhook-signature"].startswith("v1,")
    assert (await api.call("GET", "/v1/events", keys["read"])).json["items"] == []


async def put_type(api: Running, keys: Keys, **fields: Any) -> Told:
    return await api.call("PUT", "/v1/event-types/call.started", keys["manage"], json=fields)


async def test_schemas_are_enforced_warned_of_or_left(api: Running, keys: Keys) -> None:
    """`enforce` refuses with the JSON path, `warn` tells, `off` looks away; each change counts at once."""
    made = await put_type(api, keys, schema=SCHEMA, enforcement="enforce", example={"call": "c1"})
    assert made.status == 201
    refused = await publish(api, keys, {"call": "too long"})
    assert (refused.status, refused.code, refused.json["field"]) == (422, "schema_mismatch", "data.call")
    assert (await publish(api, keys, {"call": "c1"})).json["warnings"] == []
    assert (await put_type(api, keys, schema=SCHEMA, enforcement="warn")).status == 200
    warned = await publish(api, keys, {})
    assert [one["code"] for one in warned.json["warnings"]] == ["schema_mismatch"]
    await put_type(api, keys, schema=SCHEMA)
    assert (await publish(api, keys, 7)).json["warnings"] == []


async def test_deprecated_and_unknown_types_are_warned_of(api: Running, keys: Keys) -> None:
    """In the answer, and for programs in a header; a misspelt type comes with the nearest known one."""
    await put_type(api, keys, deprecated=True)
    told = await publish(api, keys)
    assert [one["code"] for one in told.json["warnings"]] == ["deprecated"]
    assert told.headers["Deprecation"].startswith("@")
    wrong = await publish(api, keys, name="call.startd")
    assert "Did you mean call.started?" in wrong.json["warnings"][0]["detail"]


async def test_names_of_hooklines_own_events_are_kept(api: Running, keys: Keys) -> None:
    path = "/v1/event-types/hookline.delivery.exhausted"
    told = await api.call("PUT", path, keys["manage"], json={})
    assert (told.status, told.code, told.json["field"]) == (422, "invalid_field", "name")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"schema": 7}, "schema"),
        ({"schema": {"type": "strin"}}, "schema"),
        ({"schema": {"$ref": "http://127.0.0.1:1/x"}}, "schema"),
        ({"schema": {"$ref": "file:///etc/passwd"}}, "schema"),
        ({"schema": {"pattern": "("}}, "schema"),
        ({"schema": SCHEMA, "example": {"call": 7}}, "example.call"),
        ({"enforcement": "enforce"}, "enforcement"),
        ({"enforcement": "strict"}, "enforcement"),
        ({"description": "a\0"}, "description"),
    ],
)
async def test_bad_event_types(light: Running, light_keys: Keys, fields: dict[str, Any], field: str) -> None:
    """A schema that does not compile, that would fetch, or that its own example does not fit is refused."""
    told = await put_type(light, light_keys, **fields)
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert (await light.call("GET", "/v1/event-types", light_keys["read"])).json["items"] == []


def test_a_pattern_of_a_schema_cannot_hang() -> None:
    """The pattern that takes for ever by backtracking answers at once; look-arounds, which need it, are refused."""
    validator = compile_schema(b'{"pattern": "^(a+)+$"}')
    assert not validator.is_valid("a" * 5000 + "!")
    with pytest.raises(InvalidField):
        compile_schema(b'{"pattern": "(?=a)b"}')


async def test_health_and_readiness(light: Running) -> None:
    """Alive is one thing; ready is with its database and its lease. Both are open to everybody."""
    assert (await light.call("GET", "/healthz")).json["status"] == "ok"
    light.backlog.oldest_seconds = 4.5
    ready = await light.call("GET", "/readyz")
    assert (ready.status, ready.json["ready"], ready.json["backlog_age_seconds"]) == (200, True, 4.5)
    light.node.why = "its lease has run out"
    unready = await light.call("GET", "/readyz")
    light.node.why, light.backlog.oldest_seconds = "", 0.0
    assert (unready.status, unready.json["node"]) == (503, "its lease has run out")
    metrics = await light.call("GET", "/metrics")
    assert b"hookline_requests_total" in metrics.body
