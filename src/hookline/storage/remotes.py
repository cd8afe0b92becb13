"""Remotes: what cases are in other systems. Written with the result of the delivery that made or changed them, in the same
transaction, so that no answer is believed that is not on disk.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from hookline.model.ids import DeliveryId, EndpointId, TenantId
from hookline.model.remote import Remote
from hookline.storage.database import Database
from hookline.storage.ledger import Result
from hookline.storage.schema import endpoints, remotes
from hookline.storage.wall import within

REMOTE = (
    "tenant_id",
    "endpoint_id",
    "case_key",
    "remote_id",
    "url",
    "fields",
    "created_at",
    "updated_at",
)
CHANGED = ("remote_id", "url", "fields", "updated_at")
"""What a later write takes over; the row says when the case was first there."""

UPSERT = "ON CONFLICT (tenant_id, endpoint_id, case_key) DO UPDATE SET " + ", ".join(
    f"{column} = excluded.{column}" for column in CHANGED
)
"""What follows the values; both databases read it."""
MAX_SHOWN = 100
_COLUMNS = tuple(remotes.c[name] for name in REMOTE)
_decode_fields = msgspec.json.Decoder(dict[str, str]).decode


def remote_row(remote: Remote) -> tuple[Any, ...]:
    return (
        remote.tenant_id,
        remote.endpoint_id,
        remote.case,
        remote.id,
        remote.url,
        msgspec.json.encode(remote.fields).decode() if remote.fields else None,
        remote.created_at,
        remote.updated_at,
    )


def changes(results: Iterable[Result]) -> list[tuple[DeliveryId, Remote]]:
    """Each case once, as it is after the last of them: a statement may not write one row twice."""
    last = {
        (one.remote.tenant_id, one.remote.endpoint_id, one.remote.case): (one.delivery.id, one.remote)
        for one in results
        if one.remote is not None
    }
    return list(last.values())


class Remotes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: TenantId, endpoint_id: EndpointId, case: str) -> Remote | None:
        """None: nothing of it is there, as far as is known. One whose id is empty is there no more, or was perhaps made without
        an answer that told: whoever makes it looks for it first.
        """
        wanted = select(*_COLUMNS).where(
            within(remotes, tenant_id),
            remotes.c.endpoint_id == endpoint_id,
            remotes.c.case_key == case,
        )
        row = await self._database.read(lambda connection: connection.execute(wanted).first())
        return None if row is None else _remote(tuple(row))

    async def of_case(self, tenant_id: TenantId, case: str) -> Sequence[Remote]:
        """What a case is in each other system that has it, the oldest first."""
        living = select(endpoints.c.id).where(within(endpoints, tenant_id), endpoints.c.deleted_at.is_(None))
        wanted = select(*_COLUMNS).where(
            within(remotes, tenant_id),
            remotes.c.case_key == case,
            remotes.c.remote_id != "",
            remotes.c.endpoint_id.in_(living),
        )
        wanted = wanted.order_by(remotes.c.created_at, remotes.c.endpoint_id).limit(MAX_SHOWN)
        rows = await self._database.read(lambda connection: connection.execute(wanted).all())
        return [_remote(tuple(row)) for row in rows]


def _remote(row: Sequence[Any]) -> Remote:
    return Remote(
        tenant_id=row[0],
        endpoint_id=row[1],
        case=row[2],
        id=row[3],
        url=row[4],
        fields=_decode_fields(row[5]) if row[5] else {},
        created_at=row[6],
        updated_at=row[7],
    )
