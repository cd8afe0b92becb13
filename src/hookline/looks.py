"""Looks: what is read anew for whoever asks, without reading more than one at a time of the same name."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Looks(Generic[V]):
    def __init__(self, find: Callable[[str], Awaitable[V]]) -> None:
        """What `find` raises is told to all who share the look."""
        self._find = find
        self._first: dict[str, asyncio.Task[V]] = {}
        self._next: dict[str, asyncio.Task[V]] = {}

    async def newest(self, name: str) -> V:
        """Of a look that began after this call: what was committed before it is seen.

        Those who ask while a look is under way share the next one; shielded, so that one who leaves takes nobody along.
        """
        first = self._first.get(name)
        look = self._begin(name) if first is None else self._next.get(name) or self._queue(name, first)
        return await asyncio.shield(look)

    def _begin(self, name: str) -> "asyncio.Task[V]":
        look = asyncio.ensure_future(self._task(name))
        self._first[name] = look
        look.add_done_callback(lambda done: self._ended(name, done))
        return look

    async def _task(self, name: str) -> V:
        return await self._find(name)

    def _ended(self, name: str, look: "asyncio.Task[V]") -> None:
        del self._first[name]
        _heard(look)

    def _queue(self, name: str, first: "asyncio.Task[V]") -> "asyncio.Task[V]":
        look = asyncio.ensure_future(self._after(name, first))
        self._next[name] = look
        look.add_done_callback(_heard)
        return look

    async def _after(self, name: str, first: "asyncio.Task[V]") -> V:
        await asyncio.wait([first])
        del self._next[name]
        return await asyncio.shield(self._first.get(name) or self._begin(name))


def _heard(look: "asyncio.Task[V]") -> None:
    """Those who waited have heard its error, or have left."""
    if not look.cancelled():
        look.exception()
