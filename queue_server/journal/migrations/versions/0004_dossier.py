"""Records that the dossier backend called wrong."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "parked_record",
        text("id"),
        text("branch"),
        sa.Column("status", sa.Integer(), nullable=False),
        text("answer"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_parked_record_branch", "parked_record", ["branch"])


def downgrade() -> None:
    op.drop_table("parked_record")
