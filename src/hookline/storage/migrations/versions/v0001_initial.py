"""The first tables. A migration is a photograph: it never changes, and imports nothing of the program."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    schema,
    text,
)

revision = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite has no sequences; its one writer counts
        op.execute(schema.CreateSequence(schema.Sequence("delivery_sequence")))
    _facts()
    _nodes()
    _tenants()
    _api_keys()
    _event_types()
    _endpoints()
    _events()
    _event_tags()
    _deliveries()
    _attempts()
    _counters()
    _lanes()
    _batches()


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null)


def _whole(name: str, *, null: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=null, server_default=default and text(default))


def _small(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _key(*names: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint(*names)


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    part = None if where is None else text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=part, sqlite_where=part)


def _facts() -> None:
    op.create_table(
        "facts",
        _text("name"),
        _bytes("value"),
        _key("name"),
    )


def _nodes() -> None:
    op.create_table(
        "nodes",
        _text("id"),
        _text("name"),
        _whole("started_at"),
        _whole("heartbeat_at"),
        _whole("lease"),
        _text("watermark"),
        _key("id"),
    )


def _tenants() -> None:
    op.create_table(
        "tenants",
        _text("id"),
        _text("name"),
        _text("metadata"),
        _whole("config_version", default="0"),
        _whole("created_at"),
        _whole("updated_at"),
        _whole("deleted_at", null=True),
        _key("id"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        _text("tenant_id"),
        _text("id"),
        _text("hash"),
        _text("scope"),
        _text("name"),
        _text("hint"),
        _whole("created_at"),
        _whole("expires_at", null=True),
        _whole("revoked_at", null=True),
        _key("tenant_id", "id"),
    )
    _index("api_keys_hash", "api_keys", "hash", unique=True)


def _event_types() -> None:
    op.create_table(
        "event_types",
        _text("tenant_id"),
        _text("name"),
        _text("description"),
        _bytes("schema", null=True),
        _text("enforcement"),
        _bytes("example", null=True),
        _flag("deprecated"),
        _whole("created_at"),
        _whole("updated_at"),
        _key("tenant_id", "name"),
    )


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        _text("tenant_id"),
        _text("id"),
        _bytes("document"),
        _bytes("sealed"),
        _flag("active"),
        _text("held", null=True),
        _whole("version"),
        _whole("created_at"),
        _whole("updated_at"),
        _whole("deleted_at", null=True),
        _key("tenant_id", "id"),
    )
    _index(
        "endpoints_unsettled",
        "endpoints",
        "tenant_id",
        "id",
        where="held IS NOT NULL OR deleted_at IS NOT NULL OR NOT active",
    )
    _index("endpoints_version", "endpoints", "tenant_id", "version")


def _events() -> None:
    op.create_table(
        "events",
        _text("tenant_id"),
        _text("id"),
        _text("type"),
        _bytes("data"),
        _text("content_type"),
        _whole("time"),
        _whole("accepted_at"),
        _text("idempotency_key", null=True),
        _bytes("fingerprint", null=True),
        _text("order_key"),
        _text("tags", null=True),
        _text("matched", null=True),
        _text("failures", null=True),
        _text("node", null=True),
        _text("in_hand", null=True),
        _key("tenant_id", "id"),
    )
    _index(
        "events_idempotency",
        "events",
        "tenant_id",
        "idempotency_key",
        where="idempotency_key IS NOT NULL",
        unique=True,
    )


def _event_tags() -> None:
    op.create_table(
        "event_tags",
        _text("tenant_id"),
        _text("tag"),
        _text("event_id"),
        _key("tenant_id", "tag", "event_id"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("tenant_id"),
        _text("id"),
        _text("event_id"),
        _text("endpoint_id"),
        _text("event_type"),
        _text("state"),
        _text("reason", null=True),
        _whole("due_at", null=True),
        _small("attempts"),
        _small("failures"),
        _small("interruptions"),
        _small("last_status", null=True),
        _text("last_cause", null=True),
        _whole("created_at"),
        _whole("finished_at", null=True),
        _text("order_key", null=True),
        _whole("seq", null=True),
        _text("batch_id", null=True),
        _text("owner", null=True),
        _bytes("first_attempt", null=True),
        _key("tenant_id", "id"),
    )
    _index(
        "deliveries_due", "deliveries", "tenant_id", "endpoint_id", "due_at", "id", where="state = 'pending'"
    )
    _index("deliveries_endpoint", "deliveries", "tenant_id", "endpoint_id", "id")
    _index("deliveries_held", "deliveries", "tenant_id", "endpoint_id", "id", where="state = 'held'")
    _index(
        "deliveries_order",
        "deliveries",
        "tenant_id",
        "endpoint_id",
        "order_key",
        "seq",
        where="order_key IS NOT NULL AND state IN ('pending', 'sending', 'held')",
    )
    _index("deliveries_owner", "deliveries", "owner", "tenant_id", "id", where="state = 'sending'")
    _index("deliveries_state", "deliveries", "tenant_id", "state", "id", where="state <> 'delivered'")


def _attempts() -> None:
    op.create_table(
        "attempts",
        _text("tenant_id"),
        _text("delivery_id"),
        _small("number"),
        _bytes("document"),
        _key("tenant_id", "delivery_id", "number"),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        _text("tenant_id"),
        _text("endpoint_id"),
        _whole("hour"),
        _whole("succeeded", default="0"),
        _whole("failed", default="0"),
        _whole("last_attempt_at"),
        _whole("last_success_at", null=True),
        _key("tenant_id", "endpoint_id", "hour"),
    )


def _lanes() -> None:
    op.create_table(
        "lanes",
        _text("tenant_id"),
        _text("endpoint_id"),
        _text("owner", null=True),
        _bytes("pace", null=True),
        _key("tenant_id", "endpoint_id"),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        _text("tenant_id"),
        _text("id"),
        _text("endpoint_id"),
        _text("members"),
        _bytes("body"),
        _whole("created_at"),
        _key("tenant_id", "id"),
    )
