"""The benchmark of the archive: its papers are papers, its catalogue is what a commit would write, its clock counts what it says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import archive_books, archive_fill, archive_papers, archive_search
from benchmarks.archive_clock import beside, clocked
from pipeline.settings import Settings
from storage.archive import Archive, data_folder
from storage.catalogue import Catalogue
from storage.database import Database
from storage.objects import digest
from storage.views import Query, Written
from tests import trees


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, int]]:
    """An archive of generated papers, filled in bulk, and how many pages it has."""
    folder, settings = tmp_path_factory.mktemp("filled"), Settings()
    data = data_folder(str(folder), settings)
    data.mkdir(parents=True)
    database = Database.at(data, settings)
    database.migrate()
    pages = archive_fill.fill(Catalogue(database), 3, 500)
    database.close()
    with Archive.open(str(folder), settings, write=True) as archive:
        yield archive, pages


def test_the_same_seed_draws_the_same_papers_of_about_200_words_a_page() -> None:
    one, two = archive_papers.drawn(5, 1), archive_papers.drawn(5, 1)
    assert one == two != archive_papers.drawn(6, 1)
    words = [len(text.split()) for paper in one for text in paper.texts]
    assert 150 < sum(words) / len(words) < 250
    assert len({paper.code for paper in one}) == len(one) // archive_papers.PAPERS_OF_A_DOSSIER


def test_the_json_of_a_page_is_that_of_its_record() -> None:
    paper = archive_papers.drawn(5, 1)[0]
    for page, lines in zip(archive_papers.record(paper).pages, paper.pages, strict=True):
        assert page.reading.text == "\n".join(lines)
        assert page.to_json() == json.loads(archive_papers.page_json(page.number, lines))


def test_a_catalogue_filled_in_bulk_is_what_commits_write(filled: tuple[Archive, int], tmp_path: Path) -> None:
    paper = next(p for p in archive_papers.drawn(3, 0) if len(p.pages) > 1)
    data, pdf = f"generated paper {paper.number}".encode(), tmp_path / "pdf"
    pdf.write_bytes(b"%PDF")
    assert digest(data) == paper.sha256
    record = archive_papers.record(paper)
    scan = tmp_path / "scan"
    scan.write_bytes(data)
    record = replace(record, source=replace(record.source, path=str(scan)))
    with Archive.open(str(tmp_path / "archive"), Settings(), write=True) as archive:
        archive.store(record, [Written(0, pdf, b"<alto/>")], batch_id=archive_papers.BATCH, reading_digest=archive_papers.READING)
        (stored,) = archive.documents(source=paper.sha256)
        (bulk,) = filled[0].documents(source=paper.sha256)
        assert replace(stored, ordinal=bulk.ordinal, files=bulk.files) == bulk
        assert archive.pages(stored.id) == filled[0].pages(bulk.id)
        assert archive.record(paper.sha256) == filled[0].record(paper.sha256)
    assert {k for row in trees.rows(tmp_path / "archive")["pages"] for k in row} == set(archive_fill.paper_rows(paper)["pages"][0])


def test_questions_find_the_papers_that_they_are_about(filled: tuple[Archive, int], tmp_path: Path) -> None:
    archive, pages = filled
    assert archive.counts()["pages"] == pages >= 500
    asked = archive_search.questions(3, 1, 3)
    found = archive_search.waits(asked, lambda question: len(archive.search(question.query)))
    base = archive_search.peer(tmp_path / "peer.sqlite", archive.catalogue)
    peer = archive_search.waits(asked, lambda question: archive_search.ask_peer(base, question))
    assert set(found) == set(peer) and len(found) == 17
    assert all(w.found > 0 for kind, w in found.items() if "year" not in kind), {k: w.found for k, w in found.items()}
    assert all(w.found > 0 for kind, w in peer.items() if "year" not in kind), {k: w.found for k, w in peer.items()}
    paper = archive_papers.drawn(3, 0)[7]
    assert {h.ordinal for h in archive.search(Query(paper.code))} == {1, 2, 3, 4}


def test_waits_are_told_by_kind_and_together() -> None:
    asked = [q for q in archive_search.questions(3, 1, 2) if q.kind.startswith("phrase")] * 10

    def answer(question: archive_search.Question) -> int:
        time.sleep(0.02 if question.kind.endswith("without") else 0)
        return 3

    waited = archive_search.waits(asked, answer)
    assert set(waited) == {"phrase, with accents", "phrase, without", "all"}
    assert waited["phrase, without"].p50 >= 20 > waited["phrase, with accents"].p50
    assert waited["all"].p95 >= 20 and waited["all"].found == 3


def test_the_same_rows_go_into_a_bare_database(tmp_path: Path) -> None:
    seconds, sources, pages = archive_books._store(tmp_path / "archive", tmp_path, 3, 8)
    assert seconds > 0 and sources >= 2 and pages >= 8
    archive_books._bare(tmp_path / "archive" / ".sohoa" / "catalogue.sqlite", tmp_path / "bare.sqlite", sources)
    assert trees.rows_of(tmp_path / "bare.sqlite") == trees.rows(tmp_path / "archive")


def test_the_clock_tells_work_of_others_from_its_own() -> None:
    with clocked() as clock:
        end = time.process_time() + 0.4
        while time.process_time() < end:
            pass
    assert clock.seconds >= 0.4
    assert beside("x", 4.0, "peer", 2.0) == ["x", "4.0", "peer", "2.0", "2.0"]


def test_every_part_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import archive_store

    monkeypatch.setattr(archive_store, "KINDS", (archive_store.Kind("2 KB", 2000, 12), archive_store.Kind("1 MB", 1_000_000, 1)))
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n\n## Archive, measured\n\nof before\n\n## Measured\n\nkept\n", encoding="utf-8")
    options = ["--pages", "100", "--stored", "12", "--questions", "1", "--without-minio", "--folder", str(tmp_path), "--markdown", str(page)]
    assert bench.main(["archive", *options]) == 0
    told, written = capsys.readouterr().out, page.read_text(encoding="utf-8")
    for part in ("folder, 2 KB: put, MB/s", "commits of a paper a second", "rebuild", "index, bytes a page", "95 of 100"):
        assert part in told and part in written, part
    assert "of before" not in written and written.endswith("## Measured\n\nkept\n")
    assert [p.name for p in tmp_path.iterdir()] == ["page.md"], "nothing is left"
    with pytest.raises(SystemExit) as ended:
        bench.main(["archive", "--parts", "none"])
    assert ended.value.code == 1
