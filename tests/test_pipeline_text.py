"""Vietnamese text: folding, tone placement, what can be a syllable, old encodings."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipeline.legacy import decoded, from_tcvn3, from_vni
from pipeline.text import clean_ocr, fold, judge_word, new_style, nfc, valid_share, valid_syllable

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
vietnamese = st.text(alphabet=LETTERS + LETTERS.upper() + " -0123456789", max_size=40)


@given(vietnamese)
def test_folding_does_not_depend_on_the_unicode_form(s: str) -> None:
    assert fold(unicodedata.normalize("NFD", s)) == fold(unicodedata.normalize("NFC", s))


@given(vietnamese)
def test_folded_text_of_vietnamese_letters_is_plain_lower_case_ascii(s: str) -> None:
    folded = fold(s)
    assert folded.isascii()
    assert folded == folded.lower()
    assert len(folded) == len(s)


@given(vietnamese)
def test_folding_again_changes_nothing(s: str) -> None:
    assert fold(fold(s)) == fold(s)


@given(st.text(max_size=40))
def test_nfc_is_a_fixed_point(s: str) -> None:
    assert nfc(nfc(s)) == nfc(s)
    assert unicodedata.is_normalized("NFC", nfc(s))


def test_folding_names_search_must_find() -> None:
    assert fold("Đặng Thị Ngọc Ánh") == "dang thi ngoc anh"
    assert fold("NGUYỄN VĂN MẪU") == "nguyen van mau"


def test_both_ways_of_placing_the_tone_compare_equal() -> None:
    for old, new in [("hòa", "hoà"), ("khỏe", "khoẻ"), ("ủy", "uỷ"), ("HÒA", "HOÀ"), ("Thủy", "Thuỷ")]:
        assert new_style(old) == new_style(new) == new
    for word in ["quý", "toàn", "của", "hoàn", "khoản", "quỳnh"]:
        assert new_style(word) == word


def test_real_syllables_are_valid_and_damaged_ones_are_not() -> None:
    good = """ủy ban nhân dân thành phố nghị quyết quyền nghiêng khuỷu giếng giết gì quốc quyển huỳnh yêu ngoằn xoong
    loạng choạng nguyễn thượng đường giường oanh ưỡn kiểm tra phường thuở khuya quạnh quýt rượu tuyết hoặc ngành gốc"""
    for word in good.split():
        assert valid_syllable(word), word
        assert valid_syllable(word.upper()), word
    for word in ["hòà", "kac", "ngiệm", "ghan", "cin", "thhanh", "điòa", "lh", "bac", "nhât", "f", "öng", "tchức", "quyét", "đuờng"]:
        assert not valid_syllable(word), word


def test_a_stop_coda_takes_only_sac_or_nang() -> None:
    assert valid_syllable("mát")
    assert valid_syllable("mạt")
    for word in ["mat", "màt", "mảt", "mãt"]:
        assert not valid_syllable(word)


def test_numbers_codes_abbreviations_and_addresses_say_nothing_about_a_page() -> None:
    for word in ["123/QĐ-UBND", "21/09/2026", "TTr-UBND", "HĐND", "a@b.vn", "http://x.vn/y", "-", "./.", "1.", "TTg"]:
        assert judge_word(word) is None, word
    assert judge_word("định,") is True
    assert judge_word("Ihôlith") is False


def test_share_of_valid_words() -> None:
    assert valid_share(["Quyết", "định", "số", "12/QĐ-UBND", "xqz"]) == 0.75
    assert valid_share([]) == 1.0


def test_engines_letters_are_put_right() -> None:
    assert clean_ocr("Ðiều") == "Điều"
    assert clean_ocr("27/02 — 28/02") == "27/02 – 28/02"
    assert clean_ocr("ho\u00ada\u0300") == "hoà"


def ws(text: str) -> list[str]:
    return text.split()


def test_tcvn3_text_comes_out_as_unicode() -> None:
    words = ws("Céng hoµ x· héi chñ nghÜa ViÖt Nam §éc lËp Tù do H¹nh phóc Uû ban nh©n d©n quËn ®­îc")
    assert decoded(words) == ws("Cộng hoà xã hội chủ nghĩa Việt Nam Độc lập Tự do Hạnh phúc Uỷ ban nhân dân quận được")
    assert from_tcvn3("®­îc") == "được"


def test_vni_text_comes_out_as_unicode() -> None:
    words = ws("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam Ñoäc laäp Töï do Haïnh phuùc ñöôïc")
    assert decoded(words, ["VNI-Times"]) == ws("Cộng hòa xã hội chủ nghĩa Việt Nam Độc lập Tự do Hạnh phúc được")
    assert from_vni("ñöôøng") == "đường"


def test_unicode_text_is_not_taken_for_an_old_encoding() -> None:
    assert decoded(ws("Quyết định về việc cấp giấy chứng nhận cho ông Nguyễn Văn Mẫu")) is None
    assert decoded(ws("The quick brown fox jumps over the lazy dog")) is None


def test_capitals_of_a_tcvn3_capital_font_come_out_as_capitals() -> None:
    assert decoded(ws("quyÕt ®Þnh"), [".VnTimeH"]) == ["QUYẾT", "ĐỊNH"]
