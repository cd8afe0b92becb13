"""Finder: whose a URL is. What is found stays in memory; what is not is looked for each time.

So a URL that is none costs its guesser one look at the database, as one does whose request is refused.
"""

import re
from collections import OrderedDict

from hookline.looks import Looks
from hookline.model.ids import TenantId
from hookline.storage.sources import Place, Sources

TOKEN_PREFIX = "in_"  # noqa: S105  what every token begins with
TOKEN_BYTES = 24
_FORM = re.compile(r"in_[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{1,64}/[a-z0-9._/-]{1,128}", re.ASCII)
MAX_KNOWN = 20_000


class Finder:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: OrderedDict[str, Place] = OrderedDict()
        self._looks = Looks(self._look)

    def at_hand(self, rest: str) -> Place | None:
        """Of what follows `/in/`, without a look at the database."""
        return self._known.get(rest)

    async def find(self, rest: str) -> Place | None:
        """Raises Unavailable."""
        if not _FORM.fullmatch(rest):
            return None
        place = self._known.get(rest) or await self._looks.newest(rest)
        if place is not None:
            self._known[rest] = place
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return place

    def forget(self, rest: str) -> None:
        """It was deleted, or means another source by now."""
        self._known.pop(rest, None)

    async def _look(self, rest: str) -> Place | None:
        if "/" not in rest:
            return await self._sources.find(rest)
        tenant, _, path = rest.partition("/")
        return await self._sources.find_path(TenantId(tenant), path)
