"""Outbox: requests that begin together are sent together.

Sends that follow one another are quicker than sends with other work between them, and a receiver on the same machine
is woken once instead of many times.
"""

import asyncio
from collections.abc import Callable

_MOST = 32
"""So many are not held back for more: their receivers could work meanwhile. 16 and 64 measured the same."""


class Outbox:
    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def add(self, send: Callable[[], None]) -> None:
        """`send` is called within this turn of the loop or at the beginning of the next."""
        waiting = self._waiting
        waiting.append(send)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_soon(self._flush)
        elif len(waiting) == _MOST:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for send in waiting:
            try:
                send()
            except Exception as error:  # noqa: BLE001  those behind it must go all the same; it ends by its deadline
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "A fault in sending a request", "exception": error}
                )
