"""Sources, receipts, and requests of providers that reach a served node byte for byte."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, NamedTuple

from hookline.clock import Micros, SystemClock
from hookline.model.sample import Sample
from hookline.receive.refusals import EVERY
from tests.api.conftest import Keys, Staged
from tests.api.raw import as_told, whole, wire
from tests.api.running import Running, Told
from tests.catalog.provider_cases import now_of, source_of
from tests.receive.vectors import Vector

SECRET = "hookline_test_secret"
BODY = b'{ "id": "evt_1", "type": "invoice.paid", "price": 1.10, "name": "M\xc3\xbcller" }'


def stripe(body: bytes, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    time = at if at is not None else SystemClock().now() // 1_000_000
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={time},v1={digest}", "Content-Type": "application/json"}


async def knock(api: Running, made: dict[str, Any], body: bytes = BODY, **more: Any) -> Told:
    headers = more.pop("headers", None)
    path = more.pop("path", made["receive_url"])
    return await api.call(more.pop("method", "POST"), path, body=body, headers=headers or stripe(body))


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
    """What became of it."""

    told: Told
    source: dict[str, Any]
    receipt: dict[str, Any]
    body: bytes
    """As the receipt keeps it."""
    events: list[dict[str, Any]]
    """All of the source, as the API lists them, but the oldest first."""


async def receive(stage: Staged, sending: Sending) -> Result:
    """By a new source."""
    stage.clock.follow(sending.at)
    stage.host.asked.clear()
    made = await source(stage.api, stage.keys, **sending.source)
    async with wire(stage.api.port) as line:
        await line.send(sending.to(made["receive_url"]))
        told = as_told(await line.answer())
    stage.clock.turn(EVERY)
    await stage.api.parts.inbox.refusals.drain()
    return await _result(stage, made, told)


async def _result(stage: Staged, made: dict[str, Any], told: Told) -> Result:
    async def read(path: str) -> Any:
        return (await stage.api.call("GET", path, stage.keys["read"])).json

    (listed,) = await receipts(stage.api, stage.keys, made)
    receipt = await read(f"/v1/receipts/{listed['id']}")
    events = [one for one in (await read("/v1/events?limit=20"))["items"] if one["source_id"] == made["id"]]
    return Result(told, made, receipt, _kept(receipt["body"]), events[::-1])


def _kept(body: dict[str, Any] | None) -> bytes:
    if body is None:
        return b""
    return base64.b64decode(body["base64"]) if body["text"] is None else str(body["text"]).encode()
