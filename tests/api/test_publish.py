"""Publishing one event: what is accepted, what is refused, and that a refusal leaves no trace."""

import asyncio
import base64
from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

URL = "http://127.0.0.1:9999/x"


async def publish(api: Running, keys: Keys, body: Any, **headers: str) -> Told:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return await api.call("POST", "/v1/events", keys["publish"], body=body, headers=given)
    return await api.call("POST", "/v1/events", keys["publish"], json=body, headers=given)


async def count(api: Running, keys: Keys) -> int:
    return len((await api.call("GET", "/v1/events", keys["read"])).json["items"])


async def test_an_event_is_accepted_with_what_it_matched(api: Running, keys: Keys) -> None:
    """An event says which endpoints it must reach, and is read back byte for byte."""
    made = await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": URL})
    data = b'{"b": 1.50,"a":"\\u00fc", "n": 123456789012345678901234567890}'
    told = await publish(api, keys, b'{"type":"call.started","data":' + data + b"}")
    assert told.status == 202
    assert told.json["matched"] == [made.json["id"]]
    assert told.json["duplicate"] is False
    shown = await api.call("GET", f"/v1/events/{told.json['id']}", keys["read"])
    assert b'"data":' + data in shown.body
    alone = await api.call("GET", f"/v1/events/{told.json['id']}/data", keys["read"])
    assert alone.body == data
    assert alone.headers["Content-Type"] == "application/json"


async def test_data_that_is_not_json(api: Running, keys: Keys) -> None:
    """Any bytes travel as base64 with their content type, and come back as they were."""
    data = bytes(range(256))
    told = await publish(
        api,
        keys,
        {"type": "a.b", "data_base64": base64.b64encode(data).decode(), "content_type": "image/png"},
    )
    assert told.status == 202
    alone = await api.call("GET", f"/v1/events/{told.json['id']}/data", keys["read"])
    assert (alone.body, alone.headers["Content-Type"]) == (data, "image/png")
    shown = await api.call("GET", f"/v1/events/{told.json['id']}", keys["read"])
    assert shown.json["data"] is None
    text = {"type": "a.b", "data_base64": "aGk=", "content_type": "text/csv; header=present"}
    told = await publish(api, keys, text)
    alone = await api.call("GET", f"/v1/events/{told.json['id']}/data", keys["read"])
    assert alone.headers["Content-Type"] == "text/csv; header=present"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b"[]", "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        (b"\xef\xbb\xbf{}", "invalid_json", None),
        (b'{"type":"a.b","data":NaN}', "invalid_json", None),
        (b'{"type":"a.b","data":' + b"[" * 5000 + b"]" * 5000 + b"}", "invalid_json", None),
        (b'{"type":"a.b","data":' + b"9" * 5000 + b"}", "invalid_json", None),
        (b'{"type":"a.b","data":"\xff"}', "invalid_json", None),
        (b'{"type":"a.b","data":"\\ud800"}', "invalid_json", None),
        (b'{"type":"a.b","data":1,"Data":2}', "unknown_field", "Data"),
        (b'{"type":"a.b","data":1,"idempotencykey":"x"}', "unknown_field", "idempotencykey"),
        (b'{"data":1}', "invalid_field", "type"),
        (b'{"type":"a.b"}', "invalid_field", "data"),
        (b'{"type":7,"data":1}', "invalid_field", "type"),
        (b'{"type":"a b","data":1}', "invalid_field", "type"),
        (b'{"type":"a.*","data":1}', "invalid_field", "type"),
        (b'{"type":"hookline.delivery.exhausted","data":1}', "invalid_field", "type"),
        (b'{"type":"a.b","data":1,"time":"yesterday"}', "invalid_field", "time"),
        (b'{"type":"a.b","data":1,"time":"2026-01-01T00:00:00"}', "invalid_field", "time"),
        (b'{"type":"a.b","data":1,"time":"1969-12-31T23:59:59Z"}', "invalid_field", "time"),
        (b'{"type":"a.b","data":1,"time":"9999-12-31T23:59:59-23:00"}', "invalid_field", "time"),
        (b'{"type":"a.b","data":1,"tags":["a","b\\u0000"]}', "invalid_field", "tags[1]"),
        (b'{"type":"a.b","data":1,"tags":["' + b"t" * 129 + b'"]}', "invalid_field", "tags[0]"),
        (b'{"type":"a.b","data":1,"order_key":"a\\u0000"}', "invalid_field", "order_key"),
        (b'{"type":"a.b","data":1,"idempotency_key":""}', "invalid_field", "idempotency_key"),
        (b'{"type":"a.b","data":1,"content_type":"text/plain"}', "invalid_field", "content_type"),
        (b'{"type":"a.b","data":1,"data_base64":""}', "invalid_field", "data"),
        (b'{"type":"a.b","data_base64":"!","content_type":"a/b"}', "invalid_field", "data_base64"),
        (
            b'{"type":"a.b","data_base64":"AA==","content_type":"a/b\\r\\nX: y"}',
            "invalid_field",
            "content_type",
        ),
        (
            b'{"type":"a.b","data_base64":"AA==","content_type":"application/json"}',
            "invalid_field",
            "content_type",
        ),
    ],
)
async def test_bad_input_is_told_and_leaves_no_trace(
    light: Running, light_keys: Keys, body: bytes, code: str, field: str | None
) -> None:
    """Each mistake has its code and its field, and no event comes of it."""
    told = await publish(light, light_keys, body)
    assert told.code == code, told.body
    assert told.status == (400 if code == "invalid_json" else 422)
    assert told.json.get("field") == field
    assert await count(light, light_keys) == 0


