"""Promise 8 on the whole way: a URL is created as the API does it, then sent to until the answers of its name run out."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
import pytest_asyncio

from hookline.api.endpoint_in import EndpointIn, made
from hookline.api.parts import Parts
from hookline.deliver.dialect import Envelope
from hookline.deliver.target import Target
from hookline.deliver.targets import Targets
from hookline.errors import InvalidUrl
from hookline.model.ids import Ids, TenantId
from hookline.net.client import Client
from hookline.net.guard import Guard
from hookline.net.host import literal
from hookline.net.limits import Limits
from hookline.net.request import Request
from hookline.net.url import parse_url
from tests.clock import ManualClock
from tests.deliver.making import NOW, event, standard
from tests.net.client.network import Answers, Authority, Network
from tests.net.ssrf_corpus import CREATED, DELIVERED, OWN, REDIRECTED, REFUSED, Entry, entries, is_forbidden


def named(entry: Entry) -> str:
    return f"{entry.url[:40]!r}: {entry.why}"


def can_be_parsed(entry: Entry) -> bool:
    try:
        parse_url(entry.url)
    except InvalidUrl:
        return False
    return True


ENTRIES = entries()
PARSED = list(filter(can_be_parsed, ENTRIES))
PATIENT = Limits(idle_seconds=300)
"""A slow machine must not cost a connection: each dial of a test has its reason."""


class Journey:
    """One entry on its way: the real guard and the real client over a resolver that knows its answers."""

    def __init__(self, entry: Entry, network: Network, authority: Authority) -> None:
        self.entry = entry
        self.network = network
        self.authority = authority
        self.resolver = Answers(*entry.lookups)
        self.guard = Guard(resolver=self.resolver, allow_http=True)

    async def created(self, dialect: Envelope) -> Request | None:
        """The request to the endpoint as it would be stored, or None if the API refuses it."""
        dialects = {dialect.name: dialect}
        parts = SimpleNamespace(guard=self.guard, dialects=dialects, ids=Ids(ManualClock()))
        try:
            given = msgspec.convert({"url": self.entry.url, "unsigned": True}, EndpointIn)
            endpoint = await made(given, cast("Parts", parts), TenantId("ten_1"), NOW)
        except (InvalidUrl, msgspec.ValidationError):
            return None
        target = Targets(dialects, self.guard.check).get(endpoint)
        assert isinstance(target, Target), "what the API took is refused by the sender"
        return target.request(event(), body=b"{}", attempt=1, now=NOW)

    async def sent(self, request: Request, times: int) -> list[str]:
        """What became of each of so many sends: a status or a cause."""
        client = Client(dial=self.guard, tls=self.authority.trusting, limits=PATIENT)
        tls = self.authority.serving(request.url)
        async with self.network.answering(self._answer(), tls) as receiver:
            told = [await client.send(request) for _ in range(times)]
            await client.close()
        steps = [str(one.status or one.cause) for one in told]
        self._check_dials(request)
        assert receiver.connections == len(self.network.dialled)
        assert len(receiver.requests) == sum(step.isdigit() for step in steps)
        return steps

    def _answer(self) -> bytes:
        if self.entry.redirect is None:
            return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        location = self.entry.redirect.encode()
        return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location

    def _check_dials(self, request: Request) -> None:
        """Only public addresses that this host has, on the port of the URL, each once: the connection is kept."""
        dialled = self.network.dialled
        assert not [address for address, _ in dialled if is_forbidden(address)]
        answers = {request.url.host} if literal(request.url.host) else set().union(*self.entry.lookups)
        assert {address for address, _ in dialled} <= {spelled(answer) for answer in answers}
        assert {port for _, port in dialled} <= {request.url.port}
        assert len(dialled) == len(set(dialled))
        assert self.resolver.hosts <= {request.url.host}


def spelled(answer: str) -> str:
    address = literal(answer)
    return str(getattr(address, "ipv4_mapped", None) or address)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dialect() -> Envelope:
    return standard()


@pytest_asyncio.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
async def test_a_url_is_created_and_reached_or_refused_as_its_entry_says(
    entry: Entry, network: Network, authority: Authority, dialect: Envelope
) -> None:
    journey = Journey(entry, network, authority)
    request = await journey.created(dialect)
    assert not network.dialled
    steps = [REFUSED]
    if request is not None:
        steps = [CREATED, *await journey.sent(request, len(entry.lookups) - 1)]
        assert journey.resolver.asked == (0 if literal(request.url.host) else len(entry.lookups))
    assert steps == entry.steps()
    assert (set(steps) == {CREATED, DELIVERED}) == (entry.must == "allow")


@pytest.mark.parametrize("entry", PARSED, ids=named)
async def test_what_nobody_looked_at_before_is_refused_at_each_dial(
    entry: Entry, network: Network, authority: Authority
) -> None:
    request = Request(url=parse_url(entry.url), body=b"{}")
    steps = await Journey(entry, network, authority).sent(request, len(entry.lookups))
    assert steps == entry.steps_without_creation()


def test_our_own_table_has_every_kind_of_end() -> None:
    ends = {tuple(entry.steps()) for entry in OWN}
    assert {(REFUSED,), (CREATED, DELIVERED), (CREATED, REDIRECTED), (CREATED, "address_refused")} <= ends
    assert (CREATED, DELIVERED, "address_refused", DELIVERED) in ends
