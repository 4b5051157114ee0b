"""At which counter a satisfaction device stands."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest = 5


def upgrade() -> None:
    op.add_column("device", sa.Column("counter", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("device", "counter")
