"""Organisations and branches."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "organisation",
        text("code"),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("imported", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "branch",
        text("id"),
        text("organisation_code"),
        text("parent", nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("imported", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_code"], ["organisation.code"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_branch_organisation_code", "branch", ["organisation_code"])


def downgrade() -> None:
    for name in ("branch", "organisation"):
        op.drop_table(name)
