"""What is looked up in a request: one value, as bytes, or none; never the first of several."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.model.receipt import Refusal
from hookline.receive.form import MAX_FIELDS
from hookline.receive.inbound import (
    MAX_ITEMS,
    Absent,
    Malformed,
    Unparsable,
    found_lists,
    look_up,
    scalar,
    text_of,
)
from hookline.receive.view import View, compile_text
from tests.receive.making import compiled, request, verdict_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_header_is_found_in_any_case_and_is_malformed_when_it_is_given_twice() -> None:
    inbound = request(b"", [(b"X-One", b"1"), (b"X-Two", b"2"), (b"x-two", b"2"), (b"X-None", b"")])
    assert inbound.header(b"x-one") == b"1"
    assert inbound.header(b"x-none") == b""
    with pytest.raises(Malformed):
        inbound.header(b"x-two")
    with pytest.raises(Absent):
        inbound.header(b"x-three")


@pytest.mark.parametrize("query", ["a=1&a=1", "a=1&a=2", "a&a", "a=1&%61=1", "a=&b=1&a="])
def test_a_field_of_a_query_that_is_given_twice_is_malformed(query: str) -> None:
    with pytest.raises(Malformed):
        request(url=f"https://x.example.com/in/a?{query}").query("a")


@pytest.mark.parametrize(
    ("query", "value"),
    [("a=1", b"1"), ("a", b""), ("b=2&a=%C3%BC+%2B", "ü +".encode()), ("a=1=2", b"1=2"), ("a=?a=2", b"?a=2")],
)
def test_a_field_of_a_query_is_decoded_as_a_form_is(query: str, value: bytes) -> None:
    assert request(url=f"https://x.example.com/in/a?{query}").query("a") == value


@pytest.mark.parametrize("query", ["A=1", "a;b=1", "x=a", "a%3D1", "#a=1", "a[]=1"])
def test_another_name_is_not_that_field(query: str) -> None:
    with pytest.raises(Absent):
        request(url=f"https://x.example.com/in/a?{query}").query("a")


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded2"]
)
def test_only_a_form_has_fields(kind: str) -> None:
    with pytest.raises(Absent):
        request(b"a=1", {"Content-Type": kind}).form("a")
    with pytest.raises(Absent):
        request(b"a=1").form("a")


def test_a_form_may_name_its_alphabet_and_in_any_case() -> None:
    kind = "Application/X-WWW-Form-URLencoded ; charset=UTF-8"
    assert request(b"a=1", {"Content-Type": kind}).form("a") == b"1"


def test_more_fields_than_are_looked_at_are_malformed_and_cost_nothing() -> None:
    assert request(b"&".join([b"x=1"] * (MAX_FIELDS - 1) + [b"a=1"]), FORM).form("a") == b"1"
    for body in (b"&".join([b"a=1"] * (MAX_FIELDS + 1)), b"&" * 1_000_000, b"a=1&" * 250_000):
        with pytest.raises(Malformed, match="more than"):
            request(body, FORM).form("a")
    with pytest.raises(Malformed, match="more than"):
        request(url="https://x.example.com/in/a?" + "a=1&" * 2_000).query("a")


MAIL = {"Content-Type": 'multipart/form-data; boundary="ab c"'}


def mail(*parts: str, end: str = "--ab c--\r\n") -> bytes:
    """A body of such parts; of each: what stands after `name=`."""
    lines = [f"--ab c\r\nContent-Disposition: form-data; name={part}\r\n" for part in parts]
    return "".join([*lines, end]).encode("latin-1")


def test_a_form_may_have_parts_of_which_files_are_none_of_its_fields() -> None:
    body = mail('"a"\r\n\r\none\r\ntwo', '"file"; filename="x.txt"\r\n\r\n3', "b\r\n\r\n\xff", "c\r\n\r\n")
    assert request(body, MAIL).fields == [(b"a", b"one\r\ntwo"), (b"b", b"\xff"), (b"c", b"")]


def test_a_file_is_not_passed_over_where_the_fields_are_what_is_signed() -> None:
    read = compile_text("{sorted_form}")
    assert read(View(request(mail("b\r\n\r\n2", "a\r\n\r\n1"), MAIL))) == b"a1b2"
    with pytest.raises(Malformed, match="file"):
        read(View(request(mail("a\r\n\r\n1", 'f; filename="x"\r\n\r\n3'), MAIL)))


def test_a_part_that_is_given_twice_is_malformed_when_it_is_asked_for() -> None:
    body = mail("a\r\n\r\n1", "a\r\n\r\n2")
    with pytest.raises(Malformed, match="2 times"):
        request(body, MAIL).form("a")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (mail("a\r\n\r\n1", end=""), MAIL["Content-Type"]),
        (mail("a\r\n\r\n1", end="--ab c-"), MAIL["Content-Type"]),
        (mail("a\r\n\r\n1").replace(b"name=a", b"nothing"), MAIL["Content-Type"]),
        (mail("a\r\n\r\n1").replace(b"\r\n", b"\n"), MAIL["Content-Type"]),
        (mail("a\r\n\r\n1"), "multipart/form-data"),
        (mail("a\r\n\r\n1"), "multipart/form-data; boundary=other"),
        (b"", MAIL["Content-Type"]),
        (mail(*["a\r\n\r\n1"] * (MAX_FIELDS + 1)), MAIL["Content-Type"]),
        (
            mail("a\r\n\r\n1").replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"),
            MAIL["Content-Type"],
        ),
    ],
)
def test_parts_that_two_readers_could_understand_differently_are_malformed(body: bytes, kind: str) -> None:
    with pytest.raises(Malformed):
        request(body, {"Content-Type": kind}).form("a")


def test_a_form_that_is_no_text_is_bytes() -> None:
    assert request(b"a=%ff\xfe&b=%zz", FORM).form("a") == b"\xff\xfe"
    assert request(b"a=%ff\xfe&b=%zz", FORM).form("b") == b"%zz"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"a": \xff}',
        b"[" * 65 + b"]" * 65,
        b"[" * 1_000_000,
        b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
        b"1" * 41,
        b'{"a": 1e999}',
        b"NaN",
        b'{"a": 1} x',
        b"{'a': 1}",
    ],
)
def test_a_body_that_is_not_json_has_none_of_its_fields(body: bytes) -> None:
    with pytest.raises(Unparsable):
        _ = request(body).json
    with pytest.raises(Unparsable):
        compile_text("{json.a}")(View(request(body)))


@pytest.mark.parametrize("body", [b"{", b"[" * 1_000, b"1" * 50, b"\xff"])
def test_a_signature_in_a_body_that_cannot_be_read_is_told_as_such(body: bytes) -> None:
    scheme = compiled(["s"], algorithm="hmac-sha256", signature={"at": ["{json.signature}"]}, content=["x"])
    assert verdict_of(scheme, request(body)).refusal is Refusal.UNPARSABLE


def test_json_that_is_deep_but_not_too_deep_is_read() -> None:
    assert request(b"[" * 64 + b"]" * 64).json is not None


def test_of_a_name_that_is_given_twice_the_last_counts_as_in_every_common_reader() -> None:
    assert look_up(request(b'{"a":1,"a":2}').json, "a") == 2


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ({"a": {"b": [1, {"c": 2}]}}, "a.b.1.c", 2),
        ([[1], [2]], "1.0", 2),
        ({"0": "x"}, "0", "x"),
        ({"a": 1}, ".", {"a": 1}),
        ({"a": False}, "a", False),
        ({"a": ""}, "a", ""),
    ],
)
def test_a_path_names_keys_and_positions(value: object, path: str, found: object) -> None:
    assert look_up(value, path) == found


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": None}, "a"),
        ({"a": 1}, "b"),
        ({"a": 1}, "a.b"),
        ({"a": "text"}, "a.0"),
        ([1], "1"),
        ([1], "-1"),
        ([1], "٠"),
        ([1], "²"),
        ([1], "a"),
        (None, "a"),
        (5, "0"),
    ],
)
def test_what_is_not_there_is_absent_and_so_is_null(value: object, path: str) -> None:
    with pytest.raises(Absent):
        look_up(value, path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", b""),
        ("ü", "ü".encode()),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-5, b"-5"),
        (10**39, str(10**39).encode()),
        (1.5, b"1.5"),
    ],
)
def test_a_scalar_is_signed_as_it_is_written(value: object, text: bytes) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("value", [None, [], {}, [1], {"a": 1}])
def test_lists_objects_and_null_are_no_text(value: object) -> None:
    assert scalar(value) is None
    with pytest.raises(Absent):
        text_of(value)


@pytest.mark.parametrize(
    ("value", "path", "lists"),
    [
        ([1], ".", [(None, [1])]),
        ({"a": [1]}, "a", [(None, [1])]),
        ({"a": [{"b": [1]}, {"b": [2]}, 3]}, "a.*.b", [({"b": [1]}, [1]), ({"b": [2]}, [2])]),
        ({"a": {"b": [1]}}, "a.*.b", []),
        ({"a": 5}, "a", []),
        ({}, "a", []),
        ([[1], [2], 3], "*", [([1], [1]), ([2], [2])]),
    ],
)
def test_lists_in_lists_are_found_with_what_holds_them(value: object, path: str, lists: object) -> None:
    assert list(found_lists(value, path)) == lists


def items(body: object) -> Refusal | None:
    scheme = compiled(["s"], algorithm="equal", signature={"at": ["{item.key}"]}, each="items")
    return verdict_of(scheme, request(json.dumps(body).encode())).refusal


def test_every_item_must_be_good_and_there_must_be_one() -> None:
    good, bad = {"key": "s"}, {"key": "x"}
    assert items({"items": [good, good]}) is None
    assert items({"items": [good, bad]}) is Refusal.BAD_SIGNATURE
    assert items({"items": [bad, good]}) is Refusal.BAD_SIGNATURE
    assert items({"items": [good, {}]}) is Refusal.NO_SIGNATURE
    assert items({"items": [good, None]}) is Refusal.NO_SIGNATURE
    assert items({"items": [good, [good]]}) is Refusal.NO_SIGNATURE
    empty: tuple[object, ...] = (
        {"items": []},
        {"items": {}},
        {"items": good},
        {"items": None},
        {},
        [good],
        5,
    )
    for nothing in empty:
        assert items(nothing) is Refusal.NO_SIGNATURE


def test_more_items_than_can_be_checked_are_refused() -> None:
    assert items({"items": [{"key": "s"}] * MAX_ITEMS}) is None
    assert items({"items": [{"key": "s"}] * (MAX_ITEMS + 1)}) is Refusal.BAD_SIGNATURE


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.text(),
)
def test_any_path_into_any_json_is_there_or_absent(value: object, path: str) -> None:
    list(found_lists(value, path))
    try:
        look_up(value, path)
    except Absent:
        return
