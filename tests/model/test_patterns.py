"""Which event types a pattern takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidField, InvalidPattern
from hookline.model.patterns import Patterns, check_pattern, check_publishable, check_type

NAMES = st.lists(st.text("ab_0", min_size=1, max_size=3), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize("name", ["call", "call.started", "a.b.c.d", "Ticket_1.created", "x" * 128])
def test_a_name_of_identifiers_and_full_stops_is_a_type(name: str) -> None:
    assert check_type(name) == name
    assert check_pattern(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "call.",
        ".call",
        "a..b",
        "call started",
        "call-started",
        "call.*",
        "*",
        "x" * 129,
        "é",
        "a\n",
        "a\0",
        "a/b",
    ],
)
def test_anything_else_is_refused_and_the_hint_shows_what_is_allowed(name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_type(name)
    assert "call.started" in refused.value.hint
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("text", ["*", "call.*", "call.queue.*", "call.started"])
def test_exact_prefix_and_all_are_patterns(text: str) -> None:
    assert check_pattern(text) == text


@pytest.mark.parametrize(
    "text", ["", "**", "*.started", "call.*.x", "call*", ".*", "call.**", "call.?", "*.*", "call.*\n"]
)
def test_other_wildcards_are_refused(text: str) -> None:
    with pytest.raises(InvalidPattern, match="is not an event pattern"):
        check_pattern(text)


@pytest.mark.parametrize(
    ("patterns", "event_type", "matching"),
    [
        (("call.started",), "call.started", "call.started"),
        (("call.started",), "call.started.x", None),
        (("call.*",), "call.started", "call.*"),
        (("call.*",), "call.queue.added", "call.*"),
        (("call.*",), "call", None),
        (("call.*",), "callback.created", None),
        (("*",), "anything.at.all", "*"),
        (("*", "call.*", "call.queue.*"), "call.queue.added", "call.queue.*"),
        (("*", "call.*"), "sms.sent", "*"),
        ((), "call.started", None),
    ],
)
def test_the_most_exact_pattern_answers(
    patterns: tuple[str, ...], event_type: str, matching: str | None
) -> None:
    compiled = Patterns(patterns)
    assert compiled.which(event_type) == matching
    assert compiled.matches(event_type) is (matching is not None)


@given(NAMES, st.lists(NAMES.flatmap(lambda name: st.sampled_from([name, name + ".*", "*"])), max_size=4))
def test_a_type_matches_exactly_when_some_pattern_does(event_type: str, patterns: list[str]) -> None:
    def plain(pattern: str) -> bool:
        return pattern in ("*", event_type) or (
            pattern.endswith(".*") and event_type.startswith(pattern[:-1])
        )

    assert Patterns(tuple(patterns)).matches(event_type) is any(map(plain, patterns))


def test_what_hookline_says_of_itself_is_for_whoever_asks_for_it() -> None:
    """A star means everybody else's events."""
    ours = "hookline.delivery.exhausted"
    assert not Patterns(("*",)).matches(ours)
    assert Patterns(("*",)).which(ours) is None
    assert Patterns(("*",)).matches("hooklines.delivery")
    for pattern in (ours, "hookline.*", "hookline.delivery.*"):
        assert Patterns(("*", pattern)).matches(ours)
        assert Patterns(("*", pattern)).which(ours) == pattern


def test_nobody_else_makes_events_of_these_names() -> None:
    with pytest.raises(InvalidField, match="kept for the events that Hookline makes"):
        check_publishable("hookline.delivery.exhausted")
    assert check_publishable("hooklines.delivery") == "hooklines.delivery"
