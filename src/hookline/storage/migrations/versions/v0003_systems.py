"""Which system an event belongs to, and which systems a tenant uses."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("events", Column("system", _TEXT, nullable=True))
    texts = ("tenant_id", "system", "zone", "host", "prefix", "known_as")
    times = ("created_at", "updated_at")
    op.create_table(
        "enabled_systems",
        *(Column(name, _TEXT, nullable=False) for name in texts),
        *(Column(name, BigInteger, nullable=False) for name in times),
        PrimaryKeyConstraint("tenant_id", "system"),
    )
    place = ["system", "host", "prefix", "known_as"]
    op.create_index("enabled_systems_place", "enabled_systems", place, unique=True)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
