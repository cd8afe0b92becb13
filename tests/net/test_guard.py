"""Promise 8: no request leaves for an address that the operator did not allow."""

from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import ConfigurationError, InvalidUrl
from hookline.model.attempt import Cause
from hookline.net.dial import DialRefused
from hookline.net.guard import REFUSED, Guard
from hookline.net.ranges import RANGES, Range
from hookline.net.url import parse_url
from tests.net.ssrf_cases import ALLOWED, BLOCKED, PUBLIC, Case
from tests.net.stub import StubResolver

NEVER = float("inf")


async def dialled(url: str, dns: Sequence[Sequence[str]], *, allow_http: bool = True) -> list[str] | None:
    """What is dialled if the URL is created, then dialled until the answers run out; None at the first refusal."""
    guard = Guard(resolver=StubResolver(*dns), allow_http=allow_http)
    addresses: list[str] = []
    try:
        parsed = parse_url(url)
        await guard.check_resolved(parsed, NEVER)
        for _ in range(max(len(dns) - 1, 1)):
            addresses += await guard.addresses(parsed.host, parsed.port, NEVER)
    except (InvalidUrl, DialRefused):
        return None
    return addresses


@pytest.mark.parametrize("case", BLOCKED, ids=lambda case: case.why)
async def test_a_url_that_leads_inside_is_refused_at_the_dial_at_the_latest(case: Case) -> None:
    assert await dialled(case.url, case.dns) is None


@pytest.mark.parametrize("case", ALLOWED, ids=lambda case: case.why)
async def test_a_url_that_leads_outside_is_allowed(case: Case) -> None:
    assert await dialled(case.url, case.dns)


