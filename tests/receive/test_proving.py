"""Verifying with keys that must be fetched: newer ones are looked for, and a fault of the provider's is no forgery."""

from collections.abc import Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from hookline.api.proving import LARGE, Proving
from hookline.api.receive_rows import Knock
from hookline.catalog.provider_file import ProviderFile
from hookline.clock import Micros
from hookline.model.attempt import Exchange
from hookline.model.ids import ReceiptId, SourceId, TenantId
from hookline.model.provider import Algorithm
from hookline.model.receipt import Refusal
from hookline.model.source import Source
from hookline.receive.fetcher import AGAIN, Fetcher
from hookline.receive.making import made_token
from hookline.receive.registry import Registered, Registry
from tests.clock import NOON, ManualClock
from tests.receive.making import request
from tests.receive.test_fetcher import SCHEME, Host
from tests.receive.test_registry import set_of

OLD, NEW, STRANGE = (generate_private_key(SECP256R1()) for _ in range(3))


def registered(*others: object) -> Registered:
    schemes = {"one": SCHEME, **{str(n): scheme for n, scheme in enumerate(others)}}
    registry = Registry({"made": ProviderFile("made", {"title": "Made", "schemes": schemes})})
    return registry.compile(
        Source(
            id=SourceId("src_1"),
            tenant_id=TenantId("ten_1"),
            provider="made",
            token="in_1",
            created_at=Micros(NOON),
            updated_at=Micros(NOON),
        )
    )


def knock(
    key: EllipticCurvePrivateKey, kid: str, found: Registered | None = None, body: bytes = b"{}"
) -> Knock:
    token = made_token(Algorithm.JWT_ES256, key, {}, {"kid": kid}).decode()
    return Knock(
        registered=found or registered(),
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
    return [(await proving.proven(one)).refusal for one in knocks]


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
    found = registered({"algorithm": "none"})
    assert await verdicts(door, [knock(OLD, "old", found)]) == [None]
