"""First catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("begun", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_table(
        "cleanups",
        sa.Column("key", sa.String(length=900), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cleanups")),
    )
    op.create_table(
        "dossiers",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("agency", sa.String(length=40), nullable=False),
        sa.Column("level1", sa.String(length=8), nullable=False),
        sa.Column("received_on", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_dossiers")),
    )
    op.create_index(op.f("ix_dossiers_agency"), "dossiers", ["agency"], unique=False)
    op.create_index(op.f("ix_dossiers_received_on"), "dossiers", ["received_on"], unique=False)
    op.create_table(
        "state",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state")),
    )
    op.create_table(
        "sources",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("extension", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("received", sa.String(length=40), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("original", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_sources_batch")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sources")),
    )
    op.create_index(op.f("ix_sources_generation"), "sources", ["generation"], unique=False)
    op.create_table(
        "other_codes",
        sa.Column("dossier", sa.String(length=50), nullable=False),
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.ForeignKeyConstraint(["dossier"], ["dossiers.code"], name=op.f("fk_other_codes_dossier")),
        sa.PrimaryKeyConstraint("dossier", "code", name=op.f("pk_other_codes")),
    )
    op.create_index(op.f("ix_other_codes_code"), "other_codes", ["code"], unique=False)
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("dossier", sa.String(length=50), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.String(length=10), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("review", sa.JSON(), nullable=False),
        sa.Column("review_state", sa.String(length=16), nullable=False),
        sa.Column("filed_by", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["dossier"], ["dossiers.code"], name=op.f("fk_documents_dossier")),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_documents_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("dossier", "ordinal", name=op.f("uq_documents_dossier_ordinal")),
    )
    op.create_index(op.f("ix_documents_review_state"), "documents", ["review_state"], unique=False)
    op.create_index(op.f("ix_documents_source"), "documents", ["source"], unique=False)
    op.create_index(op.f("ix_documents_type"), "documents", ["type"], unique=False)
    op.create_table(
        "pages",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_pages_source")),
        sa.PrimaryKeyConstraint("source", "number", name=op.f("pk_pages")),
    )
    op.create_index(op.f("ix_pages_document"), "pages", ["document"], unique=False)
    op.create_index(op.f("ix_pages_state"), "pages", ["state"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("received", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batches.id"], name=op.f("fk_receipts_batch")),
        sa.ForeignKeyConstraint(["source"], ["sources.sha256"], name=op.f("fk_receipts_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("source", "name", name=op.f("uq_receipts_source_name")),
    )


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_index(op.f("ix_pages_state"), table_name="pages")
    op.drop_index(op.f("ix_pages_document"), table_name="pages")
    op.drop_table("pages")
    op.drop_index(op.f("ix_documents_type"), table_name="documents")
    op.drop_index(op.f("ix_documents_source"), table_name="documents")
    op.drop_index(op.f("ix_documents_review_state"), table_name="documents")
    op.drop_table("documents")
    op.drop_index(op.f("ix_other_codes_code"), table_name="other_codes")
    op.drop_table("other_codes")
    op.drop_index(op.f("ix_sources_generation"), table_name="sources")
    op.drop_table("sources")
    op.drop_table("state")
    op.drop_index(op.f("ix_dossiers_received_on"), table_name="dossiers")
    op.drop_index(op.f("ix_dossiers_agency"), table_name="dossiers")
    op.drop_table("dossiers")
    op.drop_table("cleanups")
    op.drop_table("batches")
    op.drop_index(op.f("ix_audit_subject"), table_name="audit")
    op.drop_table("audit")
