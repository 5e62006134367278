"""A catalogue that is lost is made anew from the objects, row by row what it was; what is wrong with an object is told, the rest is there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from flows.office import refresh
from pipeline.errors import ArchiveBusy, UsageError
from pipeline.records import Failure, PageState, Scan
from pipeline.settings import Settings
from storage import models
from storage.agencies import Agency
from storage.archive import Archive, Query, data_folder
from storage.check import ALTERED, AUDIT, MISSING, ORPHANED
from storage.desk import Decision
from storage.index import SearchIndex
from storage.known import KnownDossier
from storage.objects import Keep
from storage.outside import RESCAN, emptied
from storage.rebuild import Rebuilt, rebuild
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written
from tests.test_storage_archive import signed, stack, store
from tests.test_storage_review import doubtful

#: Columns that lie in no object: clocks, and numbers that only tell old from new.
CLOCKS = {("batches", "begun"), ("objects", "recorded"), ("objects", "checked"), ("findings", "recorded"), ("sources", "generation")}

THIRD = "H26.57.14-240903-0077"


def revised(archive: Archive, tmp: Path) -> None:
    """Papers taken out, one brought back, one proposed to be; a sheet scanned again."""
    several = record(tmp, "vài.pdf", [page(n, f"{DECISION} {n}") for n in (1, 2, 3)], [paper([n], "quyet_dinh", CODE) for n in (1, 2, 3)])
    papers = [d.id for d in store(archive, several, tmp).documents]
    for id_ in papers:
        archive.propose_removal(id_, "nhầm hồ sơ", by="anh")  # the last one waits
    for id_ in papers[:2]:
        archive.remove(id_, by="bình")
    archive.readmit(papers[0], by="anh")
    sheet = record(tmp, "tờ mới.pdf", [page(1, f"{DECISION} 9")], [])
    now = archive.record(several.source.sha256)
    assert now is not None
    shown = replace(sheet.pages[0], scan=Scan(sheet.source.sha256, 1))
    renewed = replace(now, source=several.source, pages=(shown, *now.pages[1:]))
    rescan = replace(sheet, pages=tuple(emptied(p, RESCAN) for p in sheet.pages))
    archive.replace_page(papers[0], 1, renewed, written(tmp, renewed), rescan, Keep(), by="anh")


def varied(archive: Archive, tmp: Path) -> None:
    """A bit of everything that an archive comes to hold."""
    archive.take_list([KnownDossier(CODE, ("G22.99-240813-020175",), "1.001193", "Đăng ký khai sinh", "Đặng Văn Mẫu", place="Kho A")], by="anh")
    first = stack(tmp)
    store(archive, first, tmp)
    loose = store(archive, signed(tmp), tmp).documents[0]
    archive.file(loose.id, CODE, by="anh")
    asked = doubtful(tmp)
    (doubt,) = (d.id for d in store(archive, asked, tmp).documents)
    archive.correct(doubt, "reference", "123/QĐ-UBND", by="bình")
    archive.correct(doubt, "type", "quyet_dinh", by="bình")
    archive.decide([Decision(f.id) for f in archive.queue() if f.reason in ("field_uncertain", "low_confidence", "code_not_listed")], by="chi")
    archive.correct(doubt, "dossier", OTHER, by="bình")
    archive.correct(doubt, "dossier", CODE)  # it leaves OTHER, where it is withdrawn
    broken = replace(record(tmp, "hỏng.pdf", [], []), error=Failure("broken", "cannot be opened"))
    store(archive, broken, tmp)
    known = {"reference": "9/QĐ-UBND", "issued_on": "2024-03-01", "issuer": "UBND"}
    again = record(tmp, "quét lại.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", THIRD, **known)])
    twin = record(tmp, "bản hai.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", review="no_code", **known)])
    store(archive, replace(again, pages=(replace(again.pages[0], hash="0123456789abcdef"),)), tmp)
    store(archive, replace(twin, pages=(replace(twin.pages[0], hash="0123456789abcdee"),)), tmp)
    archive.again(first, replace(first.source, name="bản sao.pdf"))
    one = record(tmp, "một.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", OTHER)])
    store(archive, one, tmp)
    archive.again(one, replace(one.source, name="hai.pdf"), operator_code=THIRD)  # a conflict that waits
    many = record(tmp, "nhiều.pdf", [page(1, BIRTH), page(2, DECISION), page(3, "", PageState.BLANK)], [paper([1, 2], "giay_khai_sinh", CODE)])
    (whole,) = (d.id for d in store(archive, many, tmp).documents)
    parts = replace(many, documents=(replace(many.documents[0], pages=(1,)), paper([2], "quyet_dinh", CODE)))
    archive.divide(whole, parts, written(tmp, parts), by="chi")
    revised(archive, tmp)
    # read anew under other settings: what a person filed and said stays, papers that no longer are go
    merged = replace(first, documents=(replace(first.documents[0], pages=(1, 3)), first.documents[2]))
    store(archive, merged, tmp, "another reading")
    store(archive, asked, tmp, "another reading")
    late = record(tmp, "sau.pdf", [page(1, RECEIPT)], [paper([1], "giay_tiep_nhan", CODE)])
    store(archive, late, tmp)
    folder = record(tmp, "thư mục.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", review="no_code")])
    store(archive, folder, tmp)
    archive.again(folder, folder.source, folder_code=OTHER)
    archive.take_list([KnownDossier(CODE, ("G22.99-240813-020175",), "1.001193", "Đăng ký khai sinh", "Đặng Văn Mẫu", place="Kho B")], by="anh")
    archive.take_list([KnownDossier("H26.57.14-240902-0013", owner="Trần Thị Thử")])
    archive.take_procedures({"1.001193": {"code": "1.001193", "name": "Đăng ký khai sinh"}}, by="anh")
    archive.take_agencies([Agency("H26.57.14", "Ủy ban nhân dân phường Mẫu", "2025-07-01"), Agency("000.00.16.H26", "Sở Mẫu", valid_to="2025-06-30")])
    archive.keep("reports/2026/11/night-x.json", b"{}", "application/json")
    archive.check()
    refresh(archive, archive.dossiers())


def rows(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    out = {}
    with archive.catalogue.database.reading() as c:
        for table in models.metadata.sorted_tables:
            if table.name != "state":
                found = c.execute(select(table).order_by(*table.primary_key.columns)).all()
                out[table.name] = [{k: v for k, v in r._mapping.items() if (table.name, k) not in CLOCKS} for r in found]
    # the rebuild itself is told, and where that is kept
    out["audit"] = [r for r in out["audit"] if r["action"] != "rebuild"]
    return out


def found(archive: Archive) -> list[Any]:
    asked = ("khai sinh", "nguyen van mau", '"kế hoạch khám"', "123/QĐ-UBND", "đặng văn mẫu", "hộp", "tiep nhan")
    return [[(h.document, h.dossier, h.page, h.box, h.snippet, h.score) for h in archive.search(Query(q))] for q in asked]


@contextmanager
def opened(location: str | Path, settings: Settings) -> Iterator[Archive]:
    with Archive.open(str(location), settings, write=True) as archive:
        yield archive


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp = tmp_path_factory.mktemp("kept")
    with opened(tmp / "archive", Settings()) as archive:
        varied(archive, tmp)
    return tmp / "archive"


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "archive"))


def state_of(location: str | Path, settings: Settings) -> tuple[dict[str, list[dict[str, Any]]], list[Any]]:
    with opened(location, settings) as archive:
        archive.reindex()  # papers that were taken out still weigh in the scores of an index that has grown
        return rows(archive), found(archive)


def lose(location: str | Path, settings: Settings) -> None:
    shutil.rmtree(data_folder(str(location), settings))


def compare(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]], *, checks: bool = False) -> None:
    """Every table but for where in the journal the rebuild itself stands."""
    for name, expected in before.items():
        got = [r for r in after[name] if name != "objects" or "-audit-" not in r["key"] or r in expected]
        expected = [r for r in expected if not checks or "-check" not in str(r.get("key"))]  # noqa: PLW2901
        assert got == expected, name


def test_a_lost_catalogue_is_made_anew_row_by_row(folder: Path) -> None:
    settings = Settings()
    before, hits = state_of(folder, settings)
    assert all(before[name] for name in before if name != "cleanups"), "there is something of everything to lose"
    lose(folder, settings)
    seen = rebuild(str(folder), settings)
    assert seen.faults == ()
    with opened(folder, settings) as archive:
        refresh(archive, archive.dossiers())
        after = rows(archive)
        assert found(archive) == hits
        assert archive.check().faults == ()
    compare(before, after)
    assert (seen.sources, seen.documents) == (len(before["sources"]), len(before["documents"]))


def test_on_a_server_too(tmp_path: Path, bucket: str) -> None:
    settings = Settings()
    settings.archive.data = str(tmp_path / "data")
    with opened(bucket, settings) as archive:
        varied(archive, tmp_path)
    before, hits = state_of(bucket, settings)
    lose(bucket, settings)
    assert rebuild(bucket, settings).faults == ()
    with opened(bucket, settings) as archive:
        refresh(archive, archive.dossiers())
        compare(before, rows(archive))
        assert found(archive) == hits


def test_a_backup_whose_catalogue_is_older_than_its_objects_is_restored(folder: Path, tmp_path: Path) -> None:
    """Nightly copies seldom stop the work: the copy of the catalogue was made before the last papers came."""
    settings = Settings()
    shutil.copytree(folder / ".sohoa", tmp_path / "copied before")
    with opened(folder, settings) as archive:
        late = record(tmp_path, "muộn.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
        store(archive, late, tmp_path)
    before, hits = state_of(folder, settings)
    backup = Path(shutil.copytree(folder, tmp_path / "backup", ignore=shutil.ignore_patterns("catalogue*", "index")))
    for path in (tmp_path / "copied before").glob("catalogue*"):
        shutil.copy(path, backup / ".sohoa")
    with opened(backup, settings) as archive:
        assert late.source.sha256 in str([f.key for f in archive.check().faults]), "a check tells that the catalogue is too old"
    shutil.rmtree(backup)
    shutil.copytree(folder, backup, ignore=shutil.ignore_patterns("catalogue*", "index"))
    assert rebuild(str(backup), settings).faults == ()
    with opened(backup, settings) as archive:
        refresh(archive, archive.dossiers())
        assert archive.check().faults == () and found(archive) == hits
        after = rows(archive)
    after["audit"].pop()  # the check's own row, and what it has put
    compare(before, {k: [r for r in v if "-check" not in str(r.get("key"))] if k == "objects" else v for k, v in after.items()}, checks=True)


def test_the_old_catalogue_stays_aside_and_work_goes_on(folder: Path, tmp_path: Path) -> None:
    settings = Settings()
    rebuild(str(folder), settings)
    (old,) = (folder / ".sohoa").glob("catalogue.before-*.sqlite")
    assert old.stat().st_size
    with opened(folder, settings) as archive:
        new = record(tmp_path, "mới.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
        ordinals = [v.ordinal for v in archive.documents(dossier=CODE)]
        assert store(archive, new, tmp_path).documents[0].ordinal == max(ordinals) + 1
        assert not store(archive, stack(tmp_path), tmp_path, "another reading").new, "what is archived is known"
        assert archive.check().faults == ()


def test_without_an_audit_the_papers_are_there_all_the_same(folder: Path) -> None:
    """An archive whose journal is gone, or is older than the audit in it."""
    settings = Settings()
    before, _ = state_of(folder, settings)
    shutil.rmtree(folder / "journal")
    lose(folder, settings)
    assert rebuild(str(folder), settings).faults == ()
    with opened(folder, settings) as archive:
        after = rows(archive)
    for name in ("sources", "documents", "pages", "dossiers", "other_codes"):
        assert [{k: v for k, v in r.items() if k not in ("review", "review_state")} for r in after[name]] == [
            {k: v for k, v in r.items() if k not in ("review", "review_state")} for r in before[name]
        ]


def of(folder: Path, what: str) -> Path:
    return sorted(p for p in folder.rglob(what) if ".sohoa" not in p.parts)[0]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("originals/*/*.pdf", ALTERED),
        ("originals/*/*.json", ALTERED),
        ("dossiers/**/dossier.json", ALTERED),
        ("dossiers/**/*.01.json", ALTERED),
        ("dossiers/**/*.01.alto.xml", ALTERED),
        ("journal/**/*-review-*.json", ALTERED),
        ("journal/**/*-audit-*.json", ALTERED),
    ],
)
def test_an_altered_object_is_named_and_the_others_are_there(folder: Path, what: str, kind: str) -> None:
    settings = Settings()
    path = of(folder, what)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    lose(folder, settings)
    seen = rebuild(str(folder), settings)
    key = str(path.relative_to(folder))
    assert key in [f.key for f in seen.faults if f.kind in (kind, AUDIT)] or AUDIT in [f.kind for f in seen.faults]
    with opened(folder, settings) as archive:
        assert archive.counts()["sources"] >= 10
        assert key in [f.key for f in archive.check().faults] or "audit" in what


@pytest.mark.parametrize("what", ["originals/*/*.pdf", "dossiers/**/dossier.json", "dossiers/**/*.01.json", "dossiers/**/*.01.pdf"])
def test_a_missing_object_is_named(folder: Path, what: str) -> None:
    settings = Settings()
    path = of(folder, what)
    path.unlink()
    lose(folder, settings)
    assert (MISSING, str(path.relative_to(folder))) in [(f.kind, f.key) for f in rebuild(str(folder), settings).faults]


def test_what_never_was_committed_takes_no_ones_place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between a source's manifest and the catalogue; another paper then got its place in the dossier."""
    settings = Settings()
    lost = record(tmp_path, "chết.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", THIRD)])
    key = f"originals/{lost.source.sha256[:2]}/{lost.source.sha256}.json"
    with opened(folder, settings) as archive:
        with monkeypatch.context() as m:
            m.setattr("storage.shelving.Shelving._dossier_jsons", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                store(archive, lost, tmp_path)
        other = record(tmp_path, "khác.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", THIRD)])
        taken = store(archive, other, tmp_path).documents[0]
    before, _ = state_of(folder, settings)
    lose(folder, settings)
    assert (ORPHANED, key) in [(f.kind, f.key) for f in rebuild(str(folder), settings).faults]
    with opened(folder, settings) as archive:
        assert archive.document(taken.id).ordinal == taken.ordinal
        assert [r["sha256"] for r in rows(archive)["sources"]] == [r["sha256"] for r in before["sources"]]
        assert store(archive, lost, tmp_path).documents[0].ordinal == taken.ordinal + 1


