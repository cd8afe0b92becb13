"""What JSON from strangers may look like."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidJson
from hookline.model.json import guard_json, nearest, parse_json

CRUMBS = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"1",
    b"e",
    b"E",
    b"+",
    b"-",
    b".",
    b"0",
    b"9" * 45,
]
CRUMBS += [
    b"a",
    b"\\u",
    b"d800",
    b"true",
    b"null",
    b"NaN",
    b" ",
    b"\xff",
    b"\xc3\xa9",
    b"1e400",
    b"[" * 70,
    b"\n",
]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary() | st.lists(st.sampled_from(CRUMBS), max_size=30).map(b"".join))
def test_any_bytes_are_accepted_or_invalid_json_and_what_is_accepted_decodes(body: bytes) -> None:
    try:
        value = parse_json(body)
    except InvalidJson:
        return
    assert value == msgspec.json.decode(body)


@given(st.lists(st.sampled_from(CRUMBS), max_size=30).map(b"".join))
def test_after_the_guard_alone_an_envelope_decodes_or_is_a_decode_error(body: bytes) -> None:
    try:
        guard_json(body)
        msgspec.json.decode(b'{"data":' + body + b"}", type=dict[str, msgspec.Raw])
    except (InvalidJson, msgspec.DecodeError):
        return


@given(VALUES)
def test_every_ordinary_value_is_accepted(value: object) -> None:
    body = msgspec.json.encode(value)
    assert parse_json(body) == msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b"{} x", "trailing characters"),
        (b"[1,2", "truncated"),
        (b"NaN", "byte 0"),
        (b"[Infinity]", "byte 1"),
        (b"01", "invalid number"),
        (b'{"a":"\xff"}', "UTF-8 at byte 6"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'["\\ud800 and more text"]', "byte 8"),
        (b"[1," + b"1" * 41 + b"]", "byte 3 has more than 40 digits"),
        (b"[0." + b"1" * 41 + b"]", "more than 40 digits"),
        (b"[1e309]", "out of range"),
        (b"[-1E+999999999999]", "out of range"),
        (b"1e" + b"9" * 5000, "digits"),
        (b"[" * 65 + b"]" * 65, "64 deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "64 deep"),
        (b"[" * 100_000, "64 deep"),
        (b'["]",' * 65 + b"1" + b"]" * 65, "64 deep"),
    ],
)
def test_a_bomb_or_a_slip_is_refused_with_a_sentence(body: bytes, words: str) -> None:
    with pytest.raises(InvalidJson) as refused:
        parse_json(body)
    assert words in refused.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 64 + b"]" * 64,
        b"[" + b"{}," * 500 + b"{}]",
        b'{"text":"' + b"[{" * 500 + b'"}',
        b'{"id":"' + b"1" * 500 + b'"}',
        b'{"id":"deadbeef-4e123-0e999-1e-500"}',
        b"1" * 40,
        b"[1e308, 1e-400, -0.0]",
        b'"a quote \\" and [[[ and 1e999"',
        '{"naïve": "☎"}'.encode(),
    ],
)
def test_what_only_looks_like_a_bomb_is_accepted(body: bytes) -> None:
    parse_json(body)


def test_quotes_that_never_close_take_linear_time() -> None:
    with pytest.raises(InvalidJson):
        parse_json(b"[" * 65 + b'"' + b'\\"' * 500_000)


def test_the_nearest_known_name_is_suggested_or_none() -> None:
    assert nearest("dta", ("type", "data", "tags")) == "data"
    assert nearest("zebra", ("type", "data", "tags")) is None
