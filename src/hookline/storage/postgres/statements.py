"""The hot statements of PostgreSQL, put together once from the columns that storage shares."""

from functools import cache

from hookline.storage.columns import DELIVERY, EVENT
from hookline.storage.counting import COUNTER
from hookline.storage.endings import ENDING
from hookline.storage.postgres.arrays import cast
from hookline.storage.receipt_rows import RECEIVED_AGAIN
from hookline.storage.remotes import REMOTE, UPSERT

_TYPES = {
    "data": "bytea",
    "fingerprint": "bytea",
    "time": "bigint",
    "accepted_at": "bigint",
    "due_at": "bigint",
    "created_at": "bigint",
    "finished_at": "bigint",
    "attempts": "int",
    "failures": "int",
    "interruptions": "int",
    "last_status": "int",
}
_EVENT_TYPES = {**_TYPES, "failures": "text", "origin": "bytea"}

EVENT_WIDTH = len(EVENT)
EVENT_INPUT = EVENT_WIDTH + 2
DELIVERY_INPUT = len(DELIVERY)


def _arrays(first: int, types: list[str]) -> str:
    return ", ".join(cast(first + n, type_) for n, type_ in enumerate(types))


def _list(columns: tuple[str, ...], alias: str = "") -> str:
    return ", ".join(f"{alias}{column}" for column in columns)


# Its many quotes cost less in bytes than in an array of texts, where each is escaped and read again.
_EVENT_VALUES = _list(EVENT, "i.").replace("i.origin", "convert_from(i.origin, 'UTF8')")
EVENT_ARRAYS = [_EVENT_TYPES.get(column, "text") for column in EVENT] + ["text", "bigint"]
DELIVERY_ARRAYS = [_TYPES.get(column, "text") for column in DELIVERY]
TAG_ARRAYS = ["text"] * 3
_RECEIPT_TYPES = {"received_at": "bigint", "document": "bytea", "body": "bytea"}
ITEM_ARRAYS = ["text"] * 2
_NEXT = "CASE WHEN i.order_key IS NULL THEN NULL ELSE nextval('delivery_sequence') END"


@cache
def publish(*, waiting: bool, tags: bool, received: tuple[str, ...], further: bool, again: bool) -> str:
    """An event goes in only if its tenant's configuration is the one it was matched against; if something of it is
    taken in hand, only while the node is known: the lock lets nobody take over between this look and the commit.
    They come sorted by key, and go in as they came, whatever the join does.

    `received`: the columns that are given of receipts; `further`: some have more than one event; `again`: some may be
    there.
    """
    first_tag = EVENT_INPUT + (DELIVERY_INPUT if waiting else 0) + 2
    statement = f"""
WITH hand AS (
  SELECT id FROM nodes WHERE id = $1 FOR KEY SHARE
), stored AS (
  INSERT INTO events ({_list(EVENT)}, node, in_hand)
  SELECT {_EVENT_VALUES}, hand.id, i.in_hand
  FROM unnest({_arrays(2, EVENT_ARRAYS)}) WITH ORDINALITY AS i({_list(EVENT)}, in_hand, version, place)
  JOIN tenants t ON t.id = i.tenant_id AND t.config_version = i.version AND t.deleted_at IS NULL
  LEFT JOIN hand ON i.in_hand IS NOT NULL
  WHERE i.in_hand IS NULL OR hand.id IS NOT NULL
  ORDER BY i.place
  ON CONFLICT DO NOTHING
  RETURNING tenant_id, id
)"""
    if waiting:
        statement += f""", waiting AS (
  INSERT INTO deliveries ({_list(DELIVERY)}, seq)
  SELECT {_list(DELIVERY, "i.")}, {_NEXT} FROM (
    SELECT i.*
    FROM unnest({_arrays(EVENT_INPUT + 2, DELIVERY_ARRAYS)}) WITH ORDINALITY AS i({_list(DELIVERY)}, place)
    JOIN stored s ON s.tenant_id = i.tenant_id AND s.id = i.event_id
    ORDER BY i.place) i
)"""
    if tags:
        statement += f""", tagged AS (
  INSERT INTO event_tags (tenant_id, tag, event_id)
  SELECT DISTINCT i.tenant_id, i.tag, i.event_id
  FROM unnest({_arrays(first_tag, TAG_ARRAYS)}) AS i(tenant_id, tag, event_id)
  JOIN stored s ON s.tenant_id = i.tenant_id AND s.id = i.event_id
)"""
    if received:
        first = first_tag + (len(TAG_ARRAYS) if tags else 0)
        statement += _received(first, received, further=further, again=again)
    return statement + " SELECT id FROM stored"


