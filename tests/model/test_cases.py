"""Which case an event speaks of: found by rules that are data, and never a wrong one."""

from collections.abc import Mapping

import msgspec
import pytest

from hookline.catalog.loader import load_cases, load_dialects, load_providers, load_systems
from hookline.model.case import Action, CaseRule
from hookline.model.cases import Case, Cases
from hookline.model.ids import TenantId
from hookline.model.record import RecordKey
from hookline.records.saver import order_key_of

SYSTEMS = load_systems(load_dialects(), load_providers())
CASES = Cases(SYSTEMS, load_cases())


def ruled(**rule: object) -> Cases:
    given = {"events": ["*"], "kind": "lamp", "id": "lamp.id", **rule}
    return Cases({}, [msgspec.convert(given, CaseRule)])


def of(cases: Cases, data: object, event_type: str = "lamp.lit") -> Case:
    found = cases.of(event_type, "", data)
    assert found is not None
    return found


def plain(case: Case) -> Mapping[str, object]:
    return {name: value for name, value in case.variables.items() if value is not None}


@pytest.mark.parametrize("id_", [7, "7"])
def test_an_id_is_a_text_or_a_whole_number_and_both_mean_the_same_case(id_: object) -> None:
    found = of(ruled(), {"lamp": {"id": id_}})
    assert (found.key, found.variables) == ("lamp:7", {"case_id": id_})


@pytest.mark.parametrize(
    "data",
    [
        {"lamp": {"id": value}}
        for value in (None, "", True, 1.5, [], ["7"], {"id": 7}, "a\nb", "\ud800", "x" * 129)
    ]
    + [{}, [], "lamp", None, {"lamp": None}, {"lamp": ["id"]}],
)
def test_what_has_no_id_speaks_of_no_case(data: object) -> None:
    assert ruled().of("lamp.lit", "", data) is None


def test_of_several_places_the_first_counts_that_holds_something() -> None:
    cases = ruled(variables={"subject": ["title", "lamp.name", "name"]})
    assert of(cases, {"lamp": {"id": 1, "name": "Hall"}, "title": ""}).variables["subject"] == "Hall"
    assert of(cases, {"lamp": {"id": 1}, "name": 0}).variables["subject"] == 0


def test_a_place_that_is_null_is_null_and_one_that_is_not_there_is_no_variable() -> None:
    cases = ruled(variables={"subject": "title", "status": "state"})
    assert of(cases, {"lamp": {"id": 1}, "title": None}).variables == {"subject": None, "case_id": 1}


def test_a_text_is_filled_with_variables_and_empty_where_one_is() -> None:
    cases = ruled(variables={"name": "name", "status": "state"}, texts={"subject": "Lamp {name}, {case_id}"})
    assert of(cases, {"lamp": {"id": 1}, "name": "Hall {x}"}).variables["subject"] == "Lamp Hall {x}, 1"
    assert of(cases, {"lamp": {"id": 1}}).variables["subject"] is None


def test_of_several_texts_the_first_counts_that_can_be_filled() -> None:
    cases = ruled(variables={"name": "name"}, texts={"subject": ["Lamp {name}", "Lamp {case_id}"]})
    assert of(cases, {"lamp": {"id": 1}, "name": "Hall"}).variables["subject"] == "Lamp Hall"
    assert of(cases, {"lamp": {"id": 1}, "name": None}).variables["subject"] == "Lamp 1"


def test_a_variable_that_holds_something_goes_before_the_text_of_its_name() -> None:
    cases = ruled(variables={"subject": "title"}, texts={"subject": "A lamp"})
    assert of(cases, {"lamp": {"id": 1}, "title": "Hall"}).variables["subject"] == "Hall"
    assert of(cases, {"lamp": {"id": 1}, "title": None}).variables["subject"] == "A lamp"


