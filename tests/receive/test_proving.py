"""Verifying with keys that must be fetched: newer ones are looked for, and a fault of the provider's is no forgery."""

import gzip
import hmac
from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from hookline.api.proving import LARGE, Proving
from hookline.api.receive_rows import Knock
from hookline.clock import Micros
from hookline.model.attempt import Exchange
from hookline.model.ids import ReceiptId
from hookline.model.provider import Algorithm
from hookline.model.receipt import Refusal
from hookline.receive.fetcher import AGAIN, Fetcher
from hookline.receive.making import made_token
from hookline.receive.registry import Registered
from tests.clock import NOON, ManualClock
from tests.receive.host import Host
from tests.receive.making import request
from tests.receive.test_fetcher import KEYS, SCHEME
from tests.receive.test_registry import HMAC, registered, set_of

OLD, NEW, STRANGE = (generate_private_key(SECP256R1()) for _ in range(3))


def knock(
    key: EllipticCurvePrivateKey, kid: str, found: Registered | None = None, body: bytes = b"{}"
) -> Knock:
    token = made_token(Algorithm.JWT_ES256, key, {}, {"kid": kid}).decode()
    return Knock(
        registered=found or registered({"one": SCHEME}),
        inbound=request(body, {"X-Token": token, "X-Path": "/keys/1"}),
        at=Micros(NOON),
        remote="192.0.2.1",
        receipt_id=ReceiptId("rcp_1"),
    )


def answered(*keys: tuple[str, EllipticCurvePrivateKey]) -> Exchange:
    return Exchange(status=200, body=set_of([(name, key.public_key()) for name, key in keys]).encode())


def proving(answer: Exchange) -> tuple[Proving, Host, ManualClock]:
    host, clock = Host(answer), ManualClock()
    return Proving(Fetcher(host, clock)), host, clock


async def verdicts(proving: Proving, knocks: Sequence[Knock]) -> list[Refusal | None]:
    return [(await proving.proven(one))[1].refusal for one in knocks]


@pytest.mark.parametrize("body", [b"{}", b" " * (LARGE + 1)])
async def test_a_request_is_proven_by_the_key_that_it_names(body: bytes) -> None:
    door, _, _ = proving(answered(("old", OLD)))
    told = await verdicts(door, [knock(OLD, "old", body=body), knock(STRANGE, "old", body=body)])
    assert told == [None, Refusal.BAD_SIGNATURE]


async def test_a_key_that_is_not_among_those_kept_is_looked_for_once_in_a_while() -> None:
    door, host, clock = proving(answered(("old", OLD)))
    assert await verdicts(door, [knock(OLD, "old"), knock(NEW, "new")]) == [None, Refusal.UNKNOWN_KEY]
    host.answer = answered(("old", OLD), ("new", NEW))
    assert await verdicts(door, [knock(NEW, "new")]) == [Refusal.UNKNOWN_KEY]
    assert len(host.asked) == 1
    clock.turn(AGAIN)
    assert await verdicts(door, [knock(NEW, "new"), knock(OLD, "old")]) == [None, None]
    assert await verdicts(door, [knock(STRANGE, "none")] * 20) == [Refusal.UNKNOWN_KEY] * 20
    assert len(host.asked) == 2


async def test_a_key_that_cannot_be_had_just_now_is_no_forgery() -> None:
    door, _, _ = proving(Exchange(status=503))
    assert await verdicts(door, [knock(OLD, "old")]) == [Refusal.KEY_UNAVAILABLE]


async def test_a_key_that_the_provider_does_not_have_is_unknown() -> None:
    door, _, _ = proving(Exchange(status=404))
    assert await verdicts(door, [knock(OLD, "old")]) == [Refusal.UNKNOWN_KEY]


async def test_what_another_scheme_proves_waits_for_no_key() -> None:
    door, _, _ = proving(Exchange(status=503))
    found = registered({"one": SCHEME, "other": {"algorithm": "none"}})
    assert await verdicts(door, [knock(OLD, "old", found)]) == [None]


@pytest.mark.parametrize("body", [b'{"tokens": []}', b"{}", b"no JSON"])
async def test_where_each_item_is_signed_and_none_is_there_no_key_is_fetched(body: bytes) -> None:
    door, host, _ = proving(answered(("old", OLD)))
    each = registered({"one": {**SCHEME, "each": "tokens", "signature": {"at": ["{item..}"]}}})
    assert None not in await verdicts(door, [knock(OLD, "old", each, body)])
    assert host.asked == []
    await verdicts(door, [knock(OLD, "old", each, b'{"tokens": ["e30.e30.e30"]}')])
    assert len(host.asked) == 1


PLAIN = b'{"id": 1}'
PACKED = gzip.compress(PLAIN, mtime=0)


def compressed(signed: bytes, secret: str = "right") -> Knock:
    """A compressed body with a signature over `signed`."""
    signature = hmac.digest(secret.encode(), signed, "sha256").hex()
    return Knock(
        registered=registered({"one": HMAC}, "right"),
        inbound=request(PACKED, {"X-Signature": signature, "Content-Encoding": "gzip"}),
        at=Micros(NOON),
        remote="192.0.2.1",
        receipt_id=ReceiptId("rcp_1"),
    )


@pytest.mark.parametrize("signed", [PACKED, PLAIN])
async def test_a_compressed_body_is_signed_as_it_came_or_as_it_is_within(signed: bytes) -> None:
    door, _, _ = proving(KEYS)
    found, verdict = await door.verified(compressed(signed))
    assert (verdict.refusal, found.inbound.body) == (None, PLAIN)
    assert found.judged_by(registered({"one": HMAC}, "right")).refusal is None
    assert found.judged_by(registered({"one": HMAC}, "another")).refusal is Refusal.BAD_SIGNATURE


async def test_what_is_refused_stays_as_it_came() -> None:
    door, _, _ = proving(KEYS)
    found, verdict = await door.verified(compressed(PLAIN, "wrong"))
    assert (verdict.refusal, found.inbound.body) == (Refusal.BAD_SIGNATURE, PACKED)


async def test_what_a_fetched_key_has_proven_is_proven_by_newer_rules_too() -> None:
    door, host, _ = proving(answered(("old", OLD)))
    found, _ = await door.verified(knock(OLD, "old"))
    host.answer = Exchange(status=404)
    assert found.judged_by(registered({"one": SCHEME})).refusal is None
    assert found.judged_by(registered({"one": HMAC}, "right")).refusal is Refusal.NO_SIGNATURE
