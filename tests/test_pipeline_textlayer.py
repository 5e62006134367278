"""What a file carries itself is taken from it; what an earlier OCR left is told from print and not trusted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream

from pipeline.errors import MissingTool
from pipeline.pdffont import Glyphless, Printed
from pipeline.settings import Settings
from pipeline.textlayer import FileText, file_text, readable
from tests import paper

ROWS = ("Quyết định phê duyệt kế hoạch", "của Ủy ban nhân dân phường Mẫu", "về việc thử nghiệm đọc trang")
SIGNED = ("Người ký: CƠ QUAN MẪU", "Thời gian ký: 01.02.2026")
WIDTH, HEIGHT = 595.0, 842.0


class Leaf:
    """One PDF page put together piece by piece."""

    def __init__(self) -> None:
        self.pdf = Pdf.new()
        self.font = Printed()
        self.parts: list[str] = []
        self.annots: list[Dictionary] = []
        self.fonts = Dictionary(F=self.font.add_to(self.pdf))
        self.images = Dictionary()
        self.more: dict[str, object] = {}

    def text(self, rows: tuple[str, ...], *, mode: int = 0, left: float = 60, top: float = 100, size: float = 12) -> Leaf:
        for i, row in enumerate(rows):
            self.parts.append(f"BT {mode} Tr /F {size} Tf 1 0 0 1 {left} {HEIGHT - top - 20 * i} Tm <{self.font.encode(row)}> Tj ET")
        return self

    def image(self, width: float = WIDTH, height: float = HEIGHT, **entries: object) -> Leaf:
        name = f"Im{len(self.images)}"
        self.images[f"/{name}"] = self.pdf.make_indirect(
            Stream(
                self.pdf, b"\xff" * 64, Type=Name.XObject, Subtype=Name.Image,
                Width=8, Height=8, BitsPerComponent=8, ColorSpace=Name.DeviceGray, **entries,
            )
        )
        self.parts.append(f"q {width} 0 0 {height} 0 0 cm /{name} Do Q")
        return self

    def widget(self, rows: tuple[str, ...], flags: int = 4) -> Leaf:
        """A signature field whose appearance shows `rows`, nested as signing programs nest it."""
        lines = [f"BT /F 8 Tf 1 0 0 1 4 {30 - 12 * i} Tm <{self.font.encode(row)}> Tj ET" for i, row in enumerate(rows)]
        inner = Stream(
            self.pdf, "\n".join(lines).encode(), Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 44], Resources=Dictionary(Font=self.fonts)
        )
        outer = Stream(
            self.pdf, b"q 1 0 0 1 0 0 cm /FRM Do Q", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 200, 44],
            Resources=Dictionary(XObject=Dictionary(FRM=self.pdf.make_indirect(inner))),
        )  # fmt: skip
        self.annots.append(
            Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="Signature1", F=flags, Rect=[100, 790, 300, 834],
                AP=Dictionary(N=self.pdf.make_indirect(outer)),
            )
        )  # fmt: skip
        return self

    def file_text(self, folder: Path) -> FileText:
        leaf = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, WIDTH, HEIGHT]),
            Resources=Dictionary(Font=self.fonts, XObject=self.images),
            Contents=self.pdf.make_indirect(Stream(self.pdf, "\n".join(self.parts).encode())),
            **self.more,
        )
        if self.annots:
            leaf.Annots = Array([self.pdf.make_indirect(a) for a in self.annots])
            self.pdf.Root.AcroForm = Dictionary(Fields=leaf.Annots, SigFlags=3)
        self.pdf.pages.append(Page(self.pdf.make_indirect(leaf)))
        path = folder / "leaf.pdf"
        self.pdf.save(path)
        return file_text(paper.source(path), 1, Settings())


def texts(found: FileText) -> list[str]:
    return [known.text for known in found.lines]


def test_a_born_digital_page_keeps_its_own_text(tmp_path: Path) -> None:
    found = Leaf().text(ROWS).file_text(tmp_path)
    assert found.kind == "digital"
    assert texts(found) == list(ROWS)
    assert {w.source for known in found.lines for w in known.words} == {"file"}
    left, top, right, bottom = found.lines[0].words[0].box
    assert left == pytest.approx(60 / WIDTH, abs=0.002)
    assert top < 100 / HEIGHT < bottom
    assert right < 0.2


def test_an_image_of_a_scan_alone_carries_nothing(tmp_path: Path) -> None:
    assert Leaf().image().file_text(tmp_path) == FileText("scan")


@pytest.mark.parametrize("mode", [3, 7])
def test_invisible_text_of_an_earlier_ocr_is_not_trusted(tmp_path: Path, mode: int) -> None:
    assert Leaf().image().text(ROWS, mode=mode).file_text(tmp_path) == FileText("scan")


def test_text_under_the_image_is_not_trusted(tmp_path: Path) -> None:
    assert Leaf().text(ROWS).image().file_text(tmp_path) == FileText("scan")


def test_text_under_a_transparent_image_is_seen(tmp_path: Path) -> None:
    leaf = Leaf()
    mask = leaf.pdf.make_indirect(
        Stream(leaf.pdf, b"\x10" * 64, Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8, BitsPerComponent=8, ColorSpace=Name.DeviceGray)
    )
    assert texts(leaf.text(ROWS).image(SMask=mask).file_text(tmp_path)) == list(ROWS)


def test_a_glyphless_font_is_an_ocr_layer_whatever_its_mode(tmp_path: Path) -> None:
    leaf = Leaf().image()
    blank = Glyphless("Quyếtđịnh")
    leaf.fonts["/G"] = blank.add_to(leaf.pdf)
    leaf.parts.append(f"BT /G 12 Tf 1 0 0 1 60 700 Tm <{blank.encode('Quyết định')}> Tj ET")
    assert leaf.file_text(tmp_path) == FileText("scan")


def test_the_appearance_of_a_signature_over_a_scan_is_text_of_the_file(tmp_path: Path) -> None:
    found = Leaf().image().text(ROWS, mode=3).widget(SIGNED).file_text(tmp_path)
    assert found.kind == "mixed"
    assert texts(found) == list(SIGNED)
    left, top, _, bottom = found.lines[0].box
    assert left == pytest.approx(104 / WIDTH, abs=0.003)
    assert top < 1 - 820 / HEIGHT < bottom


def test_a_hidden_appearance_is_not_read(tmp_path: Path) -> None:
    assert Leaf().image().widget(SIGNED, flags=2).file_text(tmp_path) == FileText("scan")


def test_a_stamp_of_vector_text_over_a_scan_is_text_of_the_file(tmp_path: Path) -> None:
    found = Leaf().image().text(("CÔNG VĂN ĐẾN",), left=300, top=60).file_text(tmp_path)
    assert (found.kind, texts(found)) == ("mixed", ["CÔNG VĂN ĐẾN"])


def test_a_digital_page_with_a_picture_stays_digital(tmp_path: Path) -> None:
    assert Leaf().image(200, 150).text(ROWS).file_text(tmp_path).kind == "digital"


def test_boxes_follow_the_turn_and_the_crop_of_the_viewer(tmp_path: Path) -> None:
    leaf = Leaf().text(("Mẫu",), left=400, top=100)
    leaf.more = {"Rotate": 90, "CropBox": Array([100, 0, WIDTH, HEIGHT])}
    left, top, right, bottom = leaf.file_text(tmp_path).lines[0].words[0].box
    # turned clockwise, what stood 742 pt above the foot stands 742 pt from the left edge, and x runs downwards from the crop's edge
    assert left < (HEIGHT - 100) / HEIGHT < right
    assert top == pytest.approx((400 - 100) / (WIDTH - 100), abs=0.01)
    assert bottom > top


def test_garbage_of_a_font_without_a_map_is_not_trusted(tmp_path: Path) -> None:
    rows = ("Txlhw glqk skkh gxlzhw nh krdfk", "fxd Xe edq qkdq gdq skzrqj Pdx", "yh ylhf wkx qjklhp grf wudqj")
    assert Leaf().text(rows).file_text(tmp_path) == FileText("scan")


def test_plain_latin_text_is_readable_and_control_characters_are_not() -> None:
    assert readable(["The", "quick", "brown", "fox", "jumps", "over", "25", "lazy", "dogs"]) == 1.0
    assert readable(["\x01\x02", "\ue001", '"7+%-']) == 0.0


def test_text_in_an_old_encoding_comes_out_as_unicode(tmp_path: Path) -> None:
    leaf = Leaf()
    leaf.fonts["/T"] = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/.VnTime"), Encoding=Name.WinAnsiEncoding)
    old = "Céng hoµ x· héi chñ nghÜa ViÖt Nam, §éc lËp - Tù do - H¹nh phóc"
    leaf.parts.append(f"BT /T 12 Tf 1 0 0 1 60 700 Tm <{old.encode('latin-1').hex()}> Tj ET")
    found = leaf.file_text(tmp_path)
    assert texts(found) == ["Cộng hoà xã hội chủ nghĩa Việt Nam, Độc lập - Tự do - Hạnh phúc"]


def test_the_letterhead_of_a_digital_page_is_read_column_by_column(tmp_path: Path) -> None:
    leaf = Leaf().text(("ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU", "Số: 1/UBND"), left=60, top=60)
    leaf.text(("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "Hà Nội, ngày 1 tháng 2 năm 2026"), left=280, top=60)
    assert texts(leaf.file_text(tmp_path))[:4] == ["ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU", "Số: 1/UBND", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]


def test_what_is_no_pdf_carries_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"\x89PNG")
    assert file_text(paper.source(path), 1, Settings()) == FileText("scan")


def test_operators_that_cannot_be_followed_make_a_scan(tmp_path: Path) -> None:
    leaf = Leaf().text(ROWS)
    leaf.parts.append("1 0 0 (x) 0 0 cm BT /F 12 Tf <0041> Tj ET")
    assert leaf.file_text(tmp_path) == FileText("scan")


def test_a_page_that_is_not_in_the_file_is_a_scan(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page()
        held = io.BytesIO()
        pdf.save(held)
    path.write_bytes(held.getvalue())
    assert file_text(paper.source(path), 7, Settings()) == FileText("scan")


def test_a_missing_pdftotext_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool):
        Leaf().text(ROWS).file_text(tmp_path)
