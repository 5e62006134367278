"""A paper is taken out by the word of two people, and comes back: on a folder and on a real MinIO server; nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import Exit, UsageError
from pipeline.records import Scan, SourceRecord
from pipeline.settings import Settings
from storage.archive import Archive
from storage.desk import Decision
from storage.history import changes, file_of, revision, revisions
from storage.layout import dossier_key
from storage.outside import RESCAN, emptied
from storage.review import REMOVAL, Asked
from storage.views import Query
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, RECEIPT, page, paper, record, written

ONE, TWO = "Trần Thử", "Lê Thử"


def stack(folder: Path) -> SourceRecord:
    pages = [page(1, BIRTH), page(2, DECISION), page(3, RECEIPT)]
    decision = paper([2], "quyet_dinh", CODE, reference="123/QĐ-UBND")
    papers = [paper([1], "giay_khai_sinh", CODE), decision, paper([3], "giay_tiep_nhan", review="no_code")]
    return record(folder, "chồng.pdf", pages, papers)


@pytest.fixture(params=["folder", "minio"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    location = str(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("bucket")
    settings = Settings.model_validate({"archive": {"data": str(tmp_path / "data")}})
    with Archive.open(location, settings, write=True) as a:
        r = stack(tmp_path)
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r" * 16)
        yield a


def test_two_people_take_a_paper_out_and_one_brings_it_back(archive: Archive) -> None:
    decision = archive.dossier(CODE).documents[1]
    held = {k: archive.get(decision.id, k) for k in ("pdf", "alto", "json")}
    assert archive.search(Query("khám sức khỏe"))
    archive.propose_removal(decision.id, "nhầm hồ sơ", by=ONE)
    assert [f.document for f in archive.queue(Asked(kind=REMOVAL))] == [decision.id]
    assert archive.document(decision.id).dossier == CODE, "so far it is only proposed"
    with pytest.raises(UsageError) as error:
        archive.remove(decision.id, by="  trần thử")
    assert error.value.key == "removal_second"
    archive.correct(decision.id, "reference", "124/QĐ-UBND", by=ONE)
    assert archive.removal_of(decision.id), "another correction does not drop the question"
    archive.remove(decision.id, by=TWO)
    assert [v.ordinal for v in archive.dossier(CODE).documents] == [1]
    assert not archive.search(Query("khám sức khỏe"))
    assert archive.catalogue.document(decision.id) is None and not archive.queue(Asked(kind=REMOVAL))
    r = archive.record(decision.source)
    assert r is not None and [(p.state.value, p.reason, p.reading.text) for p in r.pages][1] == ("skipped", "removed", "")
    manifest = archive.objects.read(dossier_key(CODE))
    assert b'"withdrawn": []' not in manifest
    assert archive.objects.read(decision.files["pdf"]["key"]) == held["pdf"], "its objects stay where they were"
    assert archive.check().faults == ()
    assert archive.removed(decision.source) == ((2,),)

    back = archive.readmit(decision.id[:12], by=ONE)
    assert (back.id, back.ordinal, back.fields["reference"].value) == (decision.id, 2, "124/QĐ-UBND")
    assert archive.get(back.id, "pdf") == held["pdf"] and archive.get(back.id, "alto") == held["alto"]
    assert archive.search(Query("khám sức khỏe")) and archive.removed(decision.source) == ()
    assert [r.action for r in archive.catalogue.audited(subject=decision.source)][-3:] == ["correct", "remove", "readmit"]
    with pytest.raises(UsageError):
        archive.readmit(decision.id, by=ONE)
    assert archive.check().faults == ()


def test_an_unfiled_paper_goes_and_comes_back(archive: Archive) -> None:
    (loose,) = archive.unfiled()
    pdf = archive.get(loose.id)
    archive.propose_removal(loose.id, "trang thừa", by=ONE)
    archive.remove(loose.id, by=TWO)
    assert not archive.unfiled() and not archive.objects.has(loose.files["pdf"]["key"])
    assert archive.check().faults == ()
    archive.readmit(loose.id, by=TWO)
    (again,) = archive.unfiled()
    assert again.id == loose.id and archive.get(again.id) == pdf
    assert archive.check().faults == ()


def test_a_proposal_can_be_withdrawn_and_nothing_else_settles_it(archive: Archive) -> None:
    first = archive.dossier(CODE).documents[0]
    with pytest.raises(UsageError) as error:
        archive.remove(first.id, by=TWO)
    assert error.value.key == "no_removal"
    asked = archive.propose_removal(first.id, "thử", by=ONE)
    with pytest.raises(UsageError) as error:
        archive.propose_removal(first.id, "lần nữa", by=TWO)
    assert error.value.key == "removal_waits"
    done = archive.decide([Decision(asked.id), Decision(asked.id, "x")], by=TWO)
    assert [why for _, why in done.refused] == ["removal_asks_two", "nothing_to_correct"] and not done.accepted
    archive.withdraw_removal(first.id, by=TWO)
    assert archive.removal_of(first.id) is None and archive.dossier(CODE).documents[0].id == first.id
    archive.propose_removal(first.id, "vẫn rút", by=TWO)  # may be asked again
    archive.hold(CODE, True, by=ONE)
    with pytest.raises(UsageError) as error:
        archive.remove(first.id, by=ONE)
    assert error.value.key == "removal_held"
    archive.hold(CODE, False, by=ONE)
    assert archive.remove(first.id, by=ONE).id == first.id


def test_what_was_taken_out_stays_out_when_its_file_is_read_anew(archive: Archive, tmp_path: Path) -> None:
    second = archive.dossier(CODE).documents[1]
    archive.propose_removal(second.id, "thử", by=ONE)
    archive.remove(second.id, by=TWO)
    from flows.reading import assemble

    r = stack(tmp_path)
    again = assemble(r.source, r.pages, Settings(), removed=archive.removed(second.source))
    assert not [d for d in again.documents if 2 in d.pages]
    assert [p.reason for p in again.pages if p.number == 2] == ["removed"]
    archive.store(again, written(tmp_path, again), batch_id="b" * 16, reading_digest="another")
    assert not archive.search(Query("khám sức khỏe")) and archive.check().faults == ()


def test_a_rescan_is_kept_as_its_paper_is_and_every_version_is_there(archive: Archive, tmp_path: Path) -> None:
    first = archive.dossier(CODE).documents[0]
    before = archive.record(first.source)
    assert before is not None
    new = record(tmp_path, "quét lại.pdf", [page(1, BIRTH.replace("MẪU", "MẪU EM"))], [])
    shown = replace(new.pages[0], number=1, scan=Scan(new.source.sha256, 1))
    source = replace(before.source, path=stack(tmp_path).source.path)
    after = replace(before, source=source, pages=(shown, *before.pages[1:]))
    rescan = replace(new, pages=tuple(emptied(p, RESCAN) for p in new.pages))
    made = written(tmp_path, after)
    made[0].pdf.write_bytes(b"%PDF-1.7 the new sheet")  # type: ignore[union-attr]
    archive.hold(CODE, True, by=ONE)
    view = archive.replace_page(first.id, 1, after, made, rescan, made[0].keep, by=ONE)
    assert view.id == first.id and archive.get(view.id) == b"%PDF-1.7 the new sheet"
    assert archive.search(Query("mẫu em")) and archive.shows_pages(new.source.sha256)
    assert any(new.source.sha256 in prefix for prefix in archive.objects.holds()), "under hold with its dossier"
    found = revisions(archive, view)
    assert [(r.number, r.action, r.who, r.current) for r in found] == [(1, "store", found[0].who, False), (2, "replace", ONE, True)]
    assert file_of(archive, found[0], "pdf").startswith(b"%PDF-1.7 reading copy") and file_of(archive, found[1], "pdf") == archive.get(view.id)
    assert [(c.what, c.page) for c in changes(*found)] == [("scan", 1), ("text", 1)]
    with pytest.raises(UsageError):
        revision(archive, view, 3)
    assert archive.known(new.source.sha256, "any reading") is not None, "the same file handed in again is no new paper"
    assert archive.check().faults == ()


def test_the_history_goes_back_to_where_a_paper_waited(archive: Archive) -> None:
    (loose,) = archive.unfiled()
    archive.file(loose.id, CODE, by=ONE)
    archive.correct(loose.id, "type", "quyet_dinh", by=TWO)
    found = revisions(archive, archive.document(loose.id))
    assert [(r.number, r.action, r.who) for r in found][1:] == [(2, "file", ONE), (3, "correct", TWO)]
    assert [r.current for r in found] == [False, False, True]
    assert [(c.what, c.before, c.after) for c in changes(found[0], found[2])] == [("type", "giay_tiep_nhan", "quyet_dinh"), ("dossier", "", CODE)]


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli import main

    folder = str(tmp_path / "archive")
    with Archive.open(folder, Settings(), write=True) as a:
        r = stack(tmp_path)
        a.store(r, written(tmp_path, r), batch_id="b" * 16, reading_digest="r" * 16)
        id_ = a.dossier(CODE).documents[1].id

    def run(*words: str) -> int:
        return main([*words, "--archive", folder])

    assert run("remove", f"{CODE}.02") == Exit.USAGE
    assert run("remove", f"{CODE}.02", "--reason", "nhầm hồ sơ", "--by", ONE) == 0
    assert run("review") == 0
    assert "a second person looks" in " ".join(capsys.readouterr().out.split())
    assert run("remove", f"{CODE}.02", "--confirm", "--by", ONE) == Exit.USAGE
    assert run("remove", f"{CODE}.02", "--undo", "--by", ONE) == 0
    assert run("remove", f"{CODE}.02", "--reason", "nhầm hồ sơ", "--by", ONE) == 0
    assert run("remove", f"{CODE}.02", "--confirm", "--by", TWO) == 0
    assert run("show", f"{CODE}.02") == Exit.USAGE
    assert run("remove", id_, "--undo", "--by", TWO) == 0
    assert run("show", f"{CODE}.02") == 0
    capsys.readouterr()
    assert run("history", CODE) == 0
    told = capsys.readouterr().out
    assert f"{CODE}.01" in told and f"{CODE}.02" in told and "archived" in told
    assert run("compare", CODE, "1") == Exit.USAGE, "a dossier of several papers"
    assert run("show", f"{CODE}.01", "--version", "1") == 0
    assert run("get", f"{CODE}.01", "--version", "1", "--format", "text", "--to", str(tmp_path / "out")) == 0
    assert "GIẤY KHAI SINH" in (tmp_path / "out" / f"{CODE}.01.v1.txt").read_text(encoding="utf-8")
