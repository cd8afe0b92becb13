"""Case: the thing that events speak of and that another system keeps too, as a ticket there. What they mean for it is data:
`cases` of a system's file, and `catalog/cases.yaml` for events of no system.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

import msgspec

from hookline.model.record_rules import Field, Scalar

PATH = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
Path = Annotated[str, msgspec.Meta(max_length=256)]
"""As `PATH`, which the catalogue checks: where a pattern is part of a union that two fields of a struct share, msgspec 0.22
counts its references wrong, and the process dies at some later time.
"""
Paths = Path | Annotated[tuple[Path, ...], msgspec.Meta(min_length=1, max_length=16)]
Texts = str | Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=16)]
CLOSING = (".closed", ".resolved", ".completed", ".cancelled")
CREATING = ".created"
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "case_id": "Its id in the system that it comes from.",
        "subject": "One line that says what it is about.",
        "description": "The whole text.",
        "category": "Its category's name.",
        "priority": "As its own system calls it.",
        "customer_name": "Who it is for.",
        "customer_phone": "The customer's telephone number.",
        "customer_email": "The customer's mail address.",
        "created_at": "When it was made, RFC 3339.",
        "call_recording_url": "Where the recording of the call is, if there is one.",
        "number": "Its number for people, as `TKT-2024-001`.",
        "status": "As its own system calls it.",
        "assignee": "Who works on it.",
        "updated_at": "When it was last changed, RFC 3339.",
        "comment": "The text of a comment or message about it.",
        "reason": "Why it was cancelled, escalated or refused.",
        "link": "Its page in its own system.",
        "customer_id": "The customer's id in the system that it comes from.",
        "resolution": "How it was resolved.",
    }
)
"""What presets may count on, and what each is; any may be empty but for `case_id`. Rules may have others beside."""

RESERVED = frozenset(
    {
        "settings",
        "type",
        "data",
        "event",
        "reference",
        "case_action",
        "remote",
        "before",
        "answer",
    }
)
"""What templates see beside them; no variable bears such a name."""


class Action(StrEnum):
    """What an event is to the ticket in the other system."""

    CREATE = "create"
    UPDATE = "update"
    COMMENT = "comment"
    CLOSE = "close"


class CaseRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What events of some types say of a case. The first rule counts whose types fit and whose id is there."""

    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Event types (`ticket.created`), beginnings of them (`ticket.*`), or `*`."""
    kind: Field
    """What the case is, as `ticket`: two kinds may have the same ids."""
    id: Paths
    """Where its id stands in the data; of several places the first that holds something."""
    variables: dict[Field, Paths] = {}
    """What templates see by name, as `{{ subject }}`: where it stands in the data; of several places the first that holds
    something.
    """
    texts: dict[Field, Texts] = {}
    """Variables for which the data has no words: others in a text, as `Call back {customer_name}`; of several texts the first
    whose variables all hold something, and empty where none has that. A variable of the same name goes before, where it holds
    something.
    """
    action: Action | None = None
    """What the events are to it. Left out: `create` for types that end in `.created`, `close` where `closed` says so, or for
    types that end in `.closed`, `.resolved`, `.completed`, `.cancelled`; else `update`.
    """
    closed: dict[Field, list[Scalar]] = {}
    """Variable → values with which the case is closed."""
