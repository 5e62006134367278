"""The peer: rules as offices write them for Tesseract's plain text, one regular expression a field and the first line of capitals as the title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.answers import Answer

#: Titles of the decree's kinds, longest first, as such scripts list them.
TITLES = {
    "GIẤY TIẾP NHẬN HỒ SƠ": "giay_tiep_nhan", "GIẤY CHỨNG NHẬN QUYỀN SỬ DỤNG ĐẤT": "gcn_qsdd", "CĂN CƯỚC CÔNG DÂN": "cccd_truoc",
    "HỢP ĐỒNG CHUYỂN NHƯỢNG": "hd_chuyen_nhuong", "TỜ KHAI ĐĂNG KÝ KHAI SINH": "tk_khai_sinh", "TỜ KHAI THAY ĐỔI THÔNG TIN CƯ TRÚ": "ct01",
    "ĐƠN ĐĂNG KÝ BIẾN ĐỘNG": "don_bien_dong", "GIẤY ỦY QUYỀN": "giay_uy_quyen", "ĐƠN ĐỀ NGHỊ": "don_de_nghi", "GIẤY GIỚI THIỆU": "giay_gioi_thieu",
    "CHƯƠNG TRÌNH": "chuong_trinh", "THÔNG TƯ": "thong_tu", "NGHỊ QUYẾT": "nghi_quyet", "NGHỊ ĐỊNH": "nghi_dinh", "QUYẾT ĐỊNH": "quyet_dinh",
    "THÔNG BÁO": "thong_bao", "GIẤY MỜI": "giay_moi", "THƯ MỜI": "thu_moi", "KẾ HOẠCH": "ke_hoach", "BÁO CÁO": "bao_cao", "TỜ TRÌNH": "to_trinh",
    "BIÊN BẢN": "bien_ban", "CHỈ THỊ": "chi_thi", "ĐIỀU LỆ": "dieu_le", "QUY CHẾ": "quy_che", "HƯỚNG DẪN": "huong_dan", "DANH SÁCH": "danh_sach",
}  # fmt: skip
_HEAD = re.compile(r"CỘNG\s+H[ÒO]A\s+XÃ\s+HỘI|ĐẢNG\s+CỘNG\s+SẢN\s+VIỆT\s+NAM")
#: What stands beside the issuing body in the same row of Tesseract's text.
_STATE = re.compile(
    r"CỘNG\s+H[ÒO]A\s+XÃ\s+HỘI\s+CHỦ\s+NGH[ĨI]A\s+VIỆT\s+NAM|Độc\s+lập\s*-\s*Tự\s+do\s*-\s*Hạnh\s+phúc|ĐẢNG\s+CỘNG\s+SẢN\s+VIỆT\s+NAM"
)
_MORE = 30  #: characters that may stand beside a title in its line
_NUMBER = re.compile(r"Số:?\s*(\S+)")
_DAY = re.compile(r"ngày\s+(\d+)\s+tháng\s+(\d+)\s+năm\s+(\d{4})")
_ABOUT = re.compile(r"V/v:?\s*((?:.+\n)+)")
_NAME = re.compile(r"^(?:\S+\.)?\s*((?:[A-ZĐÀ-Ỹ][a-zđà-ỹ]+\s+){2,4}[A-ZĐÀ-Ỹ][a-zđà-ỹ]+|(?:[A-ZĐÀ-Ỹ][a-zđà-ỹ]+\s+){1,3}[A-ZĐÀ-Ỹ][a-zđà-ỹ]+)$")


def understand(pages: Sequence[str]) -> list[Answer]:
    """The papers of a file from the text of its pages, in order; a page with the state's or the party's name begins a new one."""
    starts = [n for n, text in enumerate(pages) if n == 0 or _HEAD.search(text)]
    ends = [*starts[1:], len(pages)]
    return [_paper(tuple(range(a + 1, b + 1)), "\n".join(pages[a:b])) for a, b in zip(starts, ends, strict=True)]


def _paper(numbers: tuple[int, ...], text: str) -> Answer:
    lines = [" ".join(_STATE.sub(" ", line).split()) for line in text.splitlines()]
    capitals = [(i, line) for i, line in enumerate(lines) if len(line) > 4 and line == line.upper() and any(c.isalpha() for c in line)]
    found = next(((i, kind) for i, line in capitals for title, kind in TITLES.items() if title in line and len(line) <= len(title) + _MORE), None)
    above = next((i for i, line in enumerate(lines) if _NUMBER.search(line)), len(lines))
    about = _ABOUT.search(text)
    fields = {}
    if m := _NUMBER.search(text):
        fields["reference"] = m[1]
    if m := _DAY.search(text):
        fields["issued_on"] = f"{m[3]}-{int(m[2]):02d}-{int(m[1]):02d}"
    if body := next((line for i, line in reversed(capitals) if i < above), ""):
        fields["issuer"] = body
    if about:
        fields["subject"] = " ".join(about[1].split())
    elif found:
        below = next((line for line in lines[found[0] + 1 :] if line), "")
        fields["subject"] = re.sub(r"^Về việc\s+", "", below)
    if name := next((n for line in reversed(lines) if (n := _NAME.match(line))), None):
        fields["signer"] = name[1]
    kind = found[1] if found else "cong_van" if about or "Kính gửi" in text else "khong_xac_dinh"
    return Answer(numbers, kind, fields=fields)
