"""Finder: whose a URL is. What is found stays in memory; what is not, for a moment, so that guessing is cheap for us."""

import re
from collections import OrderedDict
from typing import Any

from hookline.clock import Clock
from hookline.model.ids import TenantId
from hookline.storage.sources import Place, Sources

TOKEN_PREFIX = "in_"  # noqa: S105  what every token begins with
TOKEN_BYTES = 24
_FORM = re.compile(r"in_[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{1,64}/[a-z0-9._/-]{1,128}", re.ASCII)
MAX_KNOWN = 20_000
MAX_UNKNOWN = 10_000
ABSENT_SECONDS = 2.0


class Finder:
    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._known: OrderedDict[str, Place] = OrderedDict()
        self._absent: OrderedDict[str, float] = OrderedDict()

    def at_hand(self, rest: str) -> Place | None:
        """Of what follows `/in/`, without a look at the database."""
        return self._known.get(rest)

    async def find(self, rest: str) -> Place | None:
        """Raises Unavailable."""
        if not _FORM.fullmatch(rest):
            return None
        place = self._known.get(rest)
        if place is not None or self._clock.monotonic() < self._absent.get(rest, 0.0):
            return place
        place = await self._look(rest)
        if place is None:
            self._absent[rest] = self._clock.monotonic() + ABSENT_SECONDS
            self._absent.move_to_end(rest)
            _cut(self._absent, MAX_UNKNOWN)
        else:
            self._known[rest] = place
            _cut(self._known, MAX_KNOWN)
        return place

    def forget(self, rest: str) -> None:
        """It was deleted, or means another source by now."""
        self._known.pop(rest, None)

    async def _look(self, rest: str) -> Place | None:
        if "/" not in rest:
            return await self._sources.find(rest)
        tenant, _, path = rest.partition("/")
        return await self._sources.find_path(TenantId(tenant), path)


def _cut(cache: OrderedDict[str, Any], most: int) -> None:
    while len(cache) > most:
        cache.popitem(last=False)
