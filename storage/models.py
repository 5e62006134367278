"""Tables of the catalogue; `migrations/` makes them, a test keeps the two alike."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: Revision of `migrations/` that these tables stand for.
HEAD = "0005"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("begun", String(40), nullable=False),
)

#: A source is its bytes; its names stand in `receipts`.
sources = Table(
    "sources",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("reading", String(64), nullable=False),  # empty while a new reading replaces the old one
    Column("batch", ForeignKey("batches.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("extension", String(16), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("received", String(40), nullable=False),
    Column("record", JSON, nullable=False),  # the source record without pages and documents
    Column("original", JSON, nullable=False),  # key, sha256, bytes; empty for an unreadable file
    Column("error", String(64), nullable=False, default=""),
    Column("generation", Integer, nullable=False, index=True),  # of the catalogue when this source last changed: what the index has to catch up
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", ForeignKey("sources.sha256"), nullable=False),
    Column("batch", ForeignKey("batches.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("received", String(40), nullable=False),
    UniqueConstraint("source", "name"),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("code", String(50), primary_key=True),
    Column("agency", String(40), nullable=False, index=True),
    Column("level1", String(8), nullable=False),
    Column("received_on", String(10), nullable=False, index=True),
)

#: One dossier can carry more than one code.
other_codes = Table(
    "other_codes",
    metadata,
    Column("dossier", ForeignKey("dossiers.code"), primary_key=True),
    Column("code", String(50), primary_key=True, index=True),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("source", ForeignKey("sources.sha256"), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # within the source's record
    Column("dossier", ForeignKey("dossiers.code"), nullable=True),
    Column("ordinal", Integer, nullable=True),
    Column("type", String(64), nullable=False, index=True),
    Column("score", Float, nullable=False),
    Column("title", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("issued_on", String(10), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("record", JSON, nullable=False),  # the pipeline's Document
    Column("files", JSON, nullable=False),  # original, pdf, alto, json -> key, sha256, bytes
    Column("review", JSON, nullable=False),
    Column("review_state", String(16), nullable=False, index=True),
    Column("filed_by", String(16), nullable=False, default=""),  # `operator` when a person gave the dossier
    UniqueConstraint("dossier", "ordinal"),
)

pages = Table(
    "pages",
    metadata,
    Column("source", ForeignKey("sources.sha256"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", String(64), nullable=True),  # none: blank, separator, failed
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # the pipeline's Page as JSON, words with their boxes included; zlib
    Index(None, "document"),
    Index(None, "state"),
)

#: Objects of unfiled documents that have got their place, still to be removed.
cleanups = Table("cleanups", metadata, Column("key", String(900), primary_key=True))

#: Rows are only added, see `auditing.py`; triggers refuse anything else.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),  # without gaps
    Column("at", String(40), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(64), nullable=False, index=True),
    Column("facts", JSON, nullable=False),
    Column("who", String(100), nullable=False),
    Column("host", String(100), nullable=False),
    Column("command", String(32), nullable=False),
    Column("digest", String(64), nullable=False),  # over the digest before and the rest of this row
)

state = Table("state", metadata, Column("name", String(32), primary_key=True), Column("value", Integer, nullable=False))

#: What waits for a person, and what was decided. Ids are digests of what is asked: the same question after a new reading is the same entry.
findings = Table(
    "findings",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("kind", String(16), nullable=False),  # document, field, link, page, duplicate, code, component, source
    Column("reason", String(64), nullable=False),
    Column("source", String(64), nullable=True, index=True),
    Column("document", String(64), nullable=True, index=True),
    Column("dossier", String(50), nullable=True, index=True),
    Column("batch", String(64), nullable=True, index=True),
    Column("page", Integer, nullable=False),
    Column("field", String(64), nullable=False),
    Column("box", JSON, nullable=False),
    Column("candidates", JSON, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, accepted, corrected
    Column("recorded", String(40), nullable=False),
    Column("at", String(40), nullable=False),  # of the decision
    Column("who", String(100), nullable=False),
    Index(None, "state", "reason"),
)

#: What people put right, the last word on each field of the same pages; truth for training, and kept when a source is read again.
corrections = Table(
    "corrections",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("source", ForeignKey("sources.sha256"), nullable=False, index=True),
    Column("document", String(64), nullable=False),
    Column("pages", JSON, nullable=False),
    Column("field", String(64), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("box", JSON, nullable=False),
    Column("who", String(100), nullable=False),
    Column("at", String(40), nullable=False),
    Column("turn", Integer, nullable=False),  # later ones win
)

#: Dossiers on the office's own list, scanned or not.
known_dossiers = Table(
    "known_dossiers",
    metadata,
    Column("code", String(50), primary_key=True),
    Column("agency", String(40), nullable=False),
    Column("month", String(7), nullable=False),  # of the day in the code
    Column("procedure", String(40), nullable=False),  # code
    Column("procedure_name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("received_on", String(10), nullable=False),
    Column("due_on", String(10), nullable=False),
    Column("place", Text, nullable=False),  # on the shelf
    Column("words", Text, nullable=False),  # folded, for searching
    Column("recorded", String(40), nullable=False),
    Index(None, "agency", "month"),
)

known_codes = Table(
    "known_codes",
    metadata,
    Column("code", String(50), primary_key=True),
    Column("dossier", ForeignKey("known_dossiers.code"), primary_key=True, index=True),
)

#: Procedures with their components as the office gave them; they go before those that ship.
procedures = Table(
    "procedures",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("record", JSON, nullable=False),
)

#: Names of agencies by their codes, as the office gave them; an entry is a code and the day from which it has that name.
agencies = Table(
    "agencies",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("valid_from", String(10), primary_key=True),  # ISO date, empty: ever since
    Column("valid_to", String(10), nullable=False),  # the last day, empty: until now
    Column("name", Text, nullable=False),
)

#: Components of a dossier against its papers, as last compared.
completeness = Table(
    "completeness",
    metadata,
    Column("dossier", ForeignKey("dossiers.code"), primary_key=True),
    Column("procedure", String(40), nullable=False, index=True),
    Column("procedure_name", Text, nullable=False),
    Column("due", Integer, nullable=False),
    Column("digitized", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("doubtful", Integer, nullable=False),
    Column("results_due", Integer, nullable=False),
    Column("results", Integer, nullable=False),
    Column("record", JSON, nullable=False),
)

#: Number, day and issuer of a document as one key: two that share it are the same paper, or one of them is wrong.
same_papers = Table(
    "same_papers",
    metadata,
    Column("document", String(64), primary_key=True),
    Column("source", ForeignKey("sources.sha256"), nullable=False, index=True),
    Column("key", String(32), nullable=False, index=True),
)

#: Perceptual hash of every page with a picture, cut into four bands of 16 bits, so that near hashes are found by an index.
page_hashes = Table(
    "page_hashes",
    metadata,
    Column("source", ForeignKey("sources.sha256"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("hash", String(16), nullable=False),
    *(Column(f"band{n}", Integer, nullable=False, index=True) for n in range(4)),
)

#: The books of the store: every object that was put there. Keys are compared as bytes, on every database.
objects = Table(
    "objects",
    metadata,
    Column("key", String(900).with_variant(String(900, collation="C"), "postgresql"), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("recorded", String(40), nullable=False),
    Column("checked", String(40), nullable=False, index=True),  # when it was last read and found as it should be
)
