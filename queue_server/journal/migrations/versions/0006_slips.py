"""Appointment slips, as the dossier backend tells them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
oldest = 5


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "slip",
        text("branch"),
        text("key"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("slip", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("branch", "key"),
    )


def downgrade() -> None:
    op.drop_table("slip")
