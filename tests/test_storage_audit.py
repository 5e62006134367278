"""The audit: every change leaves a row that says who and what, and no row can be changed, removed or moved without being seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from pipeline.errors import Unreachable
from pipeline.settings import Settings
from storage.archive import Archive
from storage.auditing import digest_of
from storage.check import AUDIT
from storage.database import Database
from storage.desk import Decision
from storage.known import KnownDossier
from storage.origin import set_command
from tests.papers import CODE, OTHER
from tests.test_storage_archive import objects, signed, stack, store
from tests.test_storage_review import doubtful

ROW = {"at": "2026-11-24T10:00:00+00:00", "who": "anh", "host": "h", "command": "file", "action": "file", "subject": "x", "facts": {"a": [1, "ă"]}}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        yield a


def by_force(database: Database, statement: str) -> None:
    """As somebody does who has the database file: the triggers go first."""
    with database.writing() as c:
        for (name,) in c.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            c.execute(text(f"DROP TRIGGER {name}"))
        c.execute(text(statement))


def busy(archive: Archive, tmp: Path) -> None:
    """Six rows: two sources, one of them filed by a person, a list twice, a correction."""
    store(archive, stack(tmp), tmp)
    document = store(archive, signed(tmp), tmp).documents[0]
    archive.file(document.id, OTHER, by="anh")
    for place in ("Kho A", "Kho B"):
        archive.take_list([KnownDossier(CODE, place=place)], by="bình")
    archive.correct(document.id, "subject", "Kế hoạch Mẫu", by="chi")


def test_every_change_says_who_what_from_where_and_what_was_before(archive: Archive, tmp_path: Path) -> None:
    set_command("review")
    busy(archive, tmp_path)
    rows = list(archive.catalogue.audited())
    assert [r.id for r in rows] == list(range(1, len(rows) + 1))
    assert [r.action for r in rows] == ["store", "store", "file", "list", "list", "list", "correct"]
    assert [r.who for r in rows[2:]] == ["anh", "bình", "bình", "bình", "chi"] and rows[0].who
    assert {(r.command, bool(r.host)) for r in rows} == {("review", True)}
    assert rows[2].facts["changes"] == [{"document": archive.documents(dossier=OTHER)[-1].id, "field": "dossier", "before": "", "after": OTHER}]
    assert rows[4].facts["changes"] == [{"field": "place", "before": "Kho A", "after": "Kho B"}]
    assert rows[6].facts["changes"][0]["after"] == "Kế hoạch Mẫu"
    (key,) = rows[6].facts["journal"]
    assert json.loads(archive.objects.read(key))["by"] == "chi"


def test_the_database_refuses_to_change_what_is_written(archive: Archive, tmp_path: Path) -> None:
    busy(archive, tmp_path)
    before = list(archive.catalogue.audited())
    for statement in (
        "UPDATE audit SET who = 'x' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT id, at, action, subject, facts, 'x', host, command, digest FROM audit WHERE id = 2",
    ):
        with pytest.raises(Unreachable), archive.catalogue.database.writing() as c:
            c.execute(text(statement))
    assert list(archive.catalogue.audited()) == before


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit SET who = 'x' WHERE id = 3", 3),
        ("UPDATE audit SET facts = '{}' WHERE id = 1", 1),
        ("UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id >= 6", 6),
        ("UPDATE audit SET id = CASE id WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE id IN (2, 3)", 2),
        ("INSERT INTO audit SELECT 8, at, action, subject, facts, who, host, command, digest FROM audit WHERE id = 7", 8),
    ],
)
def test_who_changes_it_by_force_is_found_out_at_the_row(archive: Archive, tmp_path: Path, statement: str, first: int) -> None:
    busy(archive, tmp_path)
    assert archive.check().faults == ()
    # the check has added a row of its own
    by_force(archive.catalogue.database, statement.replace("SELECT 8", "SELECT 9"))
    assert [(f.kind, f.key) for f in archive.check().faults] == [(AUDIT, f"audit/{9 if first == 8 else first}")]


def test_a_chain_written_anew_does_not_fit_the_journal(archive: Archive, tmp_path: Path) -> None:
    busy(archive, tmp_path)
    rows = list(archive.catalogue.audited())
    previous, statements = "", []
    for row in rows:
        values = vars(row) | ({"who": "nobody"} if row.id == 3 else {})
        previous = digest_of(previous, values)
        statements.append((row.id, values["who"], previous))
    by_force(archive.catalogue.database, "UPDATE audit SET who = 'nobody' WHERE id = 3")
    with archive.catalogue.database.writing() as c:
        for id_, _, digest in statements:
            c.execute(text("UPDATE audit SET digest = :d WHERE id = :i"), {"d": digest, "i": id_})
    assert archive.catalogue.audit_broken() == 0, "the table alone does not tell"
    assert [f.kind for f in archive.check().faults] == [AUDIT]


def test_rows_go_to_the_journal_once_and_after_a_crash_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(str(tmp_path / "a"), Settings(), write=True) as archive:
        with monkeypatch.context() as m:
            m.setattr(Archive, "_write_audit", lambda self: None)
            busy(archive, tmp_path)
        held = len(objects(archive))
        assert not [k for k in archive.objects.keys() if "-audit-" in k]  # noqa: SIM118
    for _ in range(2):
        with Archive.open(str(tmp_path / "a"), Settings(), write=True) as archive:
            keys = [k for k in archive.objects.keys() if "-audit-" in k]  # noqa: SIM118
            rows = [r for k in keys for r in json.loads(archive.objects.read(k))["rows"]]
            assert rows == [r.to_json() for r in archive.catalogue.audited()] and len(rows) == 7
            assert len(objects(archive)) == held


def test_decisions_name_their_questions(archive: Archive, tmp_path: Path) -> None:
    store(archive, doubtful(tmp_path), tmp_path)
    found = {f.reason: f.id for f in archive.queue()}
    archive.decide([Decision(found["low_confidence"])], by="anh")
    row = list(archive.catalogue.audited(action="review"))[-1]
    assert (row.who, row.facts["decided"]) == ("anh", {found["low_confidence"]: "accepted"})
    (key,) = row.facts["journal"]
    (finding,) = json.loads(archive.objects.read(key))["findings"]
    assert (finding["reason"], finding["state"], finding["by"]) == ("low_confidence", "accepted", "anh")


@given(st.sampled_from(sorted(ROW)), st.text(min_size=1))
def test_a_digest_covers_every_column(name: str, value: str) -> None:
    row = {"id": 1, **ROW}
    assert digest_of("", row) == digest_of("", json.loads(json.dumps(row)))
    assert (digest_of("", row | {name: value}) == digest_of("", row)) == (row[name] == value)
    assert digest_of("x", row) != digest_of("", row) != digest_of("", row | {"id": 2})
