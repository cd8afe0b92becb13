"""Tokens: only what RFC 7515 and 7519 allow, signed with the algorithm that was asked for, by a key that is known."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from hookline.clock import Micros
from hookline.model.provider import Algorithm
from hookline.model.receipt import Refusal
from hookline.receive.inbound import Malformed
from hookline.receive.keys import NamedKey
from hookline.receive.scheme import Verdict
from hookline.receive.token import LEEWAY, MAX_TOKEN, encoded, is_current, read_token
from hookline.receive.view import View
from tests.clock import NOON
from tests.receive.making import compiled, request, verdict_of

SECRET = "hookline_test_secret"
NOW = NOON // 1_000_000
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
AT = {"at": ["{header.X-Token}"]}


def part(value: object) -> bytes:
    return encoded(json.dumps(value).encode())


def content(claims: object, **header: Any) -> bytes:
    return part(header) + b"." + part(claims)


def hs256(claims: object, secret: str = SECRET, **header: Any) -> bytes:
    head = content(claims, **{"alg": "HS256", **header})
    return head + b"." + encoded(hmac.digest(secret.encode(), head, hashlib.sha256))


def rs256(claims: object, key: rsa.RSAPrivateKey = RSA, **header: Any) -> bytes:
    head = content(claims, **{"alg": "RS256", **header})
    return head + b"." + encoded(key.sign(head, PKCS1v15(), SHA256()))


def es256(claims: object) -> bytes:
    head = content(claims, alg="ES256")
    r, s = decode_dss_signature(EC.sign(head, ec.ECDSA(SHA256())))
    return head + b"." + encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def verdict(token: bytes, algorithm: str = "jwt-hs256", secret: str = SECRET, **rule: Any) -> Verdict:
    key = "text" if algorithm == "jwt-hs256" else "spki"
    scheme = compiled([secret], algorithm=algorithm, signature=AT, key=key, **rule)
    return verdict_of(scheme, request(b"{}", [(b"X-Token", token)]))


def refusal(token: bytes, **rule: Any) -> Refusal | None:
    return verdict(token, **rule).refusal


def test_a_good_token_is_good_with_bearer_before_it_and_without() -> None:
    assert refusal(hs256({})) is None
    assert refusal(b"Bearer " + hs256({})) is None
    assert refusal(rs256({}), algorithm="jwt-rs256", secret=pem(RSA)) is None
    assert refusal(es256({}), algorithm="jwt-es256", secret=pem(EC)) is None


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "", "HS512", "hs256", "RS256", "ES256", None, 5, ["HS256"]]
)
def test_another_algorithm_than_the_one_asked_for_is_refused(alg: object) -> None:
    """`none` above all, with and without a signature."""
    token = hs256({}, alg=alg)
    assert refusal(token) is Refusal.BAD_SIGNATURE
    assert refusal(token.rpartition(b".")[0] + b".") is Refusal.BAD_SIGNATURE


def test_a_public_key_is_no_secret_of_an_hmac() -> None:
    """RFC 8725, 2.1: the old confusion of RS256 with HS256."""
    forged = hs256({}, secret=pem(RSA))
    assert refusal(forged, algorithm="jwt-rs256", secret=pem(RSA)) is Refusal.BAD_SIGNATURE
    renamed = hs256({}, secret=pem(RSA), alg="RS256")
    assert refusal(renamed, algorithm="jwt-rs256", secret=pem(RSA)) is Refusal.BAD_SIGNATURE


def test_a_signature_over_nothing_and_of_another_length_is_refused() -> None:
    head = es256({}).rpartition(b".")[0]
    for raw in (b"", bytes(64), bytes(63), bytes(65), bytes(32), b"\xff" * 64, b"\x01" * 64):
        token = head + b"." + encoded(raw)
        assert refusal(token, algorithm="jwt-es256", secret=pem(EC)) is Refusal.BAD_SIGNATURE


def test_what_must_be_understood_and_is_not_is_refused() -> None:
    assert refusal(hs256({}, crit=["exp"], exp=1)) is Refusal.BAD_SIGNATURE
    assert refusal(hs256({}, crit=["b64"], b64=False)) is Refusal.BAD_SIGNATURE


def malformed() -> list[bytes]:
    good = hs256({"a": 1})
    head, claims, signature = good.split(b".")
    return [
        b"",
        b".",
        b"..",
        b"Bearer",
        b"bearer " + good,
        b"Bearer  " + good,
        b"Bearer Bearer " + good,
        good + b".",
        b"." + good,
        good + b"." + signature,
        good + b"=",
        good + b"\n",
        b" " + good,
        head + b"=." + claims + b"." + signature,
        head + b"." + claims[:-1] + b"." + signature,
        b"!" + good,
        head + b"." + encoded(b"[]") + b"." + signature,
        head + b"." + encoded(b"null") + b"." + signature,
        head + b"." + encoded(b"\xff") + b"." + signature,
        encoded(b"[" * 200) + b"." + claims + b"." + signature,
        encoded(b'{"alg":"HS256","x":' + b"9" * 200 + b"}") + b"." + claims + b"." + signature,
        "é".encode() + good,
    ]


@pytest.mark.parametrize("token", malformed())
def test_what_is_no_token_is_malformed(token: bytes) -> None:
    with pytest.raises(Malformed):
        read_token(token, Algorithm.JWT_HS256)
    assert refusal(token) is Refusal.BAD_SIGNATURE


def test_base64url_has_one_spelling() -> None:
    """The bits behind the last byte are nought, and the standard alphabet is another one."""
    head, claims, signature = hs256({"a": "???>>>"}).split(b".")
    last = signature[-1:]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    neighbour = alphabet[alphabet.index(last) ^ 1 : (alphabet.index(last) ^ 1) + 1]
    altered = head + b"." + claims + b"." + signature[:-1] + neighbour
    with pytest.raises(Malformed, match="canonical"):
        read_token(altered, Algorithm.JWT_HS256)
    plain = base64.b64encode(b"\xfb\xff\xfe").rstrip(b"=")
    with pytest.raises(Malformed, match="canonical"):
        read_token(head + b"." + claims + b"." + plain, Algorithm.JWT_HS256)


def test_a_token_of_the_largest_size_is_read_and_a_larger_one_is_not() -> None:
    size = len(hs256({"a": ""}))
    least = hs256({"a": "x" * ((MAX_TOKEN - size) * 3 // 4 - 3)})
    assert len(least) <= MAX_TOKEN
    assert refusal(least) is None
    assert refusal(hs256({"a": "x" * MAX_TOKEN})) is Refusal.BAD_SIGNATURE


def keyed(token: bytes, *names: str) -> Refusal | None:
    """With fetched keys of these names; the good one is the last."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys = [NamedKey(other.public_key(), name) for name in names[:-1]]
    keys.append(NamedKey(RSA.public_key(), names[-1]))
    scheme = compiled([], algorithm="jwt-rs256", signature=AT, key="jwk")
    view = View(request(b"{}", [(b"X-Token", token)]))
    return scheme.verify(view, NOON, keys).refusal


