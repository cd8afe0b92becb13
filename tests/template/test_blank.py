"""`blank` is what holds nothing, whether it is there or not."""

import pytest

from hookline.template.engine import Scope, compile_text

NOTHING = [{}, {"x": None}, {"x": ""}, {"x": " \n"}, {"x": []}, {"x": {}}]
SOMETHING = [{"x": "a"}, {"x": 0}, {"x": [1]}]
BLANK = [
    "{% if x == blank %}yes{% endif %}",
    "{% if blank == x %}yes{% endif %}",
    "{% unless x != blank %}yes{% endunless %}",
    "{% if y %}{% elsif x == blank %}yes{% endif %}",
    "{% if x == blank and y == blank %}yes{% endif %}",
    "{% if y != blank or x == blank %}yes{% endif %}",
]


@pytest.mark.parametrize("source", BLANK)
@pytest.mark.parametrize("variables", NOTHING)
def test_nothing_is_blank(source: str, variables: dict[str, object]) -> None:
    scope = Scope(variables)
    assert compile_text(source, "template").text(scope) == "yes"
    assert scope.missing == []


@pytest.mark.parametrize("source", BLANK)
@pytest.mark.parametrize("variables", SOMETHING)
def test_something_is_not_blank(source: str, variables: dict[str, object]) -> None:
    assert compile_text(source, "template").text(Scope(variables)) == ""
