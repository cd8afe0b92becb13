"""Making signatures: what a provider does, for tests, samples and trials. The counterpart of `proof` and `token`."""

import base64
import binascii
import hashlib
import hmac

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hookline.errors import InvalidField
from hookline.model.provider import Algorithm, Encoding, Scheme
from hookline.receive.keys import read_keys
from hookline.receive.proof import HASHES, written
from hookline.receive.token import encoded

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey
SigningKey = bytes | PrivateKey
_WANTED: dict[Algorithm, type[PrivateKey]] = {
    Algorithm.ED25519: Ed25519PrivateKey,
    Algorithm.ECDSA_SHA256: EllipticCurvePrivateKey,
    Algorithm.JWT_ES256: EllipticCurvePrivateKey,
    Algorithm.RSA_SHA1: RSAPrivateKey,
    Algorithm.RSA_SHA256: RSAPrivateKey,
    Algorithm.JWT_RS256: RSAPrivateKey,
}
PRIVATE = frozenset(_WANTED)
"""Algorithms that sign with a private key, which no source has."""
_TOKEN_NAMES = {Algorithm.JWT_HS256: "HS256", Algorithm.JWT_ES256: "ES256", Algorithm.JWT_RS256: "RS256"}
_SEED = 32
_HALF = 32
"""Bytes of each of the two numbers of a P-256 signature."""


def signing_key(secret: str, scheme: Scheme) -> SigningKey:
    """Raises InvalidField for what is no key to sign with in this scheme."""
    wanted = _WANTED.get(scheme.algorithm)
    if wanted is None:
        key = read_keys(secret, scheme.key, scheme.algorithm)[0].key
        assert isinstance(key, bytes)
        return key
    try:
        private = _private(secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refused(scheme) from None
    if not isinstance(private, wanted):
        raise _refused(scheme)
    if isinstance(private, EllipticCurvePrivateKey) and not isinstance(private.curve, SECP256R1):
        raise _refused(scheme)
    return private


def made_signature(algorithm: Algorithm, key: SigningKey, content: bytes, encoding: Encoding) -> bytes:
    """As it stands in the request, without what the scheme puts before it."""
    if algorithm is Algorithm.EQUAL and isinstance(key, bytes):
        return key
    if algorithm is Algorithm.BASIC and isinstance(key, bytes):
        return b"Basic " + base64.b64encode(key)
    return written(_digest(algorithm, key, content), encoding)


def made_token(
    algorithm: Algorithm, key: SigningKey, claims: dict[str, object], header: dict[str, object]
) -> bytes:
    """JWS in compact form (RFC 7515). `header`: `kid` and what else beside the algorithm."""
    head = {**header, "alg": _TOKEN_NAMES[algorithm]}
    content = encoded(msgspec.json.encode(head)) + b"." + encoded(msgspec.json.encode(claims))
    raw = _digest(algorithm, key, content)
    if algorithm is Algorithm.JWT_ES256:
        r, s = decode_dss_signature(raw)
        raw = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return content + b"." + encoded(raw)


def _digest(algorithm: Algorithm, key: SigningKey, content: bytes) -> bytes:
    match key:
        case bytes() if algorithm is Algorithm.SHA256:
            return hashlib.sha256(content).digest()
        case bytes():
            return hmac.digest(key, content, HASHES[algorithm])
        case Ed25519PrivateKey():
            return key.sign(content)
        case EllipticCurvePrivateKey():
            return key.sign(content, ECDSA(SHA256()))
        case RSAPrivateKey():
            # SHA-1 is what version 1 of Amazon SNS signs with.
            hashed = SHA1() if algorithm is Algorithm.RSA_SHA1 else SHA256()  # noqa: S303
            return key.sign(content, PKCS1v15(), hashed)
        case _:
            raise TypeError(f"{algorithm} does not sign with such a key")


def _private(secret: str) -> object:
    """PEM, or `whsk_` and base64 of the seed, perhaps with the public key behind it (Standard Webhooks)."""
    if secret.startswith("whsk_"):
        seed = binascii.a2b_base64(secret.removeprefix("whsk_"), strict_mode=True)[:_SEED]
        return Ed25519PrivateKey.from_private_bytes(seed)
    return load_pem_private_key(secret.encode(), None)


def _refused(scheme: Scheme) -> InvalidField:
    return InvalidField(
        f"Requests of this scheme are signed with a private key ({scheme.algorithm}), and this is none.",
        hint="Make a pair of your own: give the private key in PEM here, the public one to the source.",
        field="secrets",
    )
