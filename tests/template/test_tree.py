"""A JSON template: no value breaks out of its string, types are kept where asked for, members are left out."""

from itertools import chain, count

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidTemplate
from hookline.template.engine import Limits, Scope, TemplateFailed
from hookline.template.source import template_of
from hookline.template.text import TextTemplate, compile_document
from hookline.template.tree import JsonTemplate, compile_tree
from hookline.template.values import decode
from tests.template.scopes import DATA, scope, tree

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLACES = (
    "{{ data.v }}",
    "a {{ data.v }} b",
    "{% if true %}{{ data.v }}{% endif %}",
    "{% assign x = data.v %}{{ x }}",
    "{% capture x %}{{ data.v }}{% endcapture %}{{ x }}",
    "{% for x in data.list %}{{ x }}{% endfor %}",
    "{{ data.none | default: data.v }}",
    "{{ data.v | append: '' }}",
)
HOSTILE = (
    '"',
    '","x":1,"',
    "\\",
    '\\"',
    "\n\r\t",
    "{{ data }}",
    "{%",
    "😀",
    "\x00\x1f\x7f",
    "\u2028",
    "x" * 100_000,
    "</script>",
    "null",
)


def raw(source: str, given_scope: Scope | None = None) -> bytes:
    return template_of(source).render(given_scope or scope())


@given(ANY_TEXT, st.sampled_from(PLACES))
def test_any_text_in_any_place_stays_that_text(value: str, place: str) -> None:
    given_scope = scope({"v": value, "list": [value]})
    made = tree({"before": 1, "v": place, "after": [place]}, given_scope)
    wanted = f"a {value} b" if place.startswith("a ") else value
    assert made == {"before": 1, "v": wanted, "after": [wanted]}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_made_to_break_out_does_not(value: str, place: str) -> None:
    made = tree({"v": place}, scope({"v": value, "list": [value]}))
    assert made == {"v": f"a {value} b" if place.startswith("a ") else value}


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        ("{{ data.count }}", b'"3"'),
        ("{{ data.count | typed }}", b"3"),
        ("{{ data.price }}", b'"12.50"'),
        ("{{ data.price | typed }}", b"12.50"),
        ("{{ data.open | typed }}", b"true"),
        ("{{ data.nothing | typed }}", b"null"),
        ("{{ data.absent | typed }}", b"null"),
        ("{{ data.title | typed }}", b'"Disk full"'),
        ("{{ data.code | typed }}", b'"007"'),
        ("{{ data.items | map: 'id' | typed }}", b"[1,2]"),
        ("{{ data.customer | typed }}", b'{"name":"A & B"}'),
        ("{{ '42' | typed }}", b"42"),
        ("{{ '-1.50' | typed }}", b"-1.50"),
        ("{{ '1e999999' | typed }}", b"1e999999"),
        ("{{ 'true' | typed }}", b"true"),
        ("{{ 'null' | typed }}", b"null"),
        ("{{ ' 42' | typed }}", b'" 42"'),
        ("{{ (1..3) | typed }}", b"[1,2,3]"),
        ("{{ data.count | plus: 1 | typed }}", b"4"),
    ],
)
def test_a_quoted_leaf_stays_text_unless_it_is_typed(leaf: str, wanted: bytes) -> None:
    assert compile_tree(leaf, "template").render(scope()) == wanted


def test_a_number_keeps_its_digits_through_data_and_template() -> None:
    data = decode(b'{"a":12.50,"b":123456789012345678901234567890,"c":1e999999,"d":-0.0,"e":1E-999999999999}')
    given_scope = Scope({"data": data})
    source = (
        '{"all":"{{ data | typed }}","text":"{{ data.a }} {{ data.b }} {{ data.c }}","far":"{{ data.c }}"}'
    )
    assert raw(source, given_scope) == (
        b'{"all":{"a":12.50,"b":123456789012345678901234567890,"c":1e999999,"d":-0.0,"e":1E-999999999999},'
        b'"text":"12.50 123456789012345678901234567890 1e999999","far":"1e999999"}'
    )


