"""Accounts, devices, sessions, pairing codes and this installation's keys."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=nullable)


def seconds(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "account",
        text("username", 64),
        text("name"),
        text("role"),
        text("password_hash"),
        text("branch", nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_index("ix_account_branch", "account", ["branch"])
    op.create_table(
        "device",
        text("id", 40),
        text("kind"),
        text("name"),
        text("token_hash"),
        text("branch", nullable=True),
        text("printer", nullable=True),
        seconds("created_at"),
        seconds("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_device_branch", "device", ["branch"])
    op.create_index("ix_device_token_hash", "device", ["token_hash"], unique=True)
    op.create_table(
        "session",
        text("token_hash"),
        text("account", nullable=True),
        text("device", nullable=True),
        seconds("created_at"),
        seconds("expires_at"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_session_account", "session", ["account"])
    op.create_index("ix_session_device", "session", ["device"])
    op.create_table(
        "pairing",
        text("code", 6),
        text("secret_hash"),
        text("kind"),
        seconds("created_at"),
        text("device", nullable=True),
        text("token", nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "secret",
        text("name"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for name in ("secret", "pairing", "session", "device", "account"):
        op.drop_table(name)
