"""Pool: idle connections, the last used first, each kept for a few seconds and never shared between keys."""

import asyncio
import time

from hookline.net.connection import Connection, Key
from hookline.net.limits import Limits

_SWEEPS = 8
"""In one `idle_seconds`: how late an idle connection may end."""


class Pool:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: dict[Key, list[Connection]] = {}
        self._count = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return self._count

    def take(self, key: Key) -> Connection | None:
        """The connection that was used last, alive as far as is known, or None."""
        stack = self._idle.get(key)
        if not stack:
            return None
        oldest = time.monotonic() - self._limits.idle_seconds
        while stack:
            connection = stack.pop()
            self._count -= 1
            if connection.idle_since > oldest and not connection.closing:
                return connection
            connection.abort()
        return None

    def put(self, connection: Connection) -> None:
        """Keeps it for the next exchange, or ends it: not reusable, too many idle already, pool closed."""
        stack = self._idle.get(connection.key)
        if self._closed or not connection.reusable or connection.closing or self._full(stack):
            connection.abort()
            return
        connection.idle_since = time.monotonic()
        if stack is None:
            stack = self._idle[connection.key] = []
        stack.append(connection)
        self._count += 1
        if self._sweeper is None:
            self._sweep_later()

    def forget(self, connection: Connection) -> None:
        """It was lost while it may have been idle."""
        stack = self._idle.get(connection.key)
        if stack and connection in stack:
            stack.remove(connection)
            self._count -= 1

    def close(self) -> None:
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for stack in self._idle.values():
            for connection in stack:
                connection.abort()
        self._idle.clear()
        self._count = 0

    def _full(self, stack: list[Connection] | None) -> bool:
        return self._count >= self._limits.idle or len(stack or ()) >= self._limits.idle_per_key

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(self._limits.idle_seconds / _SWEEPS, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = time.monotonic() - self._limits.idle_seconds
        for key, stack in list(self._idle.items()):
            stale = sum(connection.idle_since <= oldest for connection in stack)  # they lie in order of age
            for connection in stack[:stale]:
                connection.abort()
            del stack[:stale]
            self._count -= stale
            if not stack:
                del self._idle[key]
        if self._count:
            self._sweep_later()
