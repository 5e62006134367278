"""The tables of a new catalogue in SQLite, written down as the migrations make them: to run all of these takes a quarter of a second.

`python -m storage.fresh` writes them down anew after a migration was added; a test keeps the two alike.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Connection, text

NEW = Path(__file__).parent / "migrations" / "new.sql"


def is_empty(c: Connection) -> bool:
    """Whether this is SQLite and holds no table yet."""
    return c.dialect.name == "sqlite" and not c.execute(text("SELECT count(*) FROM sqlite_master")).scalar()


def lay(c: Connection) -> None:
    """Makes all tables, in the caller's transaction."""
    statement = ""
    for line in NEW.read_text(encoding="utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):  # a trigger has semicolons of its own
            c.exec_driver_sql(statement)
            statement = ""


def written_down(c: Connection) -> str:
    """What `lay` needs to make a catalogue like this one, which is to be empty but for its tables."""
    made = c.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")).scalars().all()
    revision = c.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return "".join(f"{sql};\n" for sql in [*made, f"INSERT INTO alembic_version VALUES ('{revision}')"])  # noqa: S608  into our own file


def _write_down() -> None:
    from storage.database import Database, sqlite_url

    with tempfile.TemporaryDirectory() as folder:
        migrated = Database(sqlite_url(Path(folder) / "c.sqlite"))
        with migrated.writing() as c:
            migrated.upgrade(c)
        with migrated.reading() as c:
            NEW.write_text(written_down(c), encoding="utf-8")
        migrated.close()


if __name__ == "__main__":
    _write_down()
