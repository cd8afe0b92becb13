"""Deliveries that came to an end, until what follows from it is done."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text

revision = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "endings",
        Column("tenant_id", _TEXT, nullable=False),
        Column("delivery_id", _TEXT, nullable=False),
        Column("attempts", Integer, nullable=False),
        PrimaryKeyConstraint("tenant_id", "delivery_id", "attempts"),
    )


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
