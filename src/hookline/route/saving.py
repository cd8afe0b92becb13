"""Saving: a record goes the way of the events that its change makes."""

from collections.abc import Sequence
from itertools import islice

from hookline.errors import RecordChanged
from hookline.route.groups import Entry
from hookline.storage.ledger import Accepted, Saving


def savings_of(group: Sequence[Entry], accepted: Sequence[Accepted]) -> Sequence[Saving]:
    """`accepted`: the events of all of them, in order."""
    events = iter(accepted)
    return [Saving(records=entry.records, events=tuple(islice(events, len(entry.parts)))) for entry in group]


def record_changed() -> RecordChanged:
    return RecordChanged(
        "The record was changed by somebody else meanwhile.", hint="Read it, and save it again."
    )
