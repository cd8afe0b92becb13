"""Secrets and signatures. A secret is checked strictly once; the key made from it signs bytes.

Standard Webhooks 1.0.0: `whsec_` + base64 of 24 to 64 random bytes for HMAC-SHA256; `whsk_` + base64 of an ed25519
seed (32 bytes), or seed and public key (64); its public half is shown as `whpk_` + base64. Other dialects key on
the whole text. No error here holds any part of a secret.
"""

import binascii
import secrets
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hookline.clock import Micros
from hookline.digest import hmac_under
from hookline.errors import InvalidField
from hookline.model.dialect import Keys, Signing
from hookline.model.endpoint import Secret

HMAC_PREFIX = "whsec_"
SIGNING_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
MIN_BYTES, MAX_BYTES = 24, 64
SEED_BYTES = 32
MAX_TEXT = 512

Sign = Callable[[bytes], str]
"""Content to one signature, as its dialect writes it."""


def new_secret() -> str:
    return HMAC_PREFIX + _base64(secrets.token_bytes(32))


def new_text(prefix: str) -> str:
    """For dialects that key on any text."""
    return prefix + secrets.token_urlsafe(32)


def new_signing_key() -> str:
    """Seed and public key, the form that other Standard Webhooks software reads."""
    seed = secrets.token_bytes(SEED_BYTES)
    return SIGNING_PREFIX + _base64(seed + _public(seed))


def public_key(secret: str) -> str:
    """The `whpk_…` of a `whsk_…`, to hand to receivers."""
    return PUBLIC_PREFIX + _base64(_public(_seed(secret)))


def check_secret(value: str, keys: Keys = Keys.WEBHOOK) -> None:
    """Raises InvalidField unless `value` can sign."""
    if keys is Keys.TEXT:
        if not 1 <= len(value) <= MAX_TEXT or not value.isprintable():
            raise _refused(f"A secret is 1 to {MAX_TEXT} printable characters.")
    elif value.startswith(SIGNING_PREFIX):
        _seed(value)
    else:
        _hmac_key(value)


def sign_with(secret: Secret, signing: Signing) -> Sign:
    """The key of `secret`, decoded once. Raises InvalidField when the secret is not one for this dialect."""
    check_secret(secret.value, signing.keys)
    if signing.keys is Keys.TEXT:
        return _hmac_sign(secret.value.encode(), signing.hmac)
    if not secret.value.startswith(SIGNING_PREFIX):
        return _hmac_sign(_hmac_key(secret.value), signing.hmac)
    if signing.ed25519 is None:
        raise _refused("This dialect does not sign with ed25519 keys.")
    return _ed25519_sign(_seed(secret.value), signing.ed25519)


class Signer:
    """All secrets of an endpoint as one header value."""

    def __init__(self, found: Sequence[Secret], signing: Signing) -> None:
        """`found` has the newest first."""
        self._keys = tuple((sign_with(secret, signing), secret.expires_at) for secret in found)
        self._only = self._keys[0][0] if len(self._keys) == 1 and self._keys[0][1] is None else None
        """The one key of nearly every endpoint: the hot path."""
        self._join = signing.join

    def signature(self, content: bytes, now: Micros) -> str:
        """Empty when no secret lives."""
        if self._only is not None:
            return self._only(content)
        living = [sign for sign, expires in self._keys if expires is None or expires > now]
        if self._join is None:
            living = living[:1]
        return (self._join or "").join([sign(content) for sign in living])


def _hmac_sign(key: bytes, form: str) -> Sign:
    digest, (before, write, after) = hmac_under(key), _written(form)
    return lambda content: before + write(digest(content)) + after


def _ed25519_sign(seed: bytes, form: str) -> Sign:
    before, write, after = _written(form)
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return lambda content: before + write(private.sign(content)) + after


def _written(form: str) -> tuple[str, Callable[[bytes], str], str]:
    """What stands before, how the bytes are written, what stands after."""
    before, _, rest = form.partition("{")
    encoding, _, after = rest.partition("}")
    return before, bytes.hex if encoding == "hex" else _base64, after


def _hmac_key(value: str) -> bytes:
    if not value.startswith(HMAC_PREFIX):
        raise _refused("A secret begins with whsec_ (HMAC) or whsk_ (ed25519).")
    key = _decoded(value.removeprefix(HMAC_PREFIX))
    if not MIN_BYTES <= len(key) <= MAX_BYTES:
        raise _refused(
            f"The secret has {len(key)} bytes after base64; {MIN_BYTES} to {MAX_BYTES} are allowed."
        )
    return key


def _seed(value: str) -> bytes:
    if not value.startswith(SIGNING_PREFIX):
        raise _refused("An ed25519 signing key begins with whsk_.")
    key = _decoded(value.removeprefix(SIGNING_PREFIX))
    if len(key) not in {SEED_BYTES, 2 * SEED_BYTES}:
        raise _refused(
            f"The signing key has {len(key)} bytes after base64; 32 (seed) or 64 (seed, public) are allowed."
        )
    seed, public = key[:SEED_BYTES], key[SEED_BYTES:]
    if public and public != _public(seed):
        raise _refused("The public half of the signing key does not belong to its seed.")
    return seed


def _decoded(text: str) -> bytes:
    """Only the one canonical spelling: another library may read a sloppy one as another key."""
    try:
        key = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise _refused("What follows the prefix is not base64.") from None
    if _base64(key) != text:
        raise _refused("What follows the prefix is not canonical base64.")
    return key


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _refused(detail: str) -> InvalidField:
    hint = "Leave the secret out: a good one is made for you."
    return InvalidField(detail, hint=hint, field="secrets")
