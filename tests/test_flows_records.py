"""The JSON that others build on: every key, type and meaning of a record, from `read` and from `digitize`, on good files and on bad ones."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from classifiers.kinds import catalogue
from pipeline.codes import valid_code
from pipeline.errors import Exit
from pipeline.records import PageState
from tests import hazards, paper, printed, sealed, trees
from tests.verapdf import verapdf

Json = dict[str, Any]

#: The 29 types of NĐ 30/2020 art. 7 and the others that the records promise by name.
PROMISED = {
    "nghi_quyet", "quyet_dinh", "chi_thi", "quy_che", "quy_dinh", "thong_cao", "thong_bao", "huong_dan",
    "chuong_trinh", "ke_hoach", "phuong_an", "de_an", "du_an", "bao_cao", "bien_ban", "to_trinh",
    "hop_dong_khac", "cong_van", "cong_dien", "ban_ghi_nho", "ban_thoa_thuan", "giay_uy_quyen", "giay_moi", "giay_gioi_thieu",
    "giay_nghi_phep", "phieu_gui", "phieu_chuyen", "phieu_bao", "thu_cong", "luat", "nghi_dinh", "thong_tu",
    "thong_tu_lien_tich", "thu_moi", "dieu_le", "van_ban_hop_nhat", "khong_xac_dinh",
}

REFUSED = {"empty.pdf": "empty", "half.jpg": "half_written", "password.pdf": "encrypted", "text.pdf": "foreign"}
READ = {"lost-page.pdf": 3, "second-frame.tif": 3, "digital.pdf": 1, "signed.pdf": 1, "scan-signed.pdf": 1, "bản sao.pdf": 1}
PAGES = READ | dict.fromkeys(REFUSED, 0)


@dataclass(frozen=True)
class Read:
    """What went in, and what came out of one command."""

    folder: Path
    records: dict[str, Json]
    code: int
    errors: str


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind that a batch may hold beside plain scans."""
    folder = tmp_path_factory.mktemp("records") / "lẫn lộn"
    folder.mkdir()
    for hazard in hazards.HAZARDS:
        if hazard.name in PAGES:
            (folder / hazard.name).write_bytes(hazard.make())
    (folder / "digital.pdf").write_bytes(paper.digital_pdf(pdfa=True))
    (folder / unicodedata.normalize("NFD", "bản sao.pdf")).write_bytes(paper.digital_pdf(pdfa=True))
    (folder / "signed.pdf").write_bytes(sealed.seal(paper.digital_pdf(pdfa=True)))
    scan = hazards.encoded(Image.fromarray(printed.text_page(200)), "PDF", resolution=200.0)
    (folder / "scan-signed.pdf").write_bytes(sealed.seal(scan))
    return folder


@pytest.fixture(scope="module")
def read(odd: Path) -> Read:
    done = trees.run("read", odd, "--format", "json")
    return Read(odd, {r["source"]["name"]: r for r in json.loads(done.stdout)}, done.returncode, done.stderr)


@pytest.fixture(scope="module")
def three(samples: Path) -> Read:
    done = trees.run("read", samples / "three", "--format", "json")
    return Read(samples / "three", {r["source"]["name"]: r for r in json.loads(done.stdout)}, done.returncode, done.stderr)


