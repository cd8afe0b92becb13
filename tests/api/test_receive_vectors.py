"""What providers send, over HTTP, to sources made for it, at the time of each: vectors from documents and SDKs, and the
samples and handshakes of the catalogue.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from hookline.clock import SECOND, Micros
from hookline.model.attempt import Exchange
from hookline.model.sample import Sample
from hookline.net.client import Request
from tests.api.conftest import Keys, make_keys
from tests.api.raw import wire
from tests.api.running import Running, Told, serving, settings_for
from tests.catalog.provider_cases import PROVIDERS, cases, is_shaken, is_signed, now_of, samples_of
from tests.clock import StatedClock
from tests.receive.test_vectors import verdict_on
from tests.receive.vectors import NEEDED, Vector, vectors

_OURS = {"host", "content-length", "connection"}
"""Headers that whoever sends says anew."""


def _learns(sample: Sample) -> bool:
    return is_shaken(sample) and not sample.secrets and not sample.rule.scheme


class Hosts:
    """Stands for every host of a provider, and answers all with 200."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def send(self, request: Request) -> Exchange:
        self.asked.append((request.method, str(request.url)))
        return Exchange(status=200)


class Inn(NamedTuple):
    """A running API to whose sources everybody comes."""

    api: Running
    keys: Keys
    clock: StatedClock
    hosts: Hosts

    async def source(self, provider: str, **given: Any) -> dict[str, Any]:
        json = {"provider": provider, **given}
        told = await self.api.call("POST", "/v1/sources", self.keys["manage"], json=json)
        assert told.status == 201, told.body
        made: dict[str, Any] = told.json
        return made

    async def source_of(self, provider: str, sample: Sample) -> dict[str, Any]:
        """As the sample says, with no scheme but that which proves it."""
        return await self.source(
            provider,
            secrets=list(sample.secrets),
            parameters=sample.parameters,
            overrides=sample.overrides,
            url=sample.url.partition("?")[0],
            schemes=[sample.rule.scheme] if sample.rule.scheme else [],
            verification="required" if sample.rule.scheme else "optional",
        )

    async def sent(self, made: dict[str, Any], sample: Sample) -> Told:
        self.clock.wall = now_of(sample)
        return await self.knock(made, sample.method, sample.url, sample.headers, sample.body)

    async def knock(
        self, made: dict[str, Any], method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Told:
        """The request as it came, but for where it goes to."""
        target = "".join([made["receive_url"], *url.partition("?")[1:]])
        lines = [f"{name}: {value}" for name, value in headers if name.lower() not in _OURS]
        head = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *lines]
        raw = "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode("latin-1")
        async with wire(self.api.port) as line:
            await line.send(raw + body)
            return _told(await line.rest())

    async def receipt(self, made: dict[str, Any]) -> dict[str, Any]:
        """The one of this source, whole."""
        await self.api.parts.inbox.refusals.drain()
        (found,) = (await self._read(f"/v1/receipts?source={made['id']}"))["items"]
        whole: dict[str, Any] = await self._read(f"/v1/receipts/{found['id']}")
        return whole

    async def events(self, receipt: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Of each event of a receipt: its key, its type, and its type in the provider's words."""
        found = []
        for item in receipt["events"]:
            event = await self._read(f"/v1/events/{item['event_id']}")
            found.append((event["idempotency_key"] or "", event["type"], item["original_type"]))
        return found

    async def secrets(self, made: dict[str, Any]) -> list[dict[str, Any]]:
        told = await self.api.call("GET", f"/v1/sources/{made['id']}/secrets", self.keys["manage"])
        items: list[dict[str, Any]] = told.json["items"]
        return items

    async def _read(self, path: str) -> Any:
        told = await self.api.call("GET", path, self.keys["read"])
        assert told.status == 200, told.body
        return told.json


def _told(raw: bytes) -> Told:
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Told(int(status.split(" ")[1]), body, headers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inn]:
    clock, hosts = StatedClock(), Hosts()
    settings = settings_for(tmp_path_factory.mktemp("inn"))
    async with serving(settings, clock=clock, sender=hosts) as api:
        yield Inn(api, await make_keys(api), clock, hosts)
        assert api.faults() == []


@NEEDED
@pytest.mark.parametrize("vector", list(vectors()))
async def test_a_vector_gets_the_verdict_that_stands_beside_it(inn: Inn, vector: Vector) -> None:
    made = await inn.source(
        vector.name,
        secrets=list(vector.secrets),
        parameters=vector.parameters,
        schemes=list(PROVIDERS[vector.name].provider(vector.parameters, {}).schemes),
        methods=[vector.method],
        url=vector.url.partition("?")[0],
    )
    inn.clock.wall = Micros(vector.now * SECOND)
    told = await inn.knock(made, vector.method, vector.url, vector.headers.items(), vector.body.encode())
    receipt = await inn.receipt(made)
    assert (told.status // 100 == 2) == vector.valid, (receipt, vector.source, vector.note)
    if vector.valid:
        assert receipt["outcome"] in {"accepted", "handshake"}
    else:
        assert (told.status, receipt["outcome"], receipt["events"]) == (401, "refused", [])
        assert receipt["cause"] == verdict_on(vector).refusal


@pytest.mark.parametrize(("name", "sample"), cases(lambda sample: not is_shaken(sample)))
async def test_a_sample_becomes_the_events_that_stand_beside_it(inn: Inn, name: str, sample: Sample) -> None:
    made = await inn.source_of(name, sample)
    told = await inn.sent(made, sample)
    receipt = await inn.receipt(made)
    answer = PROVIDERS[name].provider(sample.parameters, sample.overrides).answer
    assert (told.status, receipt["outcome"], receipt["cause"]) == (answer.status, "accepted", None)
    found, wanted = await inn.events(receipt), sample.rule.events
    assert [(key, type_) for key, type_, _ in found] == [
        (f"{made['id']} {event.id}" if event.id else "", event.type) for event in wanted
    ]
    for (_, _, original), event in zip(found, wanted, strict=True):
        assert event.original in {"", original}


@pytest.mark.parametrize(("name", "sample"), cases(is_shaken))
async def test_a_handshake_is_answered_as_its_provider_wants(inn: Inn, name: str, sample: Sample) -> None:
    made, asked = await inn.source_of(name, sample), len(inn.hosts.asked)
    told, wanted = await inn.sent(made, sample), sample.rule.answer
    assert wanted is not None
    assert (told.status, told.body.decode()) == (wanted.status, wanted.body)
    assert {key.lower(): value for key, value in wanted.headers.items()}.items() <= told.headers.items()
    receipt = await inn.receipt(made)
    assert (receipt["outcome"], receipt["handshake"]) == ("handshake", sample.rule.handshake)
    assert (receipt["events"], receipt["body"]) == ([], None)
    visits = PROVIDERS[name].shown.handshakes[sample.rule.handshake].visit is not None
    assert len(inn.hosts.asked) - asked == visits


@pytest.mark.parametrize(("name", "sample"), cases(_learns))
async def test_the_secret_that_a_handshake_tells_verifies_what_comes_after_it(
    inn: Inn, name: str, sample: Sample
) -> None:
    made = await inn.source(name, url=sample.url)
    await inn.sent(made, sample)
    (kept,) = await inn.secrets(made)
    if not kept["confirmed"]:
        path = f"/v1/sources/{made['id']}/confirm"
        assert (await inn.api.call("POST", path, inn.keys["manage"])).status == 200
    others = [one for one in samples_of(name) if is_signed(one)]
    assert [(await inn.sent(made, one)).status for one in others] == [200] * len(others)
    assert kept["value"] == others[0].secrets[0]