def test_the_key_that_a_token_names_is_the_one_that_counts() -> None:
    assert keyed(rs256({}, kid="b"), "a", "b") is None
    assert keyed(rs256({}), "a", "b") is None
    assert keyed(rs256({}, kid="a"), "a", "b") is Refusal.BAD_SIGNATURE
    assert keyed(rs256({}, kid="c"), "a", "b") is Refusal.UNKNOWN_KEY
    assert keyed(rs256({}, kid=""), "") is None


@pytest.mark.parametrize("kid", [None, 1, [], {}, True])
def test_a_name_of_a_key_that_is_no_text_is_malformed(kid: object) -> None:
    assert refusal(hs256({}, kid=kid)) is Refusal.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({}, True),
        ({"exp": NOW + 1}, True),
        ({"exp": NOW - LEEWAY}, True),
        ({"exp": NOW - LEEWAY - 1}, False),
        ({"exp": NOW - LEEWAY - 0.5}, False),
        ({"nbf": NOW + LEEWAY}, True),
        ({"nbf": NOW + LEEWAY + 1}, False),
        ({"exp": NOW + 100, "nbf": NOW - 100}, True),
        ({"exp": NOW + 100, "nbf": NOW + 100}, False),
        ({"exp": 0}, False),
        ({"exp": -1}, False),
        ({"exp": 10**30}, True),
        ({"nbf": 10**30}, False),
        ({"exp": None, "nbf": None}, True),
    ],
)
def test_a_token_counts_from_nbf_to_exp(claims: dict[str, object], *, good: bool) -> None:
    assert is_current(claims, NOON) is good
    assert refusal(hs256(claims)) is (None if good else Refusal.STALE_TIMESTAMP)


@pytest.mark.parametrize("value", ["1", "9999999999", True, False, [], {}, ""])
@pytest.mark.parametrize("name", ["exp", "nbf"])
def test_a_time_that_is_no_number_is_malformed(name: str, value: object) -> None:
    assert refusal(hs256({name: value})) is Refusal.BAD_SIGNATURE


def test_an_expired_token_of_a_wrong_key_tells_nothing_of_its_time() -> None:
    assert refusal(hs256({"exp": 0}, secret="another")) is Refusal.BAD_SIGNATURE


def test_claims_tie_a_token_to_its_request() -> None:
    expect = {"{claim.sha256}": "{body.sha256}"}
    good = hashlib.sha256(b"{}").hexdigest()
    assert refusal(hs256({"sha256": good}), expect=expect) is None
    for other in ("", good.upper(), good[:-1], None, [good], {"x": good}, 5):
        assert refusal(hs256({"sha256": other}), expect=expect) is Refusal.BAD_SIGNATURE
    assert refusal(hs256({}), expect=expect) is Refusal.BAD_SIGNATURE


def test_what_is_empty_on_both_sides_is_not_equal() -> None:
    assert refusal(hs256({"a": ""}), expect={"{claim.a}": "{query.x?}"}) is Refusal.BAD_SIGNATURE


@given(st.binary(max_size=300), st.sampled_from([Algorithm.JWT_HS256, Algorithm.JWT_ES256]))
def test_any_bytes_are_a_token_or_malformed(text: bytes, algorithm: Algorithm) -> None:
    try:
        read_token(text, algorithm)
    except Malformed:
        return


@given(
    st.dictionaries(st.sampled_from(["exp", "nbf"]), st.integers() | st.floats(allow_nan=False)),
    st.integers(),
)
def test_every_number_is_a_time(claims: dict[str, object], now: int) -> None:
    assert is_current(claims, Micros(now)) in {True, False}
