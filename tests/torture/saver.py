"""Saver: clients that keep records up to date, and save a state again until they have been answered."""

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp

CREATED, UPDATED = "contact.created", "contact.updated"
SYSTEM, TYPE, FIELD = "urpa", "contact", "notes"
SAVERS = 3
RECORDS = 4
"""Of each saver at a time."""
PAUSE = 0.08
"""Seconds between two states of one saver."""
LOST = (aiohttp.ClientError, TimeoutError, OSError)


class Saver:
    """Each state of a record bears a key of its own, which its one event repeats."""

    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], seed: int) -> None:
        self.saved: dict[str, str] = {}
        """Key of each acknowledged state → the type of the event that it must have made."""
        self.walks: dict[str, list[str]] = defaultdict(list)
        """Record → the keys of its acknowledged states, in order."""
        self.repeated = 0
        """Saves sent again, without an answer or after one."""
        self.refused: list[str] = []
        self._session = session
        self._urls = urls
        self._rng = random.Random(f"{seed} saver")
        self._ids = itertools.count(1)

    async def save(self, stopped: Callable[[], bool]) -> None:
        mine = [self._new() for _ in range(RECORDS)]
        while not stopped():
            place = self._rng.randrange(RECORDS)
            record = mine[place]
            number = len(self.walks[record]) + 1
            key = f"record-{record}-{number}"
            if not await self._until_answered(record, key):
                mine[place] = self._new()
            self.saved[key] = CREATED if number == 1 else UPDATED
            self.walks[record].append(key)
            if self._rng.random() < 0.2:  # the same state again: no event
                self.repeated += 1
                await self._until_answered(record, key)
            await asyncio.sleep(PAUSE * self._rng.uniform(0.5, 1.5))

    def _new(self) -> str:
        return str(next(self._ids))

    async def _until_answered(self, record: str, key: str) -> bool:
        """False: a node was silent for so long that it may wake and save this state once more, after later ones. So there
        must be none.
        """
        certain = True
        while True:
            try:
                if await self._taken(record, key):
                    return certain
            except TimeoutError:
                certain = False
            except LOST:
                pass
            self.repeated += 1
            await asyncio.sleep(self._rng.uniform(0.02, 0.2))

    async def _taken(self, record: str, key: str) -> bool:
        url = f"{self._rng.choice(self._urls)}/v1/records/{TYPE}/{record}?system={SYSTEM}"
        state = {"id": record, "name": "Ana Ruiz", FIELD: key}
        async with self._session.put(url, json=state) as answer:
            told = await answer.text()
        if answer.status not in {200, 201, 503}:
            self.refused.append(f"{answer.status} {told}")
        return answer.status != 503


def key_of(data: Mapping[str, Any]) -> str:
    """Of a record's event."""
    return str(data[FIELD])
