"""Sources and receipts, and where an inbound event comes from."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("events", _text("origin", null=True))
    _sources()
    _receipts()


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null)


def _whole(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _sources() -> None:
    op.create_table(
        "sources",
        _text("tenant_id"),
        _text("id"),
        _bytes("document"),
        _bytes("sealed"),
        _text("token_hash"),
        _text("path", null=True),
        _whole("version"),
        _whole("created_at"),
        _whole("updated_at"),
        _whole("deleted_at", null=True),
        PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("sources_version", "sources", ["tenant_id", "version"])
    op.create_index("sources_token", "sources", ["token_hash"], unique=True)
    where = text("path IS NOT NULL")
    op.create_index(
        "sources_path",
        "sources",
        ["tenant_id", "path"],
        unique=True,
        postgresql_where=where,
        sqlite_where=where,
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        _text("tenant_id"),
        _text("id"),
        _text("source_id"),
        _whole("received_at"),
        _text("outcome"),
        _text("cause", null=True),
        _bytes("document"),
        _bytes("body", null=True),
        PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("receipts_source", "receipts", ["tenant_id", "source_id", "id"])
    where = text("outcome <> 'accepted'")
    op.create_index(
        "receipts_outcome",
        "receipts",
        ["tenant_id", "outcome", "id"],
        postgresql_where=where,
        sqlite_where=where,
    )