async def test_an_unknown_field_comes_with_a_suggestion(light: Running, light_keys: Keys) -> None:
    """The name that was probably meant is in the hint."""
    told = await publish(light, light_keys, {"type": "a.b", "data": 1, "idempotency-key": "x"})
    assert told.json["hint"] == "Did you mean idempotency_key?"


async def test_idempotency(api: Running, keys: Keys) -> None:
    """The same key and body give the same event, by field and by header; another body is a conflict."""
    body = {"type": "a.b", "data": {"n": 1}}
    first = await publish(api, keys, {**body, "idempotency_key": "k1"})
    again = await publish(api, keys, body, Idempotency_Key="k1")
    both = await publish(api, keys, {**body, "idempotency_key": "k1"}, Idempotency_Key="k1")
    assert [one.status for one in (first, again, both)] == [202] * 3
    assert {one.json["id"] for one in (first, again, both)} == {first.json["id"]}
    assert [one.json["duplicate"] for one in (first, again, both)] == [False, True, True]
    other = await publish(api, keys, {"type": "a.b", "data": {"n": 2}}, Idempotency_Key="k1")
    assert (other.status, other.code) == (409, "idempotency_conflict")
    differ = await publish(api, keys, {**body, "idempotency_key": "k2"}, Idempotency_Key="k1")
    assert (differ.status, differ.code) == (422, "invalid_field")
    assert await count(api, keys) == 1


async def test_one_key_from_sixty_four_callers_at_once(api: Running, keys: Keys) -> None:
    """The unique constraint decides, however many ask at once: one event, one id."""
    body = {"type": "a.b", "data": 1, "idempotency_key": "same"}
    told = await asyncio.gather(*(publish(api, keys, body) for _ in range(64)))
    assert {one.status for one in told} == {202}
    assert len({one.json["id"] for one in told}) == 1
    assert [one.json["duplicate"] for one in told].count(False) == 1
    assert await count(api, keys) == 1


async def test_too_much_waiting_sheds(light: Running, light_keys: Keys) -> None:
    """Over the backlog's bound publishing is refused with the time to come again."""
    light.backlog.wait = 17
    told = await publish(light, light_keys, {"type": "a.b", "data": 1})
    light.backlog.wait = None
    assert (told.status, told.code, told.headers["Retry-After"]) == (429, "overloaded", "17")
    assert await count(light, light_keys) == 0


async def test_large_data_is_warned_of(light: Running, light_keys: Keys) -> None:
    """Above 20 kB receivers begin to refuse, so the publisher hears of it."""
    told = await publish(light, light_keys, {"type": "a.b", "data": "x" * 21_000})
    assert [one["code"] for one in told.json["warnings"]] == ["large_data"]


async def test_a_filter_that_fails_is_visible(light: Running, light_keys: Keys) -> None:
    """A filter that cannot answer harms neither the event nor the other endpoints, and is told."""
    good = await light.call("POST", "/v1/endpoints", light_keys["manage"], json={"url": URL})
    bad = await light.call(
        "POST", "/v1/endpoints", light_keys["manage"], json={"url": URL, "filter": "data.n / 0 == 1"}
    )
    told = await publish(light, light_keys, {"type": "a.b", "data": {"n": 1}})
    assert told.json["matched"] == [good.json["id"]]
    (warning,) = told.json["warnings"]
    assert warning["code"] == "filter_failed"
    assert bad.json["id"] in warning["detail"]


async def test_an_admin_key_names_the_tenant(light: Running, light_keys: Keys) -> None:
    """Without the header an admin key publishes nowhere; a tenant that is not is 404."""
    body = {"type": "a.b", "data": 1}
    told = await light.call("POST", "/v1/events", light_keys["admin"], json=body)
    assert (told.status, told.code, told.json["field"]) == (400, "bad_request", "Hookline-Tenant")
    for tenant, status in ((light_keys.alice, 202), ("nobody", 404), ("x" * 300, 404), ("a\xfc", 404)):
        named = {"Hookline-Tenant": tenant}
        told = await light.call("POST", "/v1/events", light_keys["admin"], json=body, headers=named)
        assert told.status == status


async def test_a_tenants_key_cannot_name_another(light: Running, light_keys: Keys) -> None:
    """Whether the other tenant is there or not, the answer is the same 403."""
    told = [
        await light.call(
            "POST",
            "/v1/events",
            light_keys["publish"],
            json={"type": "a.b", "data": 1},
            headers={"Hookline-Tenant": tenant},
        )
        for tenant in (light_keys.stranger, "nobody")
    ]
    assert [one.code for one in told] == ["forbidden", "forbidden"]
    assert told[0].body == told[1].body
