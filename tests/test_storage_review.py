"""The review queue: what gets in with a source, what people decide, and that no word of theirs is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.records import Document, Doubt, Field, Page, PageState, SourceRecord
from pipeline.settings import Settings
from storage.archive import Archive, Query
from storage.desk import Decision
from storage.review import Asked, corrected
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written

READING = "0123456789abcdef"
BOX = (0.2, 0.1, 0.4, 0.12)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as a:
        yield a


def store(archive: Archive, r: SourceRecord, tmp: Path, reading: str = READING) -> list[str]:
    return [d.id for d in archive.store(r, written(tmp, r), batch_id=r.source.sha256[:16], reading_digest=reading).documents]


def doubtful(tmp: Path, name: str = "quyết định.pdf") -> SourceRecord:
    """A decision without dossier whose number was left to the pen and whose type is not sure; one of its pages is hard to read."""
    document = replace(
        paper([1, 2], "thong_bao", review="no_code", reference="/QĐ-UBND", issued_on="2024-03-01", issuer="ỦY BAN NHÂN DÂN PHƯỜNG MẪU"),
        review=("low_score",),
        runner_up="quyet_dinh",
        doubts=(
            Doubt("low_score", "type", 1, BOX, ("thong_bao", "quyet_dinh")),
            Doubt("field_open", "reference", 1, BOX, ("/QĐ-UBND",)),
            Doubt("field_uncertain", "issued_on", 1, BOX, ("2024-03-01",)),
        ),
    )
    pages = [page(1, DECISION), replace(page(2, "mờ", PageState.DOUBTFUL), reason="low_confidence")]
    return record(tmp, name, pages, [document])


def by_reason(archive: Archive, **asked: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for f in archive.queue(Asked(**asked)):  # type: ignore[arg-type]
        out.setdefault(f.reason, []).append(f.id)
    return out


def test_a_source_brings_all_its_questions_with_place_and_candidates(archive: Archive, tmp_path: Path) -> None:
    (id_,) = store(archive, doubtful(tmp_path), tmp_path)
    queue = {f.reason: f for f in archive.queue()}
    assert set(queue) == {"no_code", "low_score", "field_open", "field_uncertain", "low_confidence"}
    assert all(f.document == id_ and f.name == "quyết định.pdf" for f in queue.values())
    opened = queue["field_open"]
    assert (opened.kind, opened.field, opened.page, opened.box, opened.candidates) == ("field", "reference", 1, BOX, ("/QĐ-UBND",))
    assert queue["low_score"].candidates == ("thong_bao", "quyet_dinh")
    assert (queue["low_confidence"].kind, queue["low_confidence"].page) == ("page", 2)
    assert archive.counts()["findings"] == 5
    assert archive.queue_counts() == dict.fromkeys(queue, 1)


def test_what_is_clear_asks_nothing(archive: Archive, tmp_path: Path) -> None:
    store(archive, record(tmp_path, "a.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)]), tmp_path)
    assert archive.queue() == []


def test_a_corrected_value_is_in_manifest_catalogue_and_index_and_the_question_is_answered(archive: Archive, tmp_path: Path) -> None:
    (id_,) = store(archive, doubtful(tmp_path), tmp_path)
    view = archive.correct(id_, "reference", "123/QĐ-UBND", by="anh")
    field = view.fields["reference"]
    assert (field.value, field.source, field.confidence, field.open) == ("123/QĐ-UBND", "correction", 1.0, None)
    manifest = json.loads(archive.get(id_, "json"))
    assert manifest["document"]["fields"]["reference"]["value"] == "123/QĐ-UBND"
    assert [s["action"] for s in manifest["steps"]][-1] == "correct"
    assert [h.document for h in archive.search(Query("123/QĐ-UBND"))] == [id_]
    assert "field_open" not in by_reason(archive) and by_reason(archive, state="corrected").keys() == {"field_open"}
    (correction,) = archive.corrections()
    assert (correction.document_id, correction.field, correction.before, correction.after, correction.by) == (
        id_, "reference", "/QĐ-UBND", "123/QĐ-UBND", "anh",
    )  # fmt: skip
    journal = [k for k in list(archive.objects.keys()) if k.startswith("journal/") and "-audit-" not in k]
    assert len(journal) == 1 and "QĐ" not in journal[0], "no value in an object's key"
    assert json.loads(archive.objects.read(journal[0]))["corrections"][0]["after"] == "123/QĐ-UBND"
    before = sorted(archive.objects.keys())
    archive.correct(id_, "reference", "123/QĐ-UBND", by="anh")
    assert sorted(archive.objects.keys()) == before and len(list(archive.corrections())) == 1, "the same again changes nothing"


def test_corrections_hold_when_the_pages_are_read_anew(archive: Archive, tmp_path: Path) -> None:
    r = doubtful(tmp_path)
    (id_,) = store(archive, r, tmp_path)
    archive.correct(id_, "type", "quyet_dinh")
    archive.correct(id_, "reference", "123/QĐ-UBND")
    archive.correct(id_, "issuer", "")
    archive.correct(id_, "dossier", OTHER)
    (again,) = store(archive, r, tmp_path, "another reading")
    assert again != id_
    view = archive.document(again)
    assert (view.type, view.fields["reference"].value, view.dossier, view.review) == ("quyet_dinh", "123/QĐ-UBND", OTHER, ())
    assert "issuer" not in view.fields
    assert set(by_reason(archive)) == {"field_uncertain", "low_confidence"}, "what was settled is not asked again"


def test_a_type_said_by_a_person_is_sure_and_what_was_proposed_is_remembered(archive: Archive, tmp_path: Path) -> None:
    (id_,) = store(archive, doubtful(tmp_path), tmp_path)
    view = archive.correct(id_, "type", "quyet_dinh")
    assert (view.type, view.score, view.review) == ("quyet_dinh", 1.0, ("no_code",))
    assert archive.catalogue.document_record(id_).runner_up == "thong_bao"  # type: ignore[union-attr]
    assert [(c.field, c.before, c.after) for c in archive.corrections()] == [("type", "thong_bao", "quyet_dinh")]


def test_a_filed_document_moves_to_the_dossier_a_person_names(archive: Archive, tmp_path: Path) -> None:
    r = record(tmp_path, "a.pdf", [page(1, RECEIPT), page(2, BIRTH)], [paper([1], "giay_tiep_nhan", CODE), paper([2], "giay_khai_sinh", CODE)])
    first, second = store(archive, r, tmp_path)
    pdf = archive.get(second)
    view = archive.correct(second, "dossier", OTHER)
    assert (view.dossier, view.ordinal) == (OTHER, 1) and archive.get(second) == pdf
    assert [d.id for d in archive.dossier(CODE).documents] == [first]
    manifest = json.loads(archive.objects.read(f"dossiers/H26/2024/08/{CODE}/dossier.json"))
    assert [e["id"] for e in manifest["documents"]] == [first] and [e["id"] for e in manifest["withdrawn"]] == [second]
    assert archive.objects.stat(manifest["withdrawn"][0]["files"]["pdf"]["key"]), "withdrawn, not deleted"
    back = archive.correct(second, "dossier", CODE)
    assert (back.dossier, back.ordinal) == (CODE, 3), "the number it left is not given twice"
    (new, moved) = store(archive, r, tmp_path, "another reading")
    assert archive.document(moved).dossier == CODE and archive.document(new).ordinal == 1


def test_many_are_decided_at_once_and_what_cannot_be_stays(archive: Archive, tmp_path: Path) -> None:
    one, two = doubtful(tmp_path, "1.pdf"), doubtful(tmp_path, "2.pdf")
    ids = store(archive, one, tmp_path) + store(archive, two, tmp_path)
    conflict = record(tmp_path, "3.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", review="conflict", alternatives=[CODE, OTHER])])
    ids += store(archive, conflict, tmp_path)
    done = archive.decide([Decision(f.id) for f in archive.queue()], by="anh")
    assert (done.accepted, done.corrected) == (10, 0)
    assert [why for _, why in done.refused] == ["choose_one"]
    assert list(by_reason(archive)) == ["conflict"]
    assert {archive.document(i).review for i in ids[:2]} == {()} and archive.document(ids[2]).review == ("conflict",)
    confirmed = {(c.field, c.before, c.after) for c in archive.corrections()}
    assert confirmed == {("type", "thong_bao", "thong_bao"), ("issued_on", "2024-03-01", "2024-03-01")}, "accepted is truth too"
    (left,) = archive.queue()
    assert archive.decide([Decision(left.id, CODE)]).corrected == 1
    assert archive.document(ids[2]).dossier == CODE and archive.queue() == []
    assert archive.decide([Decision(left.id, OTHER)]).refused == ((left.id, "no_such_finding"),)


def test_what_was_accepted_is_not_asked_again_but_another_value_is(archive: Archive, tmp_path: Path) -> None:
    r = doubtful(tmp_path)
    store(archive, r, tmp_path)
    archive.decide([Decision(f.id) for f in archive.queue()])
    store(archive, r, tmp_path, "another reading")
    assert archive.queue() == []
    other = replace(r.documents[0], doubts=(Doubt("field_open", "reference", 1, BOX, ("/TB-UBND",)),))
    store(archive, replace(r, documents=(other,)), tmp_path, "a third reading")
    assert list(by_reason(archive)) == ["field_open"]


def test_what_no_longer_holds_leaves_the_queue(archive: Archive, tmp_path: Path) -> None:
    r = doubtful(tmp_path)
    store(archive, r, tmp_path)
    clear = replace(r.documents[0], link=paper([1], "x", CODE).link, review=(), doubts=())
    store(archive, replace(r, documents=(clear,), pages=(page(1, DECISION), page(2, "rõ"))), tmp_path, "another reading")
    assert archive.queue() == []


def test_questions_are_narrowed_counted_and_paged(archive: Archive, tmp_path: Path) -> None:
    for n in range(5):
        store(archive, doubtful(tmp_path, f"{n}.pdf"), tmp_path)
    every = archive.queue()
    assert len(every) == 25
    assert [f.id for f in archive.queue(Asked(limit=7, offset=7))] == [f.id for f in every[7:14]]
    assert {f.name for f in archive.queue(Asked(batch=every[0].batch))} == {every[0].name}
    assert len(archive.queue(Asked(reason="field_open"))) == 5 and len(archive.queue(Asked(kind="field"))) == 10
    assert [f.id for f in archive.queue(Asked(ids=(every[3].id[:10],)))] == [every[3].id]
    assert archive.queue(Asked(ids=("%",))) == []


@pytest.mark.parametrize(
    ("field", "value", "key"), [("dossier", "x", "bad_code"), ("type", "", "nothing_to_correct"), ("pages", "1;2", "nothing_to_correct")]
)
def test_no_correction_that_would_leave_a_hole(archive: Archive, tmp_path: Path, field: str, value: str, key: str) -> None:
    (id_,) = store(archive, doubtful(tmp_path), tmp_path)
    with pytest.raises(UsageError) as e:
        archive.correct(id_, field, value)
    assert e.value.key == key and list(archive.corrections()) == []


def test_a_division_makes_documents_of_their_own_and_is_known_to_later_readings(archive: Archive, tmp_path: Path) -> None:
    r = record(tmp_path, "a.pdf", [page(1, BIRTH), page(2, DECISION), page(3, "tiếp")], [paper([1, 2, 3], "giay_khai_sinh", CODE)])
    (id_,) = store(archive, r, tmp_path)
    parts = replace(r, documents=(replace(r.documents[0], pages=(1,)), replace(paper([2, 3], "quyet_dinh", CODE))))
    views = archive.divide(id_, parts, written(tmp_path, parts), by="anh")
    assert sorted((v.pages, v.type, v.ordinal) for v in views) == [((1,), "giay_khai_sinh", 1), ((2, 3), "quyet_dinh", 2)]
    assert archive.cuts(r.source.sha256) == ((1,), (2, 3))
    (correction,) = archive.corrections()
    assert (correction.field, correction.before, correction.after) == ("pages", "1,2,3", "1;2,3")
    second = next(v for v in views if v.pages == (2, 3))
    further = replace(parts, documents=(parts.documents[0], paper([2], "quyet_dinh", CODE), paper([3], "don_de_nghi", CODE)))
    archive.divide(second.id, further, written(tmp_path, further))
    assert archive.cuts(r.source.sha256) == ((1,), (2,), (3,))


def test_a_field_that_was_not_there_stands_where_the_person_says() -> None:
    document = Document((3, 4), "cong_van")
    from storage.review import Correction

    said = corrected(document, Correction("x", "subject", "", "Kế hoạch Mẫu", "", "", page=4, box=BOX)).fields["subject"]
    assert said == Field("Kế hoạch Mẫu", "Kế hoạch Mẫu", 4, BOX, 1.0, "correction")


def test_a_page_that_failed_is_asked_about_once(archive: Archive, tmp_path: Path) -> None:
    failed = Page(2, PageState.FAILED, reason="render_timeout", advice="rescan")
    document = replace(paper([1, 2], "giay_khai_sinh", CODE), review=("page_failed",))
    store(archive, record(tmp_path, "a.pdf", [page(1, BIRTH), failed], [document]), tmp_path)
    assert [(f.reason, f.page) for f in archive.queue()] == [("page_failed", 2)]
