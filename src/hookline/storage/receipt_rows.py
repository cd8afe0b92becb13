"""Receipt ↔ row: what is looked for in columns, the rest as JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec

from hookline.model.receipt import Receipt
from hookline.storage.schema import receipts

Row = tuple[Any, ...]

RECEIPT = ("tenant_id", "id", "source_id", "received_at", "outcome", "document", "cause", "body")
COLUMNS = tuple(receipts.c[name] for name in RECEIPT)

RECEIVED_AGAIN = """ON CONFLICT (tenant_id, id) DO UPDATE SET document = excluded.document,
  outcome = CASE WHEN excluded.outcome = 'accepted' THEN 'accepted' ELSE receipts.outcome END"""
"""Some of its events were stale, and come with other ids: it tells of those. What was accepted once is no duplicate."""


class _Document(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What no list looks for."""

    handshake: str = ""
    detail: str = ""
    status: int = 200
    method: str = "POST"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    remote: str = ""
    size: int = 0
    items: tuple[Any, ...] = ()
    accepted_as: str = ""


_encode = msgspec.json.Encoder().encode


def receipt_row(receipt: Receipt) -> Row:
    document = _Document(
        receipt.handshake,
        receipt.detail,
        receipt.status,
        receipt.method,
        receipt.query,
        receipt.headers,
        receipt.remote,
        receipt.size,
        receipt.items,
        receipt.accepted_as,
    )
    return (
        receipt.tenant_id,
        receipt.id,
        receipt.source_id,
        receipt.received_at,
        str(receipt.outcome),
        bytearray(_encode(document)),  # `sqlite3` looks for an adapter of each `bytes`, and of no `bytearray`
        str(receipt.cause) if receipt.cause is not None else None,
        receipt.body,
    )


def narrowed(rows: Sequence[Row]) -> tuple[tuple[str, ...], Sequence[Row]]:
    """Their columns, and the rows, without the last two where they are NULL in all: what was accepted has no cause, and
    its body mostly is the data of its event.
    """
    if any(row[-1] is not None or row[-2] is not None for row in rows):
        return RECEIPT, rows
    return RECEIPT[:-2], [row[:-2] for row in rows]


def read_receipt(row: Any) -> Receipt:
    """From COLUMNS."""
    apart = dict(zip(RECEIPT, row, strict=True))
    document = msgspec.json.decode(apart.pop("document"))
    body = apart.pop("body")
    receipt = msgspec.convert({**document, **apart}, Receipt)
    return msgspec.structs.replace(receipt, body=body)
