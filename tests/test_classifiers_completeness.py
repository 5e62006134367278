"""Components: what a receipt lists, which papers answer it, what is missing, and what the gate lets pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.completeness import compare
from classifiers.gate import KEYS, SHOWN, gate
from classifiers.kinds import catalogue
from classifiers.procedures import FORMS, Component, Procedure, all_procedures, find_procedure, shipped, types_named
from classifiers.receipt import Listed, Receipt, read_receipt
from pipeline.records import Document, Field, Line, Page, PageState, Part, Reading, Word
from pipeline.settings import Review

BOX = (0.1, 0.1, 0.4, 0.12)


def page(*rows: tuple[float, list[tuple[float, str]]]) -> Page:
    """Cells by their top and left; each cell is a line of its own, as rules between columns part them."""
    lines = []
    for top, cells in rows:
        for left, text in cells:
            words, at = [], left
            for w in text.split():
                words.append(Word(w, (round(at, 4), top, round(at + 0.009 * len(w), 4), top + 0.014), 0.95))
                at += 0.009 * len(w) + 0.006
            lines.append(Line(tuple(words), (left, top, round(at, 4), top + 0.014)))
    return Page(1, PageState.GOOD, width=1654, height=2339, dpi=200.0, reading=Reading(tuple(lines)))


def receipt(*rows: list[tuple[float, str]], procedure: str = "Đăng ký khai sinh") -> Receipt:
    head = [
        [(0.2, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ")],
        [(0.1, "Tiếp nhận hồ sơ của Ông (Bà): Trần Thị Mẫu")],
        [(0.1, f"Nội dung yêu cầu giải quyết: {procedure}")],
        [(0.1, "Thành phần hồ sơ, số lượng mỗi loại giấy tờ gồm:")],
    ]
    tail = [[(0.1, "Số lượng hồ sơ: 01 (bộ)")], [(0.1, "Thời gian nhận hồ sơ: 09 giờ 10 phút, ngày 05/10/2026")], [(0.1, "1. Không phải thành phần")]]
    return read_receipt([page(*((0.1 + 0.03 * n, row) for n, row in enumerate([*head, *rows, *tail])))])


def names(r: Receipt) -> list[tuple[str, str, int]]:
    return [(c.name, c.form, c.count) for c in r.components]


KHAI_SINH = [("Tờ khai đăng ký khai sinh", "original", 1), ("Giấy chứng sinh", "original", 1), ("Căn cước công dân của cha, mẹ", "copy", 2)]


def test_a_table_of_form_and_number_is_read_even_where_row_numbers_are_lost() -> None:
    r = receipt(
        [(0.11, "TT"), (0.3, "Tên giấy tờ"), (0.7, "Hình thức"), (0.83, "Số lượng")],
        [(0.16, "Tờ khai đăng ký khai sinh"), (0.7, "Bản chính"), (0.87, "01")],
        [(0.16, "Giấy chứng sinh"), (0.7, "Bản chính"), (0.87, "01")],
        [(0.12, "3"), (0.16, "Căn cước công dân"), (0.7, "Bản sao"), (0.87, "02")],
        [(0.16, "của cha, mẹ")],
    )
    assert r.procedure == "Đăng ký khai sinh" and names(r) == KHAI_SINH


def test_columns_for_originals_and_copies_say_the_form() -> None:
    r = receipt(
        [(0.11, "STT"), (0.2, "Tên thành phần hồ sơ"), (0.6, "Bản chính"), (0.75, "Bản chứng thực"), (0.88, "Bản photo")],
        [(0.12, "1."), (0.16, "Tờ khai đăng ký khai sinh"), (0.63, "1")],
        [(0.12, "2."), (0.16, "Giấy chứng sinh"), (0.63, "1")],
        [(0.12, "3."), (0.16, "Căn cước công dân của cha, mẹ"), (0.9, "2")],
    )
    assert names(r) == KHAI_SINH


def test_a_plain_list_with_form_and_number_in_words_is_read() -> None:
    r = receipt(
        [(0.12, "1. Tờ khai đăng ký khai sinh (bản chính): 01")],
        [(0.12, "2. Giấy chứng sinh: 01 bản chính")],
        [(0.12, "- Căn cước công dân của cha, mẹ (02 bản sao)")],
    )
    assert names(r) == KHAI_SINH


def test_a_receipt_without_a_list_lists_nothing() -> None:
    assert read_receipt([page((0.1, [(0.1, "GIẤY TIẾP NHẬN HỒ SƠ")]))]) == Receipt()
    assert read_receipt([]) == Receipt()


@given(st.lists(st.tuples(st.floats(0, 0.9), st.text("ab 1.-:()đ0", max_size=30)), max_size=12))
def test_no_page_breaks_the_reading_of_a_receipt(cells: list[tuple[float, str]]) -> None:
    rows = [[c] for c in cells if c[1].strip()]
    assert read_receipt([page((0.1, [(0.1, "Thành phần hồ sơ gồm:")]), *((0.13 + 0.02 * n, r) for n, r in enumerate(rows)))]) is not None


# procedures


def test_the_shipped_procedures_are_whole_and_name_known_types() -> None:
    assert len(shipped()) >= 12
    assert len({p.code for p in shipped()}) == len(shipped())
    for p in shipped():
        assert p.name and p.component
        assert {*p.results, *(t for c in p.component for t in c.types)} <= set(catalogue().kinds), p.code
        assert all(c.form in FORMS and c.count >= 1 and c.months >= 0 for c in p.component), p.code
        assert any(c.required for c in p.component), p.code


@pytest.mark.parametrize("name", [p.name for p in shipped()])
def test_every_procedure_is_found_by_its_own_name(name: str) -> None:
    found = find_procedure(all_procedures(), name=name)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"code": "1.001193.000.00.00.H26"}, "1.001193"),
        ({"name": "Thủ tục đăng ký khai sinh"}, "1.001193"),
        ({"name": "Đăng ký bến động quyền sử dụng đất do chuyển nhượng"}, "bien_dong_dat"),
        ({"code": "1.000656"}, "1.000656"),
        ({"code": "1.000656.000.00.00.H26"}, "1.000656"),
        ({"code": "2.000815"}, "2.000815"),
        ({"name": "Đăng ký khai tử"}, "1.000656"),
        ({"name": "Cấp giấy phép xây dựng nhà ở riêng lẻ"}, "1.009994"),
    ],
)
def test_a_procedure_is_found_by_code_or_name_as_receipts_write_them(asked: dict[str, str], code: str) -> None:
    found = find_procedure(all_procedures(), **asked)
    assert found is not None and found.code == code


def test_what_no_procedure_is_like_is_none() -> None:
    assert find_procedure(all_procedures(), name="Hỗ trợ chi phí sửa chữa nhà ở") is None
    assert find_procedure(all_procedures(), code="9.999999") is None and find_procedure(all_procedures()) is None


def test_an_offices_own_procedure_stands_before_the_shipped_one() -> None:
    own = Procedure("1.001193", "Đăng ký khai sinh tại phường Mẫu", component=(Component("Tờ khai", ("tk_khai_sinh",)),))
    assert find_procedure(all_procedures([own]), code="1.001193") == own
    assert [p.code for p in all_procedures([own])].count("1.001193") == 1


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("Tờ khai thay đổi thông tin cư trú (mẫu CT01)", "ct01"),
        ("Giấy chứng nhận QSD đất", "gcn_qsdd"),
        ("CCCD của người yêu cầu", "cccd_truoc"),
        ("Văn bản ủy quyền có công chứng", "giay_uy_quyen"),
        ("Hợp đồng thuê nhà", "hop_dong_khac"),
        ("Đơn đề nghị cấp giấy phép xây dựng", "don_gpxd"),
        ("Giấy chứng sinh", "giay_chung_sinh"),
        ("Bản vẽ thiết kế xây dựng", "ban_ve"),
        ("Quyết định ly hôn của Tòa án", "ly_hon"),
        ("Quyết định ly hôn của Tòa án", "quyet_dinh"),
    ],
)
def test_names_of_lists_are_understood(name: str, type_: str) -> None:
    assert type_ in types_named(name)


def test_a_name_that_says_nothing_is_left_open() -> None:
    assert types_named("Giấy tờ khác") == () and types_named("") == ()


# dossiers

LISTED = Receipt("", "Đăng ký khai sinh", tuple(Listed(n, f, c) for n, f, c in KHAI_SINH))
BIRTH = find_procedure(shipped(), code="1.001193")


def doc(type_: str, score: float = 0.95, **more: object) -> Document:
    return replace(Document((1,), type_, score), **more)


def states(*documents: Document, listed: Receipt | None = LISTED, procedure: Procedure | None = BIRTH, **more: object) -> dict[str, tuple[str, str]]:
    found = compare({str(n): d for n, d in enumerate(documents)}, listed, procedure, **more)  # type: ignore[arg-type]
    assert found is not None
    return {i.name: (i.state, i.why) for i in found.items}


APPLICATION, NOTE, CARD = (name for name, _, _ in KHAI_SINH)


def test_what_is_there_and_what_is_missing() -> None:
    found = states(doc("giay_tiep_nhan"), doc("tk_khai_sinh"), doc("cccd_truoc"), doc("cccd_truoc"))
    assert found == {APPLICATION: ("present", ""), NOTE: ("missing", ""), CARD: ("present", "")}


def test_two_sides_are_one_card_and_two_cards_on_a_sheet_are_two() -> None:
    one = states(doc("cccd_truoc"), doc("cccd_sau"))
    assert one[CARD] == ("doubtful", "component_fewer")
    parts = (Part("cccd_truoc", BOX), Part("cccd_truoc", BOX))
    assert states(doc("cccd_truoc", parts=parts))[CARD] == ("present", "")
    assert states(doc("cccd_truoc"), doc("cccd_sau"), doc("cccd_truoc"), doc("cccd_sau"))[CARD] == ("present", "")


def test_a_copy_does_not_stand_for_an_original() -> None:
    copy = {"copy": Field("BẢN SAO", "BẢN SAO", 1, BOX, 1.0)}
    assert states(doc("giay_chung_sinh", fields=copy))[NOTE] == ("doubtful", "copy_for_original")
    assert states(doc("cccd_truoc", fields=copy), doc("cccd_truoc"))[CARD] == ("present", "")


def test_a_paper_that_may_be_it_makes_doubtful_not_missing() -> None:
    assert states(doc("giay_bao_tu", 0.6, runner_up="giay_chung_sinh"))[NOTE] == ("doubtful", "component_unsure")
    assert states(doc("khong_xac_dinh", 0.1))[NOTE] == ("doubtful", "component_unsure")
    assert states(doc("tk_khai_sinh", 0.6))[APPLICATION] == ("doubtful", "component_unsure")
    assert states(doc("quyet_dinh"))[NOTE] == ("missing", "")


def test_what_nobody_asked_for_is_extra_and_the_result_is_a_result() -> None:
    papers = {"a": doc("tk_khai_sinh"), "b": doc("giay_khai_sinh"), "c": doc("gcn_qsdd"), "d": doc("giay_tiep_nhan"), "e": doc("trang_ngan_cach")}
    found = compare(papers, LISTED, BIRTH)
    assert found is not None and (found.extra, found.results) == (("c",), ("b",))
    assert (found.due, found.digitized, found.results_due) == (2, 1, 1), "copies need not be digitized"


def test_the_procedure_asks_for_what_the_receipt_forgot() -> None:
    forgot = replace(LISTED, components=LISTED.components[1:])
    found = compare({"a": doc("giay_chung_sinh")}, forgot, BIRTH)
    assert found is not None
    missing = [i for i in found.items if i.state == "missing"]
    assert [(i.name, i.listed) for i in missing if i.types == ("tk_khai_sinh",)] == [(APPLICATION, False)]
    assert (found.due, found.digitized) == (1, 1), "due is what was handed in"


def test_without_a_receipt_the_procedure_alone_says_what_is_required() -> None:
    found = states(doc("tk_khai_sinh"), listed=None)
    assert found == {APPLICATION: ("present", ""), NOTE: ("missing", "")}
    assert compare({"a": doc("cong_van")}, None, None) is None


def test_a_paper_past_its_time_is_doubtful() -> None:
    marriage = find_procedure(shipped(), code="1.000894")
    listed = Receipt("", "Đăng ký kết hôn", (Listed("Giấy xác nhận tình trạng hôn nhân", "original", 1),))
    old = doc("xn_tinh_trang_hn", fields={"issued_on": Field("2026-01-10", "", 1, BOX, 1.0)})
    name = "Giấy xác nhận tình trạng hôn nhân"
    assert states(old, listed=listed, procedure=marriage, received=date(2026, 8, 1))[name] == ("doubtful", "component_expired")
    assert states(old, listed=listed, procedure=marriage, received=date(2026, 7, 1))[name] == ("present", "")
    end = doc("xn_tinh_trang_hn", fields={"issued_on": Field("2026-01-31", "", 1, BOX, 1.0)})
    assert states(end, listed=listed, procedure=marriage, received=date(2026, 7, 31))[name] == ("present", ""), "six months later to the day"
    assert states(end, listed=listed, procedure=marriage, received=date(2026, 8, 1))[name] == ("doubtful", "component_expired")


# the gate


def letter(**more: object) -> Document:
    fields = {n: Field(v, v, 1, BOX, 0.97) for n, v in (("reference", "12/UBND-VP"), ("issued_on", "2026-10-05"), ("issuer", "UBND PHƯỜNG MẪU"))}
    return replace(Document((1,), "cong_van", 0.97, fields=fields), **more)


def test_what_is_whole_and_sure_passes() -> None:
    assert gate(letter()) == ()


@pytest.mark.parametrize(
    ("name", "found", "reason"),
    [
        ("reference", Field("/UBND-VP", "/UBND-VP", 1, BOX, 0.97, open=(0.1, 0.1, 0.15, 0.12)), "field_open"),
        ("issued_on", Field("2026-10", "", 1, BOX, 0.97), "field_open"),
        ("issuer", Field("UBND PHƯỜNG MAU", "", 1, BOX, 0.4), "field_uncertain"),
        ("reference", None, "field_missing"),
    ],
)
def test_what_is_open_unsure_or_missing_is_asked_about(name: str, found: Field | None, reason: str) -> None:
    fields = {k: f for k, f in letter().fields.items() if k != name} | ({name: found} if found else {})
    (doubt,) = gate(letter(fields=fields))
    assert (doubt.reason, doubt.field, doubt.page) == (reason, name, 1)


def test_every_value_that_the_gate_looks_at_is_one_that_papers_have() -> None:
    assert {*KEYS, *SHOWN} <= catalogue().fields.keys()
    land = Document((1,), "gcn_qsdd", 0.97, fields={"certificate_number": Field("MA 613203", "MA 613203", 1, BOX, 0.3)})
    assert [(d.reason, d.field) for d in gate(land)] == [("field_uncertain", "certificate_number")]


def test_what_a_person_said_passes_whatever_its_confidence() -> None:
    said = letter().fields | {"issuer": Field("UBND", "UBND", 1, BOX, 0.0, "correction")}
    assert gate(letter(fields=said)) == ()


def test_citizens_number_nothing() -> None:
    assert gate(Document((1,), "don_de_nghi", 0.97)) == () and gate(Document((1,), "cccd_truoc", 0.97)) == ()


def test_an_unsure_type_names_both_and_thresholds_are_settings() -> None:
    (doubt,) = gate(letter(score=0.3, runner_up="to_trinh"))
    assert (doubt.reason, doubt.field, doubt.candidates) == ("low_score", "type", ("cong_van", "to_trinh"))
    assert gate(letter(score=0.3), Review(type=0.2)) == ()
    assert [d.field for d in gate(letter(), Review(fields={"issuer": 0.99}))] == ["issuer"]
