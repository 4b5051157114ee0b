"""Files for lobby screens, in pieces."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
oldest = 5


def text(name: str, length: int | None = None, *, is_missing: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=is_missing)


def upgrade() -> None:
    op.create_table(
        "media",
        text("id", 32),
        text("sha256", 64, is_missing=True),
        text("mime"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        text("name"),
        text("uploaded_by"),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_media_sha256", "media", ["sha256"], unique=False)
    op.create_table(
        "media_piece",
        text("media_id", 32),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("media_id", "place"),
    )


def downgrade() -> None:
    op.drop_table("media_piece")
    op.drop_index("ix_media_sha256", table_name="media")
    op.drop_table("media")
