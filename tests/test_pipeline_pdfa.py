"""The reading copy: valid PDF/A-2b from every kind of source, the scan's own bytes inside, each word found at its place, the same bytes each time."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pikepdf
import pytest
from lxml import etree
from pikepdf import Array, Name, pdfa

from pipeline.errors import NotProved, NotWritten
from pipeline.images import LiftedImage, PageImage
from pipeline.lift import lift_stream
from pipeline.pdfa import WrittenPdf, write_pdf
from pipeline.records import Line, Page, PageState, Reading, SourceFile, Word
from pipeline.settings import Settings
from tests import paper
from tests.verapdf import verapdf

SETTINGS = Settings()
TEXT = paper.reading()
TITLE = "Giấy xác nhận <12> & (MẪU)"


def _jpeg(page: np.ndarray, **more: object) -> tuple[bytes, dict[str, object]]:
    height, width = page.shape[:2]
    data = paper.encoded(page, "JPEG", quality=80)
    return data, {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceRGB, "Width": width, "Height": height} | more


def _jpx(page: np.ndarray, irreversible: bool) -> tuple[bytes, dict[str, object]]:
    return paper.encoded(page, "JPEG2000", irreversible=irreversible), {"Filter": Name.JPXDecode, "ColorSpace": Name.DeviceRGB}


def _cmyk(page: np.ndarray) -> tuple[bytes, dict[str, object]]:
    data = paper.encoded(page, "JPEG", "CMYK", quality=90)
    return data, {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceCMYK, "Decode": Array([1, 0] * 4)}


def _icc(data: bytes, entries: dict[str, object]) -> bytes:
    """A scan whose colours are declared by a profile that PDF/A forbids: not one at all."""
    with pikepdf.open(io.BytesIO(paper.scan_pdf([(data, entries)]))) as pdf:
        image = pdf.pages[0].Resources.XObject.Im
        image.ColorSpace = Array([Name.ICCBased, pdf.make_indirect(pikepdf.Stream(pdf, b"no profile" * 20, N=3))])
        out = io.BytesIO()
        pdf.save(out, static_id=True)
    return out.getvalue()


@dataclass(frozen=True)
class Case:
    """A source and the pages that are read on it."""

    name: str  #: file name
    data: Callable[[], bytes]
    pages: Sequence[Page] = (paper.page_record(),)
    count: int = 1
    filter: str = ""  #: that the page's image has in the result; empty: any
    kept: bool = True  #: the image stream is the source's, byte for byte
    colour: bool = True  #: the seal is red


UP = paper.upright(TEXT)
TURNED = {angle: paper.scanned(UP, angle, skew) for angle, skew in ((90, 2.0), (180, -1.5), (270, 0.7))}
LEANING = paper.scanned(UP, 0, -3.0)
LEANS = paper.page_record(skew=-3.0)
OFFICE = paper.page_record(kind="digital", text=paper.reading(source="file"))

CASES = {
    "jpeg colour": Case("a.jpg", lambda: paper.encoded(UP, "JPEG", quality=80, dpi=(100, 100)), filter="/DCTDecode"),
    "jpeg grey": Case("b.jpg", lambda: paper.encoded(UP, "JPEG", "L", quality=80, dpi=(100, 100)), filter="/DCTDecode", colour=False),
    "jpeg cmyk": Case("c.jpg", lambda: paper.encoded(UP, "JPEG", "CMYK", quality=80, dpi=(100, 100)), kept=False),
    "jpeg progressive": Case("d.jpg", lambda: paper.encoded(UP, "JPEG", progressive=True, dpi=(100, 100)), filter="/DCTDecode"),
    "tiff g4": Case("e.tif", lambda: paper.encoded(paper.bitonal(UP), "TIFF", "1", compression="group4", dpi=(100, 100)), kept=False, colour=False),
    "png palette": Case("f.png", lambda: paper.encoded(UP, "PNG", "P", dpi=(100, 100)), kept=False),
    "png alpha": Case("g.png", lambda: paper.encoded(UP, "PNG", "RGBA", dpi=(100, 100)), kept=False),
    "png 16 bit": Case("h.png", lambda: paper.encoded(UP[..., 0].astype(np.uint16) * 257, "PNG", "I;16", dpi=(100, 100)), kept=False, colour=False),
    "jpeg 2000": Case("i.jp2", lambda: paper.encoded(UP, "JPEG2000", irreversible=False), kept=False),
    "pdf jpeg": Case("j.pdf", lambda: paper.scan_pdf([_jpeg(UP)]), filter="/DCTDecode"),
    "pdf jpeg turned by 90": Case(
        "k.pdf", lambda: paper.scan_pdf([_jpeg(TURNED[90])]), [paper.page_record(rotation=90, skew=2.0)], filter="/DCTDecode"
    ),
    "pdf jpeg upside down": Case(
        "l.pdf", lambda: paper.scan_pdf([_jpeg(TURNED[180])]), [paper.page_record(rotation=180, skew=-1.5)], filter="/DCTDecode"
    ),
    "pdf jpeg with /Rotate": Case(
        "m.pdf", lambda: paper.scan_pdf([_jpeg(np.rot90(TURNED[270]).copy())], rotate=90), [paper.page_record(rotation=270, skew=0.7)]
    ),
    "pdf jpeg 2000": Case("n.pdf", lambda: paper.scan_pdf([_jpx(UP, True)]), kept=False, filter="/DCTDecode"),
    "pdf jpeg 2000 lossless": Case("w.pdf", lambda: paper.scan_pdf([_jpx(UP, False)]), kept=False, filter="/FlateDecode"),
    "pdf g4 leaning": Case("o.pdf", lambda: paper.scan_pdf([paper.g4_image(LEANING)]), [LEANS], filter="/CCITTFaxDecode", colour=False),
    "pdf jbig2 leaning": Case("p.pdf", lambda: paper.scan_pdf([paper.jbig2_image(LEANING)]), [LEANS], filter="/JBIG2Decode", colour=False),
    "pdf flate": Case("q.pdf", lambda: paper.scan_pdf([paper.flate_image(UP)]), filter="/FlateDecode"),
    "pdf cmyk jpeg": Case("r.pdf", lambda: paper.scan_pdf([_cmyk(UP)]), kept=False),
    "pdf broken profile": Case("s.pdf", lambda: _icc(*_jpeg(UP)), filter="/DCTDecode"),
    "born-digital": Case("t.pdf", paper.digital_pdf, [OFFICE], kept=False, colour=False),
    "several kinds": Case(
        "u.pdf",
        lambda: paper.scan_pdf([_jpeg(UP), paper.g4_image(LEANING), _jpeg(TURNED[90])]),
        [paper.page_record(1), paper.page_record(2, skew=-3.0), paper.page_record(3, rotation=90, skew=2.0)],
        count=3,
    ),
    "some pages": Case(
        "v.pdf",
        lambda: paper.scan_pdf([_jpeg(UP), paper.flate_image(UP, "L"), _jpeg(TURNED[90])]),
        [paper.page_record(3, rotation=90, skew=2.0), paper.page_record(1)],
        count=3,
    ),
}


@dataclass(frozen=True)
class Copy:
    case: Case
    source: Path
    written: WrittenPdf


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Copy]:
    folder = tmp_path_factory.mktemp("copies")
    made = {}
    for key, case in CASES.items():
        source = folder / case.name
        source.write_bytes(case.data())
        out = folder / f"{source.stem}-copy.pdf"
        made[key] = Copy(case, source, write_pdf(paper.source(source, case.count), case.pages, out, SETTINGS, title=TITLE))
    return made


class Embedded(NamedTuple):
    data: bytes
    filter: str
    width: int
    height: int
    bits: int
    indexed: bool
    globals: bytes


def _images(path: Path) -> list[Embedded]:
    """The one image of each page."""
    found = []
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            (image,) = page.Resources.XObject.values()
            parms = image.get("/DecodeParms")
            globals_ = parms.JBIG2Globals.read_bytes() if parms is not None and "/JBIG2Globals" in parms else b""
            indexed = isinstance(image.ColorSpace, Array) and image.ColorSpace[0] == Name.Indexed
            size = int(image.Width), int(image.Height), int(image.BitsPerComponent)
            found.append(Embedded(image.read_raw_bytes(), str(image.Filter), *size, indexed, globals_))
    return found


def _found(path: Path) -> list[list[tuple[str, tuple[float, ...]]]]:
    """Words and boxes, in fractions of the page, that pdftotext finds on each page."""
    done = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, check=True)
    pages = etree.fromstring(done.stdout, etree.XMLParser(recover=True)).iter("{*}page")
    found = []
    for page in pages:
        width, height = float(page.get("width")), float(page.get("height"))
        edges = [("xMin", width), ("yMin", height), ("xMax", width), ("yMax", height)]
        found.append([(w.text, tuple(float(w.get(k)) / side for k, side in edges)) for w in page.iter("{*}word")])
    return found


def _shown(path: Path, number: int = 1) -> np.ndarray:
    done = subprocess.run(["pdftoppm", "-r", str(paper.DPI), "-f", str(number), "-singlefile", str(path)], capture_output=True, check=True)
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_every_copy_passes_the_reference_validator(copies: dict[str, Copy]) -> None:
    verdicts = verapdf(c.written.path for c in copies.values())
    assert {key: verdicts[c.written.path.resolve()].reasons for key, c in copies.items() if not verdicts[c.written.path.resolve()]} == {}


def test_every_copy_passes_when_read_back(copies: dict[str, Copy]) -> None:
    assert {key: [str(f) for f in r.findings] for key, c in copies.items() if not (r := pdfa.validate_written(c.written.path, "2b")).passed} == {}


@pytest.mark.parametrize("key", CASES)
def test_text_comes_out_whole_and_in_order(copies: dict[str, Copy], key: str) -> None:
    copy = copies[key]
    for mode in ((), ("-raw",)):
        done = subprocess.run(["pdftotext", *mode, str(copy.written.path), "-"], capture_output=True, text=True, check=True)
        pages = [[line for line in page.split("\n") if line] for page in done.stdout.split("\f")[:-1]]
        assert pages == [list(paper.TEXT)] * len(copy.case.pages)


@pytest.mark.parametrize("key", CASES)
def test_each_word_is_found_where_it_stands(copies: dict[str, Copy], key: str) -> None:
    for words in _found(copies[key].written.path):
        assert [w for w, _ in words] == [w.text for w in TEXT.words]
        for (_, box), word in zip(words, TEXT.words, strict=True):
            assert box == pytest.approx(word.box, abs=0.002)


@pytest.mark.parametrize("key", [k for k in CASES if k != "born-digital"])
def test_the_picture_is_upright_and_straight_under_the_words(copies: dict[str, Copy], key: str) -> None:
    copy = copies[key]
    for number in range(1, len(copy.case.pages) + 1):
        shown = _shown(copy.written.path, number)
        assert abs(shown.shape[0] - paper.HEIGHT) <= 1 and abs(shown.shape[1] - paper.WIDTH) <= 1
        dark = shown.max(axis=2) < 150
        for word in TEXT.words:
            left, top, right, bottom = paper.px(word.box, shown.shape[1], shown.shape[0])
            inside, around = dark[top + 2 : bottom - 2, left + 2 : right - 2], dark[top - 4 : bottom + 4, left - 4 : right + 4]
            assert inside.mean() > 0.97, word
            assert around.mean() < inside.size / around.size + 0.35, word
        reddish = (shown[..., 0].astype(int) - shown[..., 1] > 80).sum()
        assert (reddish > 500) == copy.case.colour or len(copy.case.pages) > 1


@pytest.mark.parametrize("key", [k for k, c in CASES.items() if c.kept and c.name.endswith(".pdf") and c.count == 1])
def test_the_scans_own_stream_is_inside(copies: dict[str, Copy], key: str) -> None:
    (before,), (after,) = _images(copies[key].source), _images(copies[key].written.path)
    assert after == before


@pytest.mark.parametrize("key", [k for k, c in CASES.items() if c.filter])
def test_the_codec_stays(copies: dict[str, Copy], key: str) -> None:
    assert [i.filter for i in _images(copies[key].written.path)] == [CASES[key].filter]


def test_a_jpeg_files_own_bytes_are_inside(copies: dict[str, Copy]) -> None:
    for key in ("jpeg colour", "jpeg grey", "jpeg progressive"):
        (image,) = _images(copies[key].written.path)
        scan = image.data
        whole = copies[key].source.read_bytes()
        assert scan[scan.index(b"\xff\xda") :] == whole[whole.index(b"\xff\xda") :]


def test_lossless_stays_lossless(copies: dict[str, Copy]) -> None:
    with pikepdf.open(copies["pdf jpeg 2000 lossless"].written.path) as pdf:
        (image,) = pdf.pages[0].Resources.XObject.values()
        assert np.array_equal(np.asarray(pikepdf.PdfImage(image).as_pil_image().convert("RGB")), UP)


def test_jbig2_keeps_its_globals(copies: dict[str, Copy]) -> None:
    (image,) = _images(copies["pdf jbig2 leaning"].written.path)
    assert b"made\0by hand" in image.globals


@pytest.mark.parametrize("key", CASES)
def test_the_same_source_gives_the_same_bytes(copies: dict[str, Copy], key: str, tmp_path: Path) -> None:
    copy = copies[key]
    again = write_pdf(paper.source(copy.source, copy.case.count), copy.case.pages, tmp_path / "again.pdf", SETTINGS, title=TITLE)
    assert (again.sha256, again.bytes) == (copy.written.sha256, copy.written.bytes)
    assert again.path.read_bytes() == copy.written.path.read_bytes()


def test_what_the_file_says_of_itself(copies: dict[str, Copy]) -> None:
    for copy in copies.values():
        data = copy.written.path.read_bytes()
        assert data.startswith(b"%PDF-1.7")
        with pikepdf.open(copy.written.path) as pdf:
            assert str(pdf.Root.Lang) == "vi-VN"
            assert {k: str(v) for k, v in pdf.trailer.Info.items()} == {"/Title": TITLE, "/Creator": "Sohoa", "/Producer": "Sohoa"}
            with pdf.open_metadata() as xmp:
                told = {k: xmp[k] for k in ("dc:title", "xmp:CreatorTool", "pdf:Producer", "pdfaid:part", "pdfaid:conformance")}
                assert "xmp:CreateDate" not in xmp and "xmp:ModifyDate" not in xmp
            assert told == {"dc:title": TITLE, "xmp:CreatorTool": "Sohoa", "pdf:Producer": "Sohoa", "pdfaid:part": "2", "pdfaid:conformance": "B"}
            (intent,) = pdf.Root.OutputIntents
            assert intent.S == Name.GTS_PDFA1 and intent.DestOutputProfile.N == 3


def test_a_document_without_title_has_none(copies: dict[str, Copy], tmp_path: Path) -> None:
    written = write_pdf(paper.source(copies["pdf jpeg"].source), [paper.page_record()], tmp_path / "a.pdf", SETTINGS)
    with pikepdf.open(written.path) as pdf:
        assert "/Title" not in pdf.trailer.Info and b"dc:title" not in pdf.Root.Metadata.read_bytes()


# born-digital


@pytest.fixture
def digital(tmp_path: Path) -> Callable[..., tuple[Path, list[Page]]]:
    def make(*, pages: int = 1, **options: object) -> tuple[Path, list[Page]]:
        path = tmp_path / "office.pdf"
        path.write_bytes(paper.digital_pdf(pages=pages, **options))
        return path, [paper.page_record(n, kind="digital", text=paper.reading(source="file")) for n in range(1, pages + 1)]

    return make


def test_a_born_digital_pdfa_is_kept_as_it_is(digital: Callable[..., tuple[Path, list[Page]]], tmp_path: Path) -> None:
    path, pages = digital(pdfa=True, pages=2)
    written = write_pdf(paper.source(path, 2), pages, tmp_path / "copy.pdf", SETTINGS, title=TITLE)
    assert written.as_is
    assert written.path.read_bytes() == path.read_bytes()
    assert verapdf([written.path])[written.path.resolve()]


def test_a_part_of_a_born_digital_pdfa_becomes_a_picture(digital: Callable[..., tuple[Path, list[Page]]], tmp_path: Path) -> None:
    path, pages = digital(pdfa=True, pages=2)
    written = write_pdf(paper.source(path, 2), pages[1:], tmp_path / "copy.pdf", SETTINGS)
    assert not written.as_is
    (image,) = _images(written.path)
    assert (image.width, image.height) == pytest.approx((paper.WIDTH * 3, paper.HEIGHT * 3), abs=2)  # 300 dpi
    assert image.indexed  # few colours: no JPEG noise around letters


def test_a_kept_file_needs_a_sound_structure(digital: Callable[..., tuple[Path, list[Page]]], tmp_path: Path) -> None:
    """pikepdf's validator does not look at the file's structure; a copy of such a file would not be PDF/A."""
    path, pages = digital(pdfa=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.7\n", b"%PDF-1.7 \n", 1))
    assert not verapdf([path])[path.resolve()]
    written = write_pdf(paper.source(path), pages, tmp_path / "copy.pdf", SETTINGS)
    assert not written.as_is
    assert verapdf([written.path])[written.path.resolve()]
    with pikepdf.open(written.path) as pdf:
        assert "/XObject" not in pdf.pages[0].Resources  # its own vector text, not a picture of it


# what goes wrong


def test_only_the_stream_that_does_not_validate_is_coded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP), paper.g4_image(UP)]))

    def odd(source: SourceFile, number: int, settings: Settings) -> LiftedImage | None:
        lifted = lift_stream(source, number, settings)
        return replace(lifted, bits=3) if lifted and number == 1 else lifted

    monkeypatch.setattr("pipeline.pdfa.lift_stream", odd)
    written = write_pdf(paper.source(path, 2), [paper.page_record(1), paper.page_record(2)], tmp_path / "copy.pdf", SETTINGS)
    first, second = _images(written.path)
    assert (first.filter, second.filter) == ("/DCTDecode", "/CCITTFaxDecode")
    assert second == _images(path)[1]
    assert pdfa.validate_written(written.path, "2b").passed


def test_nothing_is_written_that_does_not_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP)]))
    monkeypatch.setattr("pipeline.xmp.packet", lambda title, part: b"<x/>")
    with pytest.raises(NotProved) as caught:
        write_pdf(paper.source(path), [paper.page_record()], tmp_path / "copy.pdf", SETTINGS)
    assert "ISO_19005_2" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["scan.pdf"]


def test_a_full_or_forbidden_disk_is_said(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP)]))
    with pytest.raises(NotWritten):
        write_pdf(paper.source(path), [paper.page_record()], tmp_path / "nowhere" / "copy.pdf", SETTINGS)


def test_a_page_that_cannot_be_shown_says_so(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP)]))
    failed = paper.page_record(2, state=PageState.FAILED, text=Reading(), width=0, height=0, dpi=0.0)
    written = write_pdf(paper.source(path, 2), [paper.page_record(1), failed], tmp_path / "copy.pdf", SETTINGS)
    done = subprocess.run(["pdftotext", "-f", "2", str(written.path), "-"], capture_output=True, text=True, check=True)
    assert "Trang 2: không dựng được hình" in done.stdout
    assert verapdf([written.path])[written.path.resolve()]


@pytest.mark.parametrize("inches", [300, 0.02])
def test_sides_beyond_what_pdfa_allows_are_shown_to_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inches: float) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP)]))
    pixels = np.full((40, 60, 3), 200, np.uint8)
    monkeypatch.setattr("pipeline.pdfa.lift_stream", lambda *_: None)
    monkeypatch.setattr("pipeline.pdfa.open_image", lambda *_: PageImage(pixels, 60 / inches, "rendered"))
    written = write_pdf(paper.source(path), [paper.page_record()], tmp_path / "copy.pdf", SETTINGS)
    with pikepdf.open(written.path) as pdf:
        width, height = (float(v) for v in pdf.pages[0].MediaBox[2:])
    assert min(width, height) >= 3 and max(width, height) <= 14400 and width / height == pytest.approx(1.5, rel=0.01)
    assert verapdf([written.path])[written.path.resolve()]


def test_strange_text_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(paper.scan_pdf([_jpeg(UP)]))
    texts = ["\x00\x08", "a\x1bb", "𝒳𠀀", "字", "\\(%)", "<&>", "ﬁ", "", "cuối"]
    words = tuple(Word(t, (0.1 * i, 0.1, 0.1 * i + 0.08, 0.12), 0.5) for i, t in enumerate(texts))
    touching = (Word("liền", (0.1, 0.2, 0.2, 0.22), 0.5), Word("nhau", (0.2, 0.2, 0.2, 0.2), 0.5))
    text = Reading((Line(words, (0, 0.1, 1, 0.12)), Line((), (0, 0, 0, 0)), Line(touching, (0.1, 0.2, 0.2, 0.22))))
    written = write_pdf(paper.source(path), [paper.page_record(text=text)], tmp_path / "copy.pdf", SETTINGS)
    done = subprocess.run(["pdftotext", "-raw", str(written.path), "-"], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0].split() == ["ab", "𝒳𠀀", "字", "\\(%)", "<&>", "ﬁ", "cuối"]
    assert verapdf([written.path])[written.path.resolve()]
