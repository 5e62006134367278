"""The catalogue: its migrations make the tables the code knows, it opens fast, it commits a source wholly or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal_column, select, text

from pipeline.errors import Exit, NotWritten, Unreachable
from pipeline.records import Document, Line, Page, Word
from storage import layout, models
from storage.catalogue import Catalogue, Commit, pack, unpack
from storage.database import MIGRATIONS, Database, sqlite_url
from storage.fresh import NEW, written_down
from storage.postgres import address
from tests.papers import BIRTH, CODE, OTHER, RECEIPT, page, paper, record
from tests.postgres import catalogue_address, postgres  # noqa: F401  fixtures

ROOT = Path(__file__).parents[1]


@pytest.fixture
def file(tmp_path: Path) -> Database:
    d = Database(sqlite_url(tmp_path / "catalogue.sqlite"))
    d.migrate()
    return d


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same tests on both."""
    if request.param == "sqlite":
        yield request.getfixturevalue("file")
        return
    d = Database(address(request.getfixturevalue("catalogue_address")))
    d.migrate()
    yield d
    d.close()


def commit(catalogue: Catalogue, tmp: Path, name: str, papers: list[Document], pages: list[Page], ordinals: list[int]) -> str:
    r = record(tmp, name, pages, papers)
    ids = [layout.document_id(r.source.sha256, d.pages, "r") for d in papers]
    entries = [layout.entry_of(d, i, source=r.source.sha256, reading="r", ordinal=n, files={}) for d, i, n in zip(papers, ids, ordinals, strict=True)]
    catalogue.commit(Commit(r, "r", "b" * 16, {}, entries))
    return r.source.sha256


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as c:
        assert compare_metadata(MigrationContext.configure(c), models.metadata) == []


def test_a_new_catalogue_is_what_the_migrations_make(file: Database, tmp_path: Path) -> None:
    migrated = Database(sqlite_url(tmp_path / "migrated.sqlite"))
    with migrated.writing() as c:
        migrated.upgrade(c)
    with migrated.reading() as one, file.reading() as other:
        assert written_down(one) == written_down(other) == NEW.read_text(encoding="utf-8"), "python -m storage.fresh"
        for table in (*models.metadata.tables.values(), text("alembic_version")):
            rows = [c.execute(select(literal_column("*")).select_from(table)).all() for c in (one, other)]
            assert rows[0] == rows[1]
    migrated.close()


def test_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == models.HEAD


