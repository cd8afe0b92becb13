"""Page: one part of a list, and the place where the next part begins."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 250


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    items: tuple[T, ...]
    after: str | None = None
    """The id after which the next page begins; None on the last."""
