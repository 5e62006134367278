"""The committed samples keep their promises, and the maker makes the same bytes again."""

from __future__ import annotations

import hashlib
import io
import json
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
import zxingcpp
from PIL import Image, ImageOps

from pipeline.codes import DOSSIER, sheet_code, valid_code
from samples import cards, civil, people
from samples.committed import family
from samples.make import main, make_dossiers

SAMPLES = Path(__file__).parents[1] / "samples"
SCANS = sorted(p for folder in ("batch", "three") for p in (SAMPLES / folder).rglob("*") if p.is_file())


def truth_of(scan: Path) -> dict[str, Any]:
    name = scan.relative_to(SAMPLES).as_posix()
    return json.loads((SAMPLES / "truth" / f"{name}.json").read_text(encoding="utf-8"))


def shown(scan: Path) -> Iterator[Image.Image]:
    """The pages as a viewer shows them."""
    if scan.suffix == ".pdf":
        with pikepdf.open(scan) as pdf:
            for page in pdf.pages:
                picture = Image.open(io.BytesIO(page.Resources.XObject.Im0.read_raw_bytes()))
                yield picture.rotate(-int(page.obj.get("/Rotate", 0)), expand=True)
    else:
        with Image.open(scan) as picture:
            for n in range(getattr(picture, "n_frames", 1)):
                picture.seek(n)
                yield ImageOps.exif_transpose(picture.copy())


def all_pages(folder: str = "") -> list[tuple[Path, dict[str, Any]]]:
    return [(s, p) for s in SCANS if folder in s.parts for p in truth_of(s)["pages"]]


def test_the_set_is_as_large_as_promised_and_no_larger() -> None:
    documents = [d for s in SCANS if "batch" in s.parts for d in truth_of(s)["documents"]]
    kinds = {k for d in documents for k in (d["type"], *d["also"])} - {"khong_xac_dinh"}
    assert sum(p.stat().st_size for p in SAMPLES.rglob("*") if p.is_file() and p.suffix != ".pyc") <= 15_000_000
    assert len(all_pages("batch")) >= 40
    assert len({d["dossier"] for d in documents} - {""}) >= 6
    assert len(kinds) >= 12
    assert {"giay_tiep_nhan", "giay_khai_sinh", "cccd_truoc", "cccd_sau", "gcn_qsdd", "quyet_dinh", "cong_van", "hd_chuyen_nhuong", "ct01"} <= kinds
    assert max(len(d["pages"]) for d in documents if d["type"] == "hd_chuyen_nhuong") >= 4


def test_every_hazard_of_an_office_is_there() -> None:
    pages = [p for _, p in all_pages("batch")]
    assert {p["state"] for p in pages} == {"good", "doubtful", "blank", "separator"}
    assert {p["rotation"] for p in pages} == {0, 90, 180, 270}
    assert {p["colour"] for p in pages} == {"colour", "grey", "bitonal"}
    assert {p["dpi"] for p in pages} == {200, 250, 300}
    assert 3 < max(abs(p["skew"]) for p in pages) <= 4
    assert sum(p["state"] == "separator" for p in pages) == 3
    assert any(m["kind"] == "seal" for p in pages for m in p["marks"])
    assert {s.suffix for s in SCANS} == {".pdf", ".tif", ".jpg"}


@pytest.mark.parametrize("scan", SCANS, ids=lambda p: p.name)
def test_truth_is_complete_and_fits_its_scan(scan: Path) -> None:
    truth = truth_of(scan)
    assert truth["file"] == scan.relative_to(SAMPLES).as_posix()
    assert truth["sha256"] == hashlib.sha256(scan.read_bytes()).hexdigest()
    sizes = [p.size for p in shown(scan)]
    assert [p["number"] for p in truth["pages"]] == list(range(1, len(sizes) + 1))
    for size, page in zip(sizes, truth["pages"], strict=True):
        upright = size if page["rotation"] % 180 == 0 else size[::-1]
        assert upright == (page["width"], page["height"])
        assert page["state"] in page["accept"]
        assert page["text"] == "\n".join(line["text"] for line in page["lines"])
        assert (page["state"] == "blank") == (not page["lines"])
        for line in page["lines"]:
            left, top, right, bottom = line["box"]
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1
            assert unicodedata.is_normalized("NFC", line["text"])
    owned = [n for d in truth["documents"] for n in d["pages"]]
    assert owned == [p["number"] for p in truth["pages"] if p["state"] in ("good", "doubtful")]


@pytest.mark.parametrize("scan", SCANS, ids=lambda p: p.name)
def test_lines_of_the_truth_lie_on_ink(scan: Path) -> None:
    """Where the truth says that a line stands, the straightened page is darker than its paper."""
    for picture, page in zip(shown(scan), truth_of(scan)["pages"], strict=True):
        if page["state"] == "doubtful":
            continue
        grey = picture.convert("L").rotate(-page["rotation"], expand=True).rotate(-page["skew"], Image.Resampling.BILINEAR, fillcolor=255)
        pixels = np.asarray(grey)
        h, w = pixels.shape
        paper = float(np.median(pixels))
        for line in page["lines"]:
            left, top, right, bottom = line["box"]
            inside = pixels[round(top * h) : round(bottom * h) + 1, round(left * w) : round(right * w) + 1]
            columns = inside.min(axis=0) < paper - 60
            # the outermost letters touch the box's edges: a box moved by more than a letter would miss them
            edge = max(4, round(0.006 * w))
            assert columns[:edge].any(), line["text"]
            assert columns[-edge:].any(), line["text"]


