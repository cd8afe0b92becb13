"""Which endpoints an event reaches, and how that is explained."""

import subprocess
import sys

import pytest

from hookline.clock import Micros
from hookline.late import Late
from hookline.route import filter as module
from hookline.route.filter import SLOW_FILTER, FilterInput
from hookline.route.match import MAX_TYPES, Matcher, Route

SLOW = " && ".join(["data.o == data.o"] * 15)
WRONG_TYPE = "a value has another type than the filter expects"
HEAVY = b'{"o":[' + b"[1]," * 30_000 + b"1]}"


def event(name: str = "call.started", data: bytes = b'{"vip":true}') -> FilterInput:
    return FilterInput(type=name, data=data, time=Micros(0))


def route(name: str, *patterns: str, filter_: str = "", off: str = "", active: bool = True) -> Route:
    return Route(endpoint_id=name, patterns=patterns, filter=filter_, filter_off=off, active=active)


def test_an_event_reaches_the_endpoints_whose_pattern_and_filter_match() -> None:
    matcher = Matcher(
        [
            route("exact", "call.started"),
            route("prefix", "sms.*", "call.*"),
            route("other", "sms.*"),
            route("none"),
            route("yes", "*", filter_="data.vip"),
            route("no", "*", filter_="!data.vip"),
            route("absent", "*", filter_="data.nope == 1"),
        ]
    )
    for _ in range(2):
        assert matcher.match(event()).endpoint_ids == ("exact", "prefix", "yes")
        assert matcher.match(event()).failures == ()
    assert matcher.match(event("sms.sent")).endpoint_ids == ("prefix", "other", "yes")


def test_a_paused_endpoint_matches_because_its_deliveries_are_held() -> None:
    matcher = Matcher([route("paused", "*", active=False)])
    assert matcher.match(event()).endpoint_ids == ("paused",)
    assert matcher.explain(event())[0].reason == (
        "The pattern * matches. The endpoint is paused: its delivery is held."
    )


def test_a_filter_that_fails_is_told_and_harms_no_other() -> None:
    matcher = Matcher([route("bad", "*", filter_="data.vip > 1"), route("good", "*", filter_="data.vip")])
    result = matcher.match(event())
    assert result.endpoint_ids == ("good",)
    assert [(failure.endpoint_id, failure.matched, failure.failed) for failure in result.failures] == [
        ("bad", False, True)
    ]
    assert result.failures[0].reason == "a value has another type than the filter expects"


def test_a_stored_filter_that_no_longer_compiles_fails_with_the_reason_and_never_raises() -> None:
    matcher = Matcher([route("old", "*", filter_="data.x ==")])
    [failure] = matcher.match(event()).failures
    assert failure.failed
    assert failure.reason.startswith("the filter does not compile: ")
    assert "line 1" in failure.reason


def test_every_endpoint_is_explained_in_a_sentence() -> None:
    matcher = Matcher(
        [
            route("other", "sms.*", "mail.sent"),
            route("none"),
            route("plain", "call.*"),
            route("yes", "*", filter_="data.vip"),
            route("no", "*", filter_="data.nope == 1"),
            route("bad", "*", filter_="data.vip > 1"),
        ]
    )
    assert [
        (match.endpoint_id, match.matched, match.failed, match.reason) for match in matcher.explain(event())
    ] == [
        ("other", False, False, "The endpoint wants sms.*, mail.sent; the event is call.started."),
        ("none", False, False, "The endpoint wants nothing; the event is call.started."),
        ("plain", True, False, "The pattern call.* matches."),
        ("yes", True, False, "The pattern * and the filter match."),
        (
            "no",
            False,
            False,
            "The pattern * matches, but the filter does not match: the event has no field nope.",
        ),
        (
            "bad",
            False,
            True,
            f"The pattern * matches, but the filter could not answer: {WRONG_TYPE}.",
        ),
    ]


