"""What a receipt shows of a request: signatures, and never a credential."""

import base64
from urllib.parse import quote

import pytest

from hookline.model.provider import Algorithm
from hookline.model.sample import Sample
from hookline.net.header import MASK
from hookline.receive.telling import MAX_HEADERS, MAX_NAMES, Telling
from tests.catalog.provider_cases import PROVIDERS, all_samples, inbound_of
from tests.receive.making import URL, provider, request

STATIC = {Algorithm.EQUAL, Algorithm.BASIC, Algorithm.JWT_HS256, Algorithm.JWT_ES256, Algorithm.JWT_RS256}
SECRET = "hookline_test_secret"


def scheme(at: str, algorithm: str = "equal") -> dict[str, object]:
    return {"algorithm": algorithm, "signature": {"at": [at]}}


def telling(*forward: str, **schemes: object) -> Telling:
    return Telling(provider(schemes=schemes), forward)


SAMPLES = [
    (name, sample)
    for name, sample in all_samples()
    if sample.rule.scheme and PROVIDERS[name].shown.schemes[sample.rule.scheme].algorithm in STATIC
]


@pytest.mark.parametrize(
    ("name", "sample"), SAMPLES, ids=[f"{name}/{sample.name}" for name, sample in SAMPLES]
)
def test_no_credential_of_any_provider_is_told(name: str, sample: Sample) -> None:
    inbound, told = (
        inbound_of(sample),
        Telling(PROVIDERS[name].provider(sample.parameters, sample.overrides), ()),
    )
    shown = f"{told.headers(inbound)} {told.query(inbound)}"
    for secret in sample.secrets:
        assert secret not in shown
        assert quote(secret, safe="") not in shown
        assert base64.b64encode(secret.encode()).decode() not in shown


def test_a_header_that_holds_the_secret_is_masked_however_it_is_called() -> None:
    told = telling(one=scheme("{header.X-Innocent}"))
    assert told.headers(request(b"", {"X-Innocent": SECRET})).shown == (("x-innocent", MASK),)


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "X-Api-Key", "X-Auth", "Proxy-Authorization", "X-Secret"]
)
def test_what_is_called_like_a_credential_is_masked_at_every_source(name: str) -> None:
    told = telling(one=scheme("{header.X-Signature}", "hmac-sha256"))
    (line,) = told.headers(request(b"", {name: SECRET})).shown
    assert line == (name.lower(), MASK)


def test_a_signature_is_shown_though_it_is_called_like_a_credential() -> None:
    told = telling(one=scheme("{header.X-Auth-Token-Signature}", "hmac-sha256"))
    assert told.headers(request(b"", {"X-Auth-Token-Signature": "abc"})).shown == (
        ("x-auth-token-signature", "abc"),
    )


def test_a_header_that_one_scheme_signs_in_and_another_holds_its_secret_in_is_masked() -> None:
    told = telling(one=scheme("{header.X-Key}", "hmac-sha256"), two=scheme("{header.X-Key}"))
    assert told.headers(request(b"", {"X-Key": SECRET})).shown == (("x-key", MASK),)
    assert told.headers(request(b"", {"X-Key": SECRET})).forwarded == ()


def test_a_token_is_masked_and_neither_forwarded() -> None:
    told = telling(one=scheme("{header.X-Jws}", "jwt-hs256"))
    assert told.headers(request(b"", {"X-Jws": "a.b.c"})).shown == (("x-jws", MASK),)
    assert told.headers(request(b"", {"X-Jws": "a.b.c"})).forwarded == ()


@pytest.mark.parametrize(
    "query", [f"a=1&access={SECRET}", f"access={SECRET}", f"%61ccess={SECRET}", f"access={SECRET}&access=x"]
)
def test_a_query_that_holds_the_secret_is_masked(query: str) -> None:
    told = telling(one=scheme("{query.access}"))
    shown = told.query(request(url=f"{URL}?{query}"))
    assert SECRET not in shown
    assert f"ccess={MASK}" in shown


def test_of_a_handshake_no_value_of_the_query_is_told() -> None:
    told = telling(one=scheme("{header.X-Signature}", "hmac-sha256"))
    inbound = request(url=f"{URL}?mode=subscribe&verify={SECRET}&x&")
    assert told.query(inbound, whole=False) == f"mode={MASK}&verify={MASK}&{MASK}&"
    assert told.query(inbound) == f"mode=subscribe&verify={SECRET}&x&"


@pytest.mark.parametrize("name", ["token", "api_key", "X-Auth", "%74oken", "client_secret", "pass%77d"])
def test_what_is_called_like_a_credential_in_the_query_is_masked_at_every_source(name: str) -> None:
    told = telling(one=scheme("{header.X-Signature}", "hmac-sha256"))
    inbound = request(url=f"{URL}?a=1%20+2&{name}={SECRET}&signature=abc")
    assert told.query(inbound) == f"a=1%20+2&{name}={MASK}&signature=abc"


def test_what_is_kept_is_bounded() -> None:
    told = telling(one=scheme("{query.access}"))
    lines = [(f"x-{number}".encode(), b"v" * 100) for number in range(1_000)]
    kept = told.headers(request(b"", lines)).shown
    assert 0 < sum(len(name) + len(value) for name, value in kept) <= MAX_HEADERS
    assert len(told.query(request(url=f"{URL}?{'a=1&' * 100_000}"))) <= MAX_HEADERS


def test_a_credential_is_masked_also_when_no_more_names_are_remembered() -> None:
    told = telling(one=scheme("{header.X-Innocent}"))
    for number in range(MAX_NAMES + 1):
        told.headers(request(b"", {f"x-{number}": "1"}))
    lines = {"X-Innocent": SECRET, "Cookie": SECRET, "X-Plain": "1"}
    assert told.headers(request(b"", lines)).shown == (
        ("x-innocent", MASK),
        ("cookie", MASK),
        ("x-plain", "1"),
    )


def test_bytes_that_are_no_text_are_told_as_latin_1() -> None:
    told = telling(one=scheme("{header.X-Signature}", "hmac-sha256"))
    assert told.headers(request(b"", [(b"x-a", b"\xff\x00")])).shown == (("x-a", "\xff\x00"),)


def test_without_a_wish_what_is_signed_is_forwarded_and_with_one_only_that() -> None:
    lines = {"X-Signature": "s", "Content-Type": "a/b", "X-Other": "o", "Host": "h"}
    usual = telling(one=scheme("{header.X-Signature}", "hmac-sha256"))
    assert [name for name, _ in usual.headers(request(b"", lines)).forwarded] == [
        "x-signature",
        "content-type",
    ]
    wished = telling("X-Other", "Host", one=scheme("{header.X-Signature}", "hmac-sha256"))
    assert [name for name, _ in wished.headers(request(b"", lines)).forwarded] == ["x-other"]
