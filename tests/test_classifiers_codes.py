"""A dossier code is found in every shape, through every confusion of OCR, and nothing else is taken for one."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.codes import codes_in_payload, find_codes, procedure_code
from pipeline.codes import sheet_payload, valid_code

WHOLE = [
    "000.00.16.H17-211112-0001",
    "000.A0.01.H26-210212-9090",
    "H15.50.05.13-261008-0975",
    "H26-260101-0001",
    "G22.99-251225-020175",
    "G22.99.08-260921-896048",
]
NONE = [
    "000.00.16.H17-211312-0001",
    "1.004873.000.00.00.H26",
    "123/QĐ-UBND",
    "KQ.G15.000031",
    "001099000001",
    "H26.12-260231-0001",
    "H26.12-260930-001",
    "Z26.12-260930-0012",
]
CONFUSED = {"0": "OoQD", "1": "Il|", "5": "S", "8": "B", "2": "Z"}


def found(text: str) -> list[str]:
    return [f.code for f in find_codes(text)]


@pytest.mark.parametrize("code", WHOLE)
def test_every_shape_is_found_whole_and_unrepaired(code: str) -> None:
    for text in (code, f"Mã hồ sơ: {code}", f"({code})", f"{code}, ngày 12/11/2021", f"số {code}\nngày 30"):
        hits = find_codes(text)
        assert [h.code for h in hits] == [code]
        assert not hits[0].repaired
        assert text[hits[0].start : hits[0].end] == code


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_code_is_not_taken_for_one(text: str) -> None:
    assert found(text) == []
    assert codes_in_payload(text) == ()


def test_a_payment_request_gives_the_code_within() -> None:
    assert found("000.00.16.H26-250102-0001-20250102101112") == ["000.00.16.H26-250102-0001"]
    assert codes_in_payload("000.00.16.H26-250102-0001-20250102101112") == ("000.00.16.H26-250102-0001",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("H26.57.14-2408 13-4970", "H26.57.14-240813-4970"),
        ("H26.12–260930—0012", "H26.12-260930-0012"),
        ("H26 . 12 - 260930 - 0012", "H26.12-260930-0012"),
        ("H26,12-260930-0012", "H26.12-260930-0012"),
        ("H26.12-26O93O-OO12", "H26.12-260930-0012"),
        ("H26.12-2609S0-0O12", "H26.12-260950-0012"),
        ("OOO.OO.l6.H26-2lll12-OOOl", "000.00.16.H26-211112-0001"),
        ("000.A0.01. H26-210212-9090", "000.A0.01.H26-210212-9090"),
        ("622.99-251225-020175", "G22.99-251225-020175"),
        ("G22.99-251225-02 0175", "G22.99-251225-020175"),
    ],
)
def test_confusions_are_undone_and_said(text: str, code: str) -> None:
    hits = find_codes(f"Mã hồ sơ: {text}")
    if not valid_code(code):
        assert hits == ()
        return
    assert [h.code for h in hits] == [code]
    assert hits[0].repaired


def test_a_torn_off_end_is_doubtful() -> None:
    assert [f.repaired for f in find_codes("G22.99-251225-0201 75")] == [True]
    assert [f.repaired for f in find_codes("H26.12-260930-0012 30/09/2026")] == [False]


def test_a_prefix_cut_off_by_a_space_does_not_make_a_shorter_code() -> None:
    assert found("000.00.16. H26-211112-0001") == ["000.00.16.H26-211112-0001"]
    assert "H26-211112-0001" not in found("000.00.16.H26-211112-0001")


@pytest.mark.parametrize(
    "payload",
    [
        "https://motcua.example/tra-cuu?SGT=001199000001&MHS=H26.12-260930-0012",
        "https://motcua.example/KenhTin/tra-cuu.aspx?mahs=h26.12%2D260930%2D0012",
        "H26.12-260930-0012|1.004873|001199000001|Giấy tiếp nhận|He thong|20260930",
        "H26.12-260930-0012",
        sheet_payload("H26.12-260930-0012"),
    ],
)
def test_payloads_give_the_code_inside(payload: str) -> None:
    assert codes_in_payload(payload) == ("H26.12-260930-0012",)


def test_a_separator_payload_with_a_wrong_check_digit_is_no_witness() -> None:
    good = sheet_payload("H26.12-260930-0012")
    wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    assert codes_in_payload(wrong) == ()
    assert codes_in_payload("https://motcua.example/apiqr/qr?id=77") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mã TTHC: 1.004873.000.00.00.H26", "1.004873.000.00.00.H26"),
        ("Thủ tục: 2.000635", "2.000635"),
        ("theo 2.002621.H56 đã công bố", "2.002621.H56"),
    ],
)
def test_procedure_codes(text: str, code: str) -> None:
    got = procedure_code(text)
    assert got is not None
    assert got[0] == code
    assert text[got[1] : got[2]] == code


def test_a_price_is_no_procedure() -> None:
    assert procedure_code("Số tiền 1.500000 đồng") is None


days = st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)).map(lambda d: d.strftime("%y%m%d"))
old = st.from_regex(r"(?:000|[0-9]{3})\.(?:00|A[0-9]|[0-9]{2})\.[0-9]{2}\.[A-Y][0-9]{2}", fullmatch=True)
new = st.from_regex(r"[A-Y][0-9]{2}(?:\.[0-9]{1,3}){0,4}", fullmatch=True)
sequences = st.from_regex(r"[0-9]{4,7}", fullmatch=True)
codes = st.builds("{}-{}-{}".format, st.one_of(old, new), days, sequences).filter(valid_code)


@given(codes)
def test_any_code_is_found_as_it_is(code: str) -> None:
    assert found(f"Mã hồ sơ: {code}.") == [code]
    assert codes_in_payload(f"x?MHS={code}&y=1") == (code,)


def test_a_bar_between_digits_is_a_one_and_a_bar_behind_them_is_left_to_a_person() -> None:
    assert [(h.code, h.repaired) for h in find_codes("Mã hồ sơ: A00-000103-0033|0 ")] == [("A00-000103-003310", True)]
    assert [(h.code, h.repaired) for h in find_codes("Mã hồ sơ: A00-000103-0033| ")] == [("A00-000103-0033", True)]


@given(codes, st.data())
def test_digits_read_as_letters_come_back(code: str, data: st.DataObject) -> None:
    head, tail = code.split("-", 1)
    places = [i for i, c in enumerate(tail) if c in CONFUSED]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    noisy = f"{head}-{tail[:at]}{data.draw(st.sampled_from(CONFUSED[tail[at]]))}{tail[at + 1 :]}"
    hits = find_codes(f"Mã hồ sơ: {noisy} ")
    assert [h.repaired for h in hits] == [True]
    if not noisy.endswith("|"):  # a 1 or the border of a table: a person decides
        assert hits[0].code == code


@given(codes, st.sampled_from("–—−‐"), st.booleans())
def test_long_dashes_and_spaces_come_back(code: str, dash: str, spaced: bool) -> None:
    assert found(code.replace("-", f" {dash} " if spaced else dash)) == [code]


@given(st.text(alphabet="0123456789HG.-/ OlSđ", max_size=60))
def test_whatever_is_found_is_valid_and_lies_where_it_says(text: str) -> None:
    for hit in find_codes(text):
        assert valid_code(hit.code)
        assert 0 <= hit.start < hit.end <= len(text)
        assert hit.repaired or text[hit.start : hit.end] == hit.code
