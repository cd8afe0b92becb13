"""What filters may say, and what they answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookline.clock import Micros
from hookline.errors import InvalidFilter
from hookline.route.filter import Filter, FilterInput, compile_filter

EVENING = Micros(1_785_796_200_000_000)  # 2026-08-03 22:30 UTC
DATA = b'{"a":1,"s":"abc","f":1.5,"z":null,"l":[1,2,3],"items":[{"n":1,"name":"x"},{"n":5,"name":"y"}]}'


def event(data: bytes = DATA) -> FilterInput:
    return FilterInput(type="call.started", data=data, tags={"env": "prod"}, time=EVENING)


@pytest.mark.parametrize(
    "source",
    [
        "type == 'call.started'",
        "data.a == 1 && tags.env == 'prod'",
        "data.a == 1.0 && data.f > 1.0",
        "data.items.exists(i, i.n > 2)",
        "data.items.exists(i, i.n == data.a)",
        "data.items.filter(i, i.n > 2).size() == 1",
        "data.items.map(i, i.n).exists(n, n == 5)",
        "['prod', 'test'].exists(e, e == tags.env)",
        "'env' in tags && !('other' in tags) && 1 in (data.l)",
        "has(data.a) && !has(data.nope)",
        "data.nope == 1 || true",
        "type.matches('^call[.]') && !data.s.matches('^b')",
        "type(data.a) == int && data.z == null",
        "time > timestamp('2026-08-03T22:00:00Z') && time.getHours() == 22",
        "time.getHours('Europe/Berlin') == 0 && time.getDate('Europe/Berlin') == 4",
        "time.getHours('-05:30') == 17 && time.getDayOfWeek('-05:30') == 1",
        "true // a comment",
    ],
)
def test_a_filter_matches(source: str) -> None:
    verdict = compile_filter(source).run(event())
    assert (verdict.matched, verdict.failed, verdict.reason) == (True, False, "")
    assert 0 < verdict.elapsed < 1


@pytest.mark.parametrize(
    ("source", "failed", "reason"),
    [
        ("data.a == 2", False, "the filter says no"),
        ("data.nope == 2", False, "the event has no field nope"),
        ("data.nope.deeper == 2", False, "the event has no field nope"),
        ("tags['nope'] == 'x'", False, "the event has no field nope"),
        ("data.l[7] == 1", False, "a list is shorter: index out of bounds: 7"),
        ("data.a", True, "result was not a bool, got int"),
        ("data.l.map(x, x > 1)", True, "result was not a bool, got list"),
        ("data.a > 'x'", True, "a value has another type than the filter expects"),
        ("data.a.matches('x')", True, "matches cannot take this value"),
        ("data.s.getHours('Europe/Berlin') == 1", True, "getHours cannot take this value"),
        ("9223372036854775807 + data.a > 1", True, "a number is too large"),
        ("data.a / 0 == 1", True, "a number is divided by zero"),
        ("int(data.s) == 1", True, "the filter failed: string parse error"),
    ],
)
def test_why_it_does_not_match_is_told(source: str, *, failed: bool, reason: str) -> None:
    verdict = compile_filter(source).run(event())
    assert not verdict.matched
    assert verdict.failed is failed
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("type ==", "line 1, column 8"),
        ("type == 'x'\n  && &", "line 2, column 6"),
        ("", "line 1, column 1"),
        ("dta.a == 1", "no variable dta (line 1, column 1)"),
        ("data.a == 1 &&\n foo", "no variable foo (line 2, column 2)"),
        ("type.matchs('x')", "no function matchs"),
        ("_matches(type, 'x')", "no function _matches"),
        ("type._matches('x')", "no function _matches"),
        (".data == 1", "full stop"),
        ("data.l.exists(x, data.l.exists(y, y == x))", "inside another macro"),
        ("data.l.map(x, x).map(y, y) == []", "map follows map"),
        ("data.l.map(x, x).filter(y, y > 1) == []", "filter follows map"),
        ("(data.l).exists(x, true)", "must follow a field"),
        ("(data.l + data.l).exists(x, true)", "must follow a field"),
        ("[data, data].exists(x, true)", "must follow a field"),
        ("exists(x, true)", "must follow a field"),
        ("data.l.exists(data, true)", "a name of its own"),
        ("data.l.exists(x, x == 1) && x == 1", "no variable x"),
        ("type.matches('(')", "regular expression '('"),
        ("type.matches('(a{1,100}){1,100}')", "too large"),
        ("type.matches(data.s)", "one constant text"),
        ("time.getHours('Europe/Berln') == 1", "no time zone 'Europe/Berln'"),
        ("time.getHours('../../etc/passwd') == 1", "no time zone"),
        ("time.getHours(tags.zone) == 1", "one constant text"),
        ("type == '" + "x" * 2048 + "'", "longer than 2048"),
        ("1" + "+1" * 201 + " == 1", "more than 200 operators"),
        ("(" * 33 + "true" + ")" * 33, "more than 32 deep"),
        ("[" * 1000, "more than 32 deep"),
        ("type == '\ud800'", "not CEL"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_with_its_place(source: str, words: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        compile_filter(source)
    assert words in refused.value.detail


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(InvalidFilter) as refused:
        compile_filter("dta.a == 1")
    assert refused.value.hint == "Did you mean data?"


@pytest.mark.parametrize(
    "source",
    [
        "1" + "+1" * 199 + " == 200",
        "(" * 32 + "true" + ")" * 32,
        "true?true:" * 32 + "true",
        "!" * 200 + "true",
        "has(data" + ".a" * 1000 + ")",
        "[" + "1," * 1000 + "1] == []",
    ],
)
def test_the_largest_filters_allowed_neither_end_nor_hold_the_process(source: str) -> None:
    assert compile_filter(source).run(event()).elapsed < 0.5


LONG = b'{"l":[' + b"1," * 1000 + b"1]}"
LIST = b'{"l":[' + b"1," * 999 + b"1]}"
WIDE = b'{"l":[' + b"1," * 999 + b'1],"o":[' + b"[1,1,1]," * 60_000 + b'1],"s":"' + b"x" * 60_000 + b'"}'


@pytest.mark.parametrize(
    ("source", "data", "reason"),
    [
        ("data.l.exists(x, x > 1)", LONG, "a macro runs over 1001 items"),
        ("has(data.l) && data.l.filter(x, x > 1).all(y, y > 1)", LONG, "a macro runs over 1001 items"),
        ("data.l.exists(x, data.o != data.o)", WIDE, "too large for this filter"),
        ("size(data.l.map(x, data.s + data.s)) > 2", WIDE, "too large for this filter"),
        ("data.l.filter(x, x == 1).size() == 1000", WIDE, "too large for this filter"),
        ("data.l.map(x, [" + "1," * 100 + "1]).size() == 1000", LIST, "too large for this filter"),
        ("(" + "+".join(["data.o"] * 50) + ").size() > 1", WIDE, "too large for this filter"),
        ("&&".join(["data.o == data.o"] * 50), WIDE, "too large for this filter"),
    ],
)
def test_a_filter_that_would_hold_the_process_is_refused_for_this_event(
    source: str, data: bytes, reason: str
) -> None:
    verdict = compile_filter(source).run(event(data))
    assert verdict.failed
    assert reason in verdict.reason
    assert verdict.elapsed == 0


@pytest.mark.parametrize(
    "source", ["data.l.all(x, x == 1)", "data.s.size() == 60000 && type == 'call.started'"]
)
def test_a_modest_filter_reads_a_large_event(source: str) -> None:
    assert compile_filter(source).run(event(WIDE)).matched


def test_data_that_is_not_json_fails_only_the_filters_that_read_it() -> None:
    form = event(b"a=1&b=2")
    assert compile_filter("type == 'call.started'").run(form).matched
    verdict = compile_filter("data.a == 1").run(form)
    assert verdict.failed
    assert verdict.reason.startswith("data is not JSON")


def test_the_event_is_made_ready_once_for_all_filters() -> None:
    one = event()
    compile_filter("data.a == 1").run(one)
    view = one.view()
    compile_filter("type.matches('x')").run(one)
    assert one.view() is view


CRUMBS = [
    "data",
    ".a",
    ".l",
    ".items",
    "type",
    "tags",
    "time",
    "x",
    " == ",
    " + ",
    " && ",
    " || ",
    "!",
    "-",
    "(",
    ")",
    "[",
]
CRUMBS += [
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "1",
    "0",
    "1.5",
    "9223372036854775807",
    "'s'",
    '"',
    "'",
    "r'",
    "'''",
    "//",
    "\n",
]
CRUMBS += [
    ".exists(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".all(x, ",
    "has(",
    "size(",
    ".size()",
    "timestamp(",
    "duration('1h')",
]
CRUMBS += [
    ".matches('a+')",
    ".getHours('UTC')",
    "[0]",
    " in ",
    "null",
    "true",
    "b'x'",
    "\\",
    "\r",
    "é",
    "int(",
    "string(",
]

SOURCES = st.lists(st.sampled_from(CRUMBS), max_size=14).map("".join) | st.text(max_size=40)
DOCUMENTS = st.binary(max_size=20) | st.sampled_from(
    [DATA, LONG, b"[]", b'{"a":{"a":[{}]}}', b'"\\u0000"', b"1e999"]
)


@settings(max_examples=300, deadline=None)
@given(SOURCES, DOCUMENTS, st.text(max_size=5), st.integers(-(2**70), 2**70))
def test_a_filter_compiles_or_is_invalid_and_never_raises_when_it_runs(
    source: str, data: bytes, name: str, moment: int
) -> None:
    try:
        compiled = compile_filter(source)
    except InvalidFilter:
        return
    verdict = compiled.run(FilterInput(type=name, data=data, tags={name: name}, time=Micros(moment)))
    assert not (verdict.matched and verdict.failed)
    assert verdict.matched or verdict.reason


def valid_filters() -> st.SearchStrategy[str]:
    leaf = st.sampled_from(
        ["data.a", "data.s", "data.l", "data.z", "type", "1", "'x'", "data.nope", "time", "tags", "null"]
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["==", "<", "+", "&&", "||", "in", "-", "/", "%"]), inner).map(
                lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
            ),
            st.tuples(
                st.sampled_from(
                    ["size", "string", "int", "uint", "double", "timestamp", "duration", "!", "-"]
                ),
                inner,
            ).map(lambda parts: f"{parts[0]}({parts[1]})"),
            inner.map(lambda body: f"data.items.exists(x, {body} == x.n)"),
        ),
        max_leaves=6,
    )


@settings(max_examples=300, deadline=None)
@given(valid_filters())
def test_whatever_a_filter_computes_it_answers(source: str) -> None:
    try:
        compiled: Filter = compile_filter(source)
    except InvalidFilter:  # a macro in a macro
        return
    compiled.run(event())
