"""Audit: who, from where, chained digests, and a database that refuses to change it."""

import json

import sqlalchemy as sa
from alembic import op

from storage.auditing import digest_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END",
    "CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END",
    # INSERT OR REPLACE removes without asking the trigger above
    "CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()",
    "CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()",
)


def upgrade() -> None:
    with op.batch_alter_table("audit") as table:
        for name, length in (("who", 100), ("host", 100), ("command", 32), ("digest", 64)):
            table.add_column(sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    connection = op.get_bind()
    audit = sa.table("audit", *(sa.column(n) for n in ("id", "at", "who", "host", "command", "action", "subject", "facts", "digest")))
    previous = ""
    for row in connection.execute(sa.select(audit).order_by(audit.c.id)).all():
        values = dict(row._mapping)
        facts = values["facts"]
        previous = digest_of(previous, values | {"facts": json.loads(facts) if isinstance(facts, str) else facts})
        connection.execute(sa.update(audit).where(audit.c.id == row.id).values(digest=previous))
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("audit_is_not_changed", "audit_is_not_removed", "audit_is_not_replaced"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP FUNCTION audit_is_only_added_to CASCADE")
    with op.batch_alter_table("audit") as table:
        for name in ("who", "host", "command", "digest"):
            table.drop_column(name)
