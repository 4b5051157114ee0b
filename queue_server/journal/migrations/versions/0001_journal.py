"""The journal's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def create(
    name: str,
    *columns: sa.Column[str] | sa.Column[int] | sa.Column[bytes],
    key: tuple[str, ...],
    is_clustered: bool = True,
) -> None:
    """A table; `is_clustered`: its rows lie in its primary key's tree (SQLite)."""
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key), sqlite_with_rowid=not is_clustered)


def upgrade() -> None:
    create(
        "branch_head",
        text("branch_id"),
        text("epoch"),
        number("seq"),
        number("day_seq"),
        number("first_seq"),
        number("due_at", nullable=True),
        key=("branch_id",),
    )
    create(
        "event",
        text("branch_id"),
        number("seq"),
        text("day"),
        text("type"),
        sa.Column("v", sa.Integer(), nullable=False),
        blob("body"),
        key=("branch_id", "seq"),
        is_clustered=False,
    )
    create(
        "command",
        text("branch_id"),
        text("actor"),
        text("key"),
        blob("fingerprint"),
        number("first_seq"),
        number("last_seq"),
        text("day"),
        key=("branch_id", "actor", "key"),
    )
    create(
        "ticket",
        text("id"),
        text("branch_id"),
        text("day"),
        text("number"),
        text("field"),
        text("state"),
        number("issued_at"),
        number("final_at", nullable=True),
        blob("body"),
        key=("id",),
        is_clustered=False,
    )
    op.create_index("ix_ticket_branch_day", "ticket", ["branch_id", "day"])
    create(
        "cursor",
        text("reader"),
        text("branch_id"),
        number("seq"),
        number("fence"),
        text("holder"),
        number("lease_until"),
        key=("reader", "branch_id"),
    )


def downgrade() -> None:
    for name in ("cursor", "ticket", "command", "event", "branch_head"):
        op.drop_table(name)
