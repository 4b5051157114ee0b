"""Which lobby screen of the configuration a display is."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
oldest = 5


def upgrade() -> None:
    op.add_column("device", sa.Column("screen", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "screen")
