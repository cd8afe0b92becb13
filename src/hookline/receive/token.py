"""Tokens: JWS in compact form (RFC 7515) whose payload is claims (RFC 7519), read strictly (RFC 8725)."""

import binascii
from typing import NamedTuple

from hookline.clock import Micros
from hookline.errors import InvalidJson
from hookline.model.json import parse_json
from hookline.model.provider import Algorithm
from hookline.receive.inbound import Malformed

MAX_TOKEN = 16 * 1024
LEEWAY = 60
"""Seconds by which the clocks of signer and verifier may differ."""
_PARTS = 3
_NAMES = {Algorithm.JWT_HS256: "HS256", Algorithm.JWT_ES256: "ES256", Algorithm.JWT_RS256: "RS256"}


class Token(NamedTuple):
    content: bytes
    """What is signed."""
    signature: bytes
    key_name: str
    """The header's `kid`; empty without one."""
    claims: dict[str, object]


def read_token(text: bytes, algorithm: Algorithm) -> Token:
    """Raises Malformed, also for any algorithm but the one asked for: `none` above all."""
    text = text.removeprefix(b"Bearer ")
    parts = text.split(b".")
    if len(text) > MAX_TOKEN or len(parts) != _PARTS:
        raise Malformed("what should be a token is none")
    header, claims = _object(parts[0]), _object(parts[1])
    if header.get("alg") != _NAMES[algorithm] or "crit" in header:
        raise Malformed("the token is signed by another algorithm")
    name = header.get("kid", "")
    if not isinstance(name, str):
        raise Malformed("the token's key has no name")
    return Token(parts[0] + b"." + parts[1], _decoded(parts[2]), name, claims)


def is_current(claims: dict[str, object], now: Micros) -> bool:
    """By `exp` and `nbf`, where they are. Raises Malformed."""
    seconds = now / 1_000_000
    expires, begins = claims.get("exp"), claims.get("nbf")
    for bound in (expires, begins):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            raise Malformed("the token's time is no number")
    late = isinstance(expires, int | float) and seconds > expires + LEEWAY
    early = isinstance(begins, int | float) and seconds < begins - LEEWAY
    return not (late or early)


def encoded(data: bytes) -> bytes:
    """base64url without padding (RFC 7515, 2)."""
    return binascii.b2a_base64(data, newline=False).translate(bytes.maketrans(b"+/", b"-_")).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    try:
        plain = text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(plain, strict_mode=True)
    except binascii.Error:
        raise Malformed("the token is not base64url") from None
    if encoded(data) != text:
        raise Malformed("the token is not canonical base64url")
    return data


def _object(text: bytes) -> dict[str, object]:
    try:
        value = parse_json(_decoded(text))
    except InvalidJson:
        raise Malformed("the token is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("the token holds no claims")
    return value
