"""Records, whose changes make events."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_KEY = ("tenant_id", "system", "type", "id")


def upgrade() -> None:
    op.create_table(
        "records",
        *(Column(name, _TEXT, nullable=False) for name in _KEY),
        Column("state", LargeBinary, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("fired", _TEXT, nullable=True),
        Column("due_at", BigInteger, nullable=True),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        PrimaryKeyConstraint(*_KEY),
    )
    waiting = text("due_at IS NOT NULL")
    op.create_index("records_due", "records", ["due_at"], postgresql_where=waiting, sqlite_where=waiting)


def downgrade() -> None:
    raise NotImplementedError("Restore the backup that was made before the upgrade.")
