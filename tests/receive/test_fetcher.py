"""Keys that a provider makes us fetch: kept, shared, bounded for each tenant; and what a fault of the provider's means."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from hookline.clock import SECOND
from hookline.model.attempt import Exchange
from hookline.model.provider import Algorithm, Scheme
from hookline.receive import fetcher
from hookline.receive.fetcher import ABSENT, AGAIN, FAULT, KEPT, Fetcher, KeyUnavailable
from hookline.receive.fetching import FetchRule, Wanted
from hookline.receive.inbound import Malformed
from hookline.receive.view import View
from tests.clock import NOON, ManualClock
from tests.receive.host import Host
from tests.receive.making import request
from tests.receive.test_registry import key_set

SCHEME = {
    "algorithm": "jwt-es256",
    "key": "jwk",
    "signature": {"at": ["{header.X-Token}"]},
    "fetch": {
        "url": "https://keys.example.com{header.X-Path}",
        "host": "keys\\.example\\.com",
        "path": "/keys/.+",
        "form": "jwk",
    },
}
KEYS = Exchange(status=200, body=key_set(2).encode())


def wanted(path: str = "/keys/1", **fetch: Any) -> Wanted:
    scheme = msgspec.convert({**SCHEME, "fetch": {**SCHEME["fetch"], **fetch}}, Scheme)  # type: ignore[dict-item]
    return FetchRule(scheme).of(View(request(b"{}", {"X-Path": path})))


def made(answer: Exchange = KEYS) -> tuple[Fetcher, Host, ManualClock]:
    host, clock = Host(answer), ManualClock()
    return Fetcher(host, clock), host, clock


async def names(fetching: Fetcher, *, tenant: str = "one", path: str = "/keys/1") -> list[str]:
    return [named.name for named in await fetching.keys(tenant, wanted(path))]


async def test_a_key_is_fetched_once_and_kept_for_an_hour() -> None:
    fetching, host, clock = made()
    assert await names(fetching) == await names(fetching) == ["0", "1"]
    clock.turn(KEPT - 1)
    await names(fetching)
    assert len(host.asked) == 1
    clock.turn(1)
    await names(fetching)
    assert len(host.asked) == 2


async def test_who_asks_for_younger_keys_gets_them_once_in_a_while() -> None:
    fetching, host, clock = made()
    await names(fetching)
    host.answer = Exchange(status=200, body=key_set(3).encode())
    clock.turn(AGAIN - 1)
    assert len(await fetching.keys("one", wanted(), AGAIN)) == 2
    clock.turn(1)
    assert len(await fetching.keys("one", wanted(), AGAIN)) == 3
    assert len(host.asked) == 2


async def test_those_who_ask_at_once_share_one_fetch_and_one_who_leaves_takes_nobody_along() -> None:
    fetching, host, _ = made()
    host.open.clear()
    asking = [asyncio.ensure_future(names(fetching)) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking[0].cancel()
    host.open.set()
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(told[0], asyncio.CancelledError)
    assert told[1:] == [["0", "1"]] * 4
    assert len(host.asked) == 1


async def test_what_one_tenant_has_fetched_tells_another_nothing() -> None:
    fetching, host, _ = made()
    await names(fetching, tenant="one")
    await names(fetching, tenant="two")
    assert len(host.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Exchange(detail="no route"),
        Exchange(status=500),
        Exchange(status=503),
        Exchange(status=429),
        Exchange(status=200, truncated=True),
    ],
)
async def test_a_fault_says_nothing_of_the_key_and_is_tried_again_soon(answer: Exchange) -> None:
    fetching, host, clock = made(answer)
    for _ in range(2):
        with pytest.raises(KeyUnavailable):
            await names(fetching)
    assert len(host.asked) == 1
    host.answer = KEYS
    clock.turn(FAULT)
    assert await names(fetching) == ["0", "1"]


@pytest.mark.parametrize(
    "answer",
    [
        Exchange(status=404),
        Exchange(status=302),
        Exchange(status=200, body=b"no JSON"),
        Exchange(status=200, body=b"\xff"),
        Exchange(status=200, body=b"{}"),
        Exchange(status=200, body=json.dumps({"keys": [{"kty": "oct", "k": "AA"}]}).encode()),
    ],
)
async def test_what_is_no_key_is_none_and_is_asked_for_again_a_little_later(answer: Exchange) -> None:
    fetching, host, clock = made(answer)
    assert await names(fetching) == await names(fetching) == []
    assert len(host.asked) == 1
    host.answer = KEYS
    clock.turn(ABSENT)
    assert await names(fetching) == ["0", "1"]


async def test_a_fault_does_not_take_away_a_key_that_is_kept() -> None:
    fetching, host, clock = made()
    await names(fetching)
    host.answer = Exchange(status=500)
    clock.turn(AGAIN)
    with pytest.raises(KeyUnavailable):
        await fetching.keys("one", wanted(), AGAIN)
    assert await names(fetching) == ["0", "1"]


async def test_names_that_strangers_invent_push_out_no_key() -> None:
    fetching, host, _ = made()
    await names(fetching)
    host.answer = Exchange(status=404)
    for number in range(fetcher.MAX_FOUND + 5):
        await names(fetching, path=f"/keys/invented-{number}")
    host.asked.clear()
    assert await names(fetching) == ["0", "1"]
    assert host.asked == []


async def test_a_tenant_has_few_fetches_under_way_and_others_have_theirs() -> None:
    fetching, host, _ = made()
    host.open.clear()
    most = [
        asyncio.ensure_future(names(fetching, path=f"/keys/{number}"))
        for number in range(fetcher.MAX_UNDER_WAY)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(KeyUnavailable):
        await names(fetching, path="/keys/more")
    other = asyncio.ensure_future(names(fetching, tenant="two"))
    host.open.set()
    assert await asyncio.gather(*most, other) == [["0", "1"]] * (len(most) + 1)


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "MAX_FOUND", 2)
    monkeypatch.setattr(fetcher, "MAX_TENANTS", 2)
    fetching, host, _ = made()
    for path in ("/keys/1", "/keys/2", "/keys/1", "/keys/3"):  # 2 is unused longest
        await names(fetching, path=path)
    host.asked.clear()
    for path in ("/keys/1", "/keys/3", "/keys/2"):
        await names(fetching, path=path)
    assert [one.url.target for one in host.asked] == ["/keys/2"]
    for tenant in ("two", "three", "one"):
        await names(fetching, tenant=tenant)
    assert len(host.asked) == 4


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        ({"url": "http://keys.example.com/keys/1"}, ""),
        ({"url": "https://keys.example.com:8443/keys/1"}, ""),
        ({"url": "https://keys.example.com.evil.example/keys/1"}, ""),
        ({"url": "https://evil.example/keys.example.com/keys/1"}, ""),
        ({"url": "https://user@keys.example.com/keys/1"}, ""),
        ({}, "/other/1"),
        ({}, "@evil.example/keys/1"),
        ({}, "/keys/" + "x" * 2000),
        ({}, " /keys/1"),
    ],
)
def test_a_url_that_is_none_of_the_providers_is_never_asked(fetch: dict[str, str], path: str) -> None:
    with pytest.raises(Malformed):
        wanted(path, **fetch)


def certificate(name: str, *, begins: int = -1, ends: int = 1) -> bytes:
    """Of the test's own, valid from and to so many days from now."""
    key, subject = generate_private_key(SECP256R1()), Name([NameAttribute(NameOID.COMMON_NAME, name)])
    noon = datetime.fromtimestamp(NOON / SECOND, UTC)
    made = CertificateBuilder(
        issuer_name=subject, subject_name=subject, public_key=key.public_key(), serial_number=1
    )
    valid = made.not_valid_before(noon + timedelta(begins)).not_valid_after(noon + timedelta(ends))
    return valid.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (certificate("messages.example.com"), 1),
        (certificate("messages.example.com") + certificate("evil.example"), 1),
        (certificate("evil.example") + certificate("messages.example.com"), 0),
        (certificate("messages.example.com.evil.example"), 0),
        (certificate("messages.example.com", begins=-2, ends=-1), 0),
        (certificate("messages.example.com", begins=1, ends=2), 0),
        (b"-----BEGIN CERTIFICATE-----", 0),
        (b"", 0),
    ],
)
async def test_a_certificate_is_the_providers_and_valid_now(body: bytes, found: int) -> None:
    fetching, _, _ = made(Exchange(status=200, body=body))
    asked = wanted(form="certificate", subject=".example.com")
    asked = msgspec.structs.replace(asked, algorithm=Algorithm.ECDSA_SHA256)
    assert len(await fetching.keys("one", asked)) == found
