"""What is known of a person lies beside the journal."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None
oldest = 5


def text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "personal",
        text("branch_id"),
        text("digest", 64),
        text("ticket_id"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        text("kind"),
        text("value"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("delete_after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "digest"),
    )
    op.create_index("ix_personal_ticket", "personal", ["branch_id", "ticket_id"])
    op.create_index("ix_personal_delete_after", "personal", ["branch_id", "delete_after"])


def downgrade() -> None:
    op.drop_table("personal")
