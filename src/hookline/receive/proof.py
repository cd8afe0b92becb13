"""Proofs: whether a signature is one that a key made of some content. Every comparison takes its whole time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from hookline.digest import hmac_under
from hookline.model.provider import Algorithm, Encoding
from hookline.receive.keys import Key

Check = Callable[[bytes], bool]
"""A signature, as it was written, to whether it is good."""
Proof = Callable[[bytes], Check]
"""What is signed is digested once, however many signatures are then held against it."""
Verify = Callable[[bytes, bytes], bool]
"""Content and the bytes of a signature to whether it is good."""
HASHES = {
    Algorithm.HMAC_SHA1: "sha1",
    Algorithm.HMAC_SHA256: "sha256",
    Algorithm.HMAC_SHA512: "sha512",
    Algorithm.JWT_HS256: "sha256",
}
_ES256_BYTES = 64


def make_proof(algorithm: Algorithm, key: Key, encoding: Encoding) -> Proof:
    """`key` was read for this algorithm."""
    if algorithm in HASHES and isinstance(key, bytes):
        return _texts(hmac_under(key, HASHES[algorithm]), encoding)
    if algorithm is Algorithm.SHA256:
        return _texts(lambda content: hashlib.sha256(content).digest(), encoding)
    if algorithm is Algorithm.EQUAL and isinstance(key, bytes):
        return _same(key)
    if algorithm is Algorithm.BASIC and isinstance(key, bytes):
        return _same(b"Basic " + base64.b64encode(key))
    return _public(_verifier(algorithm, key), encoding)


def make_token_proof(algorithm: Algorithm, key: Key) -> Proof:
    """Of a token's signature, which is given as bytes."""
    if algorithm is Algorithm.JWT_HS256 and isinstance(key, bytes):
        digest = hmac_under(key)
        return lambda content: partial(hmac.compare_digest, digest(content))
    return partial(partial, _verifier(algorithm, key))


_WRITERS: dict[Encoding, Callable[[bytes], bytes]] = {
    Encoding.HEX: binascii.hexlify,
    Encoding.BASE64: partial(binascii.b2a_base64, newline=False),
}


def written(digest: bytes, encoding: Encoding) -> bytes:
    return _WRITERS[encoding](digest)


def same(one: bytes, other: bytes) -> bool:
    """In a time that tells neither content nor length: digests are compared, not what they are of."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def _texts(digest: Callable[[bytes], bytes], encoding: Encoding) -> Proof:
    """The texts are compared, not what they decode to: there is one right spelling, and every flipped bit counts."""
    write = _WRITERS[encoding]
    return lambda content: partial(hmac.compare_digest, write(digest(content)))


def _same(secret: bytes) -> Proof:
    return lambda _: partial(same, secret)


def _public(verify: Verify, encoding: Encoding) -> Proof:
    def check(content: bytes, signature: bytes) -> bool:
        try:
            raw = _decoded(signature, encoding)
        except ValueError:
            return False
        return verify(content, raw)

    return partial(partial, check)


def _decoded(signature: bytes, encoding: Encoding) -> bytes:
    """Raises ValueError for any but the one right spelling."""
    if encoding is Encoding.HEX:
        raw = bytes.fromhex(signature.decode("ascii"))
    else:
        raw = binascii.a2b_base64(signature, strict_mode=True)
    if written(raw, encoding) != signature:
        raise ValueError("another spelling")
    return raw


def _verifier(algorithm: Algorithm, key: Key) -> Verify:
    if isinstance(key, Ed25519PublicKey):
        public = key
        return lambda content, signature: _holds(lambda: public.verify(signature, content))
    if isinstance(key, EllipticCurvePublicKey):
        curve, token = key, algorithm is Algorithm.JWT_ES256

        def ecdsa(content: bytes, signature: bytes) -> bool:
            der = _der(signature) if token else signature
            return _holds(lambda: curve.verify(der, content, ECDSA(SHA256())))

        return ecdsa
    if isinstance(key, RSAPublicKey):
        # PKCS#1 v1.5 with SHA-1 is what version 1 of Amazon SNS signs with; a second preimage is out of reach.
        rsa, hashed = key, SHA1() if algorithm is Algorithm.RSA_SHA1 else SHA256()  # noqa: S303
        return lambda content, signature: _holds(lambda: rsa.verify(signature, content, PKCS1v15(), hashed))
    raise TypeError(f"{algorithm} does not verify with such a key")


def _holds(verify: Callable[[], object]) -> bool:
    try:
        verify()
    except (InvalidSignature, ValueError):
        return False
    return True


def _der(raw: bytes) -> bytes:
    """Of a token's r and s (RFC 7518, 3.4). A signature of another length is none, and does not verify."""
    if len(raw) != _ES256_BYTES:
        return b""
    half = _ES256_BYTES // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
