"""Dial: what the client asks before each dial. The guard implements it; nothing is dialled that it did not approve."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from hookline.model.attempt import Cause


class DialRefused(Exception):
    """The host may not be dialled, or has no address: `cause` is what the attempt will tell."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class Dial(Protocol):
    async def addresses(self, host: str, port: int, deadline: float) -> Sequence[str]:
        """Approved literal IP addresses of `host`, in the order to try; `deadline` is a time of the loop's clock.

        Raises DialRefused.
        """
        ...


@runtime_checkable
class CachedDial(Dial, Protocol):
    """A dial that can answer at once from what it knows, without a turn of the loop."""

    def cached(self, host: str, port: int) -> Sequence[str] | None:
        """As `addresses`, or None when it has to ask. Raises DialRefused for what it knows to be refused."""
        ...
