"""The language: what is printed, which tags there are, and what is refused with line and column."""

import pytest

from hookline.errors import InvalidTemplate
from hookline.template.engine import Limits, Scope, TemplateFailed, compile_text
from tests.template.scopes import scope, text


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("no places", "no places"),
        ("{{ data.title }}", "Disk full"),
        ("a {{ data.title }} b", "a Disk full b"),
        ("{{ data.price }}", "12.50"),
        ("{{ data.open }}{{ data.closed }}", "truefalse"),
        ("[{{ data.nothing }}]", "[]"),
        ("{{ data.customer }}", '{"name":"A & B"}'),
        ("{{ data.items }}", '[{"id":1,"name":"a"},{"id":2,"name":"b"}]'),
        ("{{ data.items[1].name }}{{ data['title'] }}", "bDisk full"),
        ("{{ data.items.size }}{{ data.items.first.id }}{{ data.items.last.id }}", "212"),
        ("{% if data.count > 2 and data.open %}yes{% else %}no{% endif %}", "yes"),
        ("{% unless data.closed %}yes{% endunless %}", "yes"),
        ("{% case data.code %}{% when '007' %}bond{% else %}?{% endcase %}", "bond"),
        ("{% for one in data.items %}{{ forloop.index }}{{ one.name }}{% endfor %}", "1a2b"),
        ("{% for pair in data.customer %}{{ pair[0] }}={{ pair[1] }}{% endfor %}", "name=A & B"),
        ("{% for i in (1..9) reversed %}{% if i < 8 %}{% break %}{% endif %}{{ i }}{% endfor %}", "98"),
        (
            "{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}{% endfor %}{% endfor %}",
            "1122",
        ),
        ("{% for i in data.absent %}{% else %}none{% endfor %}", "none"),
        ("{% assign n = data.count | plus: 1 %}{{ n }}", "4"),
        ("{% capture c %}<{{ data.count }}>{% endcapture %}{{ c }}{{ c }}", "<3><3>"),
        ("{% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}", "aba"),
        ("{% increment n %}{% increment n %}{% decrement m %}", "01-1"),
        ("a {%- comment %} {{ {% b {% comment %}{% endcomment %} c {% endcomment -%} d", "ad"),
        ("{% # said in passing %}x", "x"),
        ("{% raw %}{{ data.title }}{% endraw %}", "{{ data.title }}"),
        (" a  {{- data.count -}}  b ", " a3b "),
        ("{{ data.items contains 'x' }}", None),
        ("{{ (1..3) }}{{ forloop }}{{ empty }}", "1..3"),
        ("{{ data.empty }}{% if data.for.limit == 3 %}{{ data.for['if'] }}{% endif %}", "ok"),
        ("{% for i in (1..data.for.limit) limit: data.for.limit %}{{ i }}{% endfor %}", "123"),
    ],
)
def test_a_template_prints(source: str, wanted: str | None) -> None:
    if wanted is None:
        with pytest.raises(InvalidTemplate):
            text(source)
    else:
        assert text(source) == wanted


