"""Reading copies: a tenth the size and still valid, every stroke and colour of ink there, photographs untouched by thresholds, nothing moved."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Name, pdfa

from pipeline import codec, compact, poppler
from pipeline.images import LiftedImage, PageImage, Pixels
from pipeline.lift import lift_stream
from pipeline.pdfa import WrittenPdf, write_pdf
from pipeline.records import Page, PageState, SourceFile
from pipeline.settings import Archive, Settings
from tests import paper, trees
from tests.verapdf import verapdf

COMPACT, LEGAL = Settings(archive=Archive(profile="compact")), Settings()
DPI = 200
WIDTH, HEIGHT = 1654, 2339


def sheet(seed: int = 1) -> Pixels:
    """An office page at 200 dpi on grainy paper: print, a red seal with small letters over it, a blue signature, a faint pencil note."""
    random = np.random.default_rng(seed)
    page = np.full((HEIGHT, WIDTH, 3), (246, 244, 238), np.uint8)
    for row in range(14):
        cv2.putText(page, "Giay chung nhan so 0123456789", (180, 300 + 80 * row), cv2.FONT_HERSHEY_COMPLEX, 1.2, (35, 33, 40), 2, cv2.LINE_AA)
    cv2.circle(page, (1150, 1750), 140, (205, 45, 50), 6, cv2.LINE_AA)
    cv2.putText(page, "UBND XA", (1070, 1760), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (205, 45, 50), 2, cv2.LINE_AA)
    cv2.putText(page, "CHU TICH", (1080, 1700), cv2.FONT_HERSHEY_COMPLEX, 1.2, (35, 33, 40), 2, cv2.LINE_AA)
    curve = np.array([[900 + 12 * k, 1850 + round(40 * np.sin(k / 2))] for k in range(30)], np.int32)
    cv2.polylines(page, [curve], False, (50, 60, 160), 4, cv2.LINE_AA)
    cv2.putText(page, "xem lai", (200, 1900), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (190, 188, 184), 3, cv2.LINE_AA)
    grain = random.normal(0, 2.5, page.shape[:2])[..., None]
    return np.clip(page + grain, 0, 255).astype(np.uint8)


def photograph(height: int, width: int) -> Pixels:
    """HxWx3 of all tones and no paper: shapes of every scale, some with sharp edges."""
    random = np.random.default_rng(5)
    out = np.zeros((height, width, 3), np.float32)
    for step in (4, 8, 16, 32, 64):
        small = random.normal(0, step**0.8, (height // step + 2, width // step + 2, 3)).astype(np.float32)
        out += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    dark = cv2.GaussianBlur(out, (0, 0), 12).mean(axis=2) > 0
    return np.clip(140 + out - 80 * dark[..., None], 0, 230).astype(np.uint8)


def saved(path: Path, pages: list[Pixels], **more: int) -> SourceFile:
    images = [(codec.jpeg(p, 85), {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceRGB, "Width": p.shape[1], "Height": p.shape[0]}) for p in pages]
    path.write_bytes(paper.scan_pdf(images, **more))
    return paper.source(path, len(pages))


def seen(written: WrittenPdf, dpi: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Pixels:
    return poppler.render(written.path, 1, round(size[0] * dpi / DPI), round(size[1] * dpi / DPI), timeout=60)


def grey(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> tuple[SourceFile, WrittenPdf, WrittenPdf]:
    """The sheet as a scan, its legal copy and its compact one; the page of a viewer is that of the scan."""
    folder = tmp_path_factory.mktemp("compact")
    path = folder / "scan.jpg"
    path.write_bytes(paper.encoded(sheet(), "JPEG", quality=85, dpi=(DPI, DPI)))
    source = paper.source(path)
    record = Page(1, PageState.GOOD, width=WIDTH, height=HEIGHT, dpi=DPI, reading=paper.reading())
    return source, write_pdf(source, [record], folder / "legal.pdf", LEGAL), write_pdf(source, [record], folder / "compact.pdf", COMPACT)


def test_a_compact_copy_is_a_fraction_of_the_size_and_valid(copies: tuple[SourceFile, WrittenPdf, WrittenPdf]) -> None:
    _, legal, small = copies
    assert small.bytes < legal.bytes / 4
    assert pdfa.validate_written(small.path, "2b").passed
    assert verapdf([small.path])[small.path.resolve()]


def test_the_default_profile_keeps_the_scan(copies: tuple[SourceFile, WrittenPdf, WrittenPdf]) -> None:
    source, legal, _ = copies
    with pikepdf.open(legal.path) as pdf:
        (image,) = pdf.pages[0].Resources.XObject.values()
        assert image.read_raw_bytes() == Path(source.path).read_bytes()
    assert LEGAL.archive.profile == "archive"
    assert LEGAL.reading_digest() != COMPACT.reading_digest()


def test_every_stroke_is_where_it_was(copies: tuple[SourceFile, WrittenPdf, WrittenPdf]) -> None:
    """Print, seal, signature and pencil of the scan are dark in the copy, and what is paper stays paper."""
    _, _, small = copies
    before, after = grey(sheet()), grey(seen(small, DPI))
    core = cv2.erode((before < 210).astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    assert (after[core] < 225).mean() > 0.995
    far = cv2.dilate((before < 225).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert (after[far] > 225).mean() > 0.9999


def test_inks_keep_their_colours(copies: tuple[SourceFile, WrittenPdf, WrittenPdf]) -> None:
    _, _, small = copies
    before, after = sheet().astype(int), seen(small, DPI).astype(int)
    red = (before[..., 0] > 180) & (before[..., 1] < 80)
    blue = (before[..., 2] > 130) & (before[..., 0] < 80)
    black = before.max(axis=2) < 60
    assert ((after[..., 0] - after[..., 1])[red] > 80).mean() > 0.97
    assert ((after[..., 2] - after[..., 0])[blue] > 50).mean() > 0.97
    assert (np.ptp(after, axis=2)[black] < 40).mean() > 0.97


def test_a_photograph_is_shown_as_one(tmp_path: Path) -> None:
    page = sheet()
    page[420:1020, 1050:1500] = photograph(600, 450)
    path = tmp_path / "photo.jpg"
    path.write_bytes(paper.encoded(page, "JPEG", quality=85, dpi=(DPI, DPI)))
    written = write_pdf(paper.source(path), [Page(1, PageState.GOOD)], tmp_path / "out.pdf", COMPACT)
    inner = slice(450, 990), slice(1080, 1470)
    difference = cv2.absdiff(grey(page)[inner], grey(seen(written, DPI))[inner])
    assert float(difference.mean()) < 6
    assert written.bytes < path.stat().st_size / 2


def test_a_page_that_is_grain_all_over_becomes_one_picture() -> None:
    """Stencils of a million specks would be larger than the photograph of them."""
    specks = np.where(np.random.default_rng(3).random((HEIGHT // 2 + 1, WIDTH // 2 + 1)) < 0.1, 200, 250).astype(np.uint8)
    page = np.asarray(cv2.GaussianBlur(cv2.resize(specks, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), (0, 0), 1), np.uint8)
    (layer,) = compact.of_page(PageImage(page, DPI, "lifted"))
    assert layer.filter == "/DCTDecode"
    assert layer.ink is None
    assert (layer.width, layer.height) == (WIDTH, HEIGHT)


def test_bilevel_scans_lose_nothing(tmp_path: Path) -> None:
    """CCITT and JBIG2 streams stay, or become a smaller CCITT of the same pixels."""
    page = paper.upright(paper.reading())
    for name, image in (("g4", paper.g4_image(page)), ("jbig2", paper.jbig2_image(page)), ("flate", paper.flate_image(paper.bitonal(page), "L"))):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(paper.scan_pdf([image]))
        source = paper.source(path)
        small, legal = (write_pdf(source, [paper.page_record()], tmp_path / f"{name}-{s.archive.profile}.pdf", s) for s in (COMPACT, LEGAL))
        assert small.bytes <= legal.bytes
        shown = [poppler.render(w.path, 1, paper.WIDTH, paper.HEIGHT, timeout=60) for w in (small, legal)]
        assert np.array_equal(*shown)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_and_leaning_scans_lie_as_in_the_legal_copy(tmp_path: Path, rotation: int) -> None:
    """/Rotate of the file, the page's own turn and its skew, the words: all as with the scan's own stream."""
    scan = np.ascontiguousarray(np.rot90(paper.scanned(paper.upright(paper.reading()), rotation, 1.5), rotation // 90))
    source = saved(tmp_path / "turned.pdf", [scan], rotate=rotation)
    record = paper.page_record(rotation=rotation, skew=1.5)
    small, legal = (write_pdf(source, [record], tmp_path / f"{s.archive.profile}.pdf", s) for s in (COMPACT, LEGAL))
    assert small.sha256 != legal.sha256
    with pikepdf.open(small.path) as one, pikepdf.open(legal.path) as other:
        assert one.pages[0].MediaBox == other.pages[0].MediaBox
        texts = [p.pages[0].Contents.read_bytes().split(b"BT", 1)[1] for p in (one, other)]
        assert texts[0] == texts[1]
    shown = [grey(poppler.render(w.path, 1, paper.WIDTH, paper.HEIGHT, timeout=60)) for w in (small, legal)]
    near = np.ones((5, 5), np.uint8)
    beyond = [cv2.max(cv2.subtract(a, cv2.dilate(b, near)), cv2.subtract(cv2.erode(b, near), a)) for a, b in (shown, shown[::-1])]
    assert max(int(b.max()) for b in beyond) < 50


def test_the_same_scan_gives_the_same_bytes(copies: tuple[SourceFile, WrittenPdf, WrittenPdf], tmp_path: Path) -> None:
    source, _, small = copies
    record = Page(1, PageState.GOOD, width=WIDTH, height=HEIGHT, dpi=DPI, reading=paper.reading())
    assert write_pdf(source, [record], tmp_path / "again.pdf", COMPACT).sha256 == small.sha256


def test_born_digital_pages_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "office.pdf"
    path.write_bytes(paper.digital_pdf())
    record = paper.page_record(kind="digital", text=paper.reading(source="file"))
    one, other = (write_pdf(paper.source(path), [record], tmp_path / f"{s.archive.profile}.pdf", s) for s in (COMPACT, LEGAL))
    assert one.sha256 == other.sha256


def test_a_scan_that_is_small_already_keeps_its_stream(tmp_path: Path) -> None:
    path = tmp_path / "small.jpg"
    path.write_bytes(paper.encoded(cv2.resize(sheet(), None, fx=0.25, fy=0.25), "JPEG", quality=5, dpi=(50, 50)))
    assert (scan := lift_stream(paper.source(path), 1, COMPACT)) is not None
    assert compact.of_scan(scan) is None


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 70), st.sampled_from([0, 90, 180, 270]), st.booleans(), st.booleans(), st.sampled_from([75.0, 300.0, 600.0])
)
def test_layers_of_any_scan_lie_within_it(width: int, height: int, turn: int, mirrored: bool, colour: bool, dpi: float) -> None:
    """However small, thin, turned or mirrored a scan is."""
    random = np.random.default_rng(width * 71 + height)
    pixels = random.integers(0, 256, (height, width, 3) if colour else (height, width)).astype(np.uint8)
    data, parms, bits = codec.flate(pixels)
    box = (0.1, 0.2, 0.9, 0.7)
    scan = LiftedImage(
        data, "/FlateDecode", "rgb" if colour else "gray", bits, width, height, 595, 842, dpi, parms, turn=turn, mirrored=mirrored, box=box
    )
    for layer in compact.of_scan(scan) or ():
        left, top, right, bottom = layer.box
        assert box[0] - 1e-9 <= left < right <= box[2] + 1e-9
        assert box[1] - 1e-9 <= top < bottom <= box[3] + 1e-9
        assert layer.turn == 0
        assert not layer.mirrored


def test_the_archive_keeps_the_original_and_says_how_the_copy_was_made(tmp_path: Path) -> None:
    code, archive = "H26.12-260930-0012", tmp_path / "archive"
    incoming = tmp_path / "in" / code
    incoming.mkdir(parents=True)
    (incoming / "scan.jpg").write_bytes(paper.encoded(sheet(), "JPEG", quality=85, dpi=(DPI, DPI)))
    done = trees.run("digitize", incoming.parent, "--archive", archive, "--json", SOHOA_ARCHIVE__PROFILE="compact", SOHOA_EMBEDDED="0")
    assert json.loads(done.stdout)["totals"]["documents"] == 1, done.stderr
    (original,) = (archive / "originals").rglob("*.jpg")
    assert original.read_bytes() == (incoming / "scan.jpg").read_bytes()
    (pdf,) = [p for folder in ("unfiled", "dossiers") for p in (archive / folder).rglob("*.pdf")]
    assert pdf.stat().st_size < original.stat().st_size / 4
    steps = json.loads(pdf.with_suffix(".json").read_text(encoding="utf-8"))["steps"]
    (write,) = [s for s in steps if s["action"] == "write"]
    assert write["settings"] == f"PDF/A-2b, compact: {compact.MADE}"
    got = trees.run("get", code, "--archive", archive, "--format", "original", "--to", tmp_path / "out")
    assert got.returncode == 0, got.stderr
    assert [p.read_bytes() for p in (tmp_path / "out").rglob("*.jpg")] == [original.read_bytes()]