@pytest.mark.parametrize(
    ("event_type", "state", "action"),
    [
        ("lamp.created", "on", Action.CREATE),
        ("lamp.created", "off", Action.CREATE),
        ("lamp.changed", "on", Action.UPDATE),
        ("lamp.changed", "off", Action.CLOSE),
        ("lamp.resolved", "on", Action.CLOSE),
        ("lamp.closed", "on", Action.CLOSE),
        ("lamp.completed", "on", Action.CLOSE),
        ("lamp.cancelled", "on", Action.CLOSE),
        ("created", "on", Action.UPDATE),
    ],
)
def test_what_an_event_is_to_its_case_comes_from_its_type_and_from_what_closes(
    event_type: str, state: str, action: Action
) -> None:
    cases = ruled(variables={"status": "lamp.state"}, closed={"status": ["off"]})
    assert of(cases, {"lamp": {"id": 1, "state": state}}, event_type).action is action


def test_an_action_that_the_rule_names_goes_before_all() -> None:
    cases = ruled(action="comment")
    assert of(cases, {"lamp": {"id": 1}}, "lamp.created").action is Action.COMMENT


def test_the_first_rule_counts_whose_types_fit_and_whose_id_is_there() -> None:
    rules = [
        CaseRule(events=("room.*",), kind="room", id="id"),
        CaseRule(events=("*",), kind="lamp", id="lamp_id"),
        CaseRule(events=("*",), kind="house", id="id"),
    ]
    cases = Cases({}, rules)
    assert of(cases, {"id": 1, "lamp_id": 2}).key == "lamp:2"
    assert of(cases, {"id": 1}).key == "house:1"
    assert of(cases, {"id": 1, "lamp_id": 2}, "room.left").key == "room:1"


def test_hooklines_own_events_speak_of_no_case() -> None:
    assert ruled().of("hookline.endpoint.disabled", "", {"lamp": {"id": 1}}) is None


def test_the_default_rules_are_for_events_of_no_system_alone() -> None:
    data = {"ticket": {"id": 1}}
    assert CASES.of("ticket.created", "", data) is not None
    assert CASES.of("ticket.created", "pbx", data) is None
    assert CASES.of("ticket.created", "a-system-that-is-gone", data) is None


def test_each_case_is_the_queue_of_its_record() -> None:
    """Where the event of a record speaks of a case of the record's type, both keys are one."""
    compared = 0
    for name, system in SYSTEMS.items():
        for kind, rules in system.records.items():
            for event in rules.events:
                case = CASES.of(event, name, system.events[event].example)
                if case is not None and case.kind == kind:
                    compared += 1
                    key = RecordKey(tenant_id=TenantId("t"), system=name, type=kind, id=case.id)
                    assert case.key == order_key_of(key)
    assert compared == 30


NO_CASE = {
    ("ai-support-autoresponder", "feedback.received"),
    ("urpa", "taskjuggler.synced"),
    *(("pbx", f"extension.{name}") for name in ("registered", "unregistered")),
    *(("pbx", f"paging.{name}") for name in ("started", "ended")),
    *(
        ("pbx", f"conference.{name}")
        for name in ("started", "participant_joined", "participant_left", "ended")
    ),
}


def test_every_event_of_the_six_speaks_of_a_case_but_for_those_that_name_none() -> None:
    without = {
        (name, event)
        for name, system in SYSTEMS.items()
        for event, known in system.events.items()
        if CASES.of(event, name, known.example) is None
    }
    assert without == NO_CASE


def test_every_case_of_the_six_says_what_it_is_about_where_the_data_does() -> None:
    for name, system in SYSTEMS.items():
        for event, known in system.events.items():
            case = CASES.of(event, name, known.example)
            if case is not None and event != "conversation.added":
                assert case.variables["subject"], event


def test_what_is_said_to_a_ticket_is_a_comment_on_it() -> None:
    system = "ai-support-autoresponder"
    feedback = {"id": "f", "ticket_id": "t", "rating": 5, "feedback_text": "Good"}
    found = CASES.of("feedback.received", system, {"feedback": feedback})
    assert found is not None
    assert (found.key, found.action) == ("ticket:t", Action.COMMENT)
    assert found.variables["comment"] == "Feedback, 5 of 5: Good"
    unexplained = CASES.of("feedback.received", system, {"feedback": {**feedback, "feedback_text": None}})
    assert unexplained is not None
    assert unexplained.variables["comment"] == "Feedback, 5 of 5"