def received_arrays(columns: tuple[str, ...]) -> list[str]:
    """Of these columns of receipts, and the first event of each."""
    return [*receipt_arrays(columns), "text"]


def receipt_arrays(columns: tuple[str, ...]) -> list[str]:
    return [_RECEIPT_TYPES.get(column, "text") for column in columns]


def _received(first: int, columns: tuple[str, ...], *, further: bool, again: bool) -> str:
    """A receipt goes in with the first of its events; those of which none is stored are told of behind it."""
    arrays = received_arrays(columns)
    return f""", received AS (
  INSERT INTO receipts ({_list(columns)})
  SELECT {_list(columns, "i.")}
  FROM unnest({_arrays(first, arrays)}) AS i({_list(columns)}, event_id)
  -- not joins: the planner takes arrays for short, and would look at all of them for each
  WHERE i.event_id IN (SELECT id FROM stored){_further(first + len(arrays)) if further else ""}
  {RECEIVED_AGAIN if again else ""}
)"""


def _further(first: int) -> str:
    return f""" OR i.id IN (
    SELECT o.receipt_id FROM unnest({_arrays(first, ITEM_ARRAYS)}) AS o(receipt_id, event_id)
    JOIN stored s ON s.id = o.event_id
  )"""


@cache
def nothing_new(columns: tuple[str, ...]) -> str:
    return f"""
INSERT INTO receipts ({_list(columns)})
SELECT * FROM unnest({_arrays(1, receipt_arrays(columns))})
{RECEIVED_AGAIN}"""


TENANTS = "SELECT id FROM tenants WHERE id = ANY($1::text[]) AND deleted_at IS NULL"
KEYS = """
SELECT e.tenant_id, e.idempotency_key, e.id, e.fingerprint, e.accepted_at
FROM unnest($1::text[], $2::text[]) AS i(tenant_id, key)
JOIN events e ON e.tenant_id = i.tenant_id AND e.idempotency_key = i.key"""
FORGET_KEY = "UPDATE events SET idempotency_key = NULL WHERE tenant_id = $1 AND id = $2"

RESULT_ARRAYS = [*DELIVERY_ARRAYS, "bytea", "boolean", "bigint", "bigint"]
_RESULT_COLUMNS = f"{_list(DELIVERY)}, document, succeeded, at, hour"

_ADD = """ON CONFLICT (tenant_id, endpoint_id, hour) DO UPDATE SET
    succeeded = c.succeeded + excluded.succeeded,
    failed = c.failed + excluded.failed,
    last_attempt_at = greatest(c.last_attempt_at, excluded.last_attempt_at),
    last_success_at = greatest(c.last_success_at, excluded.last_success_at)"""
# Rows are sorted by key, so that two nodes counting for the same endpoints cannot deadlock.
_COUNTED = f"""
counted AS (
  INSERT INTO counters AS c ({_list(COUNTER)})
  SELECT i.tenant_id, i.endpoint_id, i.hour * span.n AS bucket, count(*) FILTER (WHERE i.succeeded),
    count(*) FILTER (WHERE NOT i.succeeded), max(i.at), max(i.at) FILTER (WHERE i.succeeded)
  FROM input i
  JOIN written w ON w.tenant_id = i.tenant_id AND w.id = i.id
  CROSS JOIN (VALUES (0), (1)) AS span(n)
  WHERE i.succeeded IS NOT NULL
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  {_ADD}
)"""

ENDING_ARRAYS = ["text", "text", "int"]


def _ended(first: int) -> str:
    return f"""
, ended AS (
  INSERT INTO endings ({_list(ENDING)})
  SELECT {_list(ENDING, "i.")}
  FROM unnest({_arrays(first, ENDING_ARRAYS)}) AS i({_list(ENDING)})
  JOIN written w ON w.tenant_id = i.tenant_id AND w.id = i.delivery_id
  ON CONFLICT DO NOTHING
)"""


_REMOTE_TYPES = {"created_at": "bigint", "updated_at": "bigint"}
LINK_ARRAYS = ["text", *[_REMOTE_TYPES.get(column, "text") for column in REMOTE]]


