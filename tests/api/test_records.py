"""Records over HTTP: what is saved, what follows, and what each refusal says."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running, Told

TICKET = {
    "id": "t1",
    "ticket_number": "TKT-2024-001",
    "subject": "Ticket subject",
    "status": "new",
    "customer_email": "customer@example.com",
}


async def put(api: Running, keys: Keys, path: str = "ticket/t1", **state: Any) -> Told:
    return await api.call("PUT", f"/v1/records/{path}", keys["publish"], json=state or TICKET)


async def test_the_life_of_a_record(api: Running, keys: Keys) -> None:
    made = await put(api, keys)
    assert made.status == 201, made.body
    assert [event["type"] for event in made.json["events"]] == ["ticket.created"]
    assert (made.json["changed"], made.json["version"], made.json["failures"]) == (True, 1, [])
    event = await api.call("GET", f"/v1/events/{made.json['events'][0]['id']}/data", keys["read"])
    assert event.json == {"ticket": TICKET}
    again = await put(api, keys)
    assert (again.status, again.json["changed"], again.json["events"]) == (200, False, [])
    patch = {"status": "resolved", "resolved_at": "2024-01-15T11:00:00Z"}
    solved = await api.call("PATCH", "/v1/records/ticket/t1", keys["publish"], json=patch)
    assert [one["type"] for one in solved.json["events"]] == ["ticket.resolved"]
    removed = await api.call("PATCH", "/v1/records/ticket/t1", keys["publish"], json={"resolved_at": None})
    assert [one["type"] for one in removed.json["events"]] == ["ticket.updated"]
    shown = await api.call("GET", "/v1/records/ticket/t1", keys["read"])
    assert shown.json["state"] == {**TICKET, "status": "resolved"}
    assert (shown.json["system"], shown.json["version"]) == ("ai-support-autoresponder", 3)
    assert (await api.call("DELETE", "/v1/records/ticket/t1", keys["publish"])).status == 204
    assert (await api.call("GET", "/v1/records/ticket/t1", keys["read"])).code == "not_found"


async def test_records_are_listed_by_id_in_pages(api: Running, keys: Keys) -> None:
    for number in range(3):
        assert (await put(api, keys, f"ticket/t{number}", **TICKET | {"id": f"t{number}"})).status == 201
    first = await api.call("GET", "/v1/records/ticket?limit=2", keys["read"])
    rest = await api.call("GET", first.json["next"], keys["read"])
    found = [one["id"] for page in (first, rest) for one in page.json["items"]]
    assert (found, rest.json["next"]) == (["t0", "t1", "t2"], None)


async def test_a_type_of_several_systems_is_that_of_the_one_that_is_used(api: Running, keys: Keys) -> None:
    contact = {"id": "c1", "name": "Ana Ruiz"}
    unclear = await put(api, keys, "contact/c1", **contact)
    assert (unclear.status, unclear.json["field"]) == (422, "system")
    assert "?system=4calls" in unclear.json["hint"]
    assert (await put(api, keys, "contact/c1?system=4calls", **contact)).json["system"] == "4calls"
    prefix = {"prefix": f"{keys.alice}-records".lower().replace("_", "-")}
    enabled = await api.call("PUT", "/v1/systems/urpa/enabled", keys["manage"], json=prefix)
    assert enabled.status == 200, enabled.body
    assert (await put(api, keys, "contact/c1", **contact)).json["system"] == "urpa"
    assert len((await api.call("GET", "/v1/records/contact?system=4calls", keys["read"])).json["items"]) == 1


@pytest.mark.parametrize(
    ("asked", "status", "field", "said"),
    [
        (("PUT", "tickt/t1", TICKET), 404, None, "Did you mean ticket?"),
        (("PUT", "ticket/t1", {**TICKET, "status": 7}), 422, "status", "does not fit"),
        (("PUT", "ticket/t1", {"id": "t1"}), 422, None, "required"),
        (("PUT", "ticket/t1", {**TICKET, "id": "t2"}), 422, "id", "another id"),
        (("PUT", "ticket/t1", []), 400, None, "JSON object"),
        (("PUT", f"ticket/{'a' * 129}", TICKET), 422, "record_id", "128"),
        (("PATCH", "ticket/t1", {"status": "new"}), 404, None, "no ticket"),
        (("PUT", "ticket/t1?system=pbx", TICKET), 422, "system", "Those that have: ai-support"),
        (("PUT", "ticket/t1?sistem=pbx", TICKET), 422, "sistem", "system"),
        (("PUT", "callback_request/1", {"expires_at": "tomorrow"}), 422, None, ""),
    ],
)
async def test_what_cannot_be_saved_is_refused_and_leaves_no_trace(
    api: Running, keys: Keys, asked: tuple[str, str, Any], *, status: int, field: str | None, said: str
) -> None:
    method, path, body = asked
    told = await api.call(method, f"/v1/records/{path}", keys["publish"], json=body)
    assert told.status == status, told.body
    assert told.json.get("field") == field or field is None
    assert said in f"{told.json['detail']} {told.json.get('hint', '')}"
    assert (await api.call("GET", "/v1/records/ticket", keys["read"])).json["items"] == []
    assert (await api.call("GET", "/v1/events", keys["read"])).json["items"] == []


async def test_a_system_tells_its_records(api: Running, keys: Keys) -> None:
    shown = await api.call("GET", "/v1/systems/askpro-callbacks", keys["read"])
    (record,) = shown.json["records"]
    assert record["type"] == "callback_request"
    assert record["deadlines"] == ["callback.overdue", "callback.escalated"]
    assert "callback.created" in record["events"]
