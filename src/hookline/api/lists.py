"""Lists: pages by cursor. A cursor is bound to its list, its tenant and its filters; anywhere else it is refused."""

import base64
import binascii
import hashlib
from typing import Annotated, Self
from urllib.parse import urlencode

import msgspec

from hookline.api.times import parse_time
from hookline.clock import Micros
from hookline.errors import InvalidCursor
from hookline.model.ids import TenantId
from hookline.model.page import DEFAULT_LIMIT, MAX_LIMIT

_SEAL = 12
_MAX_CURSOR = 400
_PLACES = frozenset({"limit", "cursor"})


class Paging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters of every list. A list with filters adds its own: each narrows."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    """How many items a page holds at most."""
    cursor: str | None = None
    """`next_cursor` of the page before; the filters must be the same."""


class Period(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list that can be narrowed to a time."""

    since: str | None = None
    """Accepted at this time (ISO 8601 with zone) or later."""
    until: str | None = None
    """Accepted before this time (ISO 8601 with zone)."""

    @property
    def since_micros(self) -> Micros | None:
        return None if self.since is None else parse_time(self.since, "since")

    @property
    def until_micros(self) -> Micros | None:
        return None if self.until is None else parse_time(self.until, "until")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Which list is read, whose, by which filters, and how much of it."""

    path: str
    tenant: TenantId | None
    filters: dict[str, str]
    limit: int

    @classmethod
    def of(cls, path: str, tenant: TenantId | None, query: Paging) -> Self:
        given = msgspec.structs.asdict(query).items()
        filters = {name: str(value) for name, value in given if name not in _PLACES and value is not None}
        return cls(path=path, tenant=tenant, filters=filters, limit=query.limit)

    def after(self, cursor: str | None) -> str | None:
        """The place that `cursor` names. Raises InvalidCursor when it is not one of this list."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor[:_MAX_CURSOR].encode("ascii"))
            place = raw[_SEAL:].decode()
        except (binascii.Error, ValueError):
            raise _invalid() from None
        # The seal is no secret: a place may be forged, and then finds only what the caller may see. But no NUL.
        if not place or "\0" in place or self._seal(place) != raw[:_SEAL]:
            raise _invalid()
        return place

    def cursor(self, after: str | None) -> str | None:
        if after is None:
            return None
        return base64.urlsafe_b64encode(self._seal(after) + after.encode()).decode()

    def link(self, after: str | None) -> str | None:
        """Where the next page is."""
        cursor = self.cursor(after)
        if cursor is None:
            return None
        return f"{self.path}?{urlencode({**self.filters, 'limit': self.limit, 'cursor': cursor})}"

    def _seal(self, place: str) -> bytes:
        """No secret: it tells mistakes, not attacks. What a tenant may see is decided by the storage's wall alone."""
        bound = msgspec.json.encode([self.path, self.tenant, self.filters, place])
        return hashlib.blake2b(bound, digest_size=_SEAL, person=b"hookline cursor").digest()


def _invalid() -> InvalidCursor:
    return InvalidCursor(
        "This cursor is not one of this list with these filters.",
        hint="Begin without a cursor, and repeat the filters with each page.",
        field="cursor",
    )
