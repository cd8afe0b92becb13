"""Forms: texts with places, made into functions."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.model.form import compile_form, parse_form


def fill(name: str) -> Callable[[Mapping[str, str]], str]:
    return lambda values: values[name]


def filled(text: str, **values: str) -> str:
    return compile_form(parse_form(text), fill)(values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{a}", "1"),
        ("<{a}>", "<1>"),
        ("{a}{b}", "12"),
        ("{a}.{b}", "1.2"),
        ("<{a}.{b}>", "<1.2>"),
        ("<{b}{a}", "<21"),
        ("{a}{b}>", "12>"),
        ("{a}{a}%", "11%"),
        ("%s{a}.{b}.{a}>", "%s1.2.1>"),
        ("plain", "plain"),
    ],
)
def test_each_place_is_filled_where_it_stands(text: str, told: str) -> None:
    assert filled(text, a="1", b="2") == told


@given(st.lists(st.sampled_from(["{a}", "{b}", "{c}", ".", "%", "x"]), max_size=7))
def test_a_form_says_what_replacing_each_place_would(parts: list[str]) -> None:
    values = {"a": "%s", "b": "{c}", "c": ""}
    told = "".join(values.get(part.strip("{}"), part) if part.startswith("{") else part for part in parts)
    assert filled("".join(parts), **values) == told
