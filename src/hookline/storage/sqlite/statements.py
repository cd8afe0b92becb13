"""The hot statements of SQLite: many rows in one `VALUES`, because each call of a statement frees and retakes the
interpreter's lock two or three times, and each time it may have to wait for it.
"""

from functools import lru_cache

from hookline.storage.columns import DELIVERY, EVENT
from hookline.storage.counting import COUNTER
from hookline.storage.record_rows import RECORD
from hookline.storage.remotes import REMOTE, UPSERT

SIZES = (250, 200, 150, 100, 50, 40, 30, 20, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
"""Rows or ids in a statement: few sizes, so that few texts are prepared."""
LIGHT, WEIGHT = 16_384, 262_144
"""Bytes up to which a row shares a statement, and of all its rows: a prepared one keeps what it has written last."""

EVENT_COLUMNS = (*EVENT, "node", "in_hand")
RESULT_COLUMNS = (*DELIVERY, "first_attempt")
WAITING_COLUMNS = (*DELIVERY, "seq")


def _list(columns: tuple[str, ...], alias: str = "") -> str:
    return ", ".join(f"{alias}{column}" for column in columns)


def _values(columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return ", ".join([row] * rows)


# What is written is told for each row only where something stood in the way: each row that a statement returns frees
# and retakes the interpreter's lock once more.
STORED = " ON CONFLICT DO NOTHING RETURNING id"


@lru_cache(512)
def insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    return f"INSERT INTO {table} ({_list(columns)}) VALUES {_values(len(columns), rows)}"


MOVE = """
UPDATE deliveries SET state = ?, reason = ?, due_at = ?, attempts = ?, failures = ?, interruptions = ?,
  last_status = ?, last_cause = ?, finished_at = ?, batch_id = ?, owner = NULL
WHERE tenant_id = ? AND id = ? AND state = 'sending' AND owner = ? AND attempts = ? RETURNING id"""

INSERT_RECORD = f"""
INSERT INTO records ({_list(RECORD)}) VALUES {_values(len(RECORD), 1)} ON CONFLICT DO NOTHING"""
UPDATE_RECORD = """
UPDATE records SET state = ?, version = ?, fired = ?, due_at = ?, updated_at = ?
WHERE tenant_id = ? AND system = ? AND type = ? AND id = ? AND version = ?"""

INSERT_TAG = "INSERT OR IGNORE INTO event_tags (tenant_id, tag, event_id) VALUES (?, ?, ?)"
INSERT_ENDING = "INSERT OR IGNORE INTO endings (tenant_id, delivery_id, attempts) VALUES (?, ?, ?)"
KEEP_REMOTE = f"INSERT INTO remotes ({_list(REMOTE)}) VALUES {_values(len(REMOTE), 1)} {UPSERT}"
INSERT_ATTEMPT = "INSERT INTO attempts (tenant_id, delivery_id, number, document) VALUES (?, ?, ?, ?)"


@lru_cache
def count(rows: int) -> str:
    return f"""
INSERT INTO counters ({_list(COUNTER)})
VALUES {_values(len(COUNTER), rows)}
ON CONFLICT (tenant_id, endpoint_id, hour) DO UPDATE SET
  succeeded = succeeded + excluded.succeeded,
  failed = failed + excluded.failed,
  last_attempt_at = max(last_attempt_at, excluded.last_attempt_at),
  last_success_at = coalesce(max(last_success_at, excluded.last_success_at), last_success_at,
    excluded.last_success_at)"""


@lru_cache
def tenants(rows: int) -> str:
    return f"SELECT id, config_version FROM tenants WHERE deleted_at IS NULL AND id IN {_values(rows, 1)}"


KEY = "SELECT id, fingerprint, accepted_at FROM events WHERE tenant_id = ? AND idempotency_key = ?"
FORGET_KEY = "UPDATE events SET idempotency_key = NULL WHERE tenant_id = ? AND id = ?"
NODE = "SELECT 1 FROM nodes WHERE id = ?"

_OPEN = "order_key IS NOT NULL AND state IN ('pending', 'sending', 'held')"

# No row's `seq` is above its rowid when it is made, so that no scan is needed; VACUUM may give lower rowids, and
# therefore the open ones, which an index knows, are looked at too.
LAST_SEQ = f"""
SELECT max(coalesce((SELECT max(rowid) FROM deliveries), 0),
  coalesce((SELECT max(seq) FROM deliveries WHERE {_OPEN}), 0))"""

FORGET_PACE = "DELETE FROM lanes WHERE tenant_id = ? AND endpoint_id = ? AND owner = ?"
KEEP_PACE = """
INSERT INTO lanes (tenant_id, endpoint_id, owner, pace) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET pace = excluded.pace, owner = excluded.owner
WHERE owner IS NULL OR owner = excluded.owner"""


def _next_lane(tenant: str, endpoint: str) -> str:
    """The first row behind a lane: of the same tenant, else of the next. Two probes, because SQLite enters the index
    by the first column of `(tenant_id, endpoint_id) > (?, ?)` only, and would step over every row of the lane.
    """
    pending = "SELECT n.rowid FROM deliveries n WHERE n.state = 'pending'"
    return f"""coalesce(
  ({pending} AND n.tenant_id = {tenant} AND n.endpoint_id > {endpoint} ORDER BY n.endpoint_id, n.due_at LIMIT 1),
  ({pending} AND n.tenant_id > {tenant} ORDER BY n.tenant_id, n.endpoint_id, n.due_at LIMIT 1))"""


# A loose index scan: one probe of the partial index for each lane that has something pending. SQLite has no
# LATERAL: the walk carries row ids, and each step finds the first row behind the lane of the last.
WALK = f"""
WITH RECURSIVE walk(row) AS (
  SELECT {_next_lane(":tenant", ":endpoint")}
  UNION ALL
  SELECT {_next_lane("d.tenant_id", "d.endpoint_id")}
  FROM walk JOIN deliveries d ON d.rowid = walk.row
  LIMIT :limit
)
SELECT d.tenant_id, d.endpoint_id, d.due_at, l.owner, l.pace, t.config_version
FROM walk JOIN deliveries d ON d.rowid = walk.row
JOIN tenants t ON t.id = d.tenant_id
LEFT JOIN lanes l ON l.tenant_id = d.tenant_id AND l.endpoint_id = d.endpoint_id"""

ACQUIRE = """
INSERT INTO lanes (tenant_id, endpoint_id, owner) VALUES (?, ?, ?)
ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET owner = excluded.owner
WHERE owner IS NULL OR owner = excluded.owner
RETURNING tenant_id, endpoint_id"""

GATHERING = """
SELECT count(*), min(due_at), count(batch_id) FROM (
  SELECT due_at, batch_id FROM deliveries
  WHERE tenant_id = ? AND endpoint_id = ? AND state = 'pending' AND due_at <= ?
  ORDER BY due_at, id LIMIT ?)"""

PICK = """
SELECT rowid FROM deliveries
WHERE tenant_id = ? AND endpoint_id = ? AND state = 'pending' AND due_at <= ?
ORDER BY due_at, id LIMIT ?"""

UNORDERED_SEEN = 100
"""Due deliveries of an ordered lane that are looked at for such as came before it was ordered: they wait for nobody."""

# Of each key only the first open delivery may go, and only when it is due: a failing head blocks its own key alone.
PICK_HEADS = f"""
WITH RECURSIVE heads(row) AS (
  SELECT (SELECT rowid FROM deliveries WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND {_OPEN}
          ORDER BY order_key, seq LIMIT 1)
  UNION ALL
  SELECT (SELECT rowid FROM deliveries WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND {_OPEN}
            AND order_key > (SELECT order_key FROM deliveries WHERE rowid = heads.row)
          ORDER BY order_key, seq LIMIT 1)
  FROM heads WHERE heads.row IS NOT NULL
)
SELECT row FROM (
  SELECT d.rowid AS row, d.due_at AS due_at, d.id AS id FROM heads JOIN deliveries d ON d.rowid = heads.row
  WHERE d.state = 'pending' AND d.due_at <= :now
  UNION ALL
  SELECT row, due_at, id FROM (
    SELECT rowid AS row, due_at, id, order_key FROM deliveries
    WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND state = 'pending' AND due_at <= :now
    ORDER BY due_at, id LIMIT {UNORDERED_SEEN})
  WHERE order_key IS NULL)
ORDER BY due_at, id LIMIT :count"""


@lru_cache
def take(rows: int) -> str:
    return f"UPDATE deliveries SET state = 'sending', owner = ? WHERE rowid IN {_values(rows, 1)}"


@lru_cache
def taken(rows: int) -> str:
    return f"""
SELECT {_list(DELIVERY, "d.")}, {_list(EVENT, "e.")}, t.config_version
FROM deliveries d
JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
JOIN tenants t ON t.id = d.tenant_id
WHERE d.rowid IN {_values(rows, 1)} ORDER BY d.due_at, d.id"""
