"""What is missing is told once it is used, by its path, and refused where the rendering is strict."""

import pytest

from hookline.template.engine import TemplateFailed, compile_text
from tests.template.scopes import scope, tree


def missing(source: str) -> list[str]:
    given = scope()
    compile_text(source, "template").text(given)
    return given.missing


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{{ data.owner }}", ["data.owner"]),
        ("{{ data.owner.name }} {{ other }} {{ data.owner.name }}", ["data.owner.name", "other"]),
        ("{{ data.owner | upcase | append: data.end }}", ["data.owner", "data.end"]),
        ("{{ data.items[7].name }}", ["data.items[7].name"]),
        ("{{ data.title.first }}{{ data.nothing.name }}", ["data.title.first", "data.nothing.name"]),
        ("{{ data.title | default: data.owner }}", ["data.owner"]),
        ("{% for one in data.tags %}{% endfor %}", ["data.tags"]),
        ("{% for i in (1..data.most) %}{% endfor %}", ["data.most"]),
        ("{% assign a = data.owner %}{{ a }}", ["data.owner"]),
        ("{% assign a = data.owner %}{{ a.name }}", ["data.owner"]),
        ("{% for one in data.items %}{{ one.tag }}{% endfor %}", ["one.tag"]),
        ("{{ data.customer[data.owner] }}", ["data.owner", "data.customer[data.owner]"]),
        ("{% cycle data.owner %}", ["data.owner"]),
        ("{{ data.nothing }}{{ data.empty }}", []),
        ("{% if data.owner %}{% endif %}{% unless data.owner %}{% endunless %}", []),
        ("{% if data.owner == blank or data.owner == nil or data.owner == 'x' %}{% endif %}", []),
        ("{% if data.owner > 3 or data.owner contains 'x' %}{% endif %}", []),
        ("{% case data.owner %}{% when 'a' %}{% endcase %}", []),
        ("{{ data.owner | default: 'nobody' }}", []),
        ("{% assign a = data.owner %}{% if a %}{{ a }}{% endif %}", []),
    ],
)
def test_what_is_used_and_missing_is_told_and_asking_is_not_using(source: str, wanted: list[str]) -> None:
    assert missing(source) == wanted


def test_a_missing_value_is_empty() -> None:
    assert compile_text("[{{ data.owner.name }}]", "template").text(scope()) == "[]"
    assert compile_text("[{{ data.owner | append: '!' }}]", "template").text(scope()) == "[!]"


@pytest.mark.parametrize(
    "source", ["{{ data.owner.name }}", "x {{ data.owner.name | upcase }}", "{{ data.owner.name | typed }}"]
)
def test_a_strict_rendering_refuses_it(source: str) -> None:
    with pytest.raises(TemplateFailed, match=r"^data\.owner\.name is missing\.$"):
        compile_text(source, "template").value(scope(strict=True))


def test_a_strict_rendering_takes_what_asks_first() -> None:
    source = "{% if data.owner %}{{ data.owner }}{% endif %}{{ data.owner | default: 'nobody' }}"
    assert compile_text(source, "template").text(scope(strict=True)) == "nobody"


def test_a_member_that_is_left_out_misses_nothing_even_where_it_is_strict() -> None:
    given = scope(strict=True)
    assert (
        tree({"owner?": "{{ data.owner }}", "a": {"?": "{{ data.owner }}", "b": "{{ data.b }}"}}, given) == {}
    )
    assert given.missing == []


def test_a_member_that_stays_tells_what_it_misses() -> None:
    given = scope()
    assert tree({"owner?": "by {{ data.owner }}"}, given) == {"owner": "by "}
    assert given.missing == ["data.owner"]
    with pytest.raises(TemplateFailed):
        tree({"owner?": "by {{ data.owner }}"}, scope(strict=True))
