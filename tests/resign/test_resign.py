"""A sample that is signed again proves itself with the new secret at the new time, and with the old secret no more."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.provider import Algorithm, KeyForm, Provider, Scheme
from hookline.model.sample import Sample
from hookline.receive.inbound import Inbound
from hookline.receive.making import PRIVATE, PrivateKey
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.resign import resign
from tests.catalog.provider_cases import PROVIDERS, all_samples, inbound_of, now_of, samples_of

LATER = 40_000_000_000_000
"""Over a year: no timestamp that stayed behind would do."""
NEW = {
    KeyForm.TEXT: "another:secret",
    KeyForm.HEX: "0badc0de" * 8,
    KeyForm.BASE64: base64.b64encode(b"another secret").decode(),
    KeyForm.WHSEC: "whsec_" + base64.b64encode(b"another secret of the same form").decode(),
}


def provider_of(name: str, sample: Sample) -> Provider:
    return PROVIDERS[name].provider(sample.parameters, sample.overrides)


def scheme_of(name: str, sample: Sample) -> Scheme:
    return provider_of(name, sample).schemes[sample.rule.scheme]


SIGNED = [(name, sample) for name, sample in all_samples() if sample.rule.scheme]
SYMMETRIC = [
    (name, one) for name, one in SIGNED if scheme_of(name, one).algorithm not in {*PRIVATE, Algorithm.NONE}
]
ASYMMETRIC = [(name, one) for name, one in SIGNED if scheme_of(name, one).algorithm in PRIVATE]


def ids(cases: list[tuple[str, Sample]]) -> list[str]:
    return [f"{name}/{sample.name}" for name, sample in cases]


def refusal(name: str, sample: Sample, inbound: Inbound, secret: str, now: Micros) -> object:
    choices = Choices(secrets=(secret,), schemes=(sample.rule.scheme,))
    return Receiver(provider_of(name, sample), choices).verify(inbound, now).refusal


@pytest.mark.parametrize(("name", "sample"), SYMMETRIC, ids=ids(SYMMETRIC))
def test_what_is_signed_again_proves_itself_with_the_new_secret_only(name: str, sample: Sample) -> None:
    scheme = scheme_of(name, sample)
    secret, now = NEW[scheme.key], Micros(now_of(sample) + LATER)
    signed = resign(inbound_of(sample), scheme, secret, now)
    assert refusal(name, sample, signed, secret, now) is None
    for old in sample.secrets:
        assert refusal(name, sample, signed, old, now) is not None


@pytest.mark.parametrize(("name", "sample"), SYMMETRIC, ids=ids(SYMMETRIC))
def test_signing_again_at_the_same_time_changes_nothing_that_is_not_signed(name: str, sample: Sample) -> None:
    """Neither the method nor the headers beside the signature nor what the body says."""
    inbound = inbound_of(sample)
    signed = resign(inbound, scheme_of(name, sample), sample.secrets[0], now_of(sample))
    assert refusal(name, sample, signed, sample.secrets[0], now_of(sample)) is None
    assert signed.method == inbound.method
    assert [header for header, _ in signed.headers] == [header for header, _ in inbound.headers]
    receiver = Receiver(provider_of(name, sample), Choices(secrets=sample.secrets))
    assert [one.type for one in receiver.identify(signed).items] == [
        one.type for one in receiver.identify(inbound).items
    ]


def pair(algorithm: Algorithm) -> PrivateKey:
    if algorithm is Algorithm.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in {Algorithm.ECDSA_SHA256, Algorithm.JWT_ES256}:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(key: PrivateKey, form: KeyForm) -> str:
    given = key.public_key()
    if form in {KeyForm.ED25519_HEX, KeyForm.WHPK}:
        raw = given.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return raw.hex() if form is KeyForm.ED25519_HEX else "whpk_" + base64.b64encode(raw).decode()
    return given.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(("name", "sample"), ASYMMETRIC, ids=ids(ASYMMETRIC))
def test_with_a_private_key_of_ones_own_the_public_one_verifies(name: str, sample: Sample) -> None:
    """Where the scheme asks for a certificate or a JWK, its bare public key is put to the test."""
    provider, scheme = provider_of(name, sample), scheme_of(name, sample)
    plain = {KeyForm.CERTIFICATE: KeyForm.SPKI, KeyForm.JWK: KeyForm.SPKI}
    scheme = replace(scheme, key=plain.get(scheme.key, scheme.key))
    key, now = pair(scheme.algorithm), Micros(now_of(sample) + LATER)
    signed = resign(inbound_of(sample), scheme, pem(key), now)
    provider = replace(provider, schemes={sample.rule.scheme: scheme})
    for verifier, good in ((key, True), (pair(scheme.algorithm), False)):
        receiver = Receiver(
            provider, Choices(secrets=(public(verifier, scheme.key),), schemes=(sample.rule.scheme,))
        )
        assert (receiver.verify(signed, now).refusal is None) == good


@pytest.mark.parametrize(("name", "sample"), ASYMMETRIC, ids=ids(ASYMMETRIC))
def test_what_is_no_private_key_of_the_algorithm_signs_nothing(name: str, sample: Sample) -> None:
    scheme = scheme_of(name, sample)
    other = Algorithm.ED25519 if scheme.algorithm is not Algorithm.ED25519 else Algorithm.RSA_SHA256
    for wrong in ("secret", sample.secrets[0], pem(pair(other)), "whsk_AAAA"):
        with pytest.raises(InvalidField, match="private key"):
            resign(inbound_of(sample), scheme, wrong, now_of(sample))


def sample_of(provider: str, name: str) -> Sample:
    return next(one for one in samples_of(provider) if one.name == name)


def with_body(sample: Sample, body: bytes) -> Inbound:
    shown = inbound_of(sample)
    return Inbound(method=shown.method, url=shown.url, headers=shown.headers, body=body)


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_body_can_be_signed_as_stripe_signs(body: bytes) -> None:
    sample = sample_of("stripe", "invoice-paid")
    now = Micros(now_of(sample) + LATER)
    signed = resign(with_body(sample, body), scheme_of("stripe", sample), "s", now)
    assert signed.body == body
    assert refusal("stripe", sample, signed, "s", now) is None


def test_signatures_in_the_body_are_made_where_there_are_none_yet() -> None:
    sample = sample_of("adyen", "authorisation")
    body = b'{"notificationItems": [{"NotificationRequestItem": {"pspReference": "p", "success": "true"}}]}'
    secret = NEW[KeyForm.HEX]
    signed = resign(with_body(sample, body), scheme_of("adyen", sample), secret, now_of(sample))
    assert b'"hmacSignature":"' in signed.body
    assert refusal("adyen", sample, signed, secret, now_of(sample)) is None


def test_a_body_that_lacks_what_is_signed_is_told() -> None:
    sample = sample_of("mailgun", "delivered")
    with pytest.raises(InvalidField, match="token"):
        resign(with_body(sample, b"{}"), scheme_of("mailgun", sample), "s", now_of(sample))
    with pytest.raises(InvalidField, match="lacks a part"):
        resign(with_body(sample, b"no JSON"), scheme_of("mailgun", sample), "s", now_of(sample))


def test_only_the_time_in_a_body_is_written_anew_and_stays_a_number() -> None:
    sample = sample_of("linear", "issue-create")
    signed = resign(inbound_of(sample), scheme_of("linear", sample), "s", Micros(now_of(sample) + 1_000_000))
    assert signed.body == sample.body.replace(b"1767323045000", b"1767323046000", 1)


def test_what_bears_no_signature_stays_as_it_is() -> None:
    sample = sample_of("none", "event")
    inbound = inbound_of(sample)
    assert resign(inbound, scheme_of("none", sample), "", now_of(sample)) is inbound
