"""Every paper gets its dossier by the order of precedence; two different codes are never settled silently."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from classifiers import understand
from classifiers.layout import Sheet
from classifiers.link import Paper, link_papers
from classifiers.recut import recut
from classifiers.relations import named, running, spelling
from pipeline.codes import sheet_payload
from pipeline.records import Document, Field, Page, PageState
from tests.typed import MOTTO, letter, source, typed

A = "H26.12-260930-0012"
B = "H26.12-260930-0013"
NATIONAL = "G22.99-260930-020175"
WARD = ["THÀNH PHỐ HÀ NỘI", "ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU"]


def receipt(code: str, number: int, *, bar: str = "", extra: Sequence[str] = (), title: str = "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ") -> Page:
    bars = [("Code128", bar)] if bar else []
    rows = [
        f"^{MOTTO[0]}",
        f"^{MOTTO[1]}",
        "",
        f"^{title}",
        f"Mã hồ sơ: {code}" if code else "Mã hồ sơ:",
        *extra,
        "Tiếp nhận hồ sơ của: Bà Nguyễn Thị Mẫu",
    ]
    return typed(rows, number, barcodes=bars, width=1165, height=1654)


def paper(number: int, *extra: str, title: str = "TỜ KHAI ĐĂNG KÝ KHAI SINH", bar: str = "") -> Page:
    rows = [
        f"^{MOTTO[0]}",
        f"^{MOTTO[1]}",
        "",
        f"^{title}",
        "",
        "Kính gửi: Ủy ban nhân dân phường Mẫu",
        "Tôi là Nguyễn Thị Mẫu.",
        *extra,
        "Tôi cam đoan là đúng.",
    ]
    return typed(rows, number, barcodes=[("QRCode", bar)] if bar else [])


def separator(code: str, number: int) -> Page:
    return typed(["^PHIẾU TÁCH HỒ SƠ", f"^{code}"], number, barcodes=[("QRCode", sheet_payload(code)), ("Code128", code)], state=PageState.SEPARATOR)


def links(*pages: Page, **given: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(d.link.code, d.link.review, d.link.alternatives) for d in documents(*pages, **given)]


def documents(*pages: Page, **given: str) -> tuple[Document, ...]:
    return understand(source(len(pages)), pages, **given)[1]


def test_a_separator_holds_until_the_next() -> None:
    got = links(separator(A, 1), paper(2), paper(3, title="GIẤY ỦY QUYỀN"), separator(B, 4), paper(5))
    assert got == [(A, "", ()), (A, "", ()), (B, "", ())]


def test_a_receipt_holds_for_the_papers_behind_it_until_the_next_receipt() -> None:
    got = links(receipt(A, 1, bar=A), paper(2), receipt(B, 3, bar=B), paper(4), paper(5, title="GIẤY ỦY QUYỀN"))
    assert [c for c, _, _ in got] == [A, A, B, B, B]
    assert all(review == "" for _, review, _ in got)


def test_a_control_sheet_behind_its_receipt_leaves_the_receipts_owner() -> None:
    assert links(receipt(A, 1, bar=A), control_sheet(A, 2), paper(3))[2] == (A, "", ())
    assert links(receipt(A, 1, bar=A), control_sheet(B, 2), paper(3))[2] == ("", "other_owner", (B,)), "another dossier, of which nobody is known"


def control_sheet(code: str, number: int) -> Page:
    rows = ["^PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", f"Mã hồ sơ: {code}", "Cơ quan (bộ phận) giải quyết hồ sơ: Phòng Tư pháp"]
    return typed([f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", *rows, "Người giao\tNgười nhận"], number)


def test_papers_before_any_code_wait_and_see_the_only_candidate() -> None:
    assert links(paper(1), receipt(A, 2, bar=A)) == [("", "no_code", (A,)), (A, "", ())]
    assert links(paper(1)) == [("", "no_code", ())]


def test_a_separator_that_cannot_be_read_ends_what_held_before() -> None:
    unreadable = typed(["^PHIẾU TÁCH HỒ SƠ"], 3, state=PageState.SEPARATOR)
    got = links(separator(A, 1), paper(2), unreadable, paper(4, title="GIẤY ỦY QUYỀN"))
    assert got[1][:2] == ("", "no_code")


def test_operator_and_folder_give_the_code() -> None:
    assert links(paper(1), operator_code=A) == [(A, "", ())]
    assert links(paper(1), folder_code=A) == [(A, "", ())]
    assert links(receipt(A, 1, bar=A), operator_code=A, folder_code=A) == [(A, "", ())]


@pytest.mark.parametrize(
    ("pages", "given"),
    [
        ((receipt(A, 1, bar=B),), {}),
        ((separator(A, 1), receipt(B, 2, bar=B)), {}),
        ((receipt(A, 1, bar=A),), {"operator_code": B}),
        ((paper(1),), {"operator_code": A, "folder_code": B}),
        ((receipt(A, 1),), {"folder_code": B}),
        ((separator(A, 1), paper(2)), {"operator_code": B}),
        ((paper(1, bar=f"https://motcua.example/kq?MHS={B}"),), {"operator_code": A}),
    ],
)
def test_two_codes_are_a_conflict_with_both_named(pages: tuple[Page, ...], given: dict[str, str]) -> None:
    got = links(*pages, **given)
    assert [(code, review) for code, review, _ in got] == [("", "conflict")]
    assert set(got[0][2]) == {A, B}


def test_a_conflict_on_a_receipt_holds_for_what_follows_it() -> None:
    assert [review for _, review, _ in links(receipt(A, 1, bar=B), paper(2))] == ["conflict", "conflict"]


def test_a_code_that_running_text_mentions_is_shown_and_does_not_decide() -> None:
    cited = letter(WARD, "Số: 12/TB-UBND", "Mẫu, ngày 02 tháng 10 năm 2026", ["", "^THÔNG BÁO", "", f"Xét hồ sơ số {B} của người dân."])
    assert links(receipt(A, 1, bar=A), replace(cited, number=2))[1] == (A, "other_code_mentioned", (B,))
    assert links(cited) == [("", "code_mentioned", (B,))]


@pytest.mark.parametrize(
    "said",
    [
        f"Trước đây hồ sơ {B} đã được giải quyết.",
        f"Thay thế kết quả của hồ sơ số {B}, trả ngày 05/9/2026.",
        f"(trùng nội dung với hồ sơ {B})",
        f"Công văn số 12/UBND-VP về hồ sơ mang mã số {B} của ông Trần Văn Mẫu.",
    ],
)
def test_a_code_in_a_sentence_alone_is_a_candidate_and_no_link(said: str) -> None:
    assert links(paper(1, said)) == [("", "code_mentioned", (B,))]


def test_a_code_under_its_label_is_the_papers_own() -> None:
    assert links(paper(1, f"Mã hồ sơ: {B}")) == [(B, "", ())]
    assert links(paper(1, f"Mã số hồ sơ: {B}", f"Xem hồ sơ {A}"))[0][0] == ""


def test_a_printed_code_that_was_not_read_for_sure_waits_for_a_second_witness() -> None:
    unsure = receipt(A, 1)
    words = [[replace(w, confidence=0.8) if w.text == A else w for w in line.words] for line in unsure.reading.lines]
    lines = tuple(replace(line, words=tuple(w)) for line, w in zip(unsure.reading.lines, words, strict=True))
    unsure = replace(unsure, reading=replace(unsure.reading, lines=lines))
    assert links(unsure) == [(A, "repaired_code", ())]
    assert links(unsure, folder_code=A) == [(A, "", ())]


def test_a_letter_behind_a_receipt_that_is_of_something_else_is_not_of_its_dossier() -> None:
    body = ["", "^THÔNG BÁO", "^Về việc nghỉ lễ", "", "Ủy ban nhân dân phường thông báo lịch nghỉ lễ."]
    notice = replace(letter(WARD, "Số: 12/TB-UBND", "Mẫu, ngày 02 tháng 10 năm 2026", body), number=2)
    named = replace(letter(WARD, "Số: 12/TB-UBND", "Mẫu, ngày 02 tháng 10 năm 2026", [*body, "Kính gửi bà Nguyễn Thị Mẫu."]), number=2)
    assert links(receipt(A, 1, bar=A), notice)[1] == ("", "other_owner", (A,))
    assert links(receipt(A, 1, bar=A), named)[1] == (A, "", ())
    assert links(receipt(A, 1, bar=A), notice, operator_code=A)[1] == (A, "", ())


def test_a_form_of_another_person_behind_a_receipt_is_not_of_its_dossier() -> None:
    other = typed(
        [
            f"^{MOTTO[0]}",
            f"^{MOTTO[1]}",
            "",
            "^GIẤY KHAI SINH",
            "Họ, chữ đệm, tên: TRẦN VĂN MẪU",
            "Ngày, tháng, năm sinh: 01/01/1990",
            "Nơi đăng ký khai sinh: Mẫu",
        ],
        2,
    )
    assert links(receipt(A, 1, bar=A), other)[1] == ("", "other_owner", (A,))


ANSWER = ["V/v trả lời\t", "", "^Kính gửi: Bà Nguyễn Thị Mẫu", "", "Trả lời Công văn số 45/CV-PYT ngày 01/10/2026 của Phòng Y tế, phường có ý kiến."]


def asking(number: str, day: str, n: int = 1, code: str = A) -> Page:
    head = ["TỈNH MẪU", "PHÒNG Y TẾ"]
    rows = ["V/v hỏi\t", "", "^Kính gửi: Ủy ban nhân dân phường", "", f"Mã hồ sơ: {code}" if code else "Không mã."]
    return replace(letter(head, f"Số: {number}/CV-PYT", day, rows), number=n)


def test_a_paper_that_answers_another_sees_its_dossier_as_candidate_only() -> None:
    answer = replace(letter(WARD, "Số: 12/UBND-VP", "Mẫu, ngày 02 tháng 10 năm 2026", ANSWER), number=2)
    got = documents(asking("45", "Mẫu, ngày 01 tháng 10 năm 2026"), answer)
    assert [(c.reference, c.issued_on, c.relation) for c in got[1].citations] == [("45/CV-PYT", "2026-10-01", "answers")]
    assert got[0].link.code == A
    assert (got[1].link.code, got[1].link.review, got[1].link.alternatives) == ("", "no_code", (A,))
    assert "citation" in {e.kind for e in got[1].link.evidence}


def test_the_same_number_of_another_day_is_another_letter() -> None:
    answer = replace(letter(WARD, "Số: 12/UBND-VP", "Mẫu, ngày 02 tháng 10 năm 2026", ANSWER), number=3)
    got = documents(asking("45", "Mẫu, ngày 01 tháng 10 năm 2025"), asking("46", "Mẫu, ngày 01 tháng 10 năm 2026", 2, ""), answer)
    assert got[2].link.evidence == ()
    assert got[2].link.code == ""


def test_two_codes_in_running_text_alone_are_a_conflict() -> None:
    cited = paper(1, f"Hồ sơ {A} và hồ sơ {B} đã nhận.")
    assert links(cited) == [("", "conflict", (A, B))]


def test_another_code_that_the_receipt_names_is_the_same_dossier() -> None:
    both = receipt(A, 1, bar=A, extra=[f"Mã hồ sơ khác: {NATIONAL}"])
    assert links(both, paper(2)) == [(A, "", (NATIONAL,)), (A, "", (NATIONAL,))]
    assert links(both, operator_code=NATIONAL)[0] == (A, "", (NATIONAL,))


def test_a_second_level_one_agency_beside_the_code_is_the_same_dossier() -> None:
    assert links(receipt(A, 1, bar=A, extra=[f"Mã trên hệ thống: {NATIONAL}"]))[0] == (A, "", (NATIONAL,))


def test_a_second_code_of_the_same_agency_is_a_conflict() -> None:
    assert links(receipt(A, 1, bar=A, extra=[f"Mã hồ sơ: {B}"]))[0][:2] == ("", "conflict")


def test_a_repaired_code_waits_for_a_second_witness() -> None:
    noisy = A.replace("0012", "OO12")
    assert links(receipt(noisy, 1)) == [(A, "repaired_code", ())]
    assert links(receipt(noisy, 1, bar=A)) == [(A, "", ())]
    assert links(receipt(noisy, 1), operator_code=A) == [(A, "", ())]
    assert links(receipt(noisy, 1, extra=[f"Vào sổ theo dõi hồ sơ {A}"])) == [(A, "", ())]


def test_a_tracking_book_is_never_linked() -> None:
    book = typed(["^SỔ THEO DÕI HỒ SƠ", "", f"1 {A} Nguyễn Thị Mẫu", f"2 {B} Trần Văn Mẫu"], 2, width=2339, height=1654)
    assert links(receipt(A, 1, bar=A), book)[1] == ("", "no_code", (A,))


def test_the_code_in_an_address_counts_and_its_box_is_kept() -> None:
    page = receipt("", 1)
    page = typed([w.text for w in page.reading.lines], 1, barcodes=[("QRCode", f"https://motcua.example/tra-cuu?SGT=001199000001&MHS={A}")])
    (document,) = documents(page)
    assert document.link.code == A
    assert document.link.evidence[0].kind == "barcode"
    assert document.link.evidence[0].box == page.barcodes[0].box
    assert "001199000001" not in " ".join(e.text for e in document.link.evidence)


def test_evidence_says_where_the_code_stood() -> None:
    (document,) = documents(receipt(A, 1, bar=A))
    assert {e.kind for e in document.link.evidence} == {"barcode", "receipt"}
    assert all(e.page == 1 and e.box for e in document.link.evidence)


def test_a_code_of_tomorrow_is_none_once_today_is_told() -> None:
    page = receipt(A, 1, bar=A)
    assert understand(source(1), [page], today=date(2026, 9, 29))[1][0].link.review == "no_code"
    assert understand(source(1), [page], today=date(2026, 9, 30))[1][0].link.code == A


def test_a_paper_of_somebody_whom_a_paper_of_the_dossier_names_is_of_that_dossier() -> None:
    receipt = ["GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", f"Mã hồ sơ: {A}", "Tiếp nhận hồ sơ của Ông (Bà): Lê Thị Mẫu"]
    contract = ["HỢP ĐỒNG CHUYỂN NHƯỢNG QUYỀN SỬ DỤNG ĐẤT", "Bên chuyển nhượng: Trần Văn Mẫu", "Bên nhận chuyển nhượng: Lê Thị Mẫu"]
    certificate = ["GIẤY CHỨNG NHẬN", "QUYỀN SỬ DỤNG ĐẤT", "I. Người sử dụng đất: Ông Trần Văn Mẫu"]
    stranger = ["GIẤY CHỨNG NHẬN", "QUYỀN SỬ DỤNG ĐẤT", "I. Người sử dụng đất: Ông Đỗ Hữu Mẫu"]

    def fields(holder: str) -> dict[str, Field]:
        return {"holder": Field(holder, holder, 1, (0.1, 0.1, 0.5, 0.12), 0.9)}

    def of(type_: str, lines: list[str], holder: str) -> Paper:
        return Paper(type_, (Sheet(typed(lines, 1)),), fields=fields(holder))

    papers = [
        of("giay_tiep_nhan", receipt, "Lê Thị Mẫu"),
        of("hd_chuyen_nhuong_dat", contract, "Trần Văn Mẫu"),
        of("gcn_qsdd", certificate, "Trần Văn Mẫu"),
        of("gcn_qsdd", stranger, "Đỗ Hữu Mẫu"),
    ]
    links = link_papers(papers)
    assert [link.code for link in links] == [A, A, A, ""]
    assert links[2].evidence[-1].kind == "owner"
    assert links[3].review == "other_owner"


@pytest.mark.parametrize(
    ("printed", "there"),
    [
        ("Tôi là Nguyễn Thị Hoa, trú tại phường Mẫu.", True),
        ("Ông Lê Văn Mẫu và bà Nguyễn Thị Hoa cùng ký.", True),
        ("Họ và tên: NGUYỄN THỊ HOA", True),
        ("Bà NGUYỄN THỊ HOA CCCD số 1", True),
        ("Tôi là Nguyễn Thị Hòa, trú tại phường Mẫu.", False),
        ("Tôi là Nguyễn Thị Hoàng, trú tại phường Mẫu.", False),
        ("Họ và tên: Nguyễn Thị Hoa Mai", False),
        ("Họ và tên: Phan Nguyễn Thị Hoa", False),
    ],
)
def test_a_page_names_a_person_letter_for_letter(printed: str, there: bool) -> None:
    assert named(spelling("Nguyễn Thị Hoa"), running(Sheet(typed([printed])))) is there


def test_a_paper_of_somebody_with_a_like_name_is_not_of_the_receipts_dossier() -> None:
    def behind(name: str) -> tuple[str, str, tuple[str, ...]]:
        return links(receipt(A, 1, bar=A), replace(typed([r.replace("Thị Mẫu", name) for r in _rows()], 2)))[1]

    assert behind("Thị Mẫu") == (A, "", ())
    assert behind("Thị Mẩu") == behind("Thị Mẫu Đơn") == ("", "other_owner", (A,))


def _rows() -> list[str]:
    return [f"^{MOTTO[0]}", f"^{MOTTO[1]}", "", "^TỜ KHAI ĐĂNG KÝ KHAI SINH", "", "Tôi là Nguyễn Thị Mẫu.", "Tôi cam đoan là đúng."]


def test_a_paper_with_another_code_behind_a_receipt_leaves_what_follows_to_a_person() -> None:
    """Its own receipt may be the page that was not read: two dossiers of one person lie one behind the other."""
    labelled = links(receipt(A, 1, bar=A), paper(2), paper(3, f"Mã hồ sơ: {B}"), paper(4), receipt(B, 5, bar=B), paper(6))
    assert [(code, review) for code, review, _ in labelled] == [
        (A, ""), (A, ""), (A, "other_code_mentioned"), ("", "conflict"), (B, ""), (B, ""),
    ]  # fmt: skip
    assert set(labelled[3][2]) == {A, B}
    assert [c for c, _, _ in links(receipt(A, 1, bar=A), paper(2, f"Mã hồ sơ: {NATIONAL}"), paper(3))] == [A, A, A], "another office's code of it"


def test_two_thousand_papers_behind_one_receipt_take_little_time() -> None:
    def one(n: int) -> Paper:
        said = Field(f"Lê Văn Mẫu {n}", "", n, (0.1, 0.1, 0.5, 0.12), 0.9)
        page = typed([said.value, "Bà Nguyễn Thị Mẫu" if n % 2 else ""], n)
        return Paper("giay_uy_quyen", (Sheet(page),), fields={"holder": said, "reference": said})

    owner = Field("Nguyễn Thị Mẫu", "", 1, (0.1, 0.1, 0.5, 0.12), 0.9)
    first = Paper("giay_tiep_nhan", (Sheet(receipt(A, 1)),), fields={"holder": owner})
    papers = [first, *(one(n) for n in range(2, 2002))]
    began = time.process_time()
    assert sum(bool(link.code) for link in link_papers(papers)) == 1001
    assert time.process_time() - began < 10


def test_papers_cut_anew_that_carry_two_dossiers_are_a_conflict() -> None:
    pages = (separator(A, 1), paper(2), paper(3, f"Mã hồ sơ: {B}", title="GIẤY ỦY QUYỀN"), separator(B, 4), paper(5, title="ĐƠN ĐỀ NGHỊ"))
    seen, found = understand(source(5), pages)
    joined = recut(source(5), seen, found, [(2, 3)])
    assert [(d.pages, d.link.code, d.link.review) for d in joined] == [((2, 3), "", "conflict"), ((5,), B, "")]
    across = recut(source(5), seen, found, [(2, 5)])
    assert next(d.link for d in across if d.pages == (2, 5)).review == "conflict"
