"""Records as rows, for the hot verbs and for the others."""

from typing import Any

import msgspec

from hookline.clock import Micros
from hookline.model.ids import TenantId
from hookline.model.record import Record, RecordKey
from hookline.storage.schema import records

RECORD = (
    "tenant_id",
    "system",
    "type",
    "id",
    "state",
    "version",
    "fired",
    "due_at",
    "created_at",
    "updated_at",
)
KEY = RECORD[:4]
COLUMNS = tuple(records.c[name] for name in RECORD)
_fired = msgspec.json.Decoder(dict[str, int])


def record_row(record: Record) -> tuple[Any, ...]:
    fired = msgspec.json.encode(record.fired).decode() if record.fired else None
    return (
        *key_row(record.key),
        record.state,
        record.version,
        fired,
        record.due_at,
        record.created_at,
        record.updated_at,
    )


def key_row(key: RecordKey) -> tuple[str, str, str, str]:
    return (key.tenant_id, key.system, key.type, key.id)


def read_record(row: Any) -> Record:
    fired = _fired.decode(row[6]) if row[6] else {}
    return Record(
        key=RecordKey(tenant_id=TenantId(row[0]), system=row[1], type=row[2], id=row[3]),
        state=bytes(row[4]),
        version=row[5],
        fired={name: Micros(at) for name, at in fired.items()},
        due_at=row[7],
        created_at=row[8],
        updated_at=row[9],
    )
