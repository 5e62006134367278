"""Records made by hand for the tests of the archive: invented people, marked specimen (MẪU)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pipeline.records import Document, Evidence, Field, Line, Link, Page, PageState, Reading, SourceFile, SourceRecord, Step, Word
from storage.views import Written

CODE = "000.00.16.H26-240813-4970"
OTHER = "H26.57.14-240902-0012"

BIRTH = """CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
GIẤY KHAI SINH
Họ, chữ đệm, tên: NGUYỄN VĂN MẪU
Nơi sinh: Bệnh viện Mẫu, phường Thử Nghiệm, thành phố Hà Nội
Người ký: Đặng Thị Thử"""

RECEIPT = """TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG
GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ
Mã hồ sơ: 000.00.16.H26-240813-4970
Tiếp nhận của ông: Nguyễn Văn Mẫu
Nội dung: cấp bản sao giấy khai sinh"""

DECISION = """ỦY BAN NHÂN DÂN PHƯỜNG THỬ NGHIỆM
Số: 123/QĐ-UBND
QUYẾT ĐỊNH
Về việc phê duyệt kế hoạch khám sức khỏe cho thanh niên"""


def r5(x: float) -> float:
    return round(x, 5)


def line(text: str, top: float) -> Line:
    words, left = [], 0.1
    for w in text.split():
        right = left + 0.012 * len(w)
        words.append(Word(w, (r5(left), r5(top), r5(right), r5(top + 0.02)), 0.95))
        left = right + 0.01
    return Line(tuple(words), (0.1, r5(top), r5(left), r5(top + 0.02)))


def page(number: int, text: str, state: PageState = PageState.GOOD) -> Page:
    lines = tuple(line(t, 0.05 + 0.03 * i) for i, t in enumerate(text.splitlines()))
    return Page(number, state, width=1654, height=2339, dpi=200.0, reading=Reading(lines, 0.95, 0.9, 1.0, "tesseract", "psm 3"))


def field(value: str, page_number: int = 1) -> Field:
    return Field(value, value, page_number, (0.1, 0.1, 0.5, 0.12), 0.9)


def paper(
    pages: Sequence[int], type_: str, code: str = "", title: str = "", review: str = "", alternatives: Sequence[str] = (), **fields: str
) -> Document:
    link = Link(code, (Evidence("barcode", code, pages[0]),) if code else (), tuple(alternatives), review)
    evidence = (Evidence("title", title, pages[0]),) if title else ()
    return Document(tuple(pages), type_, 0.9, evidence, fields={k: field(v, pages[0]) for k, v in fields.items()}, link=link)


def source(folder: Path, name: str, pages: int, *, content: bytes = b"", signed: bool = False, received: str = "") -> SourceFile:
    content = content or f"%PDF-1.7 specimen {name}".encode()
    path = folder / hashlib.sha256(content).hexdigest()[:12]
    path.write_bytes(content)
    return SourceFile(name, str(path), hashlib.sha256(content).hexdigest(), len(content), "application/pdf", "pdf", pages, received, signed)


def record(
    folder: Path,
    name: str,
    pages: Sequence[Page],
    papers: Sequence[Document],
    *,
    at: str = "2026-11-23T08:00:01+00:00",
    content: bytes = b"",
    signed: bool = False,
) -> SourceRecord:
    """`at`: when it was received and read, the only thing in which two equal runs differ."""
    file = source(folder, name, len(pages), content=content, signed=signed, received=at)
    return SourceRecord(file, tuple(pages), tuple(papers), (Step("read", "tesseract", "5.3.0", "psm 3", at),))


def written(folder: Path, r: SourceRecord) -> list[Written]:
    out = []
    for i, d in enumerate(r.documents):
        pdf = folder / f"{r.source.sha256[:12]}-{i}.pdf"
        pdf.write_bytes(f"%PDF-1.7 reading copy of {r.source.sha256} {d.pages}".encode())
        out.append(Written(i, None if r.source.signed else pdf, f"<alto>{r.source.sha256} {d.pages}</alto>".encode()))
    return out