def test_explaining_agrees_with_matching() -> None:
    matcher = Matcher(
        [route("a", "call.*", filter_="data.vip"), route("b", "sms.*"), route("c", "*", filter_="data.x.y")]
    )
    for one in (event(), event("sms.sent"), event(data=b"no json"), event(data=b'{"x":{"y":true}}')):
        told = matcher.explain(one)
        result = matcher.match(one)
        assert tuple(match.endpoint_id for match in told if match.matched) == result.endpoint_ids
        assert [match.endpoint_id for match in told if match.failed] == [
            match.endpoint_id for match in result.failures
        ]


def test_a_filter_that_is_slow_twice_is_switched_off_and_says_so() -> None:
    matcher = Matcher(
        [route("slow", "*", filter_=SLOW), route("fast", "*", filter_="data.o.size() == 30001")]
    )
    for _ in range(2):
        assert matcher.switched_off() == {}
        assert matcher.match(event(data=HEAVY)).endpoint_ids == ("slow", "fast")
    assert list(matcher.switched_off()) == ["slow"]
    result = matcher.match(event(data=HEAVY))
    assert result.endpoint_ids == ("fast",)
    assert result.failures[0].reason.startswith("switched off because it took ")
    assert f"at most {SLOW_FILTER * 1000:.0f} ms" in matcher.switched_off()["slow"]


def test_a_filter_that_was_switched_off_before_stays_off() -> None:
    matcher = Matcher([route("slow", "*", filter_="data.vip", off="switched off because it took 90 ms")])
    assert matcher.match(event()).failures[0].reason == "switched off because it took 90 ms"


def test_names_from_hostile_publishers_are_remembered_up_to_a_bound() -> None:
    matcher = Matcher([route("all", "*")])
    for number in range(MAX_TYPES + 10):
        assert matcher.match(event(f"t.{number}")).endpoint_ids == ("all",)
    assert len(matcher._by_type) <= MAX_TYPES


def test_systems_stay_apart() -> None:
    """An event of a system goes to endpoints of it and of none; one of none goes to all."""
    matcher = Matcher(
        [
            Route(endpoint_id="urpa", patterns=("*",), system="urpa"),
            Route(endpoint_id="4calls", patterns=("*",), system="4calls", filter="type != 'x'"),
            Route(endpoint_id="all", patterns=("*",)),
        ]
    )
    for _ in range(2):
        assert matcher.match(event(), "urpa").endpoint_ids == ("urpa", "all")
        assert set(matcher.match(event(), "4calls").endpoint_ids) == {"4calls", "all"}
        assert set(matcher.match(event()).endpoint_ids) == {"urpa", "4calls", "all"}
    told = {one.endpoint_id: one for one in matcher.explain(event(), "urpa")}
    assert told["urpa"].matched
    assert not told["4calls"].matched
    assert told["4calls"].reason == "The endpoint is one of 4calls; the event is one of urpa."


@pytest.mark.parametrize(
    "engine", [Late("no_such_module_at_all"), Late("hookline.clock")], ids=["absent", "empty"]
)
def test_an_engine_that_is_broken_is_no_fault_of_the_filter(
    engine: Late, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A matcher that had it as the filter's would keep it, and events would reach nobody until the next start."""
    routes = [route("yes", "*", filter_="data.vip")]
    with monkeypatch.context() as broken:
        broken.setattr(module, "cel_engine", engine)
        with pytest.raises((ImportError, AttributeError)):
            Matcher(routes)
    assert Matcher(routes).match(event()).endpoint_ids == ("yes",)


_FAILING_ONCE = """
from importlib.machinery import ExtensionFileLoader
from hookline.route.filter import compile_filter

whole = ExtensionFileLoader.exec_module
def failing(loader, module):
    raise ImportError("memory is short")

ExtensionFileLoader.exec_module = failing
for attempt in range(2):
    try:
        compile_filter("data.vip")
    except ImportError as error:
        print(error)
ExtensionFileLoader.exec_module = whole
print(type(compile_filter("data.vip")).__name__)
"""


def test_an_engine_that_failed_to_load_is_loaded_anew() -> None:
    """In a program of its own: this one has it."""
    done = subprocess.run(
        [sys.executable, "-c", _FAILING_ONCE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["memory is short", "memory is short", "Filter"]
