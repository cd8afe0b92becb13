"""Sources, receipts, and requests of providers that reach a served node byte for byte."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from hookline.clock import Micros
from hookline.model.sample import Sample
from hookline.receive.refusals import EVERY
from tests.api.conftest import Keys, make_keys
from tests.api.raw import as_told, whole, wire
from tests.api.running import Running, Staged, Told
from tests.catalog.provider_cases import now_of, source_of
from tests.receive.vectors import Vector

SECRET = "hookline_test_secret"


async def source(api: Running, keys: Keys, **fields: Any) -> dict[str, Any]:
    given = {"provider": "stripe", "secrets": [SECRET], **fields}
    told = await api.call("POST", "/v1/sources", keys["manage"], json=given)
    assert told.status == 201, told.body
    made: dict[str, Any] = told.json
    return made


async def receipts(api: Running, keys: Keys, made: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """Newest first, once there are so many: those of refused requests are written a moment later."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        told = await api.call("GET", f"/v1/receipts?source={made['id']}", keys["read"])
        found[:] = told.json["items"]
        return len(found) >= count

    for _ in range(200):
        if await there():
            break
        await asyncio.sleep(0.01)
    assert len(found) == count, found
    return found


class Sending(NamedTuple):
    """What a provider sends, and the source that it is meant for."""

    source: dict[str, Any]
    """As it is given to the API."""
    at: Micros
    method: str
    query: str
    headers: Iterable[tuple[str, str]]
    body: bytes

    def to(self, url: str) -> bytes:
        target = f"{url}?{self.query}" if self.query else url
        return whole(self.method, target, self.headers, self.body)


def sending_of_vector(vector: Vector) -> Sending:
    """To a source that accepts every scheme of its provider, and the method that was signed."""
    url, _, query = vector.url.partition("?")
    made = {
        "provider": vector.name,
        "secrets": vector.secrets,
        "parameters": vector.parameters,
        "schemes": list(vector.made.schemes),
        "methods": [vector.method],
        "url": url,
    }
    headers = vector.headers.items()
    return Sending(made, vector.at, vector.method, query, headers, vector.body.encode())


def sending_of_sample(name: str, sample: Sample) -> Sending:
    query = sample.url.partition("?")[2]
    made = source_of(name, sample)
    return Sending(made, now_of(sample), sample.method, query, sample.headers, sample.body)


class Result(NamedTuple):
    """What became of a request that was the first one to a new tenant."""

    told: Told
    receipt: dict[str, Any]
    events: list[dict[str, Any]]
    """All that the tenant has, in the order in which they were stored."""
    source: dict[str, Any]
    keys: Keys


async def receive(stage: Staged, sending: Sending) -> Result:
    """At the time when it counts."""
    keys = await make_keys(stage.api)
    stage.clock.follow(sending.at)
    stage.host.asked.clear()
    made = await source(stage.api, keys, **sending.source)
    async with wire(stage.api.port) as line:
        await line.send(sending.to(made["receive_url"]))
        told = as_told(await line.answer())
    stage.clock.turn(EVERY)
    await stage.api.parts.inbox.refusals.drain()
    return await _result(stage.api, keys, made, told)


async def _result(api: Running, keys: Keys, made: dict[str, Any], told: Told) -> Result:
    async def read(path: str) -> Any:
        return (await api.call("GET", path, keys["manage"])).json

    (listed,) = await receipts(api, keys, made)
    return Result(
        told=told,
        receipt=await read(f"/v1/receipts/{listed['id']}"),
        events=(await read("/v1/events?limit=250"))["items"][::-1],
        source=await read(f"/v1/sources/{made['id']}"),
        keys=keys,
    )


async def body_kept(stage: Staged, result: Result) -> bytes:
    path = f"/v1/receipts/{result.receipt['id']}/body"
    return (await stage.api.call("GET", path, result.keys["read"])).body
