"""Case: the thing that events speak of and that another system keeps too, as a ticket there. What they mean for it is data:
`cases` of a system's file, and `catalog/cases.yaml` for events of no system.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from hookline.model.record_rules import Field, Scalar

Path = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$(?!\n)", max_length=256)]
Paths = Path | Annotated[tuple[Path, ...], msgspec.Meta(min_length=1, max_length=16)]


class Action(StrEnum):
    """What an event is to the ticket in the other system."""

    CREATE = "create"
    UPDATE = "update"
    COMMENT = "comment"
    CLOSE = "close"


class CaseRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What events of some types say of a case. The first rule that fits counts."""

    events: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Event types (`ticket.created`), beginnings of them (`ticket.*`), or `*`."""
    kind: Field
    """What the case is, as `ticket`: two kinds may have the same ids."""
    id: Paths
    """Where its id stands in the data; of several places the first that holds something."""
    variables: dict[Field, Paths] = {}
    """What templates see by name, as `{{ subject }}`: where it stands in the data."""
    action: Action | None = None
    """What the events are to it. Left out: `create` for types that end in `.created`, `close` where `closed` says so, or for
    types that end in `.closed`, `.resolved`, `.completed`, `.cancelled`; else `update`.
    """
    closed: dict[Field, list[Scalar]] = {}
    """Variable → values with which the case is closed."""
