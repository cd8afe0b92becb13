"""What cases are in other systems."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Text

revision = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "remotes",
        Column("tenant_id", _TEXT, nullable=False),
        Column("endpoint_id", _TEXT, nullable=False),
        Column("case_key", _TEXT, nullable=False),
        Column("remote_id", _TEXT, nullable=False),
        Column("url", _TEXT, nullable=False),
        Column("fields", _TEXT),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("tenant_id", "endpoint_id", "case_key"),
        Index("remotes_case", "tenant_id", "case_key"),
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
