"""What follows from a change: which events, in which order, with which data, and which dates are to come."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import SECOND, Micros
from hookline.errors import InvalidField
from hookline.model.record import Change, Fired
from hookline.records.rules import Kind, equal
from tests.clock import NOON
from tests.records.kinds import kind

NOW = Micros(NOON)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3, width=16) | st.sampled_from("abc"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=5,
)


def types(change: Change) -> list[str]:
    return [one.type for one in change.events]


def change(made: Kind, before: dict[str, Any] | None, after: dict[str, Any], **more: Any) -> Change:
    return made.change(before, after, now=NOW, **more)


def data(made: Kind, before: dict[str, Any] | None, after: dict[str, Any]) -> Any:
    (event,) = change(made, before, after).events
    return msgspec.json.decode(event.data)


TICKET = kind(
    ignored=["updated_at"],
    internal=["note"],
    events={
        "made": {"created": True},
        "urgent": {"created": True, "became": {"priority": ["high", "urgent"]}},
        "done": {"became": {"status": "done"}, "also": ["done_at"]},
        "given": {"changed": ["owner"]},
        "updated": {"updated": True},
    },
)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (None, {}, ["made"]),
        (None, {"priority": "high"}, ["made", "urgent"]),
        (None, {"status": "done", "owner": 1}, ["made"]),
        ({"priority": "low"}, {"priority": "urgent"}, ["urgent"]),
        ({"priority": "high"}, {"priority": "urgent"}, ["updated"]),
        ({"status": "new"}, {"status": "done"}, ["done"]),
        ({"status": "new"}, {"status": "done", "done_at": 1, "updated_at": 2}, ["done"]),
        ({"status": "new"}, {"status": "done", "title": "x"}, ["done", "updated"]),
        ({"status": "done"}, {"status": "done", "done_at": 1}, ["updated"]),
        ({"status": "done"}, {"status": "new"}, ["updated"]),
        ({}, {"owner": 7}, ["given"]),
        ({"owner": 7}, {"owner": 8}, ["given"]),
        ({"owner": 7}, {"owner": None}, ["updated"]),
        ({"owner": 7}, {}, ["updated"]),
        ({"owner": None}, {}, []),
        ({"status": "new"}, {"status": "done", "owner": 7}, ["done", "given"]),
        ({"updated_at": 1}, {"updated_at": 2}, []),
        ({"note": 1}, {"note": 2}, []),
        ({"n": 1}, {"n": 1.0}, []),
        ({"n": 1}, {"n": True}, ["updated"]),
        ({"n": {"a": 1, "b": 2}}, {"n": {"b": 2, "a": 1}}, []),
        ({"n": [1, 2]}, {"n": [2, 1]}, ["updated"]),
    ],
)
def test_a_change_makes_the_events_of_its_rules_in_their_order(
    before: dict[str, Any] | None, after: dict[str, Any], wanted: list[str]
) -> None:
    assert types(change(TICKET, before, after)) == wanted


def test_several_fields_of_one_condition_must_all_be_so_now_and_were_not_before() -> None:
    made = kind(events={"both": {"became": {"a": 1, "b": 1}}})
    assert types(change(made, {"a": 1, "b": 0}, {"a": 1, "b": 1})) == ["both"]
    assert types(change(made, {"a": 0, "b": 0}, {"a": 1, "b": 0})) == []
    assert types(change(made, {"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1})) == []


def test_true_is_not_one() -> None:
    made = kind(events={"on": {"became": {"flag": True}}})
    assert types(change(made, {"flag": 1}, {"flag": True})) == ["on"]
    assert types(change(made, {}, {"flag": 1})) == []


@given(JSON)
def test_a_value_equals_itself_however_it_was_written(value: object) -> None:
    again = msgspec.json.decode(msgspec.json.encode(value))
    assert equal(value, again)
    assert equal(value, {"x": value}) is False


@given(st.dictionaries(st.sampled_from(["status", "owner", "title"]), JSON, max_size=3))
def test_the_same_state_makes_no_event(state: dict[str, Any]) -> None:
    assert change(TICKET, state, msgspec.json.decode(msgspec.json.encode(state))).events == ()


def test_data_is_the_whole_record_in_its_order_unless_it_says_otherwise() -> None:
    made = kind(internal=["note"], events={"made": {"created": True}})
    assert list(data(made, None, {"b": 1, "note": 2, "a": None})) == ["b", "a"]


def test_what_stands_beside_the_record_stands_not_in_it() -> None:
    tree = {"ticket": "{ticket}", "answer": "{record}", "reason": "{reason?}", "kind": "answer"}
    made = kind(data=tree, events={"made": {"created": True}})
    state = {"id": 1, "ticket": {"id": 7}, "reason": None}
    assert data(made, None, state) == {"ticket": {"id": 7}, "answer": {"id": 1}, "kind": "answer"}
    assert data(made, None, {**state, "reason": "why"})["reason"] == "why"


def test_places_keep_the_type_of_their_value_and_look_before_the_change() -> None:
    rule = {
        "changed": ["owner"],
        "set": {"late": True, "from": "{before.owner?}", "at": "{now}"},
        "data": {"record": "{record}", "deep": ["{a.b}", "{a.c?}"]},
    }
    made = kind(zone="Europe/Berlin", events={"given": rule})
    found = data(made, {"owner": 7}, {"owner": 8, "a": {"b": 1.5}, "late": False})
    assert found["deep"] == [1.5]
    assert found["record"]["late"] is True
    assert found["record"]["from"] == 7
    assert found["record"]["at"].endswith(("+01:00", "+02:00"))


def test_a_rule_whose_data_is_not_there_is_told_and_the_others_are_not_held_up() -> None:
    made = kind(events={"a": {"created": True, "data": {"x": "{missing}"}}, "b": {"created": True}})
    found = change(made, None, {"id": 1})
    assert types(found) == ["b"]
    (failure,) = found.failures
    assert (failure.event, "{missing}" in failure.reason) == ("a", True)


DUE = kind(
    closed={"status": ["done"]},
    deadlines={"late": {"at": "due"}, "later": {"at": "due", "after": 60, "set": {"escalated": True}}},
)
AT = "2026-01-01T12:00:00+01:00"
AT_MICROS = 1_767_265_200 * SECOND


def test_dates_are_to_come_until_the_record_is_closed() -> None:
    found = change(DUE, None, {"due": AT})
    assert [(one.name, one.due_at) for one in found.deadlines] == [
        ("late", AT_MICROS),
        ("later", AT_MICROS + 60 * SECOND),
    ]
    assert change(DUE, {"due": AT}, {"due": AT, "status": "done"}).deadlines == ()
    assert change(DUE, {"due": AT}, {"due": None}).deadlines == ()
    assert change(DUE, {"due": AT}, {}).deadlines == ()


def test_a_date_fires_once_and_again_only_when_it_moves() -> None:
    fired = {"late": Micros(AT_MICROS)}
    assert [one.name for one in change(DUE, None, {"due": AT}, fired=fired).deadlines] == ["later"]
    same = "2026-01-01T11:00:00Z"
    assert [one.name for one in change(DUE, None, {"due": same}, fired=fired).deadlines] == ["later"]
    moved = "2026-01-01T13:00:00+01:00"
    assert len(change(DUE, None, {"due": moved}, fired=fired).deadlines) == 2


def test_the_event_of_a_date_tells_what_it_sets() -> None:
    fired = DUE.passed("later", {"id": 1, "due": AT}, now=NOW)
    assert isinstance(fired, Fired)
    assert msgspec.json.decode(fired.data) == {"id": 1, "due": AT, "escalated": True}


@pytest.mark.parametrize(
    "given_date", ["tomorrow", "2026-01-01T12:00:00", "2026-13-01T12:00:00Z", 17, {}, []]
)
def test_what_is_no_date_is_told_and_no_deadline(given_date: object) -> None:
    found = change(DUE, None, {"due": given_date})
    assert found.deadlines == ()
    assert {failure.event for failure in found.failures} == {"late", "later"}


def test_microseconds_of_a_date_count() -> None:
    (one, _) = change(DUE, None, {"due": "2026-01-01T12:00:00.000001+01:00"}).deadlines
    assert one.due_at == AT_MICROS + 1


def test_a_state_must_fit_its_schema_and_its_path() -> None:
    made = kind(schema={"type": "object", "properties": {"a": {"type": "object", "required": ["b"]}}})
    made.check({"id": 7}, "7")
    with pytest.raises(InvalidField, match="another id") as caught:
        made.check({"id": 8}, "7")
    assert caught.value.field == "id"
    with pytest.raises(InvalidField) as caught:
        made.check({"a": {}}, "7")
    assert caught.value.field == "a"
