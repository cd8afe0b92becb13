"""Keys: a source's secret as what verifies with it. No error here holds any part of a secret."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from hookline.errors import InvalidField
from hookline.model.provider import Algorithm, KeyForm

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
Key = bytes | PublicKey
MIN_WHSEC, MAX_WHSEC = 16, 64
"""Bytes. Standard Webhooks asks senders for 24 at least; some have handed out less, and a receiver cannot choose."""
_RSA_BITS = range(2048, 8192 + 1)
"""Below: broken; above: a source would make every stranger's request dear."""
_MAX_JWKS = 100
_WANTED: Mapping[Algorithm, type] = {
    Algorithm.ED25519: Ed25519PublicKey,
    Algorithm.ECDSA_SHA256: EllipticCurvePublicKey,
    Algorithm.JWT_ES256: EllipticCurvePublicKey,
    Algorithm.RSA_SHA1: RSAPublicKey,
    Algorithm.RSA_SHA256: RSAPublicKey,
    Algorithm.JWT_RS256: RSAPublicKey,
}


class NamedKey:
    """A key, and the name (`kid`) that a token may call it by."""

    __slots__ = ("key", "name")

    def __init__(self, key: Key, name: str = "") -> None:
        self.key = key
        self.name = name

    def __repr__(self) -> str:
        return f"NamedKey({self.name!r})"


def read_keys(secret: str, form: KeyForm, algorithm: Algorithm) -> Sequence[NamedKey]:
    """One, or those of a set. Raises InvalidField for what is no key of this algorithm."""
    try:
        keys = _read(secret, form)
    except (ValueError, TypeError, KeyError, RecursionError, UnsupportedAlgorithm):
        raise _refused(form) from None
    fitting = [named for named in keys if _fits(named.key, algorithm)]
    if algorithm is Algorithm.BASIC and ":" not in secret:
        raise InvalidField("The secret is user:password.", field="secrets")
    if not fitting:
        raise _refused(form)
    return fitting


def _read(secret: str, form: KeyForm) -> Sequence[NamedKey]:
    return _jwks(secret) if form is KeyForm.JWK else [NamedKey(_READERS[form](secret))]


def _whsec(secret: str) -> bytes:
    if secret.startswith(("whpk_", "whsk_")):
        raise ValueError("an ed25519 key is no HMAC key")
    key = _base64(secret.removeprefix("whsec_"))
    if not MIN_WHSEC <= len(key) <= MAX_WHSEC:
        raise ValueError("length")
    return key


def _base64(text: str) -> bytes:
    """The one canonical spelling."""
    key = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    if base64.b64encode(key).decode() != text:
        raise ValueError("not canonical")
    return key


def _spki(secret: str) -> PublicKey:
    if secret.lstrip().startswith("-----BEGIN"):
        return _public(load_pem_public_key(secret.encode()))
    return _public(load_der_public_key(_base64("".join(secret.split()))))


def _public(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey):
        return key
    raise TypeError("another kind of key")


def _jwks(secret: str) -> Sequence[NamedKey]:
    """Of a set, those that are of no use here are passed over (RFC 7517, 5)."""
    given = json.loads(secret)
    found = given.get("keys", [given]) if isinstance(given, dict) else []
    return [_jwk(one) for one in found[:_MAX_JWKS] if isinstance(one, dict) and _is_ours(one)]


def _is_ours(jwk: Mapping[str, object]) -> bool:
    texts = all(isinstance(jwk.get(name, ""), str) for name in ("kid", "n", "e", "x", "y"))
    curve = jwk.get("kty") == "EC" and jwk.get("crv") == "P-256"
    return texts and jwk.get("use", "sig") == "sig" and (curve or jwk.get("kty") == "RSA")


def _jwk(jwk: Mapping[str, str]) -> NamedKey:
    name = jwk.get("kid", "")
    if jwk["kty"] == "RSA":
        return NamedKey(RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key(), name)
    return NamedKey(
        EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), SECP256R1()).public_key(), name
    )


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _fits(key: Key, algorithm: Algorithm) -> bool:
    """The algorithm is the scheme's, never the message's; a public key must not serve as an HMAC key (RFC 8725, 2.1)."""
    if algorithm not in _WANTED:
        return isinstance(key, bytes) and bool(key)
    if isinstance(key, RSAPublicKey) and key.key_size not in _RSA_BITS:
        return False
    if isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1):
        return False
    return isinstance(key, _WANTED[algorithm])


_READERS: Mapping[KeyForm, Callable[[str], Key]] = {
    KeyForm.TEXT: str.encode,
    KeyForm.HEX: bytes.fromhex,
    KeyForm.BASE64: _base64,
    KeyForm.WHSEC: _whsec,
    KeyForm.WHPK: lambda secret: Ed25519PublicKey.from_public_bytes(_base64(secret.removeprefix("whpk_"))),
    KeyForm.ED25519_HEX: lambda secret: Ed25519PublicKey.from_public_bytes(bytes.fromhex(secret)),
    KeyForm.SPKI: _spki,
    KeyForm.CERTIFICATE: lambda secret: _public(load_pem_x509_certificate(secret.encode()).public_key()),
}
_FORMS = {
    KeyForm.TEXT: "text of at least one character",
    KeyForm.HEX: "hexadecimal digits",
    KeyForm.BASE64: "base64",
    KeyForm.WHSEC: f"base64 of {MIN_WHSEC} to {MAX_WHSEC} bytes, after whsec_ if you like",
    KeyForm.WHPK: "an ed25519 public key: whpk_ and base64 of 32 bytes",
    KeyForm.ED25519_HEX: "an ed25519 public key: 64 hexadecimal digits",
    KeyForm.SPKI: "a public key: its DER in base64, or PEM",
    KeyForm.CERTIFICATE: "a certificate in PEM",
    KeyForm.JWK: "a public key as JSON (JWK), or a set of them",
}


def _refused(form: KeyForm) -> InvalidField:
    return InvalidField(
        f"The secret is not of the form that this provider uses: {_FORMS[form]}.",
        hint="Copy it from the provider's settings once more, whole and without blanks around it.",
        field="secrets",
    )
