"""A page that was left out comes back to the reading copy: nothing else of the paper changes, and the next reading has the page again."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from classifiers.recut import recut
from flows.cli import main
from flows.divide import restore
from flows.reading import assemble
from pipeline.errors import UsageError
from pipeline.intake import recognise
from pipeline.records import Page, PageState, SourceFile
from pipeline.settings import Settings
from storage.archive import Archive
from storage.rebuild import rebuild
from tests import paper as sheets
from tests import trees
from tests.papers import BIRTH, CODE, DECISION, OTHER, page, paper, written

SETTINGS = Settings()
TEXTS = (BIRTH, "", DECISION, "", "")


@pytest.fixture
def scanned(tmp_path: Path) -> tuple[Path, SourceFile, tuple[Page, ...]]:
    """A real file of five pages: a certificate, its blank back, a decision, its blank back, a separator sheet."""
    file = tmp_path / "stack.pdf"
    file.write_bytes(sheets.digital_pdf(pages=5))
    source = recognise(file, "stack.pdf", SETTINGS)
    states = (PageState.GOOD, PageState.BLANK, PageState.GOOD, PageState.BLANK, PageState.SEPARATOR)
    pages = tuple(page(n, t, s) for n, (t, s) in enumerate(zip(TEXTS, states, strict=True), 1))
    made = assemble(source, pages, SETTINGS)
    made = replace(made, pages=pages, documents=(paper([1], "giay_khai_sinh", CODE, owner="NGUYỄN VĂN MẪU"), paper([3], "quyet_dinh", CODE)))
    with Archive.open(str(tmp_path / "archive"), SETTINGS, write=True) as a:
        a.store(made, written(tmp_path, made), batch_id="b" * 16, reading_digest=SETTINGS.reading_digest())
    return tmp_path / "archive", source, pages


def test_a_blank_page_comes_back_at_its_place(scanned: tuple[Path, SourceFile, tuple[Page, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    folder, source, _ = scanned
    original = next((folder / "originals").rglob("*.pdf")).read_bytes()
    assert main(["restore", f"{CODE}.01", "2", "--by", "Trần Thử", "--json", "--archive", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pages"], told["ordinal"], told["type"], told["dossier"]) == ([1, 2], 1, "giay_khai_sinh", CODE)
    with Archive.open(str(folder), SETTINGS, write=True) as a:
        views = a.dossier(CODE).documents
        assert [(v.pages, v.ordinal) for v in views] == [((1, 2), 1), ((3,), 2)]
        with pikepdf.open(io.BytesIO(a.get(views[0].id))) as pdf:
            assert len(pdf.pages) == 2
        record = a.record(source.sha256)
        assert record is not None and [p.state for p in record.pages][1] is PageState.BLANK, "what the page is does not change"
        assert record.steps[-1].action == "restore"
        assert [r.who for r in a.catalogue.audited(action="restore")] == ["Trần Thử"]
        assert not a.check().faults
    assert next((folder / "originals").rglob("*.pdf")).read_bytes() == original
    for page_number in ("2", "3", "9"):
        assert main(["restore", f"{CODE}.01", page_number, "--archive", str(folder)]) == 1, "it is there, or it was never left out"
    assert "4, 5" in capsys.readouterr().err


def test_what_people_said_holds_and_the_next_reading_has_the_page_again(scanned: tuple[Path, SourceFile, tuple[Page, ...]], tmp_path: Path) -> None:
    folder, source, pages = scanned
    with Archive.open(str(folder), SETTINGS, write=True) as a:
        first = a.dossier(CODE).documents[0].id
        a.correct(first, "owner", "NGUYỄN VĂN MẪU EM", by="Trần Thử")
        view = restore(a, first, 2, SETTINGS, by="Lê Thử")
        assert view.fields["owner"].value == "NGUYỄN VĂN MẪU EM"
        again = assemble(source, pages, SETTINGS, cuts=a.cuts(source.sha256))
        assert (1, 2) in [d.pages for d in again.documents]
        a.store(again, written(tmp_path, again), batch_id="b" * 16, reading_digest="another reading")
        later = next(v for v in a.documents(source=source.sha256) if v.pages == (1, 2))
        assert later.fields["owner"].value == "NGUYỄN VĂN MẪU EM", "corrections hold for the paper with its page"
        restore(a, next(v.id for v in a.documents(source=source.sha256) if v.pages == (3,)), 5, SETTINGS)
    before = trees.rows(folder)
    assert not rebuild(str(folder), SETTINGS).faults
    after = trees.rows(folder)
    assert {t: after[t] for t in ("documents", "pages", "corrections", "findings")} == {
        t: before[t] for t in ("documents", "pages", "corrections", "findings")
    }


def test_other_pages_that_no_paper_holds_stay_out(scanned: tuple[Path, SourceFile, tuple[Page, ...]]) -> None:
    _, source, pages = scanned
    skipped = (*pages[:1], replace(pages[1], state=PageState.SKIPPED), *pages[2:])
    papers = (paper([1], "giay_khai_sinh", CODE), paper([3], "quyet_dinh", CODE))
    assert [d.pages for d in recut(source, skipped, papers, [(1, 2)])] == [(1,), (3,)]
    assert [d.pages for d in recut(source, pages, papers, [(1, 2)])] == [(1, 2), (3,)]
    assert [d.pages for d in recut(source, pages, papers, [(2, 3)])] == [(1,), (2, 3)], "a blank front too"
    assert [d.pages for d in recut(source, pages, papers, [(2, 4)])] == [(1,), (3,)], "blank pages alone are no paper"


def test_a_paper_that_a_person_filed_stays_theirs(scanned: tuple[Path, SourceFile, tuple[Page, ...]]) -> None:
    with Archive.open(str(scanned[0]), SETTINGS, write=True) as a:
        first = a.dossier(CODE).documents[0].id
        a.correct(first, "dossier", OTHER, by="Trần Thử")
        restore(a, first, 2, SETTINGS, by="Lê Thử")
        (view,) = a.dossier(OTHER).documents
        assert view.pages == (1, 2) and list(a.catalogue.by_operator(view.source)) == [view.id]


def test_an_unknown_document_is_told(scanned: tuple[Path, SourceFile, tuple[Page, ...]]) -> None:
    with Archive.open(str(scanned[0]), SETTINGS, write=True) as a, pytest.raises(UsageError):
        restore(a, "0000000000", 2, SETTINGS)
