"""Conversation: a sample of a preset: an event, the requests that it must become with the answers they get, and what must
come of it. They stand beside a preset's file.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hookline.model.preset import Status


class Ending(StrEnum):
    """What becomes of the delivery."""

    DELIVERED = "delivered"
    DONE = "done"
    """There was nothing to do."""
    RETRY = "retry"
    DEAD = "dead"


class SampleEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str
    system: str = ""
    """Empty: of none."""
    data: Any = msgspec.UNSET
    """Left out: the example that the system gives for the type."""
    id: str = "evt_01JH7Z5N8Q4V2X6T0R9M3K1W7C"
    time: str = "2026-01-02T03:04:05Z"
    tags: tuple[str, ...] = ()


class SampleRemote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the case in the other system."""

    id: str
    url: str = ""
    fields: dict[str, str] = {}


class SampleReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the other system answers."""

    status: Status
    headers: dict[str, str] = {}
    json: Any = msgspec.UNSET
    text: str = ""


class SampleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as it must be."""

    method: str
    url: str
    headers: dict[str, str] = {}
    """Those that are named are compared."""
    json: Any = msgspec.UNSET
    """Compared as JSON, whole. Left out with `body`: it has none."""
    body: str = ""
    answer: SampleReply


class ConversationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    about: Annotated[str, msgspec.Meta(min_length=1)]
    settings: dict[str, Any]
    """As an operator gives them. No secret is a real one."""
    event: SampleEvent
    remote: SampleRemote | None = None
    """Before it; null: nothing is known."""
    attempt: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Above 1: a create may have happened already."""
    requests: tuple[SampleRequest, ...]
    """In their order."""
    outcome: Ending
    reason: str = ""
    """What is told of a failure."""
    remote_after: SampleRemote | None = None
    """Behind it; null: nothing is known, or it was forgotten."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """Its file's name, without `.yaml`."""
    told: ConversationFile
