"""Review, corrections, the office's own list, components, duplicates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("document", sa.String(length=64), nullable=True),
        sa.Column("dossier", sa.String(length=50), nullable=True),
        sa.Column("batch", sa.String(length=64), nullable=True),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("box", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("recorded", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_batch"), "findings", ["batch"], unique=False)
    op.create_index(op.f("ix_findings_document"), "findings", ["document"], unique=False)
    op.create_index(op.f("ix_findings_dossier"), "findings", ["dossier"], unique=False)
    op.create_index(op.f("ix_findings_source"), "findings", ["source"], unique=False)
    op.create_index(op.f("ix_findings_state_reason"), "findings", ["state", "reason"], unique=False)
    op.create_table(
        "known_dossiers",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("agency", sa.String(length=40), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("procedure", sa.String(length=40), nullable=False),
        sa.Column("procedure_name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("received_on", sa.String(length=10), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("recorded", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_known_dossiers")),
    )
    op.create_index(op.f("ix_known_dossiers_agency_month"), "known_dossiers", ["agency", "month"], unique=False)
    op.create_table(
        "procedures",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_procedures")),
    )
    op.create_table(
        "completeness",
        sa.Column("dossier", sa.String(length=50), nullable=False),
        sa.Column("procedure", sa.String(length=40), nullable=False),
        sa.Column("procedure_name", sa.Text(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("digitized", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Integer(), nullable=False),
        sa.Column("results_due", sa.Integer(), nullable=False),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["dossier"], ["dossiers.code"], name=op.f("fk_completeness_dossier")),
        sa.PrimaryKeyConstraint("dossier", name=op.f("pk_completeness")),
    )
    op.create_index(op.f("ix_completeness_procedure"), "completeness", ["procedure"], unique=False)
    op.create_table(
        "known_codes",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("dossier", sa.String(length=50), nullable=False),
        sa.ForeignKeyConstraint(["dossier"], ["known_dossiers.code"], name=op.f("fk_known_codes_dossier")),
        sa.PrimaryKeyConstraint("code", "dossier", name=op.f("pk_known_codes")),
    )
    op.create_index(op.f("ix_known_codes_dossier"), "known_codes", ["dossier"], unique=False)
    op.create_table(
        "corrections",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.JSON(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("box", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_corrections_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_source"), "corrections", ["source"], unique=False)
    op.create_table(
        "page_hashes",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=16), nullable=False),
        sa.Column("band0", sa.Integer(), nullable=False),
        sa.Column("band1", sa.Integer(), nullable=False),
        sa.Column("band2", sa.Integer(), nullable=False),
        sa.Column("band3", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_page_hashes_source")),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_page_hashes")),
    )
    op.create_index(op.f("ix_page_hashes_band0"), "page_hashes", ["band0"], unique=False)
    op.create_index(op.f("ix_page_hashes_band1"), "page_hashes", ["band1"], unique=False)
    op.create_index(op.f("ix_page_hashes_band2"), "page_hashes", ["band2"], unique=False)
    op.create_index(op.f("ix_page_hashes_band3"), "page_hashes", ["band3"], unique=False)
    op.create_table(
        "same_papers",
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_same_papers_source")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_same_papers")),
    )
    op.create_index(op.f("ix_same_papers_key"), "same_papers", ["key"], unique=False)
    op.create_index(op.f("ix_same_papers_source"), "same_papers", ["source"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_same_papers_source"), table_name="same_papers")
    op.drop_index(op.f("ix_same_papers_key"), table_name="same_papers")
    op.drop_table("same_papers")
    op.drop_index(op.f("ix_page_hashes_band3"), table_name="page_hashes")
    op.drop_index(op.f("ix_page_hashes_band2"), table_name="page_hashes")
    op.drop_index(op.f("ix_page_hashes_band1"), table_name="page_hashes")
    op.drop_index(op.f("ix_page_hashes_band0"), table_name="page_hashes")
    op.drop_table("page_hashes")
    op.drop_index(op.f("ix_corrections_source"), table_name="corrections")
    op.drop_table("corrections")
    op.drop_index(op.f("ix_known_codes_dossier"), table_name="known_codes")
    op.drop_table("known_codes")
    op.drop_index(op.f("ix_completeness_procedure"), table_name="completeness")
    op.drop_table("completeness")
    op.drop_table("procedures")
    op.drop_index(op.f("ix_known_dossiers_agency_month"), table_name="known_dossiers")
    op.drop_table("known_dossiers")
    op.drop_index(op.f("ix_findings_state_reason"), table_name="findings")
    op.drop_index(op.f("ix_findings_source"), table_name="findings")
    op.drop_index(op.f("ix_findings_dossier"), table_name="findings")
    op.drop_index(op.f("ix_findings_document"), table_name="findings")
    op.drop_index(op.f("ix_findings_batch"), table_name="findings")
    op.drop_table("findings")
