"""The records of the six systems: the life of each, and walks through it against a model of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookline.clock import Micros
from hookline.model.json_schema import compile_schema
from hookline.model.record import Fired
from tests.clock import NOON
from tests.records.kinds import KINDS, SYSTEMS, of_catalogue

NOW = Micros(NOON)
State = Mapping[str, Any]

CALLBACK = {
    "contacted": "callback.contacted",
    "completed": "callback.completed",
    "cancelled": "callback.cancelled",
    "expired": "callback.expired",
}


def _differs(before: State, after: State, *names: str) -> bool:
    return any(before.get(name) != after.get(name) for name in names)


def _entered(before: State, after: State, value: str) -> bool:
    return after.get("status") == value != before.get("status")


def _callback(before: State | None, after: State) -> Iterator[str]:
    if before is None:
        yield "callback.created"
        return
    if after.get("assigned_to") is not None and _differs(before, after, "assigned_to"):
        yield "callback.assigned"
    for status, event in CALLBACK.items():
        if _entered(before, after, status):
            yield event
    if after.get("escalation") is not None and _differs(before, after, "escalation"):
        yield "callback.escalated"


def _with_update(noun: str, statuses: Mapping[str, tuple[str, ...]], fields: tuple[str, ...]) -> Any:
    """`statuses`: status → its event and what changes along with it. `fields`: all others whose change is one."""

    def expected(before: State | None, after: State) -> Iterator[str]:
        if before is None:
            yield f"{noun}.created"
            return
        entered = [status for status in statuses if _entered(before, after, status)]
        covered = (
            {"status", *(name for status in entered for name in statuses[status][1:])} if entered else set()
        )
        yield from (statuses[status][0] for status in entered)
        if _differs(before, after, *({*fields, "status"} - covered)):
            yield f"{noun}.updated"

    return expected


def _only_created(event: str) -> Any:
    def expected(before: State | None, _: State) -> Iterator[str]:
        if before is None:
            yield event

    return expected


def _ai_response(before: State | None, after: State) -> Iterator[str]:
    if before is None:
        yield "ai.response.generated"
    if after.get("requires_review") is True and (before or {}).get("requires_review") is not True:
        yield "ai.response.requires_review"
    if before is not None:
        if _entered(before, after, "approved"):
            yield "ai.response.approved"
        if _entered(before, after, "rejected"):
            yield "ai.response.rejected"


def _campaign(before: State | None, after: State) -> Iterator[str]:
    if _entered(before or {}, after, "running"):
        yield "campaign.started"


TEXTS = st.sampled_from(["", "a", "b"])
STATUS = {
    "callback_request": ["pending", "assigned", *CALLBACK],
    "ticket": ["new", "ai_responded", "human_review", "resolved", "escalated"],
    "ai_response": ["pending_review", "approved", "rejected"],
    "activity": ["pending", "in_progress", "completed"],
    "ai_task": ["pending", "done"],
    "appointment": ["scheduled", "confirmed", "cancelled"],
    "campaign": ["draft", "running", "stopped"],
}
MOVES: dict[tuple[str, str], tuple[Any, dict[str, Any]]] = {
    ("askpro-callbacks", "callback_request"): (
        _callback,
        {
            "assigned_to": st.sampled_from([None, 1, 2]),
            "escalation": st.sampled_from([None, {"reason": "sla_breach"}, {"reason": "manual_escalation"}]),
            "notes": TEXTS,
            "updated_at": st.just("2026-01-01T00:00:00Z"),
        },
    ),
    ("ai-support-autoresponder", "ticket"): (
        _with_update(
            "ticket",
            {
                "resolved": ("ticket.resolved", "resolved_at"),
                "escalated": ("ticket.escalated", "escalated_at"),
            },
            ("subject", "priority", "resolved_at", "escalated_at"),
        ),
        {
            "subject": TEXTS,
            "priority": TEXTS,
            "resolved_at": st.sampled_from([None, "2026-01-01T00:00:00Z"]),
            "escalated_at": st.sampled_from([None, "2026-01-01T00:00:00Z"]),
            "updated_at": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        },
    ),
    ("ai-support-autoresponder", "ai_response"): (
        _ai_response,
        {"response_text": TEXTS, "requires_review": st.booleans(), "reason": st.none() | TEXTS},
    ),
    ("ai-support-autoresponder", "conversation"): (_only_created("conversation.added"), {"message": TEXTS}),
    ("ai-support-autoresponder", "feedback"): (
        _only_created("feedback.received"),
        {"rating": st.integers(1, 5)},
    ),
    ("askpro-gateway", "service_case"): (
        _with_update("service_case", {}, ("subject", "priority")),
        {
            "subject": TEXTS,
            "priority": TEXTS,
            "delivery_status": st.sampled_from([None, "failed"]),
            "delivery_error": st.none() | TEXTS,
        },
    ),
    ("askpro-gateway", "appointment"): (
        _with_update(
            "appointment",
            {
                "cancelled": ("appointment.cancelled", "cancellation_reason"),
                "confirmed": ("appointment.confirmed",),
            },
            ("title", "cancellation_reason"),
        ),
        {"title": TEXTS, "cancellation_reason": st.none() | TEXTS},
    ),
    ("urpa", "activity"): (
        _with_update(
            "activity", {"completed": ("activity.completed", "completed_at")}, ("title", "completed_at")
        ),
        {"title": TEXTS, "completed_at": st.sampled_from([None, "2026-01-01T00:00:00Z"])},
    ),
    ("urpa", "contact"): (_with_update("contact", {}, ("name", "phone")), {"name": TEXTS, "phone": TEXTS}),
    ("urpa", "ai_task"): (_only_created("ai_task.created"), {"title": TEXTS}),
    ("4calls", "contact"): (_with_update("contact", {}, ("name", "phone")), {"name": TEXTS, "phone": TEXTS}),
    ("4calls", "appointment"): (
        _with_update(
            "appointment",
            {
                "confirmed": ("appointment.confirmed",),
                "cancelled": ("appointment.cancelled", "cancellation_reason"),
            },
            ("title", "cancellation_reason"),
        ),
        {"title": TEXTS, "cancellation_reason": st.none() | TEXTS},
    ),
    ("4calls", "campaign"): (_campaign, {"name": TEXTS}),
}
"""System and type → its model, written beside the rules and not from them, and what a walk changes."""


@st.composite
def steps(draw: st.DrawFn, system: str, name: str) -> list[dict[str, Any]]:
    """States of one record, one after another: several fields at once, or none."""
    moves = dict(MOVES[system, name][1])
    if name in STATUS:
        moves["status"] = st.sampled_from(STATUS[name])
    state, found = dict(SYSTEMS[system].records[name].example), list[dict[str, Any]]()
    for _ in range(draw(st.integers(1, 8))):
        names = draw(st.lists(st.sampled_from(sorted(moves)), max_size=3, unique=True))
        state = {**state, **{one: draw(moves[one]) for one in names}}
        found.append(state)
    return found


def test_every_record_has_a_model() -> None:
    assert set(MOVES) == set(KINDS)
    assert len(KINDS) == 13


@pytest.mark.parametrize(("system", "name"), KINDS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_walk_makes_exactly_the_events_that_it_must(system: str, name: str, data: st.DataObject) -> None:
    kind, expected = of_catalogue(system, name), MOVES[system, name][0]
    before: dict[str, Any] | None = None
    for after in data.draw(steps(system, name)):
        change = kind.change(before, after, now=NOW)
        assert [one.type for one in change.events] == list(expected(before, after))
        assert change.failures == ()
        before = after


@pytest.mark.parametrize(("system", "name"), KINDS)
def test_the_data_of_its_events_fits_their_schemas(system: str, name: str) -> None:
    """Made of an example, whether by a change or by a date."""
    rules, kind = SYSTEMS[system].records[name], of_catalogue(system, name)
    kind.check(rules.example, str(rules.example.get("id", "")))
    made: list[Any] = [*kind.change(None, rules.example, now=NOW).events]
    made += [kind.passed(one, rules.example, now=NOW) for one in rules.deadlines]
    for one in made:
        assert isinstance(one, Fired)
        schema = compile_schema(msgspec.json.encode(SYSTEMS[system].events[one.type].schema))
        assert list(schema.iter_errors(msgspec.json.decode(one.data))) == []


def test_every_event_that_a_change_could_make_has_a_rule() -> None:
    """Actions are published as events."""
    made = {
        (system, event)
        for system, name in KINDS
        for event in (*SYSTEMS[system].records[name].events, *SYSTEMS[system].records[name].deadlines)
    }
    all_events = {(system, event) for system, _ in KINDS for event in SYSTEMS[system].events}
    assert all_events - made == {("urpa", "taskjuggler.synced")}


def test_an_overdue_callback_is_told_as_the_system_told_it() -> None:
    kind = of_catalogue("askpro-callbacks", "callback_request", "Europe/Berlin")
    state = {**SYSTEMS["askpro-callbacks"].records["callback_request"].example, "assigned_to": 7}
    overdue = kind.passed("callback.overdue", state, now=NOW)
    assert isinstance(overdue, Fired)
    assert msgspec.json.decode(overdue.data) == {"callback_request": {**state, "is_overdue": True}}
    escalated = kind.passed("callback.escalated", state, now=NOW)
    assert isinstance(escalated, Fired)
    told = msgspec.json.decode(escalated.data)["callback_request"]["escalation"]
    assert (told["reason"], told["escalated_from"]) == ("sla_breach", 7)
    assert told["escalated_at"].endswith("+01:00") or told["escalated_at"].endswith("+02:00")
