"""Names to addresses: bounded, cached, joined, and never later than the deadline. Asked of a real name server."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from hookline.clock import Micros
from hookline.model.attempt import Cause
from hookline.net import dns
from hookline.net.dial import DialRefused
from hookline.net.dns import MAX_ANSWERS, DnsResolver
from tests.net.name_server import AAAA, SERVFAIL, Name, NameServer, name_server

ADDRESS = "93.184.216.34"
ZONE = {
    "plain.example": Name((ADDRESS, "2606:4700::1111"), ttl=7),
    "alias.example": Name(alias_of="plain.example", ttl=3),
    "brief.example": Name((ADDRESS,), ttl=0),
    "long.example": Name((ADDRESS,), ttl=86_400),
    "half.example": Name((ADDRESS,), hangs_on=AAAA),
    "broken.example": Name(code=SERVFAIL),
    "empty.example": Name(),
    "many.example": Name(tuple(f"93.184.{i // 250}.{i % 250 + 1}" for i in range(1000))),
    "inside.example": Name(("10.0.0.1",)),
} | {f"hangs{i}.example": Name(hangs=True) for i in range(100)}


class Hands:
    """A clock whose hands the test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> Micros:
        return Micros(int(self.seconds * 1_000_000))

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with name_server(dict(ZONE)) as running:
        yield running


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def resolver(server: NameServer, hands: Hands) -> AsyncIterator[DnsResolver]:
    resolver = DnsResolver(hands, nameservers=[server.address])
    yield resolver
    await resolver.close()


