"""The audit trail: the chain over every branch's journal, and what was done about accounts, devices and data."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest = 5


def text(name: str, *, is_nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=is_nullable)


def upgrade() -> None:
    op.create_table(
        "audit_link",
        text("branch_id"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "seq"),
    )
    op.create_table(
        "access_event",
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        text("actor"),
        text("action"),
        text("subject"),
        text("branch", is_nullable=True),
        text("detail"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("ix_access_event_at", "access_event", ["at"])


def downgrade() -> None:
    op.drop_table("access_event")
    op.drop_table("audit_link")
