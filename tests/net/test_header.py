"""Headers of strangers: nothing that splits a request goes out, and no credential is shown again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidHeader
from hookline.net.header import (
    MAX_HEADER,
    MAX_HEADERS,
    RESERVED,
    check_header,
    check_headers,
    redact,
    unmasked,
)

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Custom", "1"),
        ("Authorization", "Bearer x"),
        ("Content-Type", "text/plain"),
        ("x", ""),
        ("X-Name", "Jürgen"),
    ],
)
def test_a_usual_header_is_taken(name: str, value: str) -> None:
    check_header(name, value)


@pytest.mark.parametrize("name", ["", " X", "X ", "X:", "X\r\nY", "X\0", "Ü", "a b", "X\n", "(x)", "ſ"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(InvalidHeader):
        check_header(name, "1")


@pytest.mark.parametrize(
    "value", ["a\r\nX: 1", "a\n", "\r", "\0", "a\tb", "\x7f", "\x85", "\u2028", "€", "\ud800", " a", "a "]
)
def test_a_value_is_one_line_of_latin_1(value: str) -> None:
    with pytest.raises(InvalidHeader):
        check_header("X-Custom", value)


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "TRANSFER-ENCODING",
        "Connection",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "Keep-Alive",
        "Proxy-Authorization",
        "proxy-anything",
        "Webhook-ID",
    ],
)
def test_a_reserved_name_is_refused_in_any_case(name: str) -> None:
    with pytest.raises(InvalidHeader, match="set by Hookline"):
        check_header(name, "1", reserved=RESERVED | {"webhook-id"})


def test_a_header_and_all_of_them_are_bounded() -> None:
    check_header("x", "a" * (MAX_HEADER - 1))
    with pytest.raises(InvalidHeader):
        check_header("x", "a" * MAX_HEADER)
    check_headers({f"x{i}": "a" * (MAX_HEADER - 2) for i in range(MAX_HEADERS // MAX_HEADER)})
    with pytest.raises(InvalidHeader, match="together"):
        check_headers({f"x{i}": "a" * (MAX_HEADER - 2) for i in range(MAX_HEADERS // MAX_HEADER)} | {"y": ""})


def test_names_that_differ_only_in_case_are_one_header_twice() -> None:
    with pytest.raises(InvalidHeader, match="twice"):
        check_headers({"Authorization": "a", "authorization": "b"})


def test_the_error_does_not_tell_the_value() -> None:
    with pytest.raises(InvalidHeader) as caught:
        check_header("Authorization", "Bearer hunter2\n")
    assert "hunter2" not in caught.value.detail + caught.value.hint


@given(st.text(max_size=20), st.text(max_size=40))
def test_what_is_taken_can_be_written_on_one_line_and_read_back(name: str, value: str) -> None:
    try:
        check_header(name, value)
    except InvalidHeader:
        return
    assert set(name) <= set(TOKEN)
    line = f"{name}: {value}".encode("latin-1")
    assert len(line.splitlines()) == 1
    assert line.decode("latin-1").partition(":")[2].strip() == value.strip()
    assert not any(byte < 0x20 or byte == 0x7F for byte in line)


SECRETS = (
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "X-API-Key",
    "X-Auth",
    "X-Token",
    "My-Secret",
    "DB-Password",
)


@given(
    st.sampled_from(SECRETS), st.from_regex(r"[A-Za-z0-9+/=]{12,40}( [A-Za-z0-9+/=]{12,40})?", fullmatch=True)
)
def test_a_credential_is_never_shown(name: str, value: str) -> None:
    assert redact(((name, value),)) == ((name, "***"),)


def test_the_scheme_of_an_authorization_stays() -> None:
    assert redact((("authorization", "Bearer abc"), ("Proxy-Authorization", "basic YTpi"))) == (
        ("authorization", "Bearer ***"),
        ("Proxy-Authorization", "basic ***"),
    )


def test_what_helps_to_debug_stays_in_order_and_spelling() -> None:
    shown = (
        ("webhook-signature", "v1,abc"),
        ("Webhook-Id", "msg_1"),
        ("Idempotency-Key", "1"),
        ("Content-Type", "application/json"),
        ("X-Hub-Signature-256", "sha256=ab"),
    )
    assert redact(shown) == shown


def test_a_header_that_only_the_caller_knows_as_secret_is_masked() -> None:
    assert redact((("X-Gate", "abc"),), secret_names=frozenset({"x-gate"})) == (("X-Gate", "***"),)


KNOWN = {"Authorization": "Bearer t0ken", "X-Api-Key": "s3cret", "X-A": "b"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, {}),
        ({"Authorization": "Bearer ***", "X-Api-Key": "***", "X-A": "b"}, KNOWN),
        ({"authorization": "Bearer ***"}, {"authorization": "Bearer t0ken"}),
        ({"authorization": "bearer ***"}, {"authorization": "Bearer t0ken"}),
        (
            {"AUTHORIZATION": "***", "x-api-KEY": "***"},
            {"AUTHORIZATION": "Bearer t0ken", "x-api-KEY": "s3cret"},
        ),
        ({"Authorization": "Basic n3w", "X-A": "***"}, {"Authorization": "Basic n3w", "X-A": "b"}),
        ({"X-New": "a *** b", "X-Other": "Note ***"}, {"X-New": "a *** b", "X-Other": "Note ***"}),
    ],
)
def test_what_comes_back_as_it_was_shown_means_as_it_was_in_whatever_case(
    given: dict[str, str], meant: dict[str, str]
) -> None:
    assert unmasked(given, KNOWN) == meant


@pytest.mark.parametrize("value", ["***", "Bearer ***", "basic ***"])
@pytest.mark.parametrize("name", ["Proxy-Auth", "X-Token", "X-B"])
def test_a_mask_where_nothing_was_is_no_value(name: str, value: str) -> None:
    for known in ({}, KNOWN):
        with pytest.raises(InvalidHeader, match=f"no value of the header '{name}'") as caught:
            unmasked({name: value}, known)
        assert (caught.value.field, caught.value.hint) == ("headers", "Give the value itself.")


def test_a_mask_of_another_scheme_than_the_one_that_was_is_no_value() -> None:
    for known in ("Bearer t0ken", "t0ken"):
        with pytest.raises(InvalidHeader, match="Authorization"):
            unmasked({"Authorization": "Basic ***"}, {"Authorization": known})


@given(
    st.dictionaries(
        st.sampled_from([*SECRETS, "X-A", "Webhook-Id"]), st.sampled_from(["Basic a", "b", "***"])
    )
)
def test_all_that_was_shown_comes_back_whole(known: dict[str, str]) -> None:
    assert unmasked(dict(redact(tuple(known.items()))), known) == known