def _parts(number: int, count: int) -> list[int]:
    """An address as inet_aton reads it in `count` parts: the last one takes all bytes that are left."""
    head = [(number >> shift) & 0xFF for shift in (24, 16, 8)][: count - 1]
    return [*head, number & ((1 << 8 * (5 - count)) - 1)]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A private IPv4 address in any base, number of parts, padding, case, bracket, script."""
    network = ip_network(draw(st.sampled_from([row.network for row in RANGES if ":" not in row.network])))
    number = int(network[0]) + draw(st.integers(0, network.num_addresses - 1))
    if draw(st.booleans()):
        form = draw(
            st.sampled_from(["[::ffff:{}]", "[::{}]", "[64:ff9b::{}]", "[fe80::5efe:{}]", "[{}]", "{}."])
        )
        return form.format(IPv4Address(number))
    bases = st.sampled_from(["{:d}", "0{:o}", "0x{:x}", "0X{:X}", "000{:o}", "0x000{:x}"])
    text = ".".join(draw(bases).format(part) for part in _parts(number, draw(st.integers(1, 4))))
    digits = draw(
        st.sampled_from(["0123456789", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "٠١٢٣٤٥٦٧٨٩", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"])
    )
    dot = draw(st.sampled_from(["."] * 4 + ["。", "．", "｡", "%2e"]))
    return text.translate(str.maketrans("0123456789", digits)).replace(".", dot)


@given(spellings(), st.sampled_from(["", "/", ":80/", "/?a#b"]), st.sampled_from(["http://", "https://"]))
def test_no_spelling_of_a_private_ipv4_address_gets_through(host: str, rest: str, scheme: str) -> None:
    # The resolver calls every name public: only the parser and the table are left to stop it.
    guard = Guard(resolver=StubResolver(known=[PUBLIC]), allow_http=True)
    with pytest.raises(InvalidUrl):
        guard.check(parse_url(f"{scheme}{host}{rest}"))


@given(st.ip_addresses())
def test_what_is_allowed_is_public_by_every_other_opinion_too(address: object) -> None:
    guard = Guard(resolver=StubResolver(known=[str(address)]))
    try:
        approved = guard.cached("name.example", 443)
    except DialRefused:
        return
    assert approved is not None
    assert all(ip_address(text).is_global and not ip_address(text).is_multicast for text in approved)


@pytest.mark.parametrize("row", RANGES, ids=lambda row: row.network)
async def test_both_ends_of_every_range_are_refused_with_a_reason_that_tenants_do_not_see(
    row: Range,
) -> None:
    network = ip_network(row.network)
    for address in (str(network[0]), str(network[-1])):
        guard = Guard(resolver=StubResolver([address]))
        assert guard.reason(address)
        with pytest.raises(DialRefused) as caught:
            await guard.addresses("name.example", 443, NEVER)
        assert (caught.value.cause, caught.value.detail) == (Cause.ADDRESS_REFUSED, REFUSED)


async def test_every_refused_address_and_name_gets_the_same_words() -> None:
    guard = Guard(resolver=StubResolver(["10.0.0.1"]))
    texts = (
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "localhost",
        "db",
        "metadata.google.internal",
        "in.example",
    )
    said = set()
    for text in texts:
        with pytest.raises(InvalidUrl) as caught:
            await guard.check_resolved(parse_url(f"https://{text}/"), NEVER)
        said.add((caught.value.detail, caught.value.hint, caught.value.field))
    assert len(said) == 1


async def test_a_name_without_an_address_is_accepted_at_first_and_refused_at_the_dial() -> None:
    guard = Guard(resolver=StubResolver([]))
    await guard.check_resolved(parse_url("https://soon.example/"), NEVER)
    with pytest.raises(DialRefused) as caught:
        await guard.addresses("soon.example", 443, NEVER)
    assert caught.value.cause is Cause.DNS_FAILED


def test_plain_http_needs_the_operators_word() -> None:
    url = parse_url("http://example.com/")
    Guard(resolver=StubResolver(), allow_http=True).check(url)
    with pytest.raises(InvalidUrl, match="https"):
        Guard(resolver=StubResolver()).check(url)


async def test_a_port_of_another_protocol_is_refused_at_the_dial_too() -> None:
    with pytest.raises(DialRefused):
        await Guard(resolver=StubResolver([PUBLIC])).addresses("example.com", 6379, NEVER)


@pytest.mark.parametrize(
    "name", ["localhost", "db", "x.internal", "metadata.google.internal", "metadata.goog"]
)
async def test_a_private_name_is_refused_at_the_dial_whatever_it_resolves_to(name: str) -> None:
    resolver = StubResolver([PUBLIC], known=[PUBLIC])
    with pytest.raises(DialRefused):
        await Guard(resolver=resolver).addresses(name, 443, NEVER)
    assert not passes(Guard(resolver=resolver), name)
    assert not resolver.asked


def test_an_address_that_is_known_is_answered_without_waiting_and_one_that_is_not_is_none() -> None:
    assert Guard(resolver=StubResolver()).cached("example.com", 443) is None
    assert Guard(resolver=StubResolver(known=[PUBLIC])).cached("example.com", 443) == (PUBLIC,)
    assert Guard(resolver=StubResolver()).cached(PUBLIC, 443) == (PUBLIC,)


def test_a_mapped_answer_is_dialled_as_the_ipv4_address_that_was_judged() -> None:
    assert Guard(resolver=StubResolver(known=["::ffff:8.8.8.8"])).cached("a.example", 443) == ("8.8.8.8",)


def allowing(*networks: str, hosts: Sequence[str] = (), answer: str = "", nat64: bool = False) -> Guard:
    allowed = [ip_network(network) for network in networks]
    stub = StubResolver(known=[answer] if answer else None)
    return Guard(resolver=stub, allow_networks=allowed, allow_hosts=hosts, nat64=nat64)


def passes(guard: Guard, host: str) -> bool:
    try:
        return bool(guard.cached(host, 443))
    except DialRefused:
        return False


def test_an_allowed_network_opens_its_addresses_and_private_names_that_lead_there() -> None:
    guard = allowing("127.0.0.0/8", "::1/128", answer="127.0.0.1")
    assert all(passes(guard, host) for host in ("127.0.0.1", "::1", "localhost", "receiver", "::ffff:7f00:1"))
    assert not passes(guard, "10.0.0.1")


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"]
)
def test_metadata_stays_shut_until_it_is_allowed_by_itself(address: str) -> None:
    assert not passes(allowing("0.0.0.0/0", "::/0", "100.64.0.0/10", "fd00::/8"), address)
    assert not passes(allowing(hosts=["meta.example"], answer=address), "meta.example")
    assert passes(allowing(address), address)


def test_an_allowed_host_may_have_private_addresses_and_others_may_not() -> None:
    guard = allowing(hosts=["billing.internal", "*.corp.example", "10.9.9.9"], answer="10.0.0.1")
    assert all(passes(guard, host) for host in ("billing.internal", "a.b.corp.example", "10.9.9.9"))
    assert not any(
        passes(guard, host) for host in ("other.internal", "corp.example", "x.example", "10.9.9.8")
    )


def test_a_host_pattern_that_is_none_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match="allowed"):
        allowing(hosts=["http://a.example/"])


def test_own_addresses_and_own_names_are_refused_unless_allowed() -> None:
    own = ip_address("198.51.99.7")
    stub = StubResolver(known=[str(own)])
    guard = Guard(resolver=stub, own_addresses=[own], own_hosts=["hooks.example.com"])
    assert not any(passes(guard, host) for host in (str(own), "points.at.us.example", "hooks.example.com"))
    opened = Guard(resolver=stub, own_addresses=[own], allow_networks=[ip_network("198.51.99.7/32")])
    assert passes(opened, str(own))


def test_nat64_is_judged_by_the_address_inside_where_the_operator_says_so() -> None:
    guard = allowing(nat64=True)
    assert guard.cached("64:ff9b::808:808", 443) == ("64:ff9b::808:808",)
    assert not passes(guard, "64:ff9b::a9fe:a9fe")
    assert not passes(allowing(), "64:ff9b::808:808")
