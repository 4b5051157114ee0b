"""Employers and postings of staff, the second factor, and when sessions and tokens were last used."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def text(name: str, length: int | None = None, *, nullable: bool, server_default: str | None = None) -> sa.Column[str]:
    kind = sqlmodel.sql.sqltypes.AutoString(length=length)
    return sa.Column(name, kind, nullable=nullable, server_default=server_default)


ADDED = {
    "account": (
        text("employer_kind", nullable=False, server_default="state"),
        text("employer", nullable=False, server_default=""),
        sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("otp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("otp_since", sa.BigInteger(), nullable=True),
        sa.Column("otp_step", sa.BigInteger(), nullable=False, server_default="0"),
    ),
    "session": (
        text("browser", nullable=False, server_default=""),
        sa.Column("used_at", sa.BigInteger(), nullable=False, server_default="0"),
    ),
    "device": (
        text("former_hash", nullable=True),
        sa.Column("former_until", sa.BigInteger(), nullable=True),
        text("used_on", nullable=True),
    ),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_device_former_hash", "device", ["former_hash"])
    op.create_table(
        "posting",
        text("id", 40, nullable=False),
        text("account", 64, nullable=False),
        text("branch", nullable=False),
        text("role", nullable=False),
        text("agency", nullable=False),
        text("first_day", nullable=False),
        text("last_day", nullable=False),
        text("substitutes", 64, nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_posting_account", "posting", ["account"])
    op.create_index("ix_posting_branch", "posting", ["branch"])
    op.create_table(
        "recovery_code",
        text("account", 64, nullable=False),
        text("code_hash", nullable=False),
        sa.PrimaryKeyConstraint("account", "code_hash"),
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("posting")
    op.drop_index("ix_device_former_hash", "device")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)