def _linked(first: int) -> str:
    """In the order of their keys, as counters are. The first column is the delivery that they came with."""
    return f"""
, linked AS (
  INSERT INTO remotes ({_list(REMOTE)})
  SELECT {_list(REMOTE, "i.")}
  FROM unnest({_arrays(first, LINK_ARRAYS)}) AS i(delivery_id, {_list(REMOTE)})
  JOIN written w ON w.tenant_id = i.tenant_id AND w.id = i.delivery_id
  ORDER BY i.tenant_id COLLATE "C", i.endpoint_id COLLATE "C", i.case_key COLLATE "C"
  {UPSERT}
)"""


def _followed(first: int, *, ended: bool, linked: bool) -> str:
    """What goes in beside the results, where there is any of it."""
    behind = first + len(RESULT_ARRAYS)
    text = _ended(behind) if ended else ""
    return text + (_linked(behind + (len(ENDING_ARRAYS) if ended else 0)) if linked else "")


NEW_ARRAYS = [*DELIVERY_ARRAYS, "bytea"]
COUNTER_ARRAYS = ["text", "text", *["bigint"] * (len(COUNTER) - 2)]
# All of them or none: a row that is there is an error, so that nothing has to be asked of those that are not.
RECORD_NEW = f"""
WITH counted AS (
  INSERT INTO counters AS c ({_list(COUNTER)})
  SELECT * FROM unnest({_arrays(1 + len(NEW_ARRAYS), COUNTER_ARRAYS)}) ORDER BY 1, 2, 3
  {_ADD}
)
INSERT INTO deliveries ({_list(DELIVERY)}, first_attempt) SELECT * FROM unnest({_arrays(1, NEW_ARRAYS)})"""


@cache
def record_fresh(*, ended: bool, linked: bool) -> str:
    return f"""
WITH input AS (
  SELECT * FROM unnest({_arrays(1, RESULT_ARRAYS)}) AS i({_RESULT_COLUMNS})
), written AS (
  INSERT INTO deliveries ({_list(DELIVERY)}, first_attempt)
  SELECT {_list(DELIVERY)}, document FROM input
  ON CONFLICT DO NOTHING
  RETURNING tenant_id, id
), {_COUNTED}{_followed(1, ended=ended, linked=linked)}
SELECT id FROM written"""


_MOVING = (
    "state",
    "reason",
    "due_at",
    "attempts",
    "failures",
    "interruptions",
    "last_status",
    "last_cause",
    "finished_at",
    "batch_id",
)


@cache
def record_moved(*, ended: bool, linked: bool) -> str:
    return f"""
WITH input AS (
  SELECT * FROM unnest({_arrays(2, RESULT_ARRAYS)}) AS i({_RESULT_COLUMNS})
), written AS (
  UPDATE deliveries d SET {", ".join(f"{column} = i.{column}" for column in _MOVING)}, owner = NULL
  FROM input i
  WHERE d.tenant_id = i.tenant_id AND d.id = i.id AND d.state = 'sending' AND d.owner = $1
    -- not so when it was written, and claimed again, before
    AND d.attempts = i.attempts - CASE WHEN i.document IS NULL THEN 0 ELSE 1 END
  RETURNING d.tenant_id, d.id
), told AS (
  INSERT INTO attempts (tenant_id, delivery_id, number, document)
  SELECT i.tenant_id, i.id, i.attempts, i.document
  FROM input i JOIN written w ON w.tenant_id = i.tenant_id AND w.id = i.id
  WHERE i.document IS NOT NULL
), {_COUNTED}{_followed(2, ended=ended, linked=linked)}
SELECT id FROM written"""


FORGET_PACE = "DELETE FROM lanes WHERE tenant_id = $1 AND endpoint_id = $2 AND owner = $3"
KEEP_PACE = """
INSERT INTO lanes AS l (tenant_id, endpoint_id, owner, pace) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET pace = excluded.pace, owner = excluded.owner
WHERE l.owner IS NULL OR l.owner = excluded.owner"""

# A loose index scan: one probe of the partial index for each lane that has something pending.
WALK = """
WITH RECURSIVE walk AS (
  (SELECT tenant_id, endpoint_id, due_at FROM deliveries
   WHERE state = 'pending' AND (tenant_id, endpoint_id) > ($1, $2)
   ORDER BY tenant_id, endpoint_id, due_at LIMIT 1)
  UNION ALL
  SELECT n.* FROM walk w CROSS JOIN LATERAL (
    SELECT tenant_id, endpoint_id, due_at FROM deliveries d
    WHERE d.state = 'pending' AND (d.tenant_id, d.endpoint_id) > (w.tenant_id, w.endpoint_id)
    ORDER BY d.tenant_id, d.endpoint_id, d.due_at LIMIT 1) n
)
SELECT w.tenant_id, w.endpoint_id, w.due_at, l.owner, l.pace, t.config_version
FROM (SELECT * FROM walk LIMIT $3) w
JOIN tenants t ON t.id = w.tenant_id
LEFT JOIN lanes l ON l.tenant_id = w.tenant_id AND l.endpoint_id = w.endpoint_id"""