@pytest.fixture(scope="module")
def archived(odd: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    archive = tmp_path_factory.mktemp("archived") / "kho có khoảng trắng"
    done = trees.run("digitize", odd, "--archive", archive, "--json")
    assert done.returncode == Exit.REVIEW, done.stderr
    assert done.stderr == "", "with JSON asked for and nobody at a terminal there is nothing to say"
    return archive, json.loads(done.stdout)


# shape


def check_box(box: Any) -> None:
    assert isinstance(box, list)
    assert len(box) == 4
    left, top, right, bottom = box
    assert 0 <= left <= right <= 1
    assert 0 <= top <= bottom <= 1


def check_share(value: Any) -> None:
    assert isinstance(value, int | float)
    assert 0 <= value <= 1


def check_evidence(evidence: Any, pages: set[int]) -> None:
    for e in evidence:
        assert e.keys() == {"kind", "text", "page", "box", "weight"}
        assert e["kind"]
        assert e["page"] in pages | {0}
        if e["box"] is not None:
            check_box(e["box"])


def check_page(page: Json) -> None:
    assert page.keys() >= {"number", "state", "reason", "rotation", "skew", "dpi", "width", "height", "confidence", "text", "words"}
    assert page["state"] in {s.value for s in PageState}
    assert bool(page["reason"]) is (page["state"] != "good"), "a page that is not good says why, a good one has no reason"
    assert page["advice"] in {"", "rescan"}
    assert page["kind"] in {"scan", "digital", "mixed"}
    assert page["rotation"] in {0, 90, 180, 270}
    assert -45 <= page["skew"] <= 45
    assert page["dpi"] >= 0
    assert isinstance(page["width"], int)
    assert isinstance(page["height"], int)
    assert page["confidence"].keys() == {"mean", "p5"}
    check_share(page["confidence"]["mean"])
    check_share(page["confidence"]["p5"])
    for word in page["words"]:
        assert word.keys() >= {"text", "box", "confidence"}
        assert word["text"] == word["text"].strip() != ""
        assert unicodedata.is_normalized("NFC", word["text"])
        check_box(word["box"])
        check_share(word["confidence"])
    assert page["text"].split() == [part for w in page["words"] for part in w["text"].split()], "text and words are in the same order"


def check_document(document: Json, pages: set[int]) -> None:
    assert document.keys() >= {"pages", "type", "score", "evidence", "dossier", "fields"}
    assert document["pages"]
    assert set(document["pages"]) <= pages
    assert document["type"] in set(catalogue().kinds)
    check_share(document["score"])
    check_evidence(document["evidence"], pages)
    assert bool(document["evidence"]) or document["type"] == "khong_xac_dinh", "a type names what speaks for it"
    dossier = document["dossier"]
    assert dossier.keys() >= {"code", "evidence", "alternatives"}
    assert dossier["code"] is None or valid_code(dossier["code"])
    check_evidence(dossier["evidence"], pages)
    assert bool(dossier["evidence"]) or dossier["code"] is None
    for field in document["fields"].values():
        assert field.keys() == {"value", "printed", "page", "box", "confidence", "source", "open"}
        assert field["source"] in {"text", "form", "barcode", "mrz", "handwriting", "correction"}
        assert field["value"]
        assert field["page"] in document["pages"]
        check_box(field["box"])
        check_share(field["confidence"])


def check_record(record: Json) -> None:
    assert record.keys() >= {"source", "pages", "documents", "dossier", "error"}
    assert record["source"].keys() >= {"name", "sha256", "pages"}
    assert not record["source"]["name"].startswith("/")
    assert unicodedata.is_normalized("NFC", record["source"]["name"])
    numbers = [p["number"] for p in record["pages"]]
    assert numbers == list(range(1, record["source"]["pages"] + 1)), "every page that came in is there, in order"
    for page in record["pages"]:
        check_page(page)
    for document in record["documents"]:
        check_document(document, set(numbers))
    papers = [n for d in record["documents"] for n in d["pages"]]
    kept = [p["number"] for p in record["pages"] if p["state"] not in {"blank", "separator", "skipped"}]
    assert sorted(papers) == kept, "every page that is no blank and no separator is in one document"
    codes = {d["dossier"]["code"] for d in record["documents"]}
    if len(codes) == 1 and codes != {None}:
        assert record["dossier"].keys() == {"code", "evidence"}
        assert {record["dossier"]["code"]} == codes
    else:
        assert record["dossier"] is None
    if record["error"]:
        assert record["error"].keys() == {"code", "message"}
        assert record["error"]["message"]


def test_every_record_has_its_shape_and_its_meaning(read: Read, three: Read) -> None:
    for found in (read, three):
        for record in found.records.values():
            check_record(record)


def test_every_input_file_has_one_record_with_its_digest_and_pages(read: Read, three: Read) -> None:
    for found in (read, three):
        files = {unicodedata.normalize("NFC", p.name): p for p in found.folder.iterdir()}
        assert found.records.keys() == files.keys()
        for name, record in found.records.items():
            assert record["source"]["sha256"] == hashlib.sha256(files[name].read_bytes()).hexdigest()
    assert {name: r["source"]["pages"] for name, r in read.records.items()} == PAGES


def test_an_unreadable_file_has_no_pages_and_an_error(read: Read) -> None:
    assert {n: r["error"]["code"] for n, r in read.records.items() if r["error"]} == REFUSED
    for name in REFUSED:
        assert read.records[name]["pages"] == read.records[name]["documents"] == []
        assert name in read.errors
    assert read.code == Exit.REVIEW


def test_a_page_that_is_lost_is_told_and_the_others_are_there(read: Read) -> None:
    assert [p["state"] for p in read.records["lost-page.pdf"]["pages"]] == ["blank", "failed", "blank"]
    frames = read.records["second-frame.tif"]["pages"]
    assert [p["state"] == "failed" for p in frames] == [False, True, False]
    assert frames[1]["text"] == ""
    assert frames[1]["advice"] == "rescan"


def test_a_duplicate_has_a_full_record_too(read: Read, archived: tuple[Path, Json]) -> None:
    one, other = read.records["digital.pdf"], read.records["bản sao.pdf"]
    assert one["pages"] == other["pages"]
    assert one["documents"] == other["documents"]
    outcomes = {r["source"]["name"]: r for r in archived[1]["sources"]}
    assert {outcomes[n]["outcome"] for n in ("digital.pdf", "bản sao.pdf")} == {"new", "duplicate"}
    assert outcomes["digital.pdf"]["pages"] == outcomes["bản sao.pdf"]["pages"]


def test_digitize_gives_the_same_records_and_totals_that_add_up(read: Read, archived: tuple[Path, Json]) -> None:
    report = archived[1]
    assert {r["source"]["name"]: {k: v for k, v in r.items() if k != "outcome"} for r in report["sources"]} == read.records
    totals = report["totals"]
    assert totals["pages"] == sum(PAGES.values())
    assert totals["pages"] == sum(totals[s.value] for s in PageState)
    assert totals["sources"] == len(PAGES)
    assert totals["unreadable"] == len(REFUSED)
    assert totals["documents"] == sum(len(r["documents"]) for r in report["sources"])


def test_the_second_time_every_record_is_as_full(read: Read, archived: tuple[Path, Json], odd: Path) -> None:
    done = trees.run("digitize", odd, "--archive", archived[0], "--json")
    again = {r["source"]["name"]: r for r in json.loads(done.stdout)["sources"]}
    for name, record in read.records.items():
        assert {k: v for k, v in again[name].items() if k != "outcome"} == record
        assert again[name]["outcome"] == ("refused" if name in REFUSED else "duplicate" if name == "digital.pdf" else "known")


def test_every_promised_type_is_known() -> None:
    assert set(catalogue().kinds) >= PROMISED


# where the file itself speaks


def test_a_born_digital_page_speaks_for_itself(read: Read) -> None:
    (page,) = read.records["digital.pdf"]["pages"]
    assert (page["kind"], page["state"]) == ("digital", "good")
    assert page["text"].splitlines() == list(paper.TEXT)
    assert {w["source"] for w in page["words"]} == {"file"}
    assert {w["confidence"] for w in page["words"]} == {1.0}


def test_what_lies_over_a_scan_is_taken_from_the_file_with_its_place(read: Read) -> None:
    (page,) = read.records["scan-signed.pdf"]["pages"]
    assert page["kind"] == "mixed"
    own = [w for w in page["words"] if w["source"] == "file"]
    assert " ".join(w["text"] for w in own) == "Ký bởi: Nguyễn Văn Mẫu Ngày ký: 05/01/2026 09:00:00"
    assert all(w["box"][0] > 0.48 and 0.78 < w["box"][1] < w["box"][3] < 0.9 for w in own)
    text = page["text"]
    assert text.index("Kính gửi") < text.index("Ký bởi") or text.index("Nơi nhận") < text.index("Ký bởi"), "in reading order"
    assert "Ủy ban nhân dân phường" in text


def test_a_signed_file_stays_byte_for_byte(read: Read, archived: tuple[Path, Json], odd: Path, tmp_path: Path) -> None:
    archive, _ = archived
    for name in ("signed.pdf", "scan-signed.pdf"):
        data = (odd / name).read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        assert read.records[name]["source"]["signed"] is True
        original = archive / "originals" / sha256[:2] / f"{sha256}.pdf"
        assert original.read_bytes() == data
        manifests = [json.loads(p.read_bytes()) for p in (archive / "unfiled").rglob("*.json")]
        (manifest,) = [m for m in manifests if m["source"]["sha256"] == sha256]
        keys = {kind: part["key"] for kind, part in manifest["files"].items()}
        assert keys["pdf"] == keys["original"] == f"originals/{sha256[:2]}/{sha256}.pdf"
        assert not list((archive / "unfiled").rglob(f"{manifest['id']}/*.pdf")), "no second, rewritten copy"
        for form in ("pdf", "original"):
            to = tmp_path / f"{name}-{form}"
            got = trees.run("get", manifest["id"], "--to", to, "--format", form, "--archive", archive, "--json")
            assert got.returncode == 0, got.stderr
            assert Path(json.loads(got.stdout)[0]).read_bytes() == data
        to = tmp_path / f"{name}.read.pdf"
        assert trees.run("read", odd / name, "--format", "pdf", "-o", to).returncode in (0, 6)
        assert to.read_bytes() == data


def test_a_born_digital_file_that_is_pdfa_is_kept_as_it_is(archived: tuple[Path, Json], odd: Path, tmp_path: Path) -> None:
    archive, report = archived
    (record,) = [r for r in report["sources"] if r["source"]["name"] == "digital.pdf"]
    documents = json.loads(trees.run("show", "unfiled", "--archive", archive, "--json").stdout)["documents"]
    (mine,) = [d["id"] for d in documents if d["source"] == record["source"]["sha256"]]
    trees.run("get", mine, "--to", tmp_path, "--archive", archive)
    assert (tmp_path / f"{mine}.pdf").read_bytes() == (odd / "digital.pdf").read_bytes()


def test_the_archives_pdfs_pass_the_reference_validator(archived: tuple[Path, Json]) -> None:
    pdfs = sorted((archived[0] / "unfiled").rglob("*.pdf"))
    assert len(pdfs) >= 3
    assert {p.name: v.reasons for p, v in verapdf(pdfs).items() if not v} == {}


def test_a_born_digital_file_that_is_no_pdfa_gets_a_copy_that_is(tmp_path: Path) -> None:
    (tmp_path / "office.pdf").write_bytes(paper.digital_pdf())
    out = tmp_path / "copy.pdf"
    done = trees.run("read", tmp_path / "office.pdf", "--format", "pdf", "-o", out)
    assert done.returncode in (0, 6), done.stderr
    assert verapdf([out])[out.resolve()]
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages[0].get_images()) == 1