def test_a_catalogue_at_head_is_opened_without_the_migration_tool(file: Database) -> None:
    url = file.engine.url.render_as_string()
    code = f"""
import sys, time
from storage.database import Database
begun = time.process_time()
Database({url!r}).migrate()
print(time.process_time() - begun, "alembic" in sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert out[1] == "False" and float(out[0]) < 0.3


def test_a_catalogue_of_a_newer_program_is_left_alone(database: Database) -> None:
    with database.writing() as c:
        c.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unreachable) as e:
        database.migrate()
    assert e.value.key == "catalogue_newer"


def test_sqlite_keeps_what_was_committed_and_checks_references(file: Database) -> None:
    with file.reading() as c:
        assert c.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert c.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert c.execute(text("PRAGMA synchronous")).scalar() == 2, "full: the received file is released after the commit"


def test_what_is_no_database_is_unreachable_without_telling_values(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(Unreachable) as e:
        Database(sqlite_url(tmp_path / "x")).migrate()
    assert e.value.exit_code is Exit.UNREACHABLE
    with pytest.raises(Unreachable):
        Database(sqlite_url(tmp_path / "no" / "folder")).migrate()


def test_a_password_in_a_database_address_is_never_shown() -> None:
    secret = "mật-khẩu"
    with pytest.raises(Unreachable) as e:  # nothing listens there
        Database(f"postgresql+psycopg://user:{secret}@127.0.0.1:9/sohoa").migrate()
    assert secret not in str(e.value)


def test_a_source_is_committed_wholly_or_not_at_all(database: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(database)
    commit(catalogue, tmp_path, "1.pdf", [paper([1], "giay_khai_sinh", CODE)], [page(1, BIRTH)], [1])
    before, generation = catalogue.counts(), catalogue.generation()
    with pytest.raises(Unreachable):  # the ordinal is taken: the last statement but few fails
        commit(catalogue, tmp_path, "2.pdf", [paper([1], "giay_tiep_nhan", CODE)], [page(1, RECEIPT)], [1])
    assert catalogue.counts() == before and catalogue.generation() == generation


def test_a_disk_that_can_only_be_read_is_told_on_writing(file: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(file)
    commit(catalogue, tmp_path, "1.pdf", [paper([1], "giay_khai_sinh", CODE)], [page(1, BIRTH)], [1])
    file.close()
    copy = tmp_path / "copy.sqlite"
    shutil.copy(tmp_path / "catalogue.sqlite", copy)
    reader = Catalogue(Database(sqlite_url(copy, read_only=True)))
    assert reader.counts()["documents"] == 1
    with pytest.raises(NotWritten):
        commit(reader, tmp_path, "2.pdf", [paper([1], "don_khac")], [page(1, "x")], [0])


def test_a_reader_without_rights_sees_what_a_writer_just_committed(file: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(file)
    with file.reading():  # somebody is connected: the log is not folded into the file
        commit(catalogue, tmp_path, "1.pdf", [paper([1], "giay_khai_sinh", CODE)], [page(1, BIRTH)], [1])
        assert Catalogue(Database(sqlite_url(tmp_path / "catalogue.sqlite", read_only=True))).counts()["documents"] == 1


def test_documents_are_listed_by_dossier_ordinal_and_state(database: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(database)
    papers = [
        paper([1], "giay_tiep_nhan", CODE),
        paper([2], "giay_khai_sinh", review="no_code"),
        paper([3], "quyet_dinh", review="conflict", alternatives=[CODE, OTHER]),
    ]
    sha = commit(catalogue, tmp_path, "1.pdf", papers, [page(n, f"trang {n}") for n in (1, 2, 3, 4)], [1, 0, 0])
    assert [v.type for v in catalogue.documents(dossier=CODE)] == ["giay_tiep_nhan"]
    assert [v.pages for v in catalogue.documents(unfiled=True)] == [(2,), (3,)]
    assert [(v.review, v.candidates) for v in catalogue.documents(waiting=True)] == [(("no_code",), ()), (("conflict",), (CODE, OTHER))]
    assert [p.number for p in catalogue.pages(sha, [2, 3])] == [2, 3]
    assert catalogue.counts() | {"sources": 1, "documents": 3, "unfiled": 2, "review": 2, "pages": 4, "pages_good": 4} == catalogue.counts()


def test_a_beginning_of_an_id_names_one_document_only(database: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(database)
    commit(catalogue, tmp_path, "1.pdf", [paper([n], "don_khac") for n in range(1, 21)], [page(n, "x") for n in range(1, 21)], [0] * 20)
    ids = [v.id for v in catalogue.documents(unfiled=True)]
    view = catalogue.document(ids[0])
    assert view is not None and view.id == ids[0]
    assert catalogue.document("") is None and catalogue.document("%") is None and catalogue.document("_" * 20) is None


def test_the_audit_says_what_went_where(database: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(database)
    sha = commit(catalogue, tmp_path, "1.pdf", [paper([1], "giay_khai_sinh", CODE)], [page(1, BIRTH)], [1])
    (row,) = catalogue.audited()
    assert (row.action, row.subject) == ("store", sha) and list(row.facts["documents"].values()) == [CODE]
    assert "MẪU" not in str(row.facts), "nothing that was read"


def test_a_word_that_the_database_cannot_hold_stops_nothing(database: Database, tmp_path: Path) -> None:
    catalogue = Catalogue(database)
    odd = replace(page(1, "x"), reading=replace(page(1, "x").reading, lines=(Line((Word("a\0b", (0, 0, 1, 1), 0.5),), (0, 0, 1, 1)),)))
    sha = commit(catalogue, tmp_path, "1.pdf", [paper([1], "don_khac", "", "TI\0TLE", owner="a\0b")], [odd], [0])
    assert [texts for _, _, texts in catalogue.indexed([sha])] == [{1: "ab"}] and catalogue.pages(sha) == [odd]
    (view,) = catalogue.documents(source=sha)
    assert (view.title, view.fields["owner"].value) == ("TITLE", "a\0b")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=20))
def test_packed_pages_unpack_equal(value: object) -> None:
    assert unpack(pack({"v": value})) == {"v": value}


@pytest.mark.parametrize("statements", [1, 4, 9])
def test_a_migration_that_dies_half_way_leaves_nothing_in_the_way(tmp_path: Path, statements: int) -> None:
    """Killed between two tables, as a process can be; the next opening starts from an empty catalogue again."""
    code = f"""
import os
from pathlib import Path
from sqlalchemy import event
from storage.database import Database, sqlite_url
database = Database(sqlite_url(Path({str(tmp_path / "c.sqlite")!r})))
left = [{statements}]
@event.listens_for(database.engine, "after_cursor_execute")
def die(connection, cursor, statement, *rest):
    if statement.lstrip().upper().startswith("CREATE"):
        left[0] -= 1
        if not left[0]:
            os._exit(9)
database.migrate()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    again = Database(sqlite_url(tmp_path / "c.sqlite"))
    again.migrate()
    assert again.at_head()
    with again.reading() as c:
        assert not compare_metadata(MigrationContext.configure(c), models.metadata)
    again.close()
