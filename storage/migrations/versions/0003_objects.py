"""Every object of the store with its digest, and when it was last checked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("key", sa.String(length=900).with_variant(sa.String(length=900, collation="C"), "postgresql"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("recorded", sa.String(length=40), nullable=False),
        sa.Column("checked", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_objects")),
    )
    op.create_index(op.f("ix_objects_checked"), "objects", ["checked"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_objects_checked"), table_name="objects")
    op.drop_table("objects")
