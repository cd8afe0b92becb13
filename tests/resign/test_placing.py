"""What is put at a place is what is read there, and nothing beside it changes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hookline.errors import InvalidField, InvalidHeader
from hookline.receive.inbound import Inbound
from hookline.receive.placing import place_of, put
from hookline.receive.view import View, compile_text

FORM = b"application/x-www-form-urlencoded"
JSON = b'{ "a": {"b": ["x", {"c": 1.50}]}, "n": 1e3, "u": "\\u00fc" }'


def inbound(body: bytes = JSON, url: str = "https://example.com/in?x=1&y=%20") -> Inbound:
    headers = [(b"content-type", FORM if b"=" in body else b"application/json"), (b"x-a", b"1")]
    return Inbound(method="POST", url=url, headers=headers, body=body)


def read(request: Inbound, text: str) -> bytes:
    return compile_text(text)(View(request))


@given(st.text(max_size=50).map(str.encode))
@example(b"007")
@example(b"0")
@example(b"9" * 50)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize(
    "text", ["{query.x}", "{query.new}", "{form.a}", "{form.a b}", "{json.a.b.1.c}", "{json.n.e.w}"]
)
def test_what_is_put_is_what_is_read(text: str, value: bytes) -> None:
    body = b"a=1&b=%C3%BC&a+b=2&flag" if text.startswith("{form") else JSON
    changed = put(inbound(body), place_of(text), value)
    assert read(changed, text) == value


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=50).map(str.encode))
@settings(max_examples=50, deadline=None)
def test_headers_stay_in_their_order(value: bytes) -> None:
    changed = put(inbound(), place_of("{header.Content-Type}"), value)
    assert list(changed.headers) == [(b"content-type", value), (b"x-a", b"1")]
    added = put(inbound(), place_of("{header.X-New}"), value)
    assert added.headers[-1] == (b"x-new", value)


def test_what_stands_beside_keeps_its_very_bytes() -> None:
    """Numbers, escapes and other fields; only what the steps lead through is written anew."""
    changed = put(inbound(), place_of("{json.a.b.1.c}"), b"2")
    assert changed.body == b'{"a":{"b":["x",{"c":2}]},"n":1e3,"u":"\\u00fc"}'
    form = put(inbound(b"a=1&b=%C3%BC&c=+"), place_of("{form.a}"), b"&=")
    assert form.body == b"a=%26%3D&b=%C3%BC&c=+"
    query = put(inbound(), place_of("{query.x}"), b"2")
    assert query.url == "https://example.com/in?x=2&y=%20"


@pytest.mark.parametrize(
    ("place", "value", "written"),
    [
        ("n", b"0", b"0"),
        ("n", b"9" * 40, b"9" * 40),
        ("n", b"9" * 41, b'"%s"' % (b"9" * 41)),
        ("n", b"007", b'"007"'),
        ("n", b"x", b'"x"'),
        ("text", b"5", b'"5"'),
        ("yes", b"5", b'"5"'),
        ("none", b"5", b'"5"'),
    ],
)
def test_a_number_stays_one_where_digits_are_put(place: str, value: bytes, written: bytes) -> None:
    body = b'{"n":1,"text":"1","yes":true,"none":null}'
    changed = put(inbound(body), place_of(f"{{json.{place}}}"), value)
    assert b'"%s":%s' % (place.encode(), written) in changed.body


def test_of_two_headers_of_one_name_one_is_left() -> None:
    twice = Inbound(method="POST", url="", headers=[(b"x", b"1"), (b"y", b"2"), (b"x", b"3")], body=b"")
    assert list(put(twice, place_of("{header.X}"), b"4").headers) == [(b"x", b"4"), (b"y", b"2")]


def test_where_nothing_can_be_put_is_told() -> None:
    for text in ("{method}", "{body.sha256}"):
        with pytest.raises(InvalidField):
            put(inbound(), place_of(text), b"1")
    with pytest.raises(InvalidField, match="not one place"):
        place_of("{header.A}{header.B}")
    with pytest.raises(InvalidHeader):
        put(inbound(), place_of("{header.(none)}"), b"1")
    with pytest.raises(InvalidHeader):
        put(inbound(), place_of("{header.X}"), b"a\r\nb: c")
