"""Cards on one page: two people's cards are two, front and back are two sides, and each has its own box and fields."""

from __future__ import annotations

from dataclasses import replace

from classifiers import understand
from classifiers.cards import cards_of
from classifiers.layout import Sheet
from pipeline.records import Barcode, Box, Line, Page, Word
from tests.typed import source, typed

A = ("001199000001", "Nguyễn Thị Mẫu", "01011999", "Nữ")
B = ("001088000002", "Trần Văn Mẫu", "02031988", "Nam")


def words(text: str, x: float, y: float, char: float = 0.007) -> Line:
    out = []
    for part in text.split():
        out.append(Word(part, (x, y, x + len(part) * char, y + 0.009), 0.96))
        x += (len(part) + 0.6) * char
    return Line(tuple(out), (out[0].box[0], y, out[-1].box[2], y + 0.009))


def front(who: tuple[str, ...], x: float, y: float) -> list[Line]:
    number, name, born, sex = who
    return [
        words("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", x + 0.1, y),
        words("Độc lập - Tự do - Hạnh phúc", x + 0.13, y + 0.015),
        words("CĂN CƯỚC CÔNG DÂN", x + 0.12, y + 0.033, 0.009),
        words(f"Số / No.: {number}", x + 0.12, y + 0.06),
        words("Họ và tên / Full name:", x + 0.12, y + 0.078),
        words(name.upper(), x + 0.12, y + 0.093),
        words(f"Ngày sinh / Date of birth: {born[:2]}/{born[2:4]}/{born[4:]}", x + 0.12, y + 0.11),
        words(f"Giới tính / Sex: {sex}", x + 0.12, y + 0.126),
        words("Có giá trị đến: 01/01/2039", x, y + 0.17),
    ]


def back(who: tuple[str, ...], x: float, y: float) -> list[Line]:
    return [
        words("Đặc điểm nhận dạng / Personal identification:", x, y),
        words("Nốt ruồi C: 1cm trên sau mép phải", x, y + 0.016),
        words("Ngày, tháng, năm / Date, month, year: 15/04/2021", x, y + 0.04),
        words(f"IDVNM{who[0][3:]}8{who[0]}<<8", x, y + 0.13, 0.012),
    ]


def code(who: tuple[str, ...], x: float, y: float) -> Barcode:
    box: Box = (x + 0.4, y, x + 0.48, y + 0.06)
    return Barcode("QRCode", f"{who[0]}||{who[1]}|{who[2]}|{who[3]}|Số 1, Phường Mẫu, Hà Nội|15042021", box)


def page(lines: list[Line], *codes: Barcode, number: int = 1) -> Page:
    empty = typed([], number)
    return replace(empty, reading=replace(empty.reading, lines=tuple(lines)), barcodes=codes)


def told(p: Page) -> list[tuple[str, str]]:
    return [(c.type, c.fields["id_number"].value if "id_number" in c.fields else "") for c in cards_of(Sheet(p))]


def test_two_cards_one_above_the_other_are_two_with_their_own_numbers() -> None:
    both = page([*front(A, 0.2, 0.1), *front(B, 0.2, 0.5)], code(A, 0.2, 0.1), code(B, 0.2, 0.5))
    (document,) = understand(source(1), [both])[1]
    assert [(c.type, c.page, c.fields["id_number"].value) for c in document.parts] == [("cccd_truoc", 1, A[0]), ("cccd_truoc", 1, B[0])]
    first, second = (c.box for c in document.parts)
    assert first[3] < second[1], "the boxes part the sheet"
    assert (first[1], second[1]) == (0.1, 0.5), "the motto belongs to the card below it"


def test_two_cards_side_by_side() -> None:
    beside = page([*front(A, 0.02, 0.1), *front(B, 0.52, 0.1)], code(A, 0.0, 0.1), code(B, 0.5, 0.1))
    assert told(beside) == [("cccd_truoc", A[0]), ("cccd_truoc", B[0])]


def test_front_above_back_are_two_sides() -> None:
    sides = page([*front(A, 0.2, 0.1), *back(A, 0.2, 0.45)], code(A, 0.2, 0.1))
    found = cards_of(Sheet(sides))
    assert [c.type for c in found] == ["cccd_truoc", "cccd_sau"]
    assert found[0].box[3] < found[1].box[1]
    assert found[0].fields["id_number"].value == A[0]


def test_cards_whose_codes_were_not_read_are_told_by_their_print() -> None:
    assert [t for t, _ in told(page([*front(A, 0.2, 0.1), *front(B, 0.2, 0.5)]))] == ["cccd_truoc", "cccd_truoc"]


def test_one_card_has_no_parts() -> None:
    assert cards_of(Sheet(page(front(A, 0.2, 0.1), code(A, 0.2, 0.1)))) == ()
    assert cards_of(Sheet(page(back(A, 0.2, 0.1)))) == ()


def test_backs_on_the_next_sheet_meet_the_fronts_of_both() -> None:
    fronts = page([*front(A, 0.2, 0.1), *front(B, 0.2, 0.5)], code(A, 0.2, 0.1), code(B, 0.2, 0.5))
    backs = page([*back(B, 0.2, 0.1), *back(A, 0.2, 0.5)], number=2)
    documents = understand(source(2), [fronts, backs])[1]
    assert [d.pages for d in documents] == [(1, 2)]
    assert [(c.page, c.type) for c in documents[0].parts] == [(1, "cccd_truoc"), (1, "cccd_truoc"), (2, "cccd_sau"), (2, "cccd_sau")]


def test_words_of_cards_in_another_paper_make_no_parts() -> None:
    said = typed(["^TỜ KHAI ĐĂNG KÝ KHAI SINH", "Căn cước công dân số 001199000001", "Đặc điểm nhận dạng: không", "CĂN CƯỚC CÔNG DÂN"])
    assert all(not d.parts for d in understand(source(1), [said])[1])
