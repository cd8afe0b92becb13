"""The filters: each example of their table, and the laws that hold for those of our own."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.template.engine import Scope, TemplateFailed, compile_text
from hookline.template.filters.cut import UNITS, cut
from hookline.template.filters.escapes import MAX_LABEL, adf, label
from hookline.template.filters.examples import example_scope
from hookline.template.filters.filter import Filter, arity
from hookline.template.filters.levels import WORDS
from hookline.template.filters.table import FILTERS, TYPING
from hookline.template.printing import text_of
from hookline.template.values import encode
from tests.template.scopes import scope, text

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ENTITIES = st.lists(st.sampled_from(["&amp;", "&#39;", "&", "a", "é", "😀", '"', "\n", "\x01", ";"])).map(
    "".join
)


@pytest.mark.parametrize("one", [*FILTERS.values(), TYPING], ids=lambda one: one.name)
def test_the_example_of_each_filter_gives_what_its_page_says(one: Filter) -> None:
    made = compile_text(one.example, "template").value(example_scope())
    assert text_of(made) == one.result
    assert f"| {one.name}" in one.example
    assert one.sentence.endswith(".")


@pytest.mark.parametrize("one", FILTERS.values(), ids=lambda one: one.name)
def test_what_a_filter_takes_is_what_its_page_says(one: Filter) -> None:
    least, most, _ = arity(one)
    assert most == len(re.findall("[a-z]+", one.arguments))
    assert least <= most


@given(
    st.sampled_from(sorted(FILTERS)),
    st.one_of(ANY_TEXT, st.integers(), st.none(), st.booleans(), st.lists(st.integers() | ANY_TEXT)),
)
def test_a_filter_gives_something_or_fails_the_rendering_and_nothing_else(name: str, value: object) -> None:
    given_scope = Scope({"v": value}, maps={"m": {}}, now=datetime(2026, 1, 1, tzinfo=UTC))
    least, _, _ = arity(FILTERS[name])
    arguments = ": " + ", ".join(["v"] * least) if least else ""
    with suppress(TemplateFailed):
        compile_text(f"{{{{ v | {name}{arguments} }}}}", "template").text(given_scope)


@given(
    ANY_TEXT | ENTITIES,
    st.integers(0, 40),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["…", "", "...", "&"]),
)
def test_a_cut_text_fits_and_is_the_beginning_of_the_whole(
    value: str, most: int, unit: str, mark: str
) -> None:
    made, measure = cut(value, most, unit, mark), UNITS[unit]
    assert measure(made) <= most
    if measure(value) <= most:
        assert made == value
    else:
        end = mark if measure(mark) <= most else ""
        kept = made[: len(made) - len(end)]
        assert made.endswith(end)
        assert value.startswith(kept)
        half = re.search(r"&#?[A-Za-z0-9]*\Z", kept)
        assert half is None or re.match(r"&#?[A-Za-z0-9]+;", value[half.start() :]) is None


@given(st.text("aé😀\n", min_size=1), st.integers(1, 12))
def test_a_cut_is_as_long_as_it_may_be(value: str, most: int) -> None:
    for unit, measure in UNITS.items():
        made = cut(value, most, unit, "")
        if made != value:
            assert measure(value[: len(made) + 1]) > most


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [("points", "a😀\nb…"), ("utf16", "a😀\n…"), ("bytes", "a…"), ("json", "a…")],
)
def test_each_unit_counts_as_the_receiver_does(unit: str, wanted: str) -> None:
    assert cut("a😀\nbcdef", 5, unit) == wanted


def test_an_ampersand_that_begins_no_entity_stays() -> None:
    assert cut("Q&A session", 3, "points", "") == "Q&A"
    assert cut("Q&amp;A session", 4, "points", "") == "Q"


def test_a_document_has_as_many_lines_as_a_text_of_jira_can_have_and_no_more() -> None:
    document = adf("a\n" * 16_383)
    assert isinstance(document, dict)
    assert len(document["content"][0]["content"]) == 2 * 16_383 - 1
    with pytest.raises(TemplateFailed, match="20,000 lines"):
        adf("a\n" * 20_001)


def test_a_part_of_a_document_is_what_stands_in_it() -> None:
    document = adf("a\n\nb")
    assert isinstance(document, dict)
    assert adf("a\n\nb", "content") == document["content"]
    assert adf("", "content") is None


@pytest.mark.parametrize("call", ["cut: -1", "cut: 'x'", "cut: 5, 'words'", "cut: 1.5"])
def test_a_cut_that_makes_no_sense_fails(call: str) -> None:
    with pytest.raises(TemplateFailed):
        text("{{ data.title | " + call + " }}")


@pytest.mark.parametrize(
    ("value", "entries", "wanted"),
    [
        ("High", {"high": "2"}, "2"),
        ("high", {"HIGH": 2}, "2"),
        ("critical", {"urgent": "Sev 1"}, "Sev 1"),
        ("critical", {"critical": "C", "urgent": "U"}, "C"),
        ("critical", {"p1": "P"}, "P"),
        ("normal", {"medium": "M", "else": "E"}, "M"),
        ("odd", {"medium": "M", "else": "E"}, "E"),
        ("odd", {"medium": "M"}, "odd"),
        (True, {"true": "yes"}, "yes"),
        (3, {"3": "three"}, "three"),
        (None, {"else": "E"}, ""),
        (" ", {"else": "E"}, " "),
        ("", {"": "none", "else": "E"}, "none"),
    ],
)
def test_a_map_is_asked_without_case_through_levels_and_with_a_last_resort(
    value: object, entries: dict[str, object], wanted: str
) -> None:
    given_scope = scope({"v": value}, maps={"m": entries})
    assert compile_text("{{ data.v | mapped: 'm' }}", "template").text(given_scope) == wanted


def test_a_number_of_a_map_is_a_number_where_it_is_typed() -> None:
    given_scope = scope({"v": "P1"}, maps={"m": {"urgent": 1}})
    assert compile_text("{{ data.v | mapped: 'm' | typed }}", "template").value(given_scope) == 1


def test_every_word_has_one_level() -> None:
    words = [word for some in WORDS.values() for word in some]
    assert len(words) == len(set(words))
    for level, some in WORDS.items():
        for word in some:
            assert text("{{ data.v | level }}", {"v": word.upper()}) == level
    assert text("{{ data.v | level }}", {"v": " Whatever "}) == "whatever"


@given(ANY_TEXT)
def test_a_label_is_safe_and_stays_as_it_is_when_made_again(value: str) -> None:
    run = FILTERS["label"].run
    made = str(run(value))
    assert re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", made)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a b", "a/b"), ("x" * 65, "x" * 66), ("a b", "a_b"), ("a b", label("a b")), ("ä", "ö"), ("A b", "a b")],
)
def test_two_texts_never_get_one_label(one: str, other: str) -> None:
    assert label(one) != label(other)
    assert len(label(one)) <= MAX_LABEL


@pytest.mark.parametrize("step", [".", ".."])
def test_a_step_of_a_path_never_leads_elsewhere(step: str) -> None:
    with pytest.raises(TemplateFailed, match="cannot be"):
        text("{{ data.v | path }}", {"v": step})


@given(ANY_TEXT)
def test_a_text_in_a_url_is_plain_ascii_without_marks(value: str) -> None:
    made = str(FILTERS["query"].run(scope(), value))
    assert re.fullmatch(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*", made)


def test_adf_has_paragraphs_and_hard_breaks() -> None:
    made = compile_text("{{ data.v | adf | typed }}", "template").value(scope({"v": "a\nb\n\n\nc\r\n"}))
    paragraph = [{"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"}]
    assert made == {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": paragraph},
            {"type": "paragraph", "content": [{"type": "text", "text": "c"}]},
        ],
    }
    assert compile_text("{{ data.v | adf | typed }}", "template").value(scope({"v": " \n"})) is None


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ '2026-02-03' | date: '%-d.%-m.%y %A' }}", "3.2.26 Tuesday"),
        ("{{ '2026-02-03T04:05:06Z' | date: '%s %L %^b %e|%I %p %%' }}", "1770091506 000 FEB  3|04 AM %"),
        ("{{ 0 | date: '%F %T %z' }}", "1970-01-01 00:00:00 +0000"),
        ("{{ 'now' | date: '%F' }}", "2026-01-01"),
        ("{{ 'soon' | date: '%F' }}{{ '' | date: '%F' }}", "soon"),
        ("{{ '2026-99-99' | date: '%F' }}", "2026-99-99"),
        ("{{ '2026-02-03' | date: '%9999999d %Q' }}", "%9999999d %Q"),
        ("{{ '2026-02-03T04:05:06.9+02:00' | unix }}", "1770084306"),
        ("{{ '1969-12-31T23:59:59.5Z' | unix }}", "-1"),
        ("{{ '2026-02-03T04:05:06.9+02:00' | rfc3339 }}", "2026-02-03T02:05:06Z"),
        ("{{ 1770084306 | rfc3339 }}", "2026-02-03T02:05:06Z"),
        ("[{{ nil | unix }}{{ '' | rfc3339 }}]", "[]"),
    ],
)
def test_times(source: str, wanted: str) -> None:
    given_scope = Scope({}, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert compile_text(source, "template").text(given_scope) == wanted


@pytest.mark.parametrize("call", ["unix", "rfc3339"])
def test_what_is_no_time_fails_where_a_time_is_needed(call: str) -> None:
    with pytest.raises(TemplateFailed, match=call):
        text("{{ data.title | " + call + " }}")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ 0.1 | plus: 0.2 }}", "0.3"),
        ("{{ data.price | times: 3 }}", "37.50"),
        ("{{ '1.5' | plus: '2' }}", "3.5"),
        ("{{ 'x' | plus: 1 }}", "1"),
        ("{{ -7 | divided_by: 2 }}|{{ -7 | modulo: 2 }}|{{ -7.5 | modulo: 2 }}", "-4|1|0.5"),
        ("{{ 2.5 | round }}|{{ -2.5 | round }}|{{ 1.005 | round: 2 }}", "3|-3|1.01"),
        ("{{ -1.5 | abs }}|{{ -1.5 | ceil }}|{{ -1.5 | floor }}", "1.5|-1|-2"),
    ],
)
def test_numbers_are_reckoned_in_decimal(source: str, wanted: str) -> None:
    assert text(source) == wanted


@given(
    st.lists(
        st.one_of(
            st.integers(),
            st.decimals(allow_nan=False, allow_infinity=False, places=2),
            ANY_TEXT,
            st.none(),
            st.booleans(),
        )
    )
)
def test_any_list_is_sorted_and_a_sorted_list_stays(values: list[object]) -> None:
    run = FILTERS["sort"].run
    assert run(run(values)) == run(values)


def test_html_is_stripped_of_what_is_no_text() -> None:
    source = "<p>aİ</p><SCRIPT>x<b></script><!-- <i> --><STYLE>y</STYLE>b < c"
    assert text("{{ data.v | strip_html }}", {"v": source}) == "aİb < c"


def test_json_of_a_value_is_what_the_value_was() -> None:
    value = {"a": [1, 'x"\n', None, True], "b": Decimal("12.50")}
    made = text("{{ data.v | json }}", {"v": value})
    assert made == '{"a":[1,"x\\"\\n",null,true],"b":12.50}'
    assert msgspec.json.decode(encode(value)) == {"a": [1, 'x"\n', None, True], "b": 12.5}
