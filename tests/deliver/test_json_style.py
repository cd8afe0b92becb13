"""JSON written anew keeps its meaning and the spelling of its numbers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.deliver.json_style import Writer
from hookline.model.dialect import Style

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PUBLISHED = b'{ "a/b" : [ 1.10, 1E3 , -0, true ],\n\t"\\u00fc": "\xc3\xbc \\" , : \\\\", "a/b": {} }'


@pytest.mark.parametrize(
    ("style", "written"),
    [
        (Style.EXACT, PUBLISHED),
        (Style.COMPACT, b'{"a/b":[1.10,1E3,-0,true],"\xc3\xbc":"\xc3\xbc \\" , : \\\\","a/b":{}}'),
        (Style.PHP, b'{"a\\/b":[1.10,1E3,-0,true],"\\u00fc":"\\u00fc \\" , : \\\\","a\\/b":{}}'),
        (Style.PYTHON, b'{"a/b": [1.10, 1E3, -0, true], "\\u00fc": "\\u00fc \\" , : \\\\", "a/b": {}}'),
    ],
)
def test_each_style_writes_the_same_data_its_own_way(style: Style, written: bytes) -> None:
    assert Writer(style).data(PUBLISHED) == written


@given(VALUES, st.sampled_from(Style), st.tuples(st.booleans(), st.sampled_from([None, 2])))
def test_no_style_changes_what_the_data_means(
    value: object, style: Style, layout: tuple[bool, int | None]
) -> None:
    data = json.dumps(value, ensure_ascii=layout[0], indent=layout[1]).encode()
    assert json.loads(Writer(style).data(data)) == value


@given(VALUES)
def test_the_style_of_python_is_what_python_writes(value: object) -> None:
    assert (
        Writer(Style.PYTHON).data(json.dumps(value, ensure_ascii=False).encode())
        == json.dumps(value).encode()
    )


@given(VALUES, st.sampled_from(Style))
def test_writing_twice_changes_nothing_more(value: object, style: Style) -> None:
    once = Writer(style).data(json.dumps(value).encode())
    assert Writer(style).data(once) == once


@pytest.mark.parametrize("style", [Style.COMPACT, Style.PHP, Style.PYTHON])
def test_half_a_surrogate_pair_survives_as_an_escape(style: Style) -> None:
    assert Writer(style).data(b'"\\ud83d"') == b'"\\ud83d"'
