"""What the archive promises: nothing lost, nothing twice, the same end after a crash anywhere; documents keep their place and find their dossier."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import NotProved, UsageError
from pipeline.records import Failure, PageState, SourceRecord
from pipeline.settings import Settings
from storage.archive import Archive, Query
from storage.folder import FolderStore
from storage.layout import dumps, record_digest, timeless
from storage.objects import digest
from tests.minio import bucket, minio  # noqa: F401  fixtures
from tests.papers import BIRTH, CODE, DECISION, OTHER, RECEIPT, page, paper, record, written
from tests.postgres import catalogue_address, postgres  # noqa: F401  fixtures

READING = "0123456789abcdef"
BATCH = "b" * 16
SETTINGS = Settings()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "archive"
    with Archive.open(str(folder), SETTINGS, write=True):
        pass
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[Path]:
    """The same tests with both catalogues."""
    shutil.copytree(empty, tmp_path / "archive")
    if request.param == "postgresql":
        SETTINGS.archive.catalogue = request.getfixturevalue("catalogue_address")
    yield tmp_path / "archive"
    SETTINGS.archive.catalogue = ""


@contextmanager
def opened(folder: Path | str, *, write: bool = True) -> Iterator[Archive]:
    with Archive.open(str(folder), SETTINGS, write=write) as archive:
        yield archive


def stack(tmp: Path, at: str = "2026-11-23T08:00:01+00:00") -> SourceRecord:
    """A receipt and a birth certificate of one dossier, a blank back between them, a decision of another dossier."""
    pages = [page(1, RECEIPT), page(2, "", PageState.BLANK), page(3, BIRTH), page(4, DECISION), page(5, "Nơi nhận: lưu")]
    papers = [
        paper([1], "giay_tiep_nhan", CODE, "GIẤY TIẾP NHẬN HỒ SƠ"),
        paper([3], "giay_khai_sinh", CODE, "GIẤY KHAI SINH", owner="NGUYỄN VĂN MẪU", alternatives=["G22.99-240813-020175"]),
        paper([4, 5], "quyet_dinh", OTHER, "QUYẾT ĐỊNH", reference="123/QĐ-UBND", issued_on="2024-03-01"),
    ]
    return record(tmp, "lô 1/chồng.pdf", pages, papers, at=at)


def signed(tmp: Path, at: str = "2026-11-23T08:00:02+00:00") -> SourceRecord:
    return record(tmp, "signed.pdf", [page(1, DECISION)], [paper([1], "quyet_dinh", review="no_code")], at=at, signed=True)


def store(archive: Archive, r: SourceRecord, tmp: Path, reading: str = READING) -> Any:
    return archive.store(r, written(tmp, r), batch_id=BATCH, reading_digest=reading)


def objects(archive: Archive) -> dict[str, bytes]:
    """All but the rows of the audit, which tests of their own look at."""
    keys = [k for k in archive.objects.keys() if "-audit-" not in k]  # noqa: SIM118  no dictionary
    return {k: archive.objects.read(k) for k in keys}


def manifest(archive: Archive, key: str) -> Any:
    return json.loads(archive.objects.read(key))


DOSSIER = f"dossiers/H26/2024/08/{CODE}"


def test_keys_are_those_of_the_architecture(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(folder) as a:
        stored = store(a, r, tmp_path)
        sha = r.source.sha256
        assert set(objects(a)) == {
            f"originals/{sha[:2]}/{sha}.pdf",
            f"originals/{sha[:2]}/{sha}.json",
            f"{DOSSIER}/dossier.json",
            *(f"{DOSSIER}/{CODE}.{n}.{suffix}" for n in ("01", "02") for suffix in ("pdf", "alto.xml", "json")),
            f"dossiers/H26/2024/09/{OTHER}/dossier.json",
            *(f"dossiers/H26/2024/09/{OTHER}/{OTHER}.01.{suffix}" for suffix in ("pdf", "alto.xml", "json")),
        }
        assert [(d.dossier, d.ordinal) for d in stored.documents] == [(CODE, 1), (CODE, 2), (OTHER, 1)]
        assert all(k.isascii() for k in objects(a))


def test_the_original_is_kept_untouched_and_a_signed_one_stands_for_its_reading_copy(folder: Path, tmp_path: Path) -> None:
    r = signed(tmp_path)
    with opened(folder) as a:
        document = store(a, r, tmp_path).documents[0]
        assert a.get(document.id, "original") == a.get(document.id, "pdf") == Path(r.source.path).read_bytes()
        assert document.keys["alto"] == f"unfiled/{BATCH}/{document.id}/document.alto.xml"
        assert not any(k.startswith("unfiled/") and k.endswith(".pdf") for k in objects(a))


def test_manifests_hold_every_fact_and_prove_every_object(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(folder) as a:
        store(a, r, tmp_path)
        entries = manifest(a, f"{DOSSIER}/dossier.json")
        assert (entries["code"], entries["agency"], entries["received_on"]) == (CODE, "000.00.16.H26", "2024-08-13")
        assert entries["alternatives"] == ["G22.99-240813-020175"]
        for entry in entries["documents"]:
            for kind in ("pdf", "alto", "original"):
                part = entry["files"][kind]
                assert digest(a.objects.read(part["key"])) == part["sha256"]
                assert len(a.objects.read(part["key"])) == part["bytes"]
            part = entry["files"]["json"]
            assert record_digest(manifest(a, part["key"])) == part["timeless_sha256"]
            assert dumps(manifest(a, part["key"]), None) == a.objects.read(part["key"])
        of_source = manifest(a, f"originals/{r.source.sha256[:2]}/{r.source.sha256}.json")
        assert [(p["number"], p["state"]) for p in of_source["pages"]] == [(p.number, p.state) for p in r.pages]
        assert [d["pages"] for d in of_source["documents"]] == [[1], [3], [4, 5]]
        second = manifest(a, f"{DOSSIER}/{CODE}.02.json")
        assert second["pages"] == [r.pages[2].to_json()]
        assert second["document"] == r.documents[1].to_json()
        assert second["steps"] == [s.to_json() for s in r.steps]
        assert not any(str(tmp_path).encode() in data for data in objects(a).values()), "where a file lay is nobody's business"


def test_a_known_source_comes_back_whole_and_is_not_stored_again(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(folder) as a:
        first = store(a, r, tmp_path)
        before = objects(a)
    with opened(folder) as a:
        known = a.known(r.source.sha256, READING)
        assert known is not None
        assert replace(known, source=replace(known.source, path=r.source.path)) == r
        assert a.known(r.source.sha256, "another reading") is None
        assert a.known("0" * 64, READING) is None
        again = store(a, r, tmp_path)
        assert not again.new and first.new
        assert again.documents == first.documents
        assert objects(a) == before


def test_the_same_bytes_under_another_name_are_noted_not_stored(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(folder) as a:
        store(a, r, tmp_path)
        count, before = len(objects(a)), a.counts()
        other = replace(r.source, name="bản sao.pdf")
        known = a.again(r, other)
        assert known.source.name == "bản sao.pdf"
        assert known.documents == r.documents
        store(a, replace(r, source=other), tmp_path)
        a.again(r, other)
        assert len(objects(a)) == count and a.counts() == before
        names = manifest(a, f"originals/{r.source.sha256[:2]}/{r.source.sha256}.json")["received_as"]
        assert [n["name"] for n in names] == ["lô 1/chồng.pdf", "bản sao.pdf"]
        assert [n["name"] for n in a.catalogue.names(r.source.sha256)] == ["lô 1/chồng.pdf", "bản sao.pdf"]


def test_bytes_that_never_got_into_the_archive_are_not_noted(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    with opened(folder) as a:
        assert a.again(r, replace(r.source, name="x.pdf"), operator_code=OTHER).source.name == "x.pdf"
        assert a.counts()["sources"] == 0 and objects(a) == {}


def test_an_unreadable_file_is_remembered_without_an_original(folder: Path, tmp_path: Path) -> None:
    r = record(tmp_path, "broken.pdf", [], [])
    r = replace(r, error=Failure("broken", "cannot be opened"))
    with opened(folder) as a:
        assert store(a, r, tmp_path).documents == ()
        known = a.known(r.source.sha256, READING)
        assert known is not None and known.error == r.error
        assert [k.rsplit(".")[-1] for k in objects(a)] == ["json"]
        good = replace(stack(tmp_path), source=r.source)
        assert store(a, good, tmp_path).new, "what can be read later replaces the failure"
        assert a.counts()["unreadable"] == 0


def test_ordinals_go_on_where_the_dossier_ended(folder: Path, tmp_path: Path) -> None:
    with opened(folder) as a:
        store(a, stack(tmp_path), tmp_path)
    later = record(tmp_path, "later.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
    with opened(folder) as a:
        assert store(a, later, tmp_path).documents[0].ordinal == 3
        assert [d.ordinal for d in a.dossier(CODE).documents] == [1, 2, 3]
        assert a.dossier("G22.99-240813-020175").code == CODE


def test_an_unfiled_document_gets_its_dossier_without_reading_it_again(folder: Path, tmp_path: Path) -> None:
    loose = record(tmp_path, "loose.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", review="no_code")])
    with opened(folder) as a:
        store(a, stack(tmp_path), tmp_path)
        document = store(a, loose, tmp_path).documents[0]
        pdf = a.get(document.id, "pdf")
        assert [d.id for d in a.unfiled()] == [d.id for d in a.review()] == [document.id]
        view = a.file(document.id[:8], CODE)
        assert (view.dossier, view.ordinal, view.review) == (CODE, 3, ())
        assert a.get(document.id, "pdf") == pdf
        assert view.files["pdf"]["key"] == f"{DOSSIER}/{CODE}.03.pdf"
        assert not any(k.startswith("unfiled/") for k in objects(a))
        assert a.unfiled() == a.review() == []
        assert manifest(a, view.files["json"]["key"])["dossier"] == {"code": CODE, "ordinal": 3}
        assert [e["id"] for e in manifest(a, f"{DOSSIER}/dossier.json")["documents"]][2] == document.id
        assert [k for k in objects(a) if k.startswith("journal/")]
        assert document.id in [h.document for h in a.search(Query("khai sinh", dossier=CODE))]
        known = a.known(loose.source.sha256, READING)
        assert known is not None and known.documents[0].link.code == CODE
        before = objects(a)
        a.file(document.id, CODE)
        assert objects(a) == before
        with pytest.raises(UsageError) as e:
            a.file(document.id, OTHER)
        assert e.value.key == "already_filed"


@pytest.mark.parametrize("code", ["", "x", "000.00.16.H26-241313-4970", "../../etc", "000.00.16.H26-990813-4970"])
def test_no_document_is_filed_under_what_is_no_code(folder: Path, tmp_path: Path, code: str) -> None:
    with opened(folder) as a:
        document = store(a, signed(tmp_path), tmp_path).documents[0]
        with pytest.raises(UsageError):
            a.file(document.id, code)
        with pytest.raises(UsageError):
            a.file("nothing", CODE)


def test_a_second_code_for_archived_bytes_goes_to_review_with_both(folder: Path, tmp_path: Path) -> None:
    r = record(tmp_path, "one.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", CODE)])
    with opened(folder) as a:
        document = store(a, r, tmp_path).documents[0]
        before = set(objects(a))
        record_ = a.again(r, replace(r.source, name="two.pdf"), operator_code=OTHER)
        view = a.document(document.id)
        assert view.dossier == CODE and view.review == ("conflict",) and set(view.candidates) == {CODE, OTHER}
        assert record_.documents[0].link.review == "conflict"
        assert set(objects(a)) == before
        assert a.dossier(CODE).alternatives == (), "candidates of a conflict are no other codes of the dossier"
        view = a.file(document.id, CODE)
        assert view.review == () and view.review_state == "done"


def test_the_operators_code_files_what_waited(folder: Path, tmp_path: Path) -> None:
    r = record(tmp_path, "one.pdf", [page(1, BIRTH)], [paper([1], "giay_khai_sinh", review="no_code")])
    with opened(folder) as a:
        store(a, r, tmp_path)
        assert a.again(r, r.source, operator_code=CODE).documents[0].link.code == CODE
        assert a.unfiled() == []


def test_a_new_reading_takes_the_place_of_the_old_one(folder: Path, tmp_path: Path) -> None:
    r = stack(tmp_path)
    loose = record(tmp_path, "loose.pdf", [page(1, BIRTH), page(2, DECISION)], [paper([1], "giay_khai_sinh"), paper([2], "quyet_dinh")])
    with opened(folder) as a:
        store(a, r, tmp_path)
        unfiled = store(a, loose, tmp_path).documents
        a.file(unfiled[0].id, CODE)
        # read anew: the receipt and the certificate are now one paper, the decision is as it was
        merged = replace(r.documents[0], pages=(1, 3))
        store(a, replace(r, documents=(merged, r.documents[2])), tmp_path, "another reading")
        store(a, loose, tmp_path, "another reading")
        assert [(d.pages, d.ordinal) for d in a.dossier(CODE).documents] == [((1, 3), 1), ((1,), 3)], "what a person filed stays filed"
        assert [(d.pages, d.ordinal) for d in a.dossier(OTHER).documents] == [((4, 5), 1)]
        gone = manifest(a, f"{DOSSIER}/dossier.json")["withdrawn"]
        assert [(e["pages"], e["ordinal"]) for e in gone] == [([3], 2)]
        assert a.objects.stat(gone[0]["files"]["pdf"]["key"]), "withdrawn, not deleted"
        assert {k.split("/")[2] for k in objects(a) if k.startswith("unfiled/")} == {d.id for d in a.unfiled()}
        assert [h.document for h in a.search(Query("giấy tiếp nhận"))] == [a.dossier(CODE).documents[0].id]
        assert a.known(r.source.sha256, READING) is None


def test_an_object_that_does_not_read_back_stops_the_source(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = FolderStore.put

    def put(self: FolderStore, key: str, data: Any, **how: Any) -> None:
        real(self, key, data, **how)
        if key.endswith(".02.pdf"):
            path = self.root / key
            path.write_bytes(path.read_bytes()[:-1] + b"?")

    with opened(folder) as a:
        with monkeypatch.context() as m:
            m.setattr(FolderStore, "put", put)
            with pytest.raises(NotProved):
                store(a, stack(tmp_path), tmp_path)
            assert a.counts()["sources"] == 0
        store(a, stack(tmp_path), tmp_path)
        a.objects.prove(f"{DOSSIER}/{CODE}.02.pdf", digest(a.get(a.dossier(CODE).documents[1].id)))


def test_reading_needs_an_archive(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as e, opened(tmp_path / "none", write=False):
        pass
    assert e.value.key == "no_archive"
    assert not (tmp_path / "none").exists()


def test_an_archive_opens_fast(folder: Path) -> None:
    import time

    with opened(folder) as a:
        a.counts()
    begun = time.process_time()
    with opened(folder, write=False) as a:
        a.counts()
    assert time.process_time() - begun < 0.3


def test_on_a_server_everything_is_as_in_a_folder(folder: Path, tmp_path: Path, bucket: str) -> None:
    settings = Settings()
    settings.archive.data = str(tmp_path / "data")
    here = {}
    for location in (str(folder), bucket):
        with Archive.open(location, settings, write=True) as a:
            store(a, stack(tmp_path), tmp_path)
            document = store(a, signed(tmp_path), tmp_path).documents[0]
            a.file(document.id, CODE)
            here[location] = {k: timeless(json.loads(v)) if k.endswith(".json") else v for k, v in objects(a).items() if not k.startswith("journal/")}
        with Archive.open(location, settings, write=False) as a:
            assert a.search(Query("giay khai sinh nguyen van mau"))[0].type == "giay_khai_sinh"
    assert here[str(folder)] == here[bucket]
