"""What one request to a source may cost: every key of every scheme is held against it."""

import base64
import json
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
    generate_private_key,
)

from hookline.catalog.provider_file import ProviderFile
from hookline.clock import Micros
from hookline.errors import InvalidField
from hookline.model.endpoint import Secret
from hookline.model.ids import SecretId, SourceId, TenantId
from hookline.model.source import Source
from hookline.receive.registry import MAX_CHECKS, Registered, Registry
from tests.clock import NOON

TOKENS = {"algorithm": "jwt-es256", "key": "jwk", "signature": {"at": ["{header.X-Token}"]}}
HMAC = {"algorithm": "hmac-sha256", "signature": {"at": ["{header.X-Signature}"]}}


def set_of(keys: Iterable[tuple[str, EllipticCurvePublicKey]]) -> str:
    """A JWK set (RFC 7517) of `kid` and key."""
    return json.dumps({"keys": [_jwk(kid, key.public_numbers()) for kid, key in keys]})


def key_set(count: int) -> str:
    key = generate_private_key(SECP256R1()).public_key()
    return set_of([(str(number), key) for number in range(count)])


def _jwk(kid: str, numbers: EllipticCurvePublicNumbers) -> dict[str, str]:
    point = {
        name: base64.urlsafe_b64encode(value.to_bytes(32, "big")).decode().rstrip("=")
        for name, value in (("x", numbers.x), ("y", numbers.y))
    }
    return {"kty": "EC", "crv": "P-256", "kid": kid, **point}


def registered(schemes: Mapping[str, object], *secrets: str) -> Registered:
    """A source of a provider of these schemes."""
    registry = Registry({"made": ProviderFile("made", {"title": "Made", "schemes": schemes})})
    kept = tuple(
        Secret(id=SecretId(f"sec_{n}"), value=value, created_at=Micros(NOON))
        for n, value in enumerate(secrets)
    )
    return registry.compile(
        Source(
            id=SourceId("src_1"),
            tenant_id=TenantId("ten_1"),
            provider="made",
            token="in_1",
            secrets=kept,
            created_at=Micros(NOON),
            updated_at=Micros(NOON),
        )
    )


@pytest.mark.parametrize(
    ("remote", "inside"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.3.7", False),
        ("192.0.3.7", False),
        ("::1", False),
        ("unix", False),
        ("", False),
    ],
)
def test_an_address_is_the_same_however_the_socket_spells_it(remote: str, *, inside: bool) -> None:
    """A socket for both families tells IPv4 as IPv6 (RFC 4291, 2.5.5.2)."""
    made = msgspec.structs.replace(registered({"one": HMAC}, "s"), networks=[ip_network("192.0.2.0/24")])
    assert made.lets_in(remote) is inside


def test_key_sets_count_key_by_key() -> None:
    registered({"one": TOKENS}, key_set(100), key_set(MAX_CHECKS - 100))
    with pytest.raises(InvalidField, match=f"more than {MAX_CHECKS} keys") as caught:
        registered({"one": TOKENS}, key_set(100), key_set(MAX_CHECKS - 99))
    assert caught.value.field == "secrets"


def test_every_form_of_the_content_counts_for_every_key() -> None:
    contents = ["{body}", "{body}.", "a{body}", "b{body}"]
    secrets = [f"a secret, number {n}" for n in range(MAX_CHECKS // 4 + 1)]
    registered({"one": {**HMAC, "content": contents}}, *secrets[1:])
    with pytest.raises(InvalidField, match="more than"):
        registered({"one": {**HMAC, "content": contents}}, *secrets)
