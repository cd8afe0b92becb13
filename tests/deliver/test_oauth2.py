"""What a token server's answer means, and what of it may be told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.deliver.oauth2 import LONGEST, USUAL, Token, read_answer
from hookline.model.attempt import Cause, Exchange
from hookline.model.endpoint import OAuth2Auth

SECRET = "s3cr3t value"
AUTH = OAuth2Auth(token_url="https://token.test/", client_id="id", client_secret=SECRET)


def answered(fields: object, status: int = 200, **changes: Any) -> Token | Exchange:
    body = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    return read_answer(Exchange(status=status, body=body, **changes), AUTH)


def failed(fields: object, status: int = 200, **changes: Any) -> str:
    found = answered(fields, status, **changes)
    assert isinstance(found, Exchange)
    assert (found.status, found.cause, found.body) == (None, Cause.TOKEN_FAILED, b"")
    return found.detail


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"expires_in": 3600}, 3600),
        ({"expires_in": "3600"}, 3600),
        ({"expires_in": 1.5}, 1.5),
        ({"expires_in": None}, USUAL),
        ({}, USUAL),
        ({"expires_in": "soon"}, USUAL),
        ({"expires_in": -5}, 0),
        ({"expires_in": 1e300}, LONGEST),
        ({"scope": "a", "anything": {"else": []}}, USUAL),
    ],
)
def test_a_token_lives_as_long_as_its_server_says(given: dict[str, object], seconds: float) -> None:
    for kind in ("Bearer", "bearer", "BEARER"):
        assert answered({"access_token": "abc", "token_type": kind, **given}) == Token("abc", seconds)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ({"token_type": "Bearer"}, "not JSON with access_token"),
        ({"access_token": "abc"}, "not JSON with access_token and token_type"),
        ({"access_token": 5, "token_type": "Bearer"}, "not JSON"),
        ({"access_token": "abc", "token_type": "mac"}, "another type"),
        ({"access_token": "", "token_type": "Bearer"}, "in a header"),
        ({"access_token": "a b", "token_type": "Bearer"}, "in a header"),
        ({"access_token": "a\r\nX: y", "token_type": "Bearer"}, "in a header"),
        ({"access_token": "ä", "token_type": "Bearer"}, "in a header"),
        ({"access_token": "a" * 8193, "token_type": "Bearer"}, "in a header"),
    ],
)
def test_an_answer_without_a_token_that_can_be_sent_is_told_as_that(fields: object, words: str) -> None:
    assert words in failed(fields)


def test_an_answer_that_was_cut_is_none() -> None:
    """Even where what came of it can be read."""
    whole = {"access_token": "abc", "token_type": "Bearer"}
    assert "was cut: too long" in failed(whole, truncated=True, detail="too long")


@pytest.mark.parametrize(
    ("status", "fields", "detail"),
    [
        (400, {"error": "invalid_client"}, "the token server answered 400 invalid_client"),
        (
            401,
            {"error": "invalid_client", "error_description": "unknown id"},
            "the token server answered 401 invalid_client: unknown id",
        ),
        (503, b"busy", "the token server answered 503"),
        (302, b"", "the token server answered 302"),
        (400, {"error": {"code": 1}}, "the token server answered 400"),
        (400, {"error": "a\nb"}, "the token server answered 400"),
        (410, {"error": "gone"}, "the token server answered 410 gone"),
    ],
)
def test_an_error_is_told_as_its_server_told_it(status: int, fields: object, detail: str) -> None:
    assert failed(fields, status) == detail


@pytest.mark.parametrize("repeated", [SECRET, "s3cr3t+value", "aWQ6czNjcjN0K3ZhbHVl"])
def test_an_error_that_repeats_the_secret_is_told_without_its_words(repeated: str) -> None:
    for fields in (
        {"error": "no", "error_description": f"got {repeated}!"},
        {"error": repeated},
    ):
        assert failed(fields, 400) == "the token server answered 400"


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (Cause.CONNECT_REFUSED, Cause.TOKEN_FAILED),
        (Cause.TIMEOUT, Cause.TOKEN_FAILED),
        (Cause.INTERRUPTED, Cause.INTERRUPTED),
        (Cause.PROXY_FAILED, Cause.PROXY_FAILED),
    ],
)
def test_no_answer_at_all_is_told_with_its_reason_and_what_is_our_fault_stays_ours(
    cause: Cause, told: Cause
) -> None:
    found = read_answer(Exchange(cause=cause, detail="why"), AUTH)
    assert isinstance(found, Exchange)
    assert (found.cause, found.detail) == (told, "the token server: why")


@given(st.integers(200, 599), st.binary(max_size=200))
def test_no_answer_raises(status: int, body: bytes) -> None:
    assert isinstance(answered(body, status), Exchange)