@pytest.mark.parametrize(
    ("event", "comment"),
    [
        ("generated", "AI response, generated:\n\nAI response here"),
        ("requires_review", "AI response, to be reviewed:\n\nAI response here"),
        ("approved", "AI response, approved:\n\nAI response here"),
        ("rejected", "AI response, rejected (It does not answer the question.):\n\nAI response here"),
    ],
)
def test_a_comment_on_an_answer_of_the_ai_says_what_became_of_it(event: str, comment: str) -> None:
    system = SYSTEMS["ai-support-autoresponder"]
    name = f"ai.response.{event}"
    found = CASES.of(name, "ai-support-autoresponder", system.events[name].example)
    assert found is not None
    assert (found.key, found.action) == ("ticket:uuid", Action.COMMENT)
    assert found.variables["comment"] == comment
    assert found.variables["status"] == system.events[name].example["ticket"]["status"]


def test_an_answer_of_the_ai_that_is_rejected_without_a_reason_is_told_so_too() -> None:
    example = SYSTEMS["ai-support-autoresponder"].events["ai.response.rejected"].example
    found = CASES.of("ai.response.rejected", "ai-support-autoresponder", {**example, "reason": None})
    assert found is not None
    assert found.variables["comment"] == "AI response, rejected:\n\nAI response here"


def test_the_seeds_ten_variables_are_those_of_a_service_case() -> None:
    example = SYSTEMS["askpro-gateway"].events["service_case.created"].example
    found = CASES.of("service_case.created", "askpro-gateway", example)
    assert found is not None
    assert found.action is Action.CREATE
    assert plain(found) == example


@pytest.mark.parametrize(
    ("event_type", "data", "key", "action", "subject"),
    [
        ("ticket.created", {"ticket": {"id": 1, "subject": "S"}}, "ticket:1", Action.CREATE, "S"),
        ("ticket.changed", {"ticket": {"id": 1, "title": "S"}}, "ticket:1", Action.UPDATE, "S"),
        ("x", {"ticket": {"id": 1, "status": "solved"}}, "ticket:1", Action.CLOSE, None),
        ("ticket.comment.created", {"ticket": {"id": 1}}, "ticket:1", Action.COMMENT, None),
        ("ticket.commented", {"id": 1, "comment": "c"}, "ticket:1", Action.COMMENT, None),
        ("ticket.changed", {"id": 1, "summary": "S"}, "ticket:1", Action.UPDATE, "S"),
        ("order.paid", {"id": 1, "ticket_id": 2}, "ticket:2", Action.UPDATE, None),
        ("service_case.created", {"case_id": 5, "subject": "S"}, "service_case:5", Action.CREATE, "S"),
        ("service_case.created", {"service_case": {"id": 5}}, "service_case:5", Action.CREATE, None),
        ("x", {"case_id": 5, "status": "closed"}, "service_case:5", Action.CLOSE, None),
        ("x", {"case": {"id": 5}}, "case:5", Action.UPDATE, None),
        ("case.closed", {"id": 5}, "case:5", Action.CLOSE, None),
        (
            "callback.cancelled",
            {"callback_request": {"id": 9, "customer_name": "Max"}},
            "callback_request:9",
            Action.CLOSE,
            "Call back Max",
        ),
    ],
)
def test_events_of_no_system_are_read_in_their_common_shapes(
    event_type: str, data: object, key: str, action: Action, subject: str | None
) -> None:
    found = of(CASES, data, event_type)
    assert (found.key, found.action, found.variables.get("subject")) == (key, action, subject)


@pytest.mark.parametrize("data", [{"id": 1}, {"order": {"id": 1}}, {"orders": [{"case_id": 1}]}])
def test_an_id_of_something_else_is_not_taken_for_a_case(data: object) -> None:
    assert CASES.of("order.created", "", data) is None
