"""Letterheads and signatures of many offices: what is printed is read, what the pen filled in stays open and is never guessed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.classify import classify
from classifiers.dates import head_date
from classifiers.fields import read_fields
from classifiers.layout import Sheet, similarity
from classifiers.penned import find_blank
from classifiers.reference import find_reference
from pipeline.records import Blank, Field, Page, Word
from pipeline.text import new_style
from tests.offices import Paper, draw
from tests.typed import letter, typed

PAPERS = 160
WARD = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU AN"]
DATE = "Mẫu An, ngày 11 tháng 10 năm 2026"


def fields(*pages: Page) -> dict[str, Field]:
    sheets = [Sheet(p) for p in pages]
    return read_fields(sheets, classify(sheets))


@cache
def read() -> tuple[tuple[Paper, dict[str, Field]], ...]:
    """Papers that were never looked at while the rules were made: seeds from far away."""
    papers = [draw(900_000 + seed) for seed in range(PAPERS)]
    return tuple((p, fields(*p.pages)) for p in papers)


def _same(a: str, b: str) -> bool:
    return " ".join(new_style(a).casefold().split()) == " ".join(new_style(b).casefold().split())


@pytest.mark.parametrize(
    ("name", "share"),
    [("issuer", 0.98), ("parent", 0.98), ("place", 0.98), ("signer", 0.97), ("signer_role", 0.98), ("signer_capacity", 0.98), ("urgency", 0.95)],
)
def test_fields_of_many_offices(name: str, share: float) -> None:
    asked = [(p.truth[name], f[name].value if name in f else "") for p, f in read() if name in p.truth]
    assert sum(_same(a, b) for a, b in asked) >= share * len(asked)


@pytest.mark.parametrize("name", ["subject", "recipients"])
def test_long_texts_are_nearly_exact(name: str) -> None:
    asked = [(p.truth[name], f[name].value if name in f else "") for p, f in read() if name in p.truth]
    assert sum(similarity(a.casefold(), b.casefold()) >= 0.95 for a, b in asked) >= 0.97 * len(asked)


def test_what_the_pen_filled_in_is_open_and_what_is_printed_is_read() -> None:
    kept: Counter[str] = Counter()
    for paper, got in read():
        number, tail = re.fullmatch(r"(\d+)(.*)", paper.truth["reference"]).groups()  # type: ignore[union-attr]
        value = got["reference"].value if "reference" in got else ""
        kept["number" if value == number + tail else "open" if value == tail else "wrong"] += 1
        if value == tail:
            assert got["reference"].open is not None
            kept["print left open"] += "number" not in paper.penned
        day = got["issued_on"].value if "issued_on" in got else "none"
        kept["wrong day"] += not paper.truth["issued_on"].startswith(day)
        if day != paper.truth["issued_on"]:
            assert got["issued_on"].open is not None
            kept["printed day left open"] += not paper.penned & {"day", "month"}
    assert kept["wrong"] <= 0.01 * PAPERS
    assert kept["wrong day"] <= 0.01 * PAPERS
    assert kept["print left open"] <= 0.02 * PAPERS
    assert kept["printed day left open"] <= 0.02 * PAPERS


def test_the_same_seed_draws_the_same_paper() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def with_blank(page: Page, kind: str, left: float, text: str, confidence: float = 0.95) -> Page:
    """The page with a place that the picture shows to be filled in, on the row of number and date."""
    row = next(line for line in page.reading.lines if "Số:" in line.text or line.text.startswith("Mẫu An, ngày"))
    return replace(page, blanks=(*page.blanks, Blank(kind, (left, row.box[1], left + 0.05, row.box[3]), text, confidence, True)))


def test_handwriting_that_was_read_fills_the_number() -> None:
    page = letter(WARD, "Số:      /QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"])
    found = fields(with_blank(page, "number", 0.22, "115"))["reference"]
    assert (found.value, found.source, found.open) == ("115/QĐ-UBND", "handwriting", None)
    assert found.confidence == 0.95


def test_handwriting_that_was_not_read_shows_its_place() -> None:
    page = with_blank(letter(WARD, "Số: 445 /QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"], doubt=["445"]), "number", 0.22, "")
    found = fields(page)["reference"]
    assert found.value == "/QĐ-UBND"
    assert found.open == page.blanks[0].box


def test_two_readers_that_disagree_leave_the_number_open() -> None:
    page = letter(WARD, "Số: 445/QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"])
    assert fields(page)["reference"].value == "445/QĐ-UBND"
    assert fields(with_blank(page, "number", 0.22, "115"))["reference"].value == "/QĐ-UBND"
    zero = letter(WARD, "Số: 05/QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"])
    assert fields(with_blank(zero, "number", 0.22, "5"))["reference"].value == "05/QĐ-UBND"
    agreed = fields(with_blank(page, "number", 0.22, "445"))["reference"]
    assert (agreed.value, agreed.source) == ("445/QĐ-UBND", "handwriting")


def test_a_day_by_hand_is_taken_from_its_place_alone() -> None:
    page = letter(WARD, "Số: 42/QĐ-UBND", "Mẫu An, ngày      tháng 10 năm 2026", ["", "^QUYẾT ĐỊNH"])
    row = next(line for line in page.reading.lines if line.text.startswith("Mẫu An"))
    gap = next(w for w in row.words if w.text == "ngày")
    blank = Blank("day", (gap.box[2], row.box[1], gap.box[2] + 0.03, row.box[3]), "23", 0.93, True)
    found = fields(replace(page, blanks=(blank,)))["issued_on"]
    assert (found.value, found.source, found.open) == ("2026-10-23", "handwriting", None)
    impossible = replace(blank, text="45")
    assert fields(replace(page, blanks=(impossible,)))["issued_on"].value == "2026-10"


def test_a_blank_of_another_line_is_not_taken() -> None:
    page = letter(WARD, "Số:      /QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"])
    sheet = Sheet(replace(page, blanks=(Blank("number", (0.2, 0.8, 0.3, 0.82), "9", 0.99, True),)))
    reference = find_reference(sheet)
    assert reference is not None
    assert reference.open is not None
    assert find_blank(sheet, "number", reference.open) is None


def tall(page: Page, text: str, times: float, **more: object) -> Page:
    """The page with one word that much higher than it was printed."""

    def grown(w: Word) -> Word:
        if w.text != text:
            return w
        left, top, right, bottom = w.box
        return replace(w, box=(left, bottom - (bottom - top) * times, right, bottom), **more)  # type: ignore[arg-type]

    lines = tuple(replace(line, words=tuple(map(grown, line.words))) for line in page.reading.lines)
    return replace(page, reading=replace(page.reading, lines=lines))


@given(st.floats(1.35, 2.5))
def test_digits_that_stand_out_of_the_line_are_no_print(times: float) -> None:
    page = tall(letter(WARD, "Số: 445/QĐ-UBND", "Mẫu An, ngày 23 tháng 10 năm 2026", ["", "^QUYẾT ĐỊNH"]), "23", times)
    dated = head_date(Sheet(page))
    assert dated is not None
    assert dated.field.value == "2026-10"


def test_a_number_and_symbol_read_as_one_word_from_two_is_open() -> None:
    page = tall(letter(WARD, "Số: 445/QĐ-UBND", DATE, ["", "^QUYẾT ĐỊNH"]), "445/QĐ-UBND", 1.0, raw="445 /QĐ-UBND", confidence=0.85)
    assert fields(page)["reference"].value == "/QĐ-UBND"


@pytest.mark.parametrize(
    ("number", "raw", "value"),
    [
        ("Số: 42/TB-5YT", "", "42/TB-SYT"),
        ("Số: 42 /TB-8YT", "/TB -SYT", "42/TB-SYT"),
        ("Số: 42QĐ-UBND", "", "/QĐ-UBND"),
        ("Số: 12-NQ/ĐU", "", "12-NQ/ĐU"),
    ],
)
def test_symbols_that_were_misread(number: str, raw: str, value: str) -> None:
    page = letter(WARD, number, DATE, ["", "Nội dung."])
    if raw:
        page = tall(page, number.rsplit(maxsplit=1)[-1], 1.0, raw=raw)
    reference = find_reference(Sheet(page))
    assert reference is not None
    assert reference.value == value


def test_a_date_under_a_stamp_keeps_the_year_of_its_number() -> None:
    got = fields(letter(WARD, "Số: 21/2026/TT-BCT", "Hà Nội, ngày", ["", "^THÔNG TƯ", "^Bãi bỏ một số quy định"]))["issued_on"]
    assert got.value == "2026"
    assert got.open is not None
    assert "issued_on" not in fields(letter(WARD, "Số: 21/TT-BCT", "Hà Nội, ngày", ["", "^THÔNG TƯ"]))


def test_the_pen_grown_onto_the_month_leaves_the_day_open() -> None:
    assert fields(letter(WARD, "Số: 42/QĐ-UBND", "Kiên Mẫu, ngày Chháng 11 năm 2017", ["", "^QUYẾT ĐỊNH"]))["issued_on"].value == "2017-11"


def test_a_party_letterhead() -> None:
    rows = [
        "ĐẢNG BỘ TỈNH MẪU\tĐẢNG CỘNG SẢN VIỆT NAM",
        "HUYỆN ỦY MẪU AN\t",
        "*\tMẫu An, ngày 05 tháng 6 năm 2026",
        "Số 12-CV/HU\t",
        "V/v tổ chức hội nghị\t",
        "",
        "^Kính gửi: Các chi bộ trực thuộc",
        "Thực hiện kế hoạch.",
        "",
        "Nơi nhận:\tT/M BAN THƯỜNG VỤ",
        "- Như trên,\tPHÓ BÍ THƯ",
        "- Lưu HU.\t",
        "",
        ">Trần Văn Mẫu",
    ]
    got = {k: f.value for k, f in fields(typed(rows)).items()}
    assert got["reference"] == "12-CV/HU"
    assert got["issued_on"] == "2026-06-05"
    assert (got["issuer"], got["parent"]) == ("HUYỆN ỦY MẪU AN", "ĐẢNG BỘ TỈNH MẪU")
    assert (got["signer"], got["signer_role"], got["signer_capacity"]) == ("Trần Văn Mẫu", "PHÓ BÍ THƯ", "TM.")


SIGNED = ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", "", "Nội dung.", ""]


@pytest.mark.parametrize(
    ("lines", "shown", "signer", "role", "capacity"),
    [
        (["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"], "Hà Văn Mẫu", "Hà Văn Mẫu", "PHÓ GIÁM ĐỐC", "KT."),
        (["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "Hồ Thị Mẫu", "Hồ Thị Mẫu", "PHÓ CHỦ TỊCH", "TM. KT."),
        (["TUQ. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"], "Lê Mẫu", "Lê Mẫu", "CHÁNH VĂN PHÒNG", "TUQ."),
        (["Q. GIÁM ĐỐC"], "ThS. Đỗ Mẫu An", "Đỗ Mẫu An", "GIÁM ĐỐC", "Q."),
        (["GIÁM ĐÓC", "PHÓ GIÁM ĐÓC"], "PGS.TS. Hô Quốc Mẫu", "Hồ Quốc Mẫu", "PHÓ GIÁM ĐỐC", "KT."),
        (["KT. BỘ TRƯỞNG"], "KIỆN Hà Văn Mẫu", "Hà Văn Mẫu", None, "KT."),
        (["HIỆU TRƯỞNG"], "NGUYỄN THỊ MẪU", "Nguyễn Thị Mẫu", "HIỆU TRƯỞNG", None),
        (["CHỦ TỊCH"], "Ủy Ban Nhân Dân", None, "CHỦ TỊCH", None),
        (["CHỦ TỊCH"], "tuyên Cách Nhật Mẫu", None, "CHỦ TỊCH", None),
    ],
)
def test_signature_blocks(lines: list[str], shown: str, signer: str | None, role: str | None, capacity: str | None) -> None:
    block = [f"{'Nơi nhận:' if i == 0 else '- Lưu: VT.'}\t{text}" for i, text in enumerate(lines)]
    got = {k: f.value for k, f in fields(letter(WARD, "Số: 42/TB-UBND", DATE, [*SIGNED, *block, "", "", f">{shown}"])).items()}
    assert (got.get("signer"), got.get("signer_role"), got.get("signer_capacity")) == (signer, role, capacity)


def test_a_name_under_the_seal_is_the_one_that_the_paper_spells() -> None:
    body = [*SIGNED, "Giao Phó Chủ nhiệm Phạm Mạnh Mẫu, Trợ lý; theo dõi.", ""]
    foot = ["Nơi nhận:\tPHÓ CHỦ NHIỆM", "- Lưu: VT.\t", "", ">Pha1Mạnh Mẫu"]
    got = fields(letter(WARD, "Số: 42/TB-UBND", DATE, [*body, *foot]))["signer"]
    assert got.value == "Phạm Mạnh Mẫu"
    assert got.printed == "Pha1Mạnh Mẫu"
    assert got.confidence < 0.9
    without = fields(letter(WARD, "Số: 42/TB-UBND", DATE, [*SIGNED, *foot]))
    assert "signer" not in without


def test_a_signature_in_the_file_names_the_signer() -> None:
    page = letter(WARD, "Số: 42/TB-UBND", DATE, [*SIGNED, "Nơi nhận:\tCHỦ TỊCH", "- Lưu: VT.\t"])
    stamp = typed([">Ký bởi: Nguyễn Thị Mẫu", ">Cơ quan: UBND phường Mẫu"], top=0.6)
    words = tuple(replace(line, words=tuple(replace(w, source="file") for w in line.words)) for line in stamp.reading.lines)
    both = replace(page, kind="mixed", reading=replace(page.reading, lines=(*page.reading.lines, *words)))
    assert fields(both)["signer"].value == "Nguyễn Thị Mẫu"


@pytest.mark.parametrize(
    ("mark", "name", "value"),
    [
        ("HỎA TỐC", "urgency", "HỎA TỐC"),
        ("HOẢ TỐC", "urgency", "HỎA TỐC"),
        ("HỎA TÔC HẸN GIƠ", "urgency", "HỎA TỐC HẸN GIỜ"),
        ("THƯỢNG KHÂN", "urgency", "THƯỢNG KHẨN"),
        ("KHẨN", "urgency", "KHẨN"),
        ("TỐI MẬT", "secrecy", "TỐI MẬT"),
        ("MẬT", "secrecy", "MẬT"),
        ("SAO Y", "copy", "SAO Y"),
        ("BẢN SAO", "copy", "BẢN SAO"),
    ],
)
def test_marks(mark: str, name: str, value: str) -> None:
    page = letter(WARD, "Số: 42/TB-UBND", DATE, [f"{mark}\t", *SIGNED])
    got = fields(page)
    assert got[name].value == value
    assert got["subject"].value == "nghỉ lễ"


def test_words_of_the_text_are_no_marks() -> None:
    got = fields(letter(WARD, "Số: 42/TB-UBND", DATE, [*SIGNED, "Việc này KHẨN và MẬT, đề nghị SAO Y."]))
    assert not got.keys() & {"urgency", "secrecy", "copy"}


def test_recipients_of_a_letter_and_of_a_notice() -> None:
    listed = ["V/v nghỉ lễ\t", "", "Kính gửi:", "   - Các phòng, ban;", "   - Trường Tiểu học Mẫu.", "", "Thực hiện kế hoạch."]
    assert fields(letter(WARD, "Số: 42/UBND-VP", DATE, listed))["recipients"].value == "Các phòng, ban; Trường Tiểu học Mẫu"
    foot = ["Nơi nhận:\tCHỦ TỊCH", "- Như trên;\t", "- Các phòng;\t", "- Lưu: VT.\t", ">Lê Mẫu"]
    assert fields(letter(WARD, "Số: 42/TB-UBND", DATE, [*SIGNED, *foot]))["recipients"].value == "Các phòng"


def test_pages_are_counted_and_a_page_too_few_is_in_doubt() -> None:
    first = letter(WARD, "Số: 42/TB-UBND", DATE, SIGNED)
    second, third = (typed([f"^{n}", "Nội dung tiếp theo."], number=2, top=0.02) for n in (2, 3))
    whole, short = fields(first, second)["page_count"], fields(first, third)["page_count"]
    assert (whole.value, short.value) == ("2", "2")
    assert whole.confidence > 0.9 > short.confidence
