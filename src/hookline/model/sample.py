"""Sample: a request of a provider, as it came, and what must become of it. They stand beside a provider's file."""

from typing import Any

import msgspec


class SampleEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one event of the request must be."""

    type: str
    id: str = ""
    original: str = ""
    """The provider's type; left out: not looked at."""


class SampleAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: int = 200
    body: str = ""
    headers: dict[str, str] = {}


class SampleRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one `.http` file. What is left out is as for the whole folder."""

    scheme: str = ""
    """The one that proves it; empty: it is not signed."""
    events: tuple[SampleEvent, ...] = ()
    handshake: str = ""
    """The one that it is; then it makes no event."""
    answer: SampleAnswer | None = None
    """To the handshake."""
    secrets: tuple[str, ...] | None = None
    """None of them is real."""
    parameters: dict[str, str] | None = None
    overrides: dict[str, Any] | None = None
    url: str = ""
    now: str = ""
    """RFC 3339: the clock's hands while it is verified."""


class SampleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`samples.yaml`."""

    secrets: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    overrides: dict[str, Any] = {}
    url: str = "https://hooks.example.com/in/sample"
    """Without the query, which stands in the request."""
    now: str = "2026-01-02T03:04:05Z"
    samples: dict[str, SampleRule]
    """File name → what must become of it."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A request with all that it takes to verify it."""

    name: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secrets: tuple[str, ...]
    parameters: dict[str, str]
    overrides: dict[str, Any]
    now: str
    rule: SampleRule
