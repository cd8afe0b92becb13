"""Refusals: receipts of requests that made no event, written a little later and together.

The answer does not wait for them: its time must not tell that a source is there. A crash may take the last few; no
event is among them. Under a flood they are bounded, and those above are counted, not kept.
"""

import asyncio

import msgspec

from hookline.clock import Clock
from hookline.emissions_inbound import ReceiptsDropped
from hookline.errors import HooklineError
from hookline.model.receipt import Receipt
from hookline.storage.receipts import Receipts
from hookline.telemetry import Telemetry

EVERY = 0.05
"""Seconds between two commits."""
MAX_BYTES = 16 * 1024 * 1024
"""Of bodies that wait to be written."""
MAX_COUNT = 1_000


class Refusals:
    def __init__(self, receipts: Receipts, clock: Clock, telemetry: Telemetry) -> None:
        self._receipts = receipts
        self._clock = clock
        self._telemetry = telemetry
        self._waiting: list[Receipt] = []
        self._bytes = self._dropped = 0
        self._writing: asyncio.Task[None] | None = None

    def add(self, receipt: Receipt) -> None:
        """A body for which there is no room is left out; the receipt, with its cause, stays."""
        size = len(receipt.body or b"")
        if self._bytes + size > MAX_BYTES:
            receipt, size = msgspec.structs.replace(receipt, body=None), 0
        if len(self._waiting) >= MAX_COUNT:
            self._dropped += 1
        else:
            self._waiting.append(receipt)
            self._bytes += size
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def drain(self) -> None:
        """Until all that was added is written."""
        while self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._clock.sleep(EVERY)
                await self._write_waiting()
        finally:
            self._writing = None

    async def _write_waiting(self) -> None:
        batch, self._waiting, self._bytes = self._waiting, [], 0
        dropped, self._dropped = self._dropped, 0
        try:
            await self._receipts.add(batch)
        except HooklineError:
            dropped += len(batch)
        except Exception as error:  # noqa: BLE001  told; receiving goes on
            self._telemetry.fault("refusals", error)
            dropped += len(batch)
        if dropped:
            self._telemetry.emit(ReceiptsDropped(receipts=dropped))