def soon(seconds: float = 20.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def refusal(resolver: DnsResolver, host: str, seconds: float = 20.0) -> Cause:
    with pytest.raises(DialRefused) as caught:
        await resolver.resolve(host, soon(seconds))
    return caught.value.cause


async def test_a_name_has_the_addresses_of_both_families_also_through_an_alias(resolver: DnsResolver) -> None:
    assert set(await resolver.resolve("plain.example", soon())) == {ADDRESS, "2606:4700::1111"}
    assert set(await resolver.resolve("alias.example", soon())) == {ADDRESS, "2606:4700::1111"}


@pytest.mark.parametrize(
    ("host", "seconds"),
    [("plain.example", 7), ("alias.example", 3), ("brief.example", 1), ("long.example", 60)],
)
async def test_an_answer_is_kept_for_the_smallest_ttl_on_its_way_but_for_1_to_60_seconds(
    resolver: DnsResolver, hands: Hands, host: str, seconds: float
) -> None:
    found = await resolver.resolve(host, soon())
    hands.seconds += seconds - 0.1
    assert resolver.cached(host) == found
    hands.seconds += 0.2
    assert resolver.cached(host) is None


async def test_a_changed_answer_is_seen_when_the_old_one_has_run_out(
    resolver: DnsResolver, server: NameServer, hands: Hands
) -> None:
    assert await resolver.resolve("brief.example", soon()) == (ADDRESS,)
    server.zone["brief.example"] = Name(("10.0.0.1",), ttl=0)
    assert await resolver.resolve("brief.example", soon()) == (ADDRESS,)
    hands.seconds += 1.1
    assert await resolver.resolve("brief.example", soon()) == ("10.0.0.1",)


@pytest.mark.parametrize("host", ["absent.example", "broken.example", "empty.example"])
async def test_a_failure_is_told_and_kept_for_one_second(
    resolver: DnsResolver, server: NameServer, hands: Hands, host: str
) -> None:
    assert await refusal(resolver, host) is Cause.DNS_FAILED
    asked = server.asked[host]
    with pytest.raises(DialRefused):
        resolver.cached(host)
    assert await refusal(resolver, host) is Cause.DNS_FAILED
    assert server.asked[host] == asked
    hands.seconds += 1.1
    assert resolver.cached(host) is None


@pytest.mark.parametrize(
    ("host", "seconds"), [("absent.example", 1.1), ("broken.example", 1.1), ("empty.example", 60.1)]
)
async def test_a_name_that_gets_an_address_is_found_within_a_minute(
    resolver: DnsResolver, server: NameServer, hands: Hands, host: str, seconds: float
) -> None:
    """c-ares would keep "no address of this family", unlike "no such name", for an hour."""
    await refusal(resolver, host)
    server.zone[host] = Name((ADDRESS,))
    hands.seconds += seconds
    assert await resolver.resolve(host, soon()) == (ADDRESS,)


async def test_a_look_up_outlives_the_channel_that_it_began_on(resolver: DnsResolver, hands: Hands) -> None:
    slow = asyncio.create_task(resolver.resolve("half.example", soon()))
    await asyncio.sleep(0.01)
    hands.seconds += 61
    await resolver.resolve("brief.example", soon())
    assert await slow == (ADDRESS,)


async def test_a_name_server_that_is_silent_costs_no_more_than_the_deadline(resolver: DnsResolver) -> None:
    started = time.monotonic()
    assert await refusal(resolver, "hangs1.example", 0.2) is Cause.DNS_TIMEOUT
    assert time.monotonic() - started < 1


async def test_a_name_server_that_is_not_there_is_a_timeout_not_a_wrong_name(hands: Hands) -> None:
    async with name_server({}) as gone:
        pass
    resolver = DnsResolver(hands, nameservers=[gone.address])
    assert await refusal(resolver, "plain.example") is Cause.DNS_TIMEOUT
    await resolver.close()


async def test_a_deadline_that_has_passed_is_a_timeout_at_once(resolver: DnsResolver) -> None:
    assert await refusal(resolver, "plain.example", -1) is Cause.DNS_TIMEOUT


async def test_an_answer_for_one_family_does_not_wait_long_for_the_other(resolver: DnsResolver) -> None:
    started = time.monotonic()
    await resolver.resolve("plain.example", soon())
    assert await resolver.resolve("half.example", soon()) == (ADDRESS,)
    assert time.monotonic() - started < 3


async def test_a_hundred_names_that_hang_do_not_delay_a_healthy_one(resolver: DnsResolver) -> None:
    hanging = [asyncio.create_task(refusal(resolver, f"hangs{i}.example", 1)) for i in range(100)]
    await asyncio.sleep(0)
    assert await resolver.resolve("brief.example", soon()) == (ADDRESS,)
    assert not any(look_up.done() for look_up in hanging)
    assert set(await asyncio.gather(*hanging)) == {Cause.DNS_TIMEOUT}


async def test_all_who_ask_for_a_name_at_once_share_one_look_up(
    resolver: DnsResolver, server: NameServer
) -> None:
    found = await asyncio.gather(*(resolver.resolve("brief.example", soon()) for _ in range(50)))
    assert set(found) == {(ADDRESS,)}
    assert server.asked["brief.example"] == 1


async def test_one_who_gives_up_does_not_end_the_look_up_of_the_others(resolver: DnsResolver) -> None:
    patient = asyncio.create_task(resolver.resolve("half.example", soon()))
    await asyncio.sleep(0)
    assert await refusal(resolver, "half.example", 0.01) is Cause.DNS_TIMEOUT
    assert await patient == (ADDRESS,)


async def test_a_thousand_answers_are_capped(resolver: DnsResolver) -> None:
    found = await resolver.resolve("many.example", soon())
    assert len(set(found)) == MAX_ANSWERS


async def test_the_cache_is_bounded_and_forgets_the_oldest(
    resolver: DnsResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns, "MAX_NAMES", 2)
    for host in ("plain.example", "brief.example", "long.example"):
        await resolver.resolve(host, soon())
    assert resolver.cached("plain.example") is None
    assert resolver.cached("brief.example") == resolver.cached("long.example") == (ADDRESS,)


async def test_an_address_and_localhost_never_go_to_dns(resolver: DnsResolver, server: NameServer) -> None:
    assert resolver.cached(ADDRESS) == (ADDRESS,)
    assert await resolver.resolve("2606:4700::1111", soon()) == ("2606:4700::1111",)
    assert "127.0.0.1" in await resolver.resolve("localhost", soon())
    assert not server.asked


async def test_a_name_is_whole_and_gets_no_search_domain(
    resolver: DnsResolver, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDOMAIN", "corp.example")
    await refusal(resolver, "db")
    assert set(server.asked) == {"db"}


async def test_closing_ends_look_ups_that_nobody_answers(server: NameServer) -> None:
    resolver = DnsResolver(Hands(), nameservers=[server.address])
    waiting = asyncio.create_task(resolver.resolve("hangs1.example", soon()))
    await asyncio.sleep(0.01)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