ACQUIRE = """
INSERT INTO lanes AS l (tenant_id, endpoint_id, owner)
SELECT i.tenant_id, i.endpoint_id, $1 FROM unnest($2::text[], $3::text[]) AS i(tenant_id, endpoint_id)
ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET owner = excluded.owner
WHERE l.owner IS NULL OR l.owner = excluded.owner
RETURNING l.tenant_id, l.endpoint_id"""

_TAKEN = f"""
taken AS (
  UPDATE deliveries d SET state = 'sending', owner = $1
  FROM picked p WHERE d.tenant_id = p.tenant_id AND d.id = p.id AND d.state = 'pending'
  RETURNING {_list(DELIVERY, "d.")}
)
SELECT {_list(DELIVERY, "d.")}, {_list(EVENT, "e.")}, t.config_version
FROM taken d
JOIN events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
JOIN tenants t ON t.id = d.tenant_id
ORDER BY d.due_at, d.id"""

CLAIM = f"""
WITH picked AS (
  SELECT d.tenant_id, d.id
  FROM unnest($3::text[], $4::text[], $5::int[]) AS w(tenant_id, endpoint_id, n)
  CROSS JOIN LATERAL (
    SELECT tenant_id, id FROM deliveries
    WHERE tenant_id = w.tenant_id AND endpoint_id = w.endpoint_id AND state = 'pending' AND due_at <= $2
    ORDER BY due_at, id LIMIT w.n FOR UPDATE SKIP LOCKED) d
), {_TAKEN}"""

GATHERING = """
SELECT count(*), min(due_at), count(batch_id) FROM (
  SELECT due_at, batch_id FROM deliveries
  WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND due_at <= $3
  ORDER BY due_at, id LIMIT $4) due"""

UNORDERED_SEEN = 100
"""Due deliveries of an ordered lane that are looked at for such as came before it was ordered: they wait for nobody."""

_OPEN = "order_key IS NOT NULL AND state IN ('pending', 'sending', 'held')"

# Of each key only the first open delivery may go, and only when it is due: a failing head blocks its own key alone.
# No lock is needed: an ordered lane belongs to one node.
CLAIM_HEADS = f"""
WITH RECURSIVE heads AS (
  SELECT w.tenant_id, w.endpoint_id, w.n, h.order_key, h.id, h.state, h.due_at
  FROM unnest($3::text[], $4::text[], $5::int[]) AS w(tenant_id, endpoint_id, n)
  CROSS JOIN LATERAL (
    SELECT order_key, id, state, due_at FROM deliveries d
    WHERE d.tenant_id = w.tenant_id AND d.endpoint_id = w.endpoint_id AND {_OPEN}
    ORDER BY order_key, seq LIMIT 1) h
  UNION ALL
  SELECT p.tenant_id, p.endpoint_id, p.n, h.order_key, h.id, h.state, h.due_at
  FROM heads p CROSS JOIN LATERAL (
    SELECT order_key, id, state, due_at FROM deliveries d
    WHERE d.tenant_id = p.tenant_id AND d.endpoint_id = p.endpoint_id AND {_OPEN}
      AND d.order_key > p.order_key
    ORDER BY order_key, seq LIMIT 1) h
), picked AS (
  SELECT tenant_id, id FROM (
    SELECT *, row_number() OVER (PARTITION BY tenant_id, endpoint_id ORDER BY due_at, id) AS place FROM (
      SELECT tenant_id, endpoint_id, n, id, due_at FROM heads WHERE state = 'pending' AND due_at <= $2
      UNION ALL
      SELECT w.tenant_id, w.endpoint_id, w.n, d.id, d.due_at
      FROM unnest($3::text[], $4::text[], $5::int[]) AS w(tenant_id, endpoint_id, n)
      CROSS JOIN LATERAL (
        SELECT id, due_at, order_key FROM deliveries
        WHERE tenant_id = w.tenant_id AND endpoint_id = w.endpoint_id AND state = 'pending' AND due_at <= $2
        ORDER BY due_at, id LIMIT {UNORDERED_SEEN}) d
      WHERE d.order_key IS NULL) may) due
  WHERE place <= n
), {_TAKEN}"""
