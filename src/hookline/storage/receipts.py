"""Receipts: every inbound request, as it was. Those of accepted ones are written by the ledger, with their events."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, literal_column, select, update

from hookline.clock import Micros
from hookline.model.ids import EventId, ReceiptId, SourceId, TenantId
from hookline.model.page import Page
from hookline.model.receipt import Outcome, Receipt, Refusal
from hookline.storage.database import Database
from hookline.storage.receipt_rows import COLUMNS, RECEIPT, read_receipt, receipt_row
from hookline.storage.schema import events, receipts
from hookline.storage.wall import absent, cut, within


class ReceiptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is None does not matter."""

    source_id: SourceId | None = None
    outcome: Outcome | None = None
    cause: Refusal | None = None
    since: Micros | None = None
    until: Micros | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt with what has become of its items."""

    receipt: Receipt
    body: bytes | None
    """As it came; None when it was too large to keep, or is pruned."""
    events: Mapping[EventId, EventId]
    """The id of an item → the event that there is: itself, or the one that it repeated. Pruned ones are left out."""


class Receipts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, found: Sequence[Receipt]) -> None:
        """Of requests that made no event. Of several tenants, at once."""
        rows = [dict(zip(RECEIPT, receipt_row(receipt), strict=True)) for receipt in found]
        await self._database.write(lambda connection: connection.execute(insert(receipts), rows))

    async def get(self, tenant_id: TenantId, receipt_id: ReceiptId) -> Whole:
        return await self._database.read(lambda connection: _get(connection, tenant_id, receipt_id))

    async def mark_accepted(self, refused: Receipt, accepted: ReceiptId) -> None:
        """It was accepted later, under this receipt."""
        row = dict(
            zip(RECEIPT, receipt_row(msgspec.structs.replace(refused, accepted_as=accepted)), strict=True)
        )
        this = (receipts.c.tenant_id == refused.tenant_id) & (receipts.c.id == refused.id)
        statement = update(receipts).where(this).values(document=row["document"])
        await self._database.write(lambda connection: connection.execute(statement))

    async def list(
        self, tenant_id: TenantId, wanted: ReceiptFilter, *, after: str | None = None, limit: int
    ) -> Page[Receipt]:
        """Newest first, without bodies."""
        return await self._database.read(
            lambda connection: _list(connection, tenant_id, wanted, after, limit)
        )


def _get(connection: Connection, tenant_id: TenantId, receipt_id: ReceiptId) -> Whole:
    query = select(*COLUMNS).where(within(receipts, tenant_id), receipts.c.id == receipt_id)
    row = connection.execute(query).first()
    if row is None:
        raise absent("receipt", receipt_id)
    receipt = read_receipt(tuple(row))
    found = _events(connection, receipt)
    body = receipt.body
    if body is None and len(receipt.items) == 1:
        body = _data(connection, tenant_id, found.get(receipt.items[0].event_id))
    return Whole(receipt=receipt, body=body, events=found)


def _events(connection: Connection, receipt: Receipt) -> Mapping[EventId, EventId]:
    ids = [item.event_id for item in receipt.items]
    keys = {item.key: item.event_id for item in receipt.items if item.key}
    own = select(events.c.id).where(events.c.tenant_id == receipt.tenant_id, events.c.id.in_(ids))
    found = {EventId(one): EventId(one) for one in connection.execute(own).scalars()}
    of_key = (events.c.tenant_id == receipt.tenant_id, events.c.idempotency_key.in_(list(keys)))
    for event_id, key in connection.execute(select(events.c.id, events.c.idempotency_key).where(*of_key)):
        found.setdefault(keys[key], event_id)
    return found


def _data(connection: Connection, tenant_id: TenantId, event_id: EventId | None) -> bytes | None:
    query = select(events.c.data).where(events.c.tenant_id == tenant_id, events.c.id == event_id)
    return connection.execute(query).scalar()


def _list(
    connection: Connection, tenant_id: TenantId, wanted: ReceiptFilter, after: str | None, limit: int
) -> Page[Receipt]:
    query = select(*COLUMNS).where(within(receipts, tenant_id), *_conditions(wanted))
    if after is not None:
        query = query.where(receipts.c.id < after)
    rows = connection.execute(query.order_by(receipts.c.id.desc()).limit(limit + 1)).all()
    return cut([read_receipt(tuple(row)) for row in rows], limit, lambda receipt: receipt.id)


def _conditions(wanted: ReceiptFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.source_id is not None:
        yield receipts.c.source_id == wanted.source_id
    if wanted.outcome is not None:
        yield receipts.c.outcome == wanted.outcome.value
    if wanted.outcome not in {None, Outcome.ACCEPTED} or wanted.cause is not None:
        yield literal_column("outcome <> 'accepted'")  # word for word the condition of an index
    if wanted.cause is not None:
        yield receipts.c.cause == wanted.cause.value
    if wanted.since is not None:
        yield receipts.c.received_at >= wanted.since
    if wanted.until is not None:
        yield receipts.c.received_at < wanted.until
