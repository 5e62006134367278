"""Pages drawn for measuring: tiers, typefaces, papers kept apart."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samples import cards, elsewhere, fonts, notices, pen, scanner
from samples.case import make_case
from samples.heldout import make_held_out
from samples.make import main
from samples.sheet import A4, Sheet, Style
from samples.tiers import TIERS, make_tiers
from tests.test_samples import shown


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
