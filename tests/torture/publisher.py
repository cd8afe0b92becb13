"""Publisher: several connections that publish one by one and in batches, and repeat what was not answered, by key."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from tests.torture.saver import SAVERS, Saver

WEIGHTS = {"order.created": 30, "ping": 60, "hang": 10}
"""How often each type is published."""
SINGLES, BATCHES, SENDERS = 8, 2, 4
"""Connections of each kind; senders are a provider's, which post to a source."""
SECRET, SIGNATURE = "a secret of the torture", "X-Signature"
SOURCE = {
    "provider": "generic",
    "secrets": [SECRET],
    "parameters": {"header": SIGNATURE},
    "overrides": {"items": ["."], "id": ["{item.id}"], "type": ["{item.type}"]},
}
"""A body is a list of events."""
ITEMS = 4
"""Up to so many events in one request."""
BATCH = 20
ORDER_KEYS = 32
PAUSES = (0.06, 0.3)
"""Seconds between two events of one connection, and between two batches."""
PATIENCE = 5.0
Telling = Callable[[Callable[[], bool]], Coroutine[Any, Any, None]]
"""Goes on until it is told to stop."""
_LOST = (aiohttp.ClientError, TimeoutError, OSError)


class Publisher:
    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], seed: int) -> None:
        self.acknowledged: dict[str, str] = {}
        """The history: idempotency key → event id, noted when the 202 had come."""
        self.types: dict[str, str] = {}
        """Of every key that was ever sent, acknowledged or not."""
        self.received: list[str] = []
        """Keys whose request to the source was answered 2xx. Only the database knows their events' ids."""
        self.source = ""
        """The path of the source; told before the publishing begins."""
        self.repeated = 0
        """Requests sent again."""
        self.refused: list[str] = []
        """Answers that a publisher should never see."""
        self._session = session
        self._urls = urls
        self._rng = random.Random(f"{seed} publisher")
        self._stop = False
        self.saver = Saver(session, urls, seed)

    @asynccontextmanager
    async def publishing(self, also: Sequence[Telling] = ()) -> AsyncIterator[None]:
        """Until it is left: then what is under way is repeated until it has been answered. `also`: who publishes beside."""
        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(self._end)
            for _ in range(SINGLES):
                group.create_task(self._singles())
            for _ in range(BATCHES):
                group.create_task(self._batches())
            for _ in range(SENDERS):
                group.create_task(self._sends())
            for _ in range(SAVERS):
                group.create_task(self.saver.save(lambda: self._stop))
            for tell in also:
                group.create_task(tell(lambda: self._stop))
            yield

    async def publish_again(self, keys: Sequence[str]) -> int:
        """How many of these acknowledged keys are not answered as a duplicate with the same id."""
        wrong = 0
        for key in keys:
            [(_, told)] = await self._post([self._event(key)])
            wrong += told["id"] != self.acknowledged[key] or not told["duplicate"]
        return wrong

    def _end(self) -> None:
        self._stop = True

    async def _singles(self) -> None:
        while not self._stop:
            await self._note(await self._until_answered([self._new()]))
            await asyncio.sleep(PAUSES[0] * self._rng.uniform(0.5, 1.5))

    async def _batches(self) -> None:
        while not self._stop:
            events = [self._new() for _ in range(BATCH)]
            while events:
                told = await self._until_answered(events)
                await self._note(told)
                events = [event for event in events if event["idempotency_key"] not in self.acknowledged]
            await asyncio.sleep(PAUSES[1] * self._rng.uniform(0.5, 1.5))

    async def _sends(self) -> None:
        """As a provider does: the same request again until it is answered."""
        while not self._stop:
            keys = [self._new("ping")["idempotency_key"] for _ in range(self._rng.randint(1, ITEMS))]
            items = [{"id": key, "type": "ping", "data": {"key": key}} for key in keys]
            body = msgspec.json.encode(items)
            while not await self._taken(body):
                self.repeated += 1
                await asyncio.sleep(self._rng.uniform(0.02, 0.2))
            self.received += keys
            await asyncio.sleep(PAUSES[0] * self._rng.uniform(0.5, 1.5))

    async def _taken(self, body: bytes) -> bool:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        url = self._rng.choice(self._urls) + self.source
        try:
            async with self._session.post(url, data=body, headers={SIGNATURE: signature}) as answer:
                told = await answer.text()
        except _LOST:
            return False
        if answer.status not in {200, 503}:
            self.refused.append(f"{answer.status} {told}")
        return answer.status == 200

    def _new(self, type_: str = "") -> dict[str, Any]:
        key = f"key-{len(self.types)}"
        self.types[key] = type_ or self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return self._event(key)

    def _event(self, key: str) -> dict[str, Any]:
        number = _number_of(key)
        data = {"key": key, "padding": "x" * (number % 1500)}
        order_key = f"order-{number % ORDER_KEYS}"
        return {"type": self.types[key], "data": data, "idempotency_key": key, "order_key": order_key}

    async def _until_answered(self, events: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        while True:
            try:
                return await self._post(events)
            except _LOST:
                self.repeated += 1
                await asyncio.sleep(self._rng.uniform(0.02, 0.2))

    async def _post(self, events: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """Key and answer of each event that was accepted. Raises one of _LOST when all must be sent again."""
        url = self._rng.choice(self._urls) + "/v1/events"
        single = len(events) == 1
        async with self._session.post(
            url if single else f"{url}/batch", json=events[0] if single else {"events": events}
        ) as answer:
            told = await answer.json()
        items = [{"status": answer.status, "event": told, "problem": told}] if single else told.get("items")
        if items is None or (single and answer.status == 503):
            raise aiohttp.ClientError(str(told))
        self.refused += [str(item) for item in items if item["status"] not in {202, 503}]
        return [
            (event["idempotency_key"], item["event"])
            for event, item in zip(events, items, strict=True)
            if item["status"] == 202
        ]

    async def _note(self, told: list[tuple[str, dict[str, Any]]]) -> None:
        for key, event in told:
            self.acknowledged[key] = event["id"]


def _number_of(key: str) -> int:
    """Spread over all sizes and order keys."""
    return int(key.partition("-")[2]) * 2654435761 % 4093
