"""Verdict: what came of an attempt that is more than one request made at once, and what such an attempt is asked for."""

from collections.abc import Generator
from typing import Protocol

import msgspec

from hookline.clock import Micros
from hookline.model.attempt import Exchange, Headers, Step
from hookline.model.cases import Case
from hookline.model.event import Event
from hookline.model.remote import Remote
from hookline.net.request import Request

KEPT_BODY = 64 * 1024
"""Bytes of a request's body that are kept with its attempt."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to be made."""

    event: Event
    attempt: int
    now: Micros
    data: object = None
    """The event's, decoded; text where it is no JSON."""
    case: Case | None = None
    """What the event speaks of, where a preset wants to know."""
    key: str = ""
    """Of its case, or its order key; empty: it stands alone."""
    remote: Remote | None = None
    """What the case is there, as far as is known."""
    doubt: bool = False
    """It may be there, though it is not known as what."""
    body: bytes | None = None
    """Sent in the place of what would be made of the event."""
    digest: str = ""
    """The end of the case's reference, in the place of the one that is made of its tenant."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The request that an attempt is about, as it may be kept and shown."""

    url: str
    method: str
    headers: Headers = ()
    body: bytes | None = None
    """None: it can be made of the event again."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    exchange: Exchange
    """The one that decided."""
    sent: Sent | None = None
    """None: no request came about."""
    judged: bool = False
    """The answer was read: it is a success if the exchange has no cause, whatever its status."""
    final: str = ""
    """Why it is given up at once."""
    retry_after: float = 0.0
    """Seconds that the answer asked for, beside its header."""
    cancelled: str = ""
    """Why nothing was to be sent."""
    remote: Remote | None = None
    """What the case is there by now, where that has changed."""
    there: Remote | None = None
    """What is there at the end, as far as is known, to be shown: of a test too, which leaves no case behind."""
    action: str = ""
    missing: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


Talk = Generator[Request, Exchange, Verdict]
"""The requests of one attempt, one after the other: it yields what it wants to send and hears what became of it. No I/O."""


class Talker(Protocol):
    """An endpoint whose attempts take steps."""

    looks: bool
    """What an attempt may have made that nobody heard of is looked for at the receiver, before it is made again."""
    renders: bool
    """Templates are rendered: not in the loop, which must not wait for them."""

    def talk(self, asked: Asked) -> Talk: ...

    def preview(self, asked: Asked) -> Verdict:
        """The request that would be sent now, which is not; nothing is asked of anybody."""
        ...