def test_what_holds_no_places_is_written_once_and_kept() -> None:
    template = template_of('{"a": [1.50, true, null, "x"], "b": {"c": "d"}}')
    assert isinstance(template, JsonTemplate)
    assert template.constant
    assert template.render(scope()) == b'{"a":[1.50,true,null,"x"],"b":{"c":"d"}}'


@pytest.mark.parametrize("empty", ["", None, [], {}])
def test_a_member_with_a_question_mark_is_left_out_when_it_is_empty(empty: object) -> None:
    given_scope = scope({"v": empty})
    assert tree({"v?": "{{ data.v | typed }}", "w": "{{ data.v | typed }}"}, given_scope) == {"w": empty}


def test_a_member_with_a_question_mark_stays_when_there_is_something() -> None:
    assert tree({"v?": "{{ data.closed | typed }}", "n?": "{{ 0 | typed }}"}) == {"v": False, "n": 0}


def test_an_optional_object_is_left_out_when_nothing_is_left_of_it() -> None:
    assert tree({"a?": {"b?": "{{ data.absent }}"}, "c?": ["{{ data.title }}"]}) == {"c": ["Disk full"]}


def test_keys_are_no_templates_and_two_question_marks_are_one() -> None:
    assert tree({"{{ data.title }}": 1, "a??": "{{ data.empty }}", "??": 2}) == {
        "{{ data.title }}": 1,
        "a?": "",
        "?": 2,
    }


@pytest.mark.parametrize(
    ("condition", "stays"),
    [
        ("{{ data.open }}", True),
        ("{{ data.closed }}", False),
        ("{{ data.closed | typed }}", False),
        ("{{ data.absent }}", False),
        (" {{ data.empty }} ", False),
        ("{% if data.count > 2 %}yes{% endif %}", True),
        ("{% if data.count > 3 %}yes{% endif %}", False),
        (True, True),
        (False, False),
        (None, False),
        ("false", False),
    ],
)
def test_an_object_is_left_out_where_its_condition_renders_to_nothing_or_false(
    condition: object, *, stays: bool
) -> None:
    part = {"?": condition, "x": "{{ data.count }}"}
    assert tree({"a": part, "b": [part, 1]}) == (
        {"a": {"x": "3"}, "b": [{"x": "3"}, 1]} if stays else {"b": [1]}
    )


def test_a_root_that_is_left_out_is_null() -> None:
    assert raw('{"?": "", "a": 1}') == b"null"


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"items": [1, {"name": "{{ x"}]}, "template.json.items[1].name"),
        ({"a": {"b?": "{{ x | nope }}"}}, "template.json.a.b?"),
        ({"a?": 1, "a": 2}, "template.json.a"),
        ({"a": "x {{ a | typed }}"}, "template.json.a"),
    ],
)
def test_a_refusal_names_the_leaf(source: object, field: str) -> None:
    with pytest.raises(InvalidTemplate) as caught:
        compile_tree(source, "template.json")
    assert caught.value.field == field


def nested(depth: int) -> object:
    made: object = "x"
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (nested(64), "64 deep"),
        (["x"] * 2001, "2,000 leaves"),
        (["x" * 60_000] * 5, "256 KiB"),
        (["x" * 70_000], "64 KiB"),
        ({"k" * 270_000: 1}, "256 KiB"),
    ],
)
def test_a_tree_that_is_too_large_is_refused(source: object, said: str) -> None:
    with pytest.raises(InvalidTemplate, match=said):
        compile_tree(source, "template")


def test_a_tree_may_be_as_large_as_that() -> None:
    compile_tree(nested(63), "template")
    compile_tree(["x"] * 2000, "template")


@pytest.mark.parametrize(
    "source",
    [
        ["{{ data.v }}"] * 20,
        ["{{ data.v | typed }}"] * 20,
        ["{{ data.list | typed }}"] * 20,
        ["{{ data.ctrl }}"],
    ],
)
def test_all_leaves_together_write_no_more_than_the_limit(source: object) -> None:
    given_scope = scope({"v": "x" * 100_000, "list": ["x" * 100_000], "ctrl": "\x01" * 200_000})
    with pytest.raises(TemplateFailed, match="wrote more than 1 MiB"):
        tree(source, given_scope)


