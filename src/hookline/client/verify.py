"""Verify: whether a webhook came from who knows the secret, and lately (Standard Webhooks 1.0.0, HMAC `v1`)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping

TOLERANCE = 300
"""Seconds that the sender's clock and ours may differ, both ways."""
_PREFIX = "whsec_"


class NotVerified(Exception):
    """Refuse this request: fails closed, because a webhook that cannot be checked may be anybody's."""


def verify(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, *, now: float, tolerance: int = TOLERANCE
) -> str:
    """The message's id. `body` is the raw bytes; `now` is seconds since 1970; one of the secrets must fit."""
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (
        _header(given, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not (timestamp.isascii() and timestamp.isdecimal()):
        raise NotVerified("webhook-timestamp is not a number")
    if abs(now - int(timestamp)) > tolerance:
        raise NotVerified(f"webhook-timestamp is more than {tolerance} seconds away from this clock")
    content = f"{message_id}.{timestamp}.".encode() + body
    expected = [hmac.digest(_key(secret), content, hashlib.sha256) for secret in secrets]
    for signature in _v1(signatures):
        if any(hmac.compare_digest(signature, one) for one in expected):
            return message_id
    raise NotVerified("no signature fits: another secret, or the body was changed on its way")


def _header(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise NotVerified(f"{name} is missing")
    return given[name]


def _v1(signatures: str) -> Iterable[bytes]:
    """Those of the HMAC kind; others may stand beside them."""
    for one in signatures.split():
        version, _, text = one.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret is whsec_ and base64") from None
