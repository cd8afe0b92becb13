"""The tables, once, for both databases. Times are microseconds since 1970; text compares by bytes.

Every table of a tenant has `tenant_id` first in its keys, so that a missing wall is a missing argument.
`nodes` and `facts` belong to nobody.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    text,
)

metadata = MetaData()

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null, primary_key=key)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


UNSETTLED = "held IS NOT NULL OR deleted_at IS NOT NULL OR NOT active"
"""Endpoints whose deliveries may have to be moved: few, and found without reading the others."""

facts = Table("facts", metadata, _text("name", key=True), Column("value", LargeBinary, nullable=False))
"""What the installation knows of itself: the canary of the secret key."""

nodes = Table(
    "nodes",
    metadata,
    _text("id", key=True),
    _text("name"),
    _time("started_at"),
    _time("heartbeat_at"),
    Column("lease", BigInteger, nullable=False),
    _text("watermark"),  # every event in this node's hand has an id at or above it
)

tenants = Table(
    "tenants",
    metadata,
    _text("id", key=True),
    _text("name"),
    _text("metadata"),
    _count("config_version"),
    _time("created_at"),
    _time("updated_at"),
    _time("deleted_at", null=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("tenant_id", key=True),  # '' for admin keys
    _text("id", key=True),
    _text("hash"),
    _text("scope"),
    _text("name"),
    _text("hint"),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("revoked_at", null=True),
    Index("api_keys_hash", "hash", unique=True),
)

event_types = Table(
    "event_types",
    metadata,
    _text("tenant_id", key=True),
    _text("name", key=True),
    _text("description"),
    Column("schema", LargeBinary),
    _text("enforcement"),
    Column("example", LargeBinary),
    Column("deprecated", Boolean, nullable=False),
    _time("created_at"),
    _time("updated_at"),
)

endpoints = Table(
    "endpoints",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    Column("document", LargeBinary, nullable=False),  # the endpoint as JSON, without what is sealed
    Column("sealed", LargeBinary, nullable=False),  # what may hold credentials: encrypted
    Column("active", Boolean, nullable=False),
    _text("held", null=True),  # what to do with held deliveries: 'release', 'cancel'; NULL: nothing
    Column("version", BigInteger, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    _time("deleted_at", null=True),
    Index("endpoints_version", "tenant_id", "version"),
    _partial("endpoints_unsettled", "tenant_id", "id", where=UNSETTLED),
)

events = Table(
    "events",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    _text("type"),
    Column("data", LargeBinary, nullable=False),
    _text("content_type"),
    _time("time"),
    _time("accepted_at"),
    _text("idempotency_key", null=True),
    Column("fingerprint", LargeBinary),
    _text("order_key"),
    _text("tags", null=True),  # JSON list
    _text("matched", null=True),  # JSON list of endpoint ids; NULL: it matched nothing
    _text("failures", null=True),  # JSON object: endpoint id to why its filter failed
    _text("node", null=True),  # who took deliveries in hand at once
    _text("in_hand", null=True),  # JSON list of their positions in `matched`
    _text("origin", null=True),  # JSON: the request that it was made from; NULL: it was published
    _text("system", null=True),  # NULL: of none
    Index(
        "events_idempotency",
        "tenant_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
        sqlite_where=text("idempotency_key IS NOT NULL"),
    ),
)

sources = Table(
    "sources",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    Column("document", LargeBinary, nullable=False),  # the source as JSON, without what is sealed
    Column("sealed", LargeBinary, nullable=False),  # token, secrets, parameters: encrypted
    _text("token_hash"),  # SHA-256: requests are found by it, before their tenant is known
    _text("path", null=True),
    Column("version", BigInteger, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    _time("deleted_at", null=True),
    Index("sources_version", "tenant_id", "version"),
    Index("sources_token", "token_hash", unique=True),
    Index(
        "sources_path",
        "tenant_id",
        "path",
        unique=True,
        postgresql_where=text("path IS NOT NULL"),
        sqlite_where=text("path IS NOT NULL"),
    ),
)

receipts = Table(
    "receipts",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    _text("source_id"),
    _time("received_at"),
    _text("outcome"),
    _text("cause", null=True),
    Column("document", LargeBinary, nullable=False),  # the rest as JSON
    Column("body", LargeBinary),  # NULL: it is the data of its one event
    Index("receipts_source", "tenant_id", "source_id", "id"),
    _partial("receipts_outcome", "tenant_id", "outcome", "id", where="outcome <> 'accepted'"),
)

enabled_systems = Table(
    "enabled_systems",
    metadata,
    _text("tenant_id", key=True),
    _text("system", key=True),
    _text("zone"),
    _text("host"),
    _text("prefix"),
    _text("known_as"),
    _time("created_at"),
    _time("updated_at"),
    Index("enabled_systems_place", "system", "host", "prefix", "known_as", unique=True),
)

records = Table(
    "records",
    metadata,
    _text("tenant_id", key=True),
    _text("system", key=True),
    _text("type", key=True),
    _text("id", key=True),
    Column("state", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    _text("fired", null=True),  # JSON object: deadline to the time that it fired for; NULL: none has
    _time("due_at", null=True),
    _time("created_at"),
    _time("updated_at"),
    _partial("records_due", "due_at", where="due_at IS NOT NULL"),
)

remotes = Table(
    "remotes",
    metadata,
    _text("tenant_id", key=True),
    _text("endpoint_id", key=True),
    _text("case_key", key=True),
    _text("remote_id"),  # '': it is not there any more
    _text("url"),
    _text("fields", null=True),  # JSON object; NULL: none
    _time("created_at"),
    _time("updated_at"),
    Index("remotes_case", "tenant_id", "case_key"),
)
"""What cases are in other systems."""

event_tags = Table(
    "event_tags",
    metadata,
    _text("tenant_id", key=True),
    _text("tag", key=True),
    _text("event_id", key=True),
)

endings = Table(
    "endings",
    metadata,
    _text("tenant_id", key=True),
    _text("delivery_id", key=True),
    Column("attempts", Integer, primary_key=True),  # it may end again, after a retry by hand
)
"""Deliveries that came to an end which something follows from, until that is done."""

delivery_sequence = Sequence("delivery_sequence", metadata=metadata)


deliveries = Table(
    "deliveries",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    _text("event_id"),
    _text("endpoint_id"),
    _text("event_type"),
    _text("state"),
    _text("reason", null=True),
    _time("due_at", null=True),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("last_status", Integer),
    _text("last_cause", null=True),
    _time("created_at"),
    _time("finished_at", null=True),
    _text("order_key", null=True),  # NULL: not ordered
    Column("seq", BigInteger),  # the order, by the database's word; NULL where none matters
    _text("batch_id", null=True),
    _text("owner", null=True),  # the node that has it in hand
    Column("first_attempt", LargeBinary),  # JSON, when the row was written together with it
    Index("deliveries_endpoint", "tenant_id", "endpoint_id", "id"),
    _partial("deliveries_state", "tenant_id", "state", "id", where="state <> 'delivered'"),
    _partial("deliveries_due", "tenant_id", "endpoint_id", "due_at", "id", where="state = 'pending'"),
    _partial("deliveries_held", "tenant_id", "endpoint_id", "id", where="state = 'held'"),
    _partial("deliveries_owner", "owner", "tenant_id", "id", where="state = 'sending'"),
    _partial(
        "deliveries_order",
        "tenant_id",
        "endpoint_id",
        "order_key",
        "seq",
        where="order_key IS NOT NULL AND state IN ('pending', 'sending', 'held')",
    ),
)

attempts = Table(
    "attempts",
    metadata,
    _text("tenant_id", key=True),
    _text("delivery_id", key=True),
    Column("number", Integer, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    _text("tenant_id", key=True),
    _text("endpoint_id", key=True),
    Column("hour", BigInteger, primary_key=True),  # hours since 1970; 0 holds the sum of all
    _count("succeeded"),
    _count("failed"),
    _time("last_attempt_at"),
    _time("last_success_at", null=True),
)

lanes = Table(
    "lanes",
    metadata,
    _text("tenant_id", key=True),
    _text("endpoint_id", key=True),
    _text("owner", null=True),  # the one node that may send to it, where one alone may
    Column("pace", LargeBinary),  # JSON: concurrency, failures in a row, since when, held until when
)

batches = Table(
    "batches",
    metadata,
    _text("tenant_id", key=True),
    _text("id", key=True),
    _text("endpoint_id"),
    _text("members"),  # JSON list of delivery ids, in order
    Column("body", LargeBinary, nullable=False),
    _time("created_at"),
)
