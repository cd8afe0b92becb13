"""Secrets become keys of the one kind that the algorithm takes, or are refused without a word of what they are."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidField
from hookline.model.provider import Algorithm, KeyForm
from hookline.receive.keys import MAX_WHSEC, MIN_WHSEC, NamedKey, read_keys

ED25519 = ed25519.Ed25519PrivateKey.generate().public_key()
P256 = ec.generate_private_key(ec.SECP256R1()).public_key()
P384 = ec.generate_private_key(ec.SECP384R1()).public_key()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
HMAC = Algorithm.HMAC_SHA256


def der(key: PublicKeyTypes) -> str:
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def pem(key: PublicKeyTypes) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def number(value: int) -> str:
    size = (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(value.to_bytes(size, "big")).rstrip(b"=").decode()


def jwk(**more: object) -> dict[str, object]:
    numbers = RSA.public_numbers()
    return {"kty": "RSA", "e": number(numbers.e), "n": number(numbers.n), **more}


def key_of(secret: str, form: KeyForm, algorithm: Algorithm = HMAC) -> object:
    (named,) = read_keys(secret, form, algorithm)
    return named.key


def refused(secret: str, form: KeyForm, algorithm: Algorithm = HMAC) -> bool:
    try:
        read_keys(secret, form, algorithm)
    except InvalidField:
        return True
    return False


def whsec(size: int) -> str:
    return base64.b64encode(bytes(range(size))).decode()


@pytest.mark.parametrize("size", [MIN_WHSEC, 24, 32, MAX_WHSEC])
def test_a_standard_secret_is_base64_with_its_prefix_and_without(size: int) -> None:
    assert key_of(f"whsec_{whsec(size)}", KeyForm.WHSEC) == bytes(range(size))
    assert key_of(whsec(size), KeyForm.WHSEC) == bytes(range(size))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        f"whsec_{whsec(MIN_WHSEC - 1)}",
        f"whsec_{whsec(MAX_WHSEC + 1)}",
        f"whpk_{whsec(32)}",
        f"whsk_{whsec(64)}",
        f"WHSEC_{whsec(32)}",
        f"whsec_whsec_{whsec(32)}",
        f" whsec_{whsec(32)}",
        f"whsec_{whsec(32)}\n",
        f"whsec_{whsec(32).rstrip('=')}",
        f"whsec_{whsec(32)}=",
        f"whsec_{whsec(32)[:-2]}9=",
        "whsec_" + base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        "whsec_é",
        "whsec_\udcff",
    ],
)
def test_what_is_no_standard_secret_is_refused(secret: str) -> None:
    assert refused(secret, KeyForm.WHSEC)


def test_text_is_taken_as_it_stands_also_where_it_looks_encoded() -> None:
    for secret in ("whsec_AAAA", "6869", " blanks ", "schlüssel", "\n"):
        assert key_of(secret, KeyForm.TEXT) == secret.encode()
    assert refused("", KeyForm.TEXT)
    assert refused("\udcff", KeyForm.TEXT)


@pytest.mark.parametrize("secret", ["", "6", "0x68", "gg", "ü", "whsec_"])
def test_what_is_no_hex_is_refused(secret: str) -> None:
    assert refused(secret, KeyForm.HEX)


@pytest.mark.parametrize("secret", ["", "A", "AA", "AAA", "AB==", "AAA\n=", "_w==", "-", "AAAA=", "ü"])
def test_what_is_not_canonical_base64_is_refused(secret: str) -> None:
    assert refused(secret, KeyForm.BASE64)


KINDS = [
    (ED25519, {Algorithm.ED25519}),
    (P256, {Algorithm.ECDSA_SHA256, Algorithm.JWT_ES256}),
    (RSA, {Algorithm.RSA_SHA1, Algorithm.RSA_SHA256, Algorithm.JWT_RS256}),
    (P384, set()),
    (SHORT, set()),
]


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize(("key", "fitting"), KINDS, ids=["ed25519", "p-256", "rsa", "p-384", "rsa-1024"])
def test_a_public_key_serves_its_own_algorithms_and_never_an_hmac(
    key: PublicKeyTypes, fitting: set[Algorithm], algorithm: Algorithm
) -> None:
    for written in (der(key), pem(key)):
        assert refused(written, KeyForm.SPKI, algorithm) is (algorithm not in fitting)


def test_a_private_key_and_a_certificate_are_no_public_key() -> None:
    for text in ("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", "-----BEGIN", "AAAA", ""):
        assert refused(text, KeyForm.SPKI, Algorithm.ED25519)
        assert refused(text, KeyForm.CERTIFICATE, Algorithm.RSA_SHA256)


@pytest.mark.parametrize(
    "secret", ["", "whpk_", f"whpk_{whsec(31)}", f"whpk_{whsec(33)}", f"whsec_{whsec(32)}"]
)
def test_a_standard_public_key_has_32_bytes(secret: str) -> None:
    assert not refused(f"whpk_{whsec(32)}", KeyForm.WHPK, Algorithm.ED25519)
    assert refused(secret, KeyForm.WHPK, Algorithm.ED25519)


def test_a_set_of_keys_keeps_their_names_and_passes_over_what_signs_nothing() -> None:
    keys = [jwk(kid="a"), jwk(kid="b", use="sig"), jwk(kid="c", use="enc"), {"kty": "oct", "k": "AAAA"}]
    found = read_keys(json.dumps({"keys": keys}), KeyForm.JWK, Algorithm.JWT_RS256)
    assert [named.name for named in found] == ["a", "b"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"keys": []},
        {"keys": 5},
        {"keys": {}},
        {"kty": "oct", "k": "AAAA"},
        {"kty": ["RSA"]},
        jwk(e="AAAA"),
        jwk(n=""),
        jwk(n=5),
        {"kty": "RSA"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": number(5)},
    ],
)
def test_what_is_no_key_as_json_is_refused(given: object) -> None:
    assert refused(json.dumps(given), KeyForm.JWK, Algorithm.JWT_RS256)


@pytest.mark.parametrize("text", ["[]", "[1]", "1", "null", '"x"', '{"keys":[1]}', "[" * 100_000])
def test_json_of_another_shape_is_no_key(text: str) -> None:
    assert refused(text, KeyForm.JWK, Algorithm.JWT_RS256)


def test_a_refusal_names_its_field_and_no_part_of_the_secret() -> None:
    for form in KeyForm:
        with pytest.raises(InvalidField) as refusal:
            read_keys("sécret of mine", form, Algorithm.RSA_SHA256)
        assert refusal.value.field == "secrets"
        assert "of mine" not in f"{refusal.value.detail} {refusal.value.hint}"
        assert refusal.value.__cause__ is None


def test_a_key_does_not_show_itself() -> None:
    assert repr(NamedKey(b"hookline_test_secret", "a")) == "NamedKey('a')"


@given(st.text(), st.sampled_from(list(KeyForm)), st.sampled_from(list(Algorithm)))
def test_any_text_is_a_key_or_refused(secret: str, form: KeyForm, algorithm: Algorithm) -> None:
    if form is not KeyForm.JWK:
        refused(secret, form, algorithm)
