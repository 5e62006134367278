"""The committed samples keep their promises, and the maker makes the same bytes again."""

from __future__ import annotations

import hashlib
import io
import json
import random
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
from samples import cards, civil, elsewhere, fonts, notices, pen, people, scanner
from samples.case import make_case
from samples.committed import family
from samples.heldout import make_held_out
from samples.make import main, make_dossiers
from samples.sheet import A4, Sheet, Style
from samples.tiers import TIERS, make_tiers

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


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages of each tier."""
    folder = tmp_path_factory.mktemp("tiers")
    make_tiers(folder, 11, 8)
    return folder


def tier_truths(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted((folder / "truth").rglob("*.json"))]


def test_every_tier_gets_its_share_of_pages_with_their_truth(tiers: Path) -> None:
    truths = tier_truths(tiers)
    pages = {tier: [p for t in truths if t["tier"] == tier for p in t["pages"]] for tier in TIERS}
    assert [len(pages[tier]) for tier in TIERS] == [2, 2, 2, 2]
    for truth in truths:
        scan = tiers / truth["file"]
        assert truth["typeface"] == "Liberation"
        assert truth["sha256"] == hashlib.sha256(scan.read_bytes()).hexdigest()
        for picture, page in zip(shown(scan), truth["pages"], strict=True):
            upright = picture.rotate(-page["rotation"], expand=True)
            assert upright.size == (page["width"], page["height"])
            assert page["lines"]
    for tier, most in (("clean", 0.3), ("office", 2.0), ("worn", 5.0)):
        assert all(abs(p["skew"]) <= most for p in pages[tier])
    assert all(p["dpi"] == 300 and p["rotation"] == 0 for p in pages["clean"])
    assert all(p["dpi"] <= 200 for p in pages["bad"])


def test_lines_of_a_clean_page_lie_on_ink(tiers: Path) -> None:
    for truth in tier_truths(tiers):
        if truth["tier"] != "clean":
            continue
        for picture, page in zip(shown(tiers / truth["file"]), truth["pages"], strict=True):
            pixels = np.asarray(picture.convert("L").rotate(-page["skew"], Image.Resampling.BILINEAR, fillcolor=255))
            h, w = pixels.shape
            for line in page["lines"]:
                left, top, right, bottom = line["box"]
                inside = pixels[round(top * h) : round(bottom * h) + 1, round(left * w) : round(right * w) + 1]
                assert inside.min() < 110, line["text"]


def test_the_same_seed_draws_the_same_pages_with_any_number_of_workers(tiers: Path, tmp_path: Path) -> None:
    make_tiers(tmp_path / "again", 11, 8, workers=2)
    assert [t["sha256"] for t in tier_truths(tmp_path / "again")] == [t["sha256"] for t in tier_truths(tiers)]


def test_a_typeface_has_every_letter_and_the_width_of_liberation() -> None:
    here = fonts.typeface(["Liberation Serif", "Liberation Sans", "Liberation Mono"])
    assert here is not None
    assert {"ế", "Ữ", "đ", "W", "7"} <= fonts.letters()
    for path, scale in here.faces.values():
        assert fonts.covers(path)
        assert scale == pytest.approx(1.0, abs=0.002)
    assert fonts.typeface(["No Such Family"]) is None
    for face, weight in fonts.held_out():
        assert weight > 0
        assert not face.name.startswith("Liberation")


def test_sheets_are_drawn_in_another_typeface_only_while_asked() -> None:
    def drawn() -> bytes:
        sheet = Sheet(A4)
        sheet.put(40, 40, "Quyết định", Style(30, "serif"))
        return sheet.image.tobytes()

    plain = drawn()
    mono = fonts.Typeface("x", {("serif", False, False): fonts.family("Liberation Mono", "mono")["mono", False, False]})
    with fonts.drawn_in(mono):
        other = drawn()
    assert other != plain
    assert drawn() == plain


def test_a_copied_page_is_rough_and_a_bound_one_dark_at_its_edge() -> None:
    sheet = Sheet(A4)
    sheet.put(60, 60, "QUYẾT ĐỊNH", Style(40))

    def seen(**changes: Any) -> np.ndarray:
        how = scanner.How(colour="grey", shadow=0.0, specks=0, noise=0.0, **changes)
        return np.asarray(scanner.scan(sheet, how, random.Random(1)).image, dtype=float)

    plain, bound = seen(), seen(gutter=0.9)
    assert bound[:, 5].mean() < 0.5 * plain[:, 5].mean()
    assert bound[:, -300:].mean() == pytest.approx(plain[:, -300:].mean(), rel=0.02)
    ink = plain < 128
    changed = (seen(copied=0.6) < 128) != ink
    assert 0.02 * ink.sum() < changed.sum() < 0.6 * ink.sum(), "strokes change at their edges, and stay"


def test_papers_of_many_offices_differ_by_chance() -> None:
    for draw in (notices.giay_moi, notices.bao_cao, notices.bien_ban, notices.danh_sach, notices.ke_hoach):
        one, other = (draw(make_case(seed)) for seed in ("a", "b"))
        text = "\n".join(line.text for sheet in one.sheets for line in sheet.lines)
        assert text != "\n".join(line.text for sheet in other.sheets for line in sheet.lines)
        assert "{" not in text
        assert one.fields.get("signer", "") in text
        assert one.fields.get("reference", "") in text


def test_the_command_draws_tiers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tiers", "--out", str(tmp_path), "--seed", "2", "--pages", "1", "--font", "Liberation Serif"]) == 0
    assert [Path(line).name.split("-")[0] for line in capsys.readouterr().out.split()] == ["clean"]
    assert main(["--tiers", "--out", str(tmp_path), "--font", "No Such Family"]) == 3


@pytest.mark.parametrize("kind", list(elsewhere.KINDS))
def test_letters_kept_apart_print_what_their_truth_says(kind: str) -> None:
    """All but what was left to the pen, which the truth names instead."""
    for n in range(4):
        paper = elsewhere.letter(make_case(f"kept/{n}"), kind, annex=False)
        text = " ".join(line.text for sheet in paper.sheets for line in sheet.lines)
        hand = paper.more.get("hand", {})
        inks = {i.text for i in paper.sheets[0].inks if i.kind in ("handwriting", "stamp")}
        assert paper.type == kind
        assert "{" not in text
        for name in ("issuer", "parent", "subject", "signer", "place"):
            assert paper.fields.get(name, "") in text
        assert paper.fields["signer"].endswith("Mẫu")
        number = paper.fields.get("reference", "")
        assert (number in text) == (hand.get("reference", "") in ("", "empty"))
        if hand.get("reference") in ("pen", "stamp"):
            assert number[: len(number) - len(number.lstrip("0123456789"))] in inks
            assert number.lstrip("0123456789") in text
        if hand.get("issued_on", "") in ("pen", "stamp"):
            assert paper.fields["issued_on"][8:] in inks
        elif hand.get("issued_on", "").startswith("empty"):
            assert len(paper.fields["issued_on"]) < 10


def test_no_office_kept_apart_is_one_that_others_draw() -> None:
    """What is learned from is never what is measured on."""
    theirs = {o["name"] for o in notices.words()["office"]}
    assert not theirs & {o["name"] for o in elsewhere.words()["office"]}
    subjects = {s for kind in ("invitation", "plan", "report", "minutes") for s in notices.words()[kind]["subjects"]}
    assert not subjects & {s for topics in elsewhere.words()["topics"].values() for s in topics}


def test_digits_by_pen_stand_where_they_were_written() -> None:
    sheet = Sheet(A4)
    end = pen.write(sheet, random.Random(3), "1945", 50, 100, high=5)
    left, top, right, bottom = sheet.inks[0].box
    assert sheet.inks[0].text == "1945"
    assert left > 49 * 11.8
    assert right < (end + 1) * 11.82
    assert top > 93 * 11.8
    assert bottom < 103 * 11.82


def test_files_kept_apart_have_every_form_and_are_drawn_again_alike(tmp_path: Path) -> None:
    made = make_held_out(tmp_path / "a", 21, 6)
    assert [p.read_bytes() for p in made] == [p.read_bytes() for p in make_held_out(tmp_path / "b", 21, 6, workers=2)]
    truths = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((tmp_path / "a" / "truth").rglob("*.json"))]
    assert sum(len(t["pages"]) for t in truths) >= 6
    for truth in truths:
        assert truth["form"] in truth["file"]
        for document in truth["documents"]:
            assert set(document.get("hand", {})) <= set(document["fields"])


def test_two_cards_to_a_sheet_are_two_parts() -> None:
    paper = cards.cccd_two(make_case("two"))
    numbers = [p["fields"]["id_number"] for p in paper.more["parts"]]
    assert len(set(numbers)) == 2
    text = "\n".join(line.text for line in paper.sheets[0].lines)
    assert all(n in text for n in numbers)
    newer = cards.can_cuoc(make_case("two"))
    assert newer.fields["id_number"] in "\n".join(line.text for line in newer.sheets[0].lines)