def test_a_decision_that_was_written_down_and_never_taken_is_not_carried_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    with opened(folder, settings) as archive:
        (waiting, *_) = (f for f in archive.queue() if f.reason == "no_code")
        with monkeypatch.context() as m:
            m.setattr("storage.shelving.Shelving.amend", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
            m.setattr("storage.catalogue.Catalogue.decided", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                archive.decide([Decision(waiting.id)], by="anh")
        # the clock of the journal has whole seconds
        monkeypatch.setattr("storage.auditing.now", lambda: "2030-01-01T00:00:00+00:00")
        archive.catalogue.told("check", "archive", {})
    lose(folder, settings)
    rebuild(str(folder), settings)
    with opened(folder, settings) as archive:
        assert waiting.id in [f.id for f in archive.queue()]


def test_a_rebuild_that_dies_leaves_the_old_catalogue_and_can_be_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    before, _ = state_of(folder, settings)
    with monkeypatch.context() as m:
        m.setattr("storage.replay.Replay._unfiled", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rebuild(str(folder), settings)
    assert state_of(folder, settings)[0] == before
    assert rebuild(str(folder), settings).faults == ()
    assert not list((folder / ".sohoa").glob("catalogue.new*"))


def test_nobody_writes_meanwhile_and_an_empty_folder_is_no_archive(folder: Path, tmp_path: Path) -> None:
    settings = Settings()
    with opened(folder, settings), pytest.raises(ArchiveBusy):
        rebuild(str(folder), settings)
    (tmp_path / "none").mkdir()
    for location in (tmp_path / "none", tmp_path / "nowhere"):
        with pytest.raises(UsageError):
            rebuild(str(location), settings)


def test_believing_the_manifests_leaves_the_reading_to_the_next_checks(folder: Path) -> None:
    settings = Settings()
    lose(folder, settings)
    path = of(folder, "originals/*/*.pdf")
    path.write_bytes(path.read_bytes() + b" ")
    assert rebuild(str(folder), settings, prove=False).faults == ()
    with opened(folder, settings) as archive:
        assert [(f.kind, f.key) for f in archive.check(days=1).faults] == [(ALTERED, str(path.relative_to(folder)))]


def test_an_index_of_the_old_catalogue_is_not_taken_for_one_of_the_new(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    _, hits = state_of(folder, settings)
    shutil.rmtree(folder / ".sohoa/index")
    with monkeypatch.context() as m:
        m.setattr(SearchIndex, "rebuild", lambda self, catalogue: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rebuild(str(folder), settings)
    assert state_of(folder, settings)[1] == hits


def test_objects_tell_what_is_needed(folder: Path) -> None:
    """A person's filing stands in the manifests, and only there where it was one."""
    manifests = (p for p in (folder / "dossiers").rglob("dossier.json") if p.is_file())
    entries = [e for p in manifests for e in json.loads(p.read_text())["documents"]]
    assert {e.get("filed_by", "") for e in entries} == {"", "operator"}
    assert isinstance(Rebuilt("x").to_json(), dict)
