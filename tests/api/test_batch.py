"""Publishing a batch: each event is answered on its own."""

import pytest

from hookline.api.problem import Problem
from tests.api.conftest import Keys
from tests.api.running import Running


async def test_one_bad_event_harms_no_other(api: Running, keys: Keys) -> None:
    """Good events are stored, bad ones are told with their place; a repeat within the batch is a duplicate."""
    good = {"type": "a.b", "data": {"n": 1}, "idempotency_key": "k"}
    events = [good, {"type": "a b", "data": 1}, {"type": "a.b", "dta": 1}, good, {**good, "data": 2}, 7]
    told = await api.call("POST", "/v1/events/batch", keys["publish"], json={"events": events})
    assert told.status == 202
    items = told.json["items"]
    assert [item["status"] for item in items] == [202, 422, 422, 202, 409, 400]
    assert items[0]["event"]["id"] == items[3]["event"]["id"]
    assert [item["event"]["duplicate"] for item in (items[0], items[3])] == [False, True]
    assert items[1]["problem"]["field"] == "events[1].type"
    assert items[2]["problem"]["hint"] == "Did you mean data?"
    assert set(items[5]["problem"]) <= set(Problem.__struct_fields__)
    listed = await api.call("GET", "/v1/events", keys["read"])
    assert [event["id"] for event in listed.json["items"]] == [items[0]["event"]["id"]]


async def test_a_thousand_at_once(api: Running, keys: Keys) -> None:
    """A thousand events are taken, one more is not, and none of those is stored."""
    events = [{"type": "a.b", "data": n} for n in range(1001)]
    over = await api.call("POST", "/v1/events/batch", keys["publish"], json={"events": events})
    assert (over.status, over.code, over.json["field"]) == (422, "invalid_field", "events")
    assert (await api.call("GET", "/v1/events", keys["read"])).json["items"] == []
    told = await api.call("POST", "/v1/events/batch", keys["publish"], json={"events": events[:1000]})
    assert len({item["event"]["id"] for item in told.json["items"]}) == 1000


async def test_a_batch_that_is_none(light: Running, light_keys: Keys) -> None:
    """Without events there is nothing to answer."""
    bodies: list[dict[str, object]] = [{"events": []}, {}, {"event": []}, {"events": {}}]
    for body in bodies:
        told = await light.call("POST", "/v1/events/batch", light_keys["publish"], json=body)
        assert told.status == 422, body


@pytest.mark.parametrize(
    "body", [b'{"\xff":1}', b'{"events":[{"type":"a.b","data":1}],"\xff":1}', b"\xff", b""]
)
async def test_a_batch_that_is_no_text_is_refused_as_such(
    light: Running, light_keys: Keys, body: bytes
) -> None:
    told = await light.call("POST", "/v1/events/batch", light_keys["publish"], body=body)
    assert (told.status, told.code) == (400, "invalid_json")


async def test_a_bomb_in_a_batch_harms_no_other(light: Running, light_keys: Keys) -> None:
    bomb = b'{"type":"a.b","data":' + b"[" * 100 + b"]" * 100 + b"}"
    body = b'{"events":[{"type":"a.b","data":1},' + bomb + b"]}"
    told = await light.call("POST", "/v1/events/batch", light_keys["publish"], body=body)
    assert [item["status"] for item in told.json["items"]] == [202, 400]
    assert "64 deep" in told.json["items"][1]["problem"]["detail"]