def test_what_is_too_much_is_not_gathered_first() -> None:
    given_scope = scope({"list": ["x" * 100_000]})
    with pytest.raises(TemplateFailed, match="wrote more than 1 MiB"):
        tree([*["{{ data.list | typed }}"] * 20, "{{ data.absent }}"], given_scope)
    assert given_scope.missing == []


def test_loops_and_time_are_those_of_the_whole_tree() -> None:
    source = compile_tree(["{% for i in (1..60) %}{% endfor %}"] * 2, "template")
    with pytest.raises(TemplateFailed, match="turned more than 100 times"):
        source.render(Scope({}, limits=Limits(loops=100)))
    hands = count(0.0, 0.001)  # 60 steps in the first, 60 in the second
    with pytest.raises(TemplateFailed, match="longer than 100 ms"):
        source.render(Scope({}, cpu=lambda: next(hands)))


def test_one_pause_of_the_thread_is_not_the_templates_fault_and_a_second_is() -> None:
    """The garbage collector goes through the heap in whatever thread it is, and a machine may stand still."""
    source = compile_tree("{% for i in (1..60) %}{% endfor %}done", "template")
    once = iter([0.0, *[0.01] * 5, *[5.0] * 1000])
    assert source.render(Scope({}, cpu=lambda: next(once))) == b'"done"'
    twice = iter([0.0, *[0.01] * 5, *[5.0] * 5, *[5.2] * 1000])
    with pytest.raises(TemplateFailed, match="longer than 100 ms"):
        source.render(Scope({}, cpu=lambda: next(twice)))
    behind = chain([0.0, 0.01, 5.0], count(5.0, 0.002))
    with pytest.raises(TemplateFailed, match="longer than 100 ms"):
        source.render(Scope({}, cpu=lambda: next(behind)))


@pytest.mark.parametrize("source", ['{"a": "{{ x }}"}', "[]", ' [1, "{{ x }}"] '])
def test_a_text_that_is_json_is_a_json_template(source: str) -> None:
    assert isinstance(template_of(source), JsonTemplate)


@pytest.mark.parametrize("source", ['{"a": {{ x | json }}}', "plain", '"text"', "12", "", '{"a": 1,}'])
def test_any_other_text_promises_json(source: str) -> None:
    template = template_of(source)
    assert isinstance(template, TextTemplate)
    assert template.promises_json


def test_a_text_template_writes_json_with_the_filter_json() -> None:
    source = '{"t": {{ data.title | json }}, "all": [{% for i in data.items %}{{ i.id | json }}{% unless forloop.last %},{% endunless %}{% endfor %}]}'
    assert msgspec.json.decode(raw(source)) == {"t": "Disk full", "all": [1, 2]}


@given(ANY_TEXT)
def test_any_text_through_the_filter_json_is_that_text(value: str) -> None:
    made = raw('{"v": {{ data.v | json }}, "w": 1}', scope({"v": value}))
    assert msgspec.json.decode(made) == {"v": value, "w": 1}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ('{"t": {{ data.title }}}', "line 1, column 7"),
        ('{\n "t": "{{ data.v }}", "n": {{ data.count }}}', "line 2, column 9"),
        ('{"t": {{ data.absent }}', "line 1, column 7"),
        ("", "line 1, column 1"),
        ("[{{ data.count }}", "line 1, column 3"),
    ],
)
def test_what_is_not_json_where_json_was_promised_fails_with_its_place(source: str, place: str) -> None:
    with pytest.raises(TemplateFailed, match=f"not JSON, at {place}"):
        raw(source, scope({**DATA, "v": '"'}))


def test_a_text_that_promises_nothing_may_be_anything() -> None:
    assert compile_document("Hi {{ data.title }}é", "template").render(scope()) == "Hi Disk fullé".encode()


def test_typed_stands_in_json_templates_only() -> None:
    with pytest.raises(InvalidTemplate, match="Line 1, column"):
        compile_document("{{ data.count | typed }}", "template")