@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        ("a\nb {{ data.title", "Line 2, column 3", "never closed"),
        ("{% if data.open %}\nx", "Line 2, column 2", "expected tag endif"),
        ("x\n{{ data.title | shout }}", "Line 2, column 17", "no filter 'shout'"),
        ("{{ data.title | cut }}", "Line 1, column 17", "does not take these arguments"),
        ("{{ data.title | default: 1, nonsense: 2 }}", "Line 1, column 17", "does not take these arguments"),
        ("{% include 'other' %}", "Line 1, column 4", "no tag 'include'"),
        ("{% render 'other' %}", "Line 1, column 4", "no tag 'render'"),
        ("{% extends 'other' %}", "Line 1, column 4", "no tag 'extends'"),
        ("{% macro a %}{% endmacro %}", "Line 1, column 4", "no tag 'macro'"),
        ("{% tablerow a in b %}{% endtablerow %}", "Line 1, column 4", "no tag 'tablerow'"),
        ("{% liquid assign a = 1 %}", "Line 1, column 4", "no tag 'liquid'"),
        ("{% if (1..9) contains data.count %}{% endif %}", "Line 1, column 7", "no condition"),
        ("{% if a %}{% elsif (1..9) contains 'x' %}{% endif %}", "Line 1, column 20", "no condition"),
        ("{% unless (1..9) contains 'x' %}{% endunless %}", "Line 1, column 11", "no condition"),
        ("{% endif %}", "Line 1, column 4", "no tag 'endif'"),
        ("{%  %}", "Line 1, column 5", "no tag ''"),
        ("{% doc %}{% enddoc %}", "Line 1, column 4", "no tag 'doc'"),
        ("{{ }}", "Line 1, column 6", "expected a primitive expression"),
        ("{% raw %}", "Line 1, column 1", "never closed"),
        ("a {% comment %}", "Line 1, column 3", "never closed"),
        ("a {{ data.count | typed }}", "Line 1, column 19", "typed ends a leaf"),
        ("{{ data.count | typed | json }}", "Line 1, column 17", "typed ends a leaf"),
        ("{% assign a = data.count | typed %}", "Line 1, column 28", "typed ends a leaf"),
        ("{{ " + "a" * 2100 + " }}", "Line 1, column 1", "longer than 2,048"),
        ("{% if a %}" * 31 + "{% endif %}" * 31, "Line 1, column", "block nesting limit"),
        ("{% if " + " and ".join(["a"] * 320) + " %}{% endif %}" * 1, "", ""),
        ("\ud800 {{ a }}", "Line 1, column 1", "half a character"),
    ],
)
def test_what_does_not_parse_is_refused_with_line_and_column(source: str, place: str, said: str) -> None:
    if not said:
        assert text(source) == ""
        return
    with pytest.raises(InvalidTemplate) as caught:
        compile_text(source, "headers.X-Title")
    assert caught.value.detail.startswith(place)
    assert said in caught.value.detail
    assert caught.value.field == "headers.X-Title"
    assert caught.value.hint


def test_a_refusal_says_what_was_probably_meant() -> None:
    with pytest.raises(InvalidTemplate) as caught:
        compile_text("{{ a | upcas }}", "url")
    assert caught.value.hint == "Did you mean upcase?"
    with pytest.raises(InvalidTemplate) as caught:
        compile_text("{% include 'a' %}", "url")
    assert "loads no other" in caught.value.hint


def test_a_template_of_more_than_64_kib_is_refused() -> None:
    compile_text("x" * 65_536, "url")
    with pytest.raises(InvalidTemplate, match="64 KiB"):
        compile_text("é" * 32_769, "url")


def test_only_a_template_without_places_is_constant() -> None:
    assert compile_text("plain } text", "url").constant
    assert not compile_text("{{ a }}", "url").constant
    assert not compile_text("{% raw %}x{% endraw %}", "url").constant


def test_a_value_is_never_read_as_a_template() -> None:
    data = {"title": "{{ data.secret }}{% include 'x' %}", "secret": "s3cret"}
    assert text("<{{ data.title }}>", data) == "<{{ data.secret }}{% include 'x' %}>"


@pytest.mark.parametrize(
    "value", ['"', "\n", "{{", "}}", "😀", "\x00\x01\x1f\x7f", "\u2028", "x" * 100_000, "</script>"]
)
def test_whatever_a_value_holds_is_printed_as_it_is(value: str) -> None:
    assert text("[{{ data.v }}]", {"v": value}) == f"[{value}]"
    assert text("{% assign a = data.v %}[{{ a }}]", {"v": value}) == f"[{value}]"


def test_nothing_but_the_scope_tells_the_time() -> None:
    assert text("{{ now }}{{ today }}") == ""
    with pytest.raises(TemplateFailed, match="asks for now"):
        text("{{ 'now' | date: '%Y' }}")


def test_a_scope_is_spent_by_all_templates_that_it_renders() -> None:
    spent = Scope({"a": "x" * 60}, limits=Limits(output=100))
    template = compile_text("{{ a }}", "url")
    assert template.text(spent) == "x" * 60
    with pytest.raises(TemplateFailed, match="wrote more than"):
        template.text(spent)


def test_a_reason_holds_no_value() -> None:
    secret = "s3cret"
    for source in ("{{ data.v | unix }}", "{{ data.v | mapped: 'none' }}", "{% if data.v < 3 %}{% endif %}"):
        with pytest.raises(TemplateFailed) as caught:
            text(source, {"v": secret})
        assert secret not in caught.value.reason


def test_break_outside_of_a_loop_fails_the_rendering() -> None:
    with pytest.raises(TemplateFailed, match="unexpected 'break'"):
        compile_text("a{% break %}", "url").text(scope())
