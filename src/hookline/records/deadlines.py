"""Deadlines: what makes the events of dates that have passed, on every node that delivers."""

import asyncio

from hookline.clock import Clock
from hookline.records.saver import Saver
from hookline.storage.records import Records

CHUNK = 200
"""Records whose dates are looked at together."""


class Deadlines:
    def __init__(self, records: Records, saver: Saver, clock: Clock) -> None:
        self._records = records
        self._saver = saver
        self._clock = clock

    async def pass_(self) -> int:
        """A chore: how many records had a date that has passed. Of several nodes that find the same, one stores it."""
        due = await self._records.due(self._clock.now(), CHUNK)
        await asyncio.gather(*[self._saver.fire(record.key) for record in due])
        return len(due)
