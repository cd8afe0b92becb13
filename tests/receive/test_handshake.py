"""Handshakes do nothing but answer, and what they learn replaces no secret."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.receive.handshake import MAX_HANDSHAKE, MAX_LEARNED, Shaken
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices
from tests.receive.making import URL, receiver, request

SECRET = "hookline_test_secret"
LEARNS = {"when": {"{header.X-Hook-Secret}": "*"}, "learn": {"at": "{header.X-Hook-Secret}"}}
ECHOES = {
    "method": ["GET"],
    "when": {"{query.challenge}": "*"},
    "answer": {"headers": {"X-Echo": "{query.challenge}"}, "json": {"said": "{query.challenge}"}},
}
CHECKS = {
    "method": ["GET"],
    "when": {"{query.mode}": "subscribe"},
    "expect": {"{query.verify}": "right"},
    "answer": {"text": "{query.challenge}"},
}
COMPUTES = {
    "when": {"{json.token}": "*"},
    "compute": {"content": "{json.token}"},
    "answer": {"text": "{computed}"},
}


def shaken(rule: dict[str, Any], inbound: Inbound, *secrets: str) -> Shaken | None:
    made = receiver(Choices(secrets=secrets), handshakes={"hello": rule})
    shaker = made.handshake(inbound)
    return made.shake(shaker, inbound) if shaker is not None else None


def asked(query: str, method: str = "GET") -> Inbound:
    return request(method=method, url=f"{URL}?{query}")


def told(secret: bytes) -> Inbound:
    return request(b"", [(b"x-hook-secret", secret)])


def test_a_secret_is_learned_by_a_source_without_one_and_replaces_none() -> None:
    first = shaken(LEARNS, told(b"new"))
    assert first is not None
    assert (first.answer is not None, first.learned) == (True, "new")
    same = shaken(LEARNS, told(SECRET.encode()), SECRET)
    assert same is not None
    assert same.answer is not None
    other = shaken(LEARNS, told(b"new"), SECRET)
    assert other is not None
    assert (other.answer, other.learned) == (None, "")


def test_what_is_too_long_for_a_secret_is_not_learned() -> None:
    for length, good in ((MAX_LEARNED, True), (MAX_LEARNED + 1, False)):
        found = shaken(LEARNS, told(b"s" * length))
        assert found is not None
        assert (found.answer is not None) is good


def test_a_large_body_is_no_handshake_and_is_not_even_parsed() -> None:
    """A stranger's is read before anything is verified."""
    small = b'{"token": "t"%s}' % (b" " * (MAX_HANDSHAKE - 14))
    assert shaken(COMPUTES, request(small), SECRET) is not None
    large = request(small + b" ")
    assert shaken(COMPUTES, large, SECRET) is None
    assert "_json" not in vars(large) or not isinstance(vars(large)["_json"], dict)


def test_a_secret_that_is_no_text_is_refused() -> None:
    found = shaken(LEARNS, told(b"\xff"))
    assert found is not None
    assert found.answer is None


def test_what_is_told_twice_is_no_handshake() -> None:
    inbound = request(b"", [(b"x-hook-secret", b"a"), (b"x-hook-secret", b"b")])
    assert shaken(LEARNS, inbound) is None


@given(st.text())
def test_what_is_repeated_ends_no_header_and_is_never_a_page(challenge: str) -> None:
    found = shaken(ECHOES, asked(f"challenge={challenge}"))
    if found is None or found.answer is None:
        return
    headers = dict(found.answer.headers)
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"x-echo"].decode("ascii").isprintable()


@pytest.mark.parametrize("challenge", ["a%0d%0aSet-Cookie:%20x", "%00", "%ff", "%7f", "ü", "%E2%80%A8"])
def test_what_cannot_stand_in_a_header_is_refused(challenge: str) -> None:
    found = shaken(ECHOES, asked(f"challenge={challenge}"))
    assert found is not None
    assert found.answer is None


@pytest.mark.parametrize(
    "query", ["verify=wrong", "verify=", "", "verify=right&verify=right", "verify=Right"]
)
def test_a_check_that_fails_is_refused_without_a_word(query: str) -> None:
    good = shaken(CHECKS, asked("mode=subscribe&verify=right&challenge=c"))
    assert good is not None
    assert good.answer is not None
    assert good.answer.body == b"c"
    found = shaken(CHECKS, asked(f"mode=subscribe&challenge=c&{query}"))
    assert found is not None
    assert found.answer is None


def test_an_answer_that_repeats_what_is_not_there_is_refused() -> None:
    found = shaken(CHECKS, asked("mode=subscribe&verify=right"))
    assert found is not None
    assert found.answer is None


def test_another_method_and_another_value_are_no_handshake() -> None:
    good = "mode=subscribe&verify=right&challenge=c"
    assert shaken(CHECKS, asked(good, "POST")) is None
    assert shaken(CHECKS, asked(good, "get")) is None
    assert shaken(CHECKS, asked(good.replace("subscribe", "Subscribe"))) is None
    assert shaken(CHECKS, asked("")) is None


def test_nothing_is_computed_without_a_secret() -> None:
    """Under an empty key anybody could have computed it."""
    found = shaken(COMPUTES, request(b'{"token": "t"}'))
    assert found is not None
    assert found.answer is None
    computed = shaken(COMPUTES, request(b'{"token": "t"}'), SECRET, "older")
    newest = shaken(COMPUTES, request(b'{"token": "t"}'), SECRET)
    assert computed is not None
    assert computed.answer is not None
    assert computed == newest
