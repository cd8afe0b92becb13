"""Lists: cursors that lead through everything once, and nowhere else."""

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running


async def publish(api: Running, token: str, count: int) -> list[str]:
    events = [{"type": "a.b", "data": n, "tags": ["even" if n % 2 == 0 else "odd"]} for n in range(count)]
    told = await api.call("POST", "/v1/events/batch", token, json={"events": events})
    return [item["event"]["id"] for item in told.json["items"]]


async def test_following_next_shows_everything_once(api: Running, keys: Keys) -> None:
    """Newest first, no event twice, none missing, though others are published on the way."""
    made = await publish(api, keys["publish"], 7)
    seen: list[str] = []
    path: str | None = "/v1/events?limit=3"
    while path is not None:
        page = (await api.call("GET", path, keys["read"])).json
        seen += [event["id"] for event in page["items"]]
        path = page["next"]
        await publish(api, keys["publish"], 1)
    assert seen == made[::-1]


async def test_filters_narrow_and_travel_with_next(api: Running, keys: Keys) -> None:
    """The link to the next page repeats the filters."""
    made = await publish(api, keys["publish"], 6)
    page = (await api.call("GET", "/v1/events?tag=even&limit=2", keys["read"])).json
    rest = (await api.call("GET", page["next"], keys["read"])).json
    assert [event["id"] for event in page["items"] + rest["items"]] == made[::2][::-1]
    late = await api.call("GET", "/v1/events?since=2100-01-01T00:00:00%2B01:00", keys["read"])
    assert late.json["items"] == []


async def test_a_cursor_leads_nowhere_else(api: Running, keys: Keys) -> None:
    """Of another tenant, another list, other filters, or made up: 400, and nothing is shown."""
    for token in (keys["manage"], keys["stranger"]):
        await publish(api, token, 3)
        for _ in range(2):
            await api.call("POST", "/v1/endpoints", token, json={"url": "http://127.0.0.1:9999/"})
    cursor = (await api.call("GET", "/v1/events?limit=1", keys["stranger"])).json["next_cursor"]
    mine = (await api.call("GET", "/v1/events?limit=1&type=a.b", keys["read"])).json["next_cursor"]
    for path in (
        f"/v1/events?cursor={cursor}",
        f"/v1/events?cursor={mine}",
        f"/v1/endpoints?cursor={mine}",
        f"/v1/deliveries?cursor={mine}",
        f"/v1/events?type=a.c&cursor={mine}",
        f"/v1/events?type=a.b&cursor={mine[:-4]}AAAA",
        "/v1/events?cursor=",
        "/v1/events?cursor=%FF%FE",
        "/v1/events?cursor=AAAA",
        "/v1/events?cursor=" + "A" * 5000,
    ):
        told = await api.call("GET", path, keys["read"])
        assert (told.status, told.code, told.json["field"]) == (400, "invalid_cursor", "cursor"), path
    assert (await api.call("GET", f"/v1/events?type=a.b&cursor={mine}", keys["read"])).status == 200


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "invalid_field", "limit"),
        ("limit=251", "invalid_field", "limit"),
        ("limit=x", "invalid_field", "limit"),
        ("limt=5", "unknown_field", "limt"),
        ("state=asleep", "invalid_field", "state"),
        ("status=null", "invalid_field", "status"),
        ("status=6xx", "invalid_field", "status"),
        ("since=now", "invalid_field", "since"),
        ("until=2026-01-01T00:00:00", "invalid_field", "until"),
        ("tag=a&tag=b", "bad_request", "tag"),
        ("tag=%00", "bad_request", "tag"),
    ],
)
async def test_parameters_are_strict(
    light: Running, light_keys: Keys, query: str, code: str, field: str
) -> None:
    """A parameter that is not known, given twice, or not what it should be is refused, never ignored."""
    told = await light.call("GET", f"/v1/deliveries?{query}", light_keys["read"])
    assert (told.code, told.json["field"]) == (code, field), told.body


async def test_a_misspelt_parameter_is_set_right(light: Running, light_keys: Keys) -> None:
    """The hint names the parameter that was probably meant; a route without any says so."""
    told = await light.call("GET", "/v1/events?cursr=x", light_keys["read"])
    assert told.json["hint"] == "Did you mean cursor?"
    told = await light.call("GET", "/v1/events/evt_x?full=1", light_keys["read"])
    assert told.code == "unknown_field"
