"""Received: the receipt of a request goes the way of the events that were made of it."""

import msgspec

from hookline.model.event import Event
from hookline.model.receipt import Receipt, ReceiptItem
from hookline.route.groups import Entry
from hookline.storage.ledger import Accepted


def add_receipt(entry: Entry, receipt: Receipt, accepted: list[Accepted], first: int) -> None:
    """To an event that no missing node can hold up, if there is one: where it is not stored, none of them is.

    It tells of all events of the request, of those too that were settled in a commit before.
    """
    bearer = first
    for index, part in enumerate(entry.parts, first):
        part.item = _item(accepted[index].event)
        if accepted[bearer].in_hand:
            bearer = index
    items = tuple([part.item for part in entry.whole if part.item is not None])
    receipt = msgspec.structs.replace(receipt, items=items)
    accepted[bearer] = msgspec.structs.replace(accepted[bearer], receipt=receipt, again=entry.rematches > 0)


def _item(event: Event) -> ReceiptItem:
    original = event.origin.original_type if event.origin is not None else ""
    return ReceiptItem(event_id=event.id, type=event.type, original=original, key=event.idempotency_key or "")