@pytest.mark.parametrize("scan", SCANS, ids=lambda p: p.name)
def test_the_truth_is_in_an_order_that_a_person_reads(scan: Path) -> None:
    """From one line to the next the eye goes down, or up again to the top of another column; never back up in the same one."""
    for page in truth_of(scan)["pages"]:
        for one, following in pairwise(page["lines"]):
            (left, top, right, _), (left2, top2, right2, _) = one["box"], following["box"]
            assert top2 > top - 0.004 or min(right, right2) <= max(left, left2), f"{one['text']} before {following['text']}"


def test_pdf_pages_have_the_size_of_the_paper() -> None:
    for scan in SCANS:
        if scan.suffix == ".pdf":
            with pikepdf.open(scan) as pdf:
                for page, truth in zip(pdf.pages, truth_of(scan)["pages"], strict=True):
                    short, long = sorted(float(v) for v in page.mediabox[2:])
                    paper = (419.5, 595.3) if long < 700 else (595.3, 841.9)
                    assert (short, long) == pytest.approx(paper, abs=0.5), truth["number"]


def test_dossier_codes_are_valid_and_not_of_the_future() -> None:
    codes = {d["dossier"] for s in SCANS for d in truth_of(s)["documents"]} - {""}
    assert all(valid_code(c, today=date(2026, 10, 31)) for c in codes)
    assert {"H26.12-260930-0012", "000.00.16.H26-211112-0001", "G22.99-260115-020175"} <= codes


@pytest.mark.parametrize("scan", [s for s in SCANS if any(p["barcodes"] for p in truth_of(s)["pages"])], ids=lambda p: p.name)
def test_barcodes_are_readable_as_scanned(scan: Path) -> None:
    truth = truth_of(scan)
    of = {n: d["dossier"] for d in truth["documents"] for n in d["pages"]}
    for picture, page in zip(shown(scan), truth["pages"], strict=True):
        if page["barcodes"]:
            read = {b.text for b in zxingcpp.read_barcodes(np.asarray(picture.convert("L")))}
            assert {b["text"] for b in page["barcodes"]} <= read
            for text in read:
                code = sheet_code(text) or (m.group() if (m := DOSSIER.search(text)) else "")
                if code:
                    assert code == of.get(page["number"], code), "a code of another dossier"
                else:
                    assert text.count("|") == 6, "neither a dossier code nor the seven fields of a card"


def test_a_separator_sheet_says_its_code_twice() -> None:
    for _, page in all_pages():
        if page["state"] == "separator":
            bare = {b["text"] for b in page["barcodes"] if b["format"] == "Code128"}
            checked = {sheet_code(b["text"]) for b in page["barcodes"] if b["format"] == "QRCode"}
            assert bare == checked
            assert len(bare) == 1
            assert bare.pop() in page["text"]


def test_the_birth_certificate_that_a_newcomer_looks_for_is_there() -> None:
    for folder in ("batch", "three"):
        found = [
            (s, d) for s in SCANS if folder in s.parts for d in truth_of(s)["documents"]
            if d["type"] == "giay_khai_sinh" and d["fields"]["holder"] == "Nguyễn Văn Mẫu"
        ]
        assert len(found) == 1
        text = truth_of(found[0][0])["pages"][0]["text"]
        assert "GIẤY KHAI SINH" in text
        assert "NGUYỄN VĂN MẪU" in text


def test_everybody_named_is_a_specimen() -> None:
    for scan in SCANS:
        for document in truth_of(scan)["documents"]:
            for field in ("signer", "holder"):
                assert document["fields"].get(field, "Mẫu").endswith("Mẫu")


def test_machine_readable_zone_has_the_right_check_digits() -> None:
    who = people.Person("Nguyễn Thị Mẫu", True, date(1999, 1, 1), "001199000001", "", "")
    assert people.mrz(who, date(2039, 1, 1)) == (
        "IDVNM1990000014001199000001<<5",
        "9901018F3901016VNM<<<<<<<<<<<2",
        "NGUYEN<<THI<MAU<<<<<<<<<<<<<<<",
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "năm"),
        (15, "mười lăm"),
        (21, "hai mươi mốt"),
        (105, "một trăm linh năm"),
        (2026, "hai nghìn không trăm hai mươi sáu"),
        (3_864_000_000, "ba tỷ tám trăm sáu mươi bốn triệu"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert people.in_words(number) == words


def test_templates_still_say_what_the_committed_truth_says() -> None:
    """A changed template without a remade set shows here; bytes may differ with other versions of fonts and libraries, words not."""
    case = family("sohoa-1/birth", "H26.12-260930-0012")
    for name, paper in (("Giấy khai sinh.jpg", civil.giay_khai_sinh(case)), ("04.jpg", cards.cccd(case, case.partner))):
        page = truth_of(SAMPLES / "batch" / case.code / name)["pages"][0]
        assert [line.text for line in paper.sheets[0].lines] == [line["text"] for line in page["lines"]]


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    def digests(folder: Path, seed: int) -> dict[str, str]:
        made = make_dossiers(folder, seed, 1)
        assert made
        return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}

    first = digests(tmp_path / "a", 10)
    assert first == digests(tmp_path / "b", 10)
    assert set(first.values()).isdisjoint(digests(tmp_path / "c", 20).values())


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dossiers", "2"]) == 1
    assert "--out" in capsys.readouterr().err
