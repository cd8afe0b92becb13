"""Turns: who waits for one, first within the process and then wherever else, has the same patience over both."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from hookline.errors import Unavailable
from hookline.storage.database import Turn

TURN_PATIENCE = 45
"""Seconds that one waits for its turn."""


class Turns:
    """Of one process. Of all in it one at a time waits outside, so that a queue takes one connection."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(
        self, name: str, outside: Callable[[], AbstractAsyncContextManager[Turn]]
    ) -> AsyncIterator[Turn]:
        """`outside`: what other processes wait for, too. Raises Unavailable when others take too long."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(TURN_PATIENCE):
                    await stack.enter_async_context(self._locks[name])
                    turn = await stack.enter_async_context(outside())
            except TimeoutError:
                raise Unavailable(
                    f"Others have been doing the same for {TURN_PATIENCE} seconds.", hint="Try again later."
                ) from None
            yield turn
