"""A scan with something over it: its own stream stays, what lies over it is laid over it as small pictures, at its place and nowhere else."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, pdfa

from pipeline.geometry import map_box, straighten
from pipeline.intake import recognise
from pipeline.lift import lift_stream, picture
from pipeline.overlay import regions
from pipeline.pdfa import WrittenPdf, write_pdf
from pipeline.records import Line, Page, Reading, SourceFile, Word
from pipeline.settings import Settings
from tests import paper
from tests.verapdf import verapdf

SETTINGS = Settings()
UP = paper.upright(paper.reading())
W, H = paper.WIDTH * 72 / paper.DPI, paper.HEIGHT * 72 / paper.DPI

#: A signature's green block, fractions of the viewer's page, where the scan is empty whichever way it lies.
PLACE = (0.4, 0.45, 0.6, 0.55)


def _scan(page: np.ndarray, form: str = "jpeg") -> tuple[bytes, dict[str, object]]:
    height, width = page.shape[:2]
    if form == "jpeg":
        entries = {"Filter": Name.DCTDecode, "ColorSpace": Name.DeviceRGB, "Width": width, "Height": height}
        return paper.encoded(page, "JPEG", quality=80), entries
    return {"g4": paper.g4_image, "jbig2": paper.jbig2_image, "flate": paper.flate_image}[form](page)


def _block(place: tuple[float, float, float, float], colour: str, width: float = W, height: float = H) -> str:
    left, top, right, bottom = place
    return f"q {colour} rg {left * width:.2f} {(1 - bottom) * height:.2f} {(right - left) * width:.2f} {(bottom - top) * height:.2f} re f Q"


def _overlaid(path: Path, page: np.ndarray, after: str = "", form: str = "jpeg", rotate: int = 0, note: str = "") -> SourceFile:
    """A scanner's PDF with operators after its image, or with an annotation at PLACE that paints `note`."""
    with pikepdf.open(io.BytesIO(paper.scan_pdf([_scan(page, form)], rotate, page.shape[1], page.shape[0]))) as pdf:
        leaf = pdf.pages[0]
        leaf.contents_add(after.encode())
        if note:
            x0, x1, y0, y1 = PLACE[0] * W, PLACE[2] * W, (1 - PLACE[3]) * H, (1 - PLACE[1]) * H
            looks = Stream(pdf, note.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 100, 100]))
            widget = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([x0, y0, x1, y1]), F=4, AP=Dictionary(N=pdf.make_indirect(looks)))
            leaf.Annots = Array([pdf.make_indirect(widget)])
        pdf.save(path, static_id=True)
    return recognise(path, path.name, SETTINGS)


def _written(source: SourceFile, page: Page, out: Path) -> WrittenPdf:
    written = write_pdf(source, [page], out, SETTINGS, title="MẪU")
    assert pdfa.validate_written(written.path, "2b").passed
    return written


def _streams(path: Path) -> dict[str, bytes]:
    with pikepdf.open(path) as pdf:
        return {str(name): image.read_raw_bytes() for name, image in pdf.pages[0].Resources.XObject.items()}


def _shown(path: Path) -> np.ndarray:
    done = subprocess.run(["pdftoppm", "-r", str(paper.DPI), "-singlefile", str(path)], capture_output=True, check=True)
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _green(shown: np.ndarray) -> tuple[float, float, float, float]:
    """Box of what is green, fractions of the picture."""
    green = (shown[..., 1].astype(int) - shown.min(axis=2) > 60) & (shown[..., 0] < 120)
    ys, xs = np.nonzero(green)
    return xs.min() / shown.shape[1], ys.min() / shown.shape[0], (xs.max() + 1) / shown.shape[1], (ys.max() + 1) / shown.shape[0]


FORMS = ("jpeg", "g4", "jbig2", "flate")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """For each codec the source and its copy."""
    folder = tmp_path_factory.mktemp("copies")
    made = {}
    for form in FORMS:
        page = paper.scanned(UP, 0, -3.0) if form == "jbig2" else UP  # older poppler draws long straight edges in MMR wrongly
        source = _overlaid(folder / f"{form}.pdf", page, _block(PLACE, "0 0.6 0"), form)
        made[form] = Path(source.path), _written(source, paper.page_record(kind="mixed"), folder / f"{form}-copy.pdf").path
    return made


def test_every_copy_passes_the_reference_validator(copies: dict[str, tuple[Path, Path]]) -> None:
    assert {path.name: verdict.reasons for path, verdict in verapdf(copy for _, copy in copies.values()).items() if not verdict} == {}


@pytest.mark.parametrize("form", FORMS)
def test_the_scans_stream_stays_under_what_lies_over_it(copies: dict[str, tuple[Path, Path]], form: str) -> None:
    source, copy = copies[form]
    (scan,) = _streams(source).values()
    streams = _streams(copy)
    assert set(streams) == {"/Scan", "/Over1"}
    assert streams["/Scan"] == scan
    assert len(streams["/Over1"]) < 4000
    assert _green(_shown(copy)) == pytest.approx(PLACE, abs=0.004)


@pytest.mark.parametrize(("rotation", "skew", "rotate"), [(0, -3.0, 0), (90, 2.0, 0), (180, -1.5, 0), (270, 0.7, 90)])
def test_what_lies_over_a_turned_and_leaning_scan_is_seen_at_its_place(rotation: int, skew: float, rotate: int, tmp_path: Path) -> None:
    page = paper.scanned(UP, rotation, skew)
    stored = np.rot90(page).copy() if rotate else page
    height, width = stored.shape[:2]
    block = _block(PLACE, "0 0.6 0", width * 72 / paper.DPI, height * 72 / paper.DPI)
    source = _overlaid(tmp_path / "a.pdf", stored, block, rotate=rotate)
    record = paper.page_record(kind="mixed", rotation=rotation, skew=skew)
    written = _written(source, record, tmp_path / "copy.pdf")
    assert _streams(written.path)["/Scan"] == next(iter(_streams(tmp_path / "a.pdf").values()))
    shown = _shown(written.path)
    left, top, right, bottom = PLACE
    viewed = (1 - bottom, left, 1 - top, right) if rotate == 90 else PLACE
    place = map_box(viewed, page.shape[1], page.shape[0], rotation, skew)
    assert _green(shown) == pytest.approx(place, abs=0.004)
    before = straighten(picture(source, 1, paper.DPI, SETTINGS), rotation, skew)
    assert shown.shape == before.shape
    assert cv2.absdiff(shown, before)[20:-20, 20:-20].mean() < 1.5  # resampled twice, in two ways


def test_every_part_of_it_gets_a_picture_of_its_own(tmp_path: Path) -> None:
    other = (0.6, 0.9, 0.7, 0.93)
    source = _overlaid(tmp_path / "a.pdf", UP, _block(PLACE, "0 0.6 0") + "\n" + _block(other, "0 0.6 0"))
    written = _written(source, paper.page_record(), tmp_path / "copy.pdf")
    with pikepdf.open(written.path) as pdf:
        images = pdf.pages[0].Resources.XObject
        assert set(images.keys()) == {"/Scan", "/Over1", "/Over2"}
        assert int(images.Over1.Width) == pytest.approx((PLACE[2] - PLACE[0]) * paper.WIDTH * 3, abs=40)  # 300 dpi and a margin
    assert _green(_shown(written.path)) == pytest.approx((PLACE[0], PLACE[1], other[2], other[3]), abs=0.004)


@pytest.mark.parametrize("known", ["annotation", "word", "nothing"])
def test_a_faint_mark_counts_where_something_is_known_to_be(known: str, tmp_path: Path) -> None:
    faint = "0.93 0.93 0.93"  # 237 on paper of 250
    after = "" if known == "annotation" else _block(PLACE, faint)
    source = _overlaid(tmp_path / "a.pdf", UP, after, note=f"{faint} rg 0 0 100 100 re f" if known == "annotation" else "")
    lines = paper.reading().lines
    if known == "word":
        lines = (*lines, Line((Word("MẪU", PLACE, 1.0, "file"),), PLACE))
    written = _written(source, paper.page_record(text=Reading(lines)), tmp_path / "copy.pdf")
    names = set(_streams(written.path))
    assert names == ({"/Scan"} if known == "nothing" else {"/Scan", "/Over1"})
    x, y = round((PLACE[0] + 0.02) * paper.WIDTH), round((PLACE[1] + 0.02) * paper.HEIGHT)
    assert _shown(written.path)[y, x].tolist() == pytest.approx([237] * 3, abs=3)


def test_an_annotation_that_leaves_no_mark_adds_nothing(tmp_path: Path) -> None:
    source = _overlaid(tmp_path / "a.pdf", UP, note="1 0 0 rg 0 0 0 0 re f")
    assert lift_stream(source, 1, SETTINGS).overlaid
    assert set(_streams(_written(source, paper.page_record(), tmp_path / "copy.pdf").path)) == {"/Scan"}


ALL_OVER = {
    "half the page": _block((0, 0.5, 1, 1), "0 0.6 0"),
    "a frame around everything": f"3 w 20 20 {W - 40:.0f} {H - 40:.0f} re S",
    "a tint of the whole page": "/T gs " + _block((0, 0, 1, 1), "0 0.6 0"),
    "words painted out": _block((0.05, 0.07, 0.6, 0.11), "1 1 1"),
    "words blacked out": _block((0.05, 0.07, 0.6, 0.11), "0 0 0"),
}


@pytest.mark.parametrize("what", ALL_OVER)
def test_what_patches_cannot_show_is_rendered_as_a_whole(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    _overlaid(path, UP, ALL_OVER[what])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Resources.ExtGState = Dictionary(T=Dictionary(ca=0.4))
        pdf.save(path, static_id=True)
    source = recognise(path, path.name, SETTINGS)
    lifted = lift_stream(source, 1, SETTINGS)
    assert lifted is None or lifted.overlaid
    written = _written(source, paper.page_record(kind="mixed"), tmp_path / "copy.pdf")
    (shown,) = _streams(written.path).values()
    (scan,) = _streams(path).values()
    assert shown != scan
    before = picture(source, 1, paper.DPI, SETTINGS)
    assert cv2.absdiff(_shown(written.path), before).mean() < 1.5


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    source = _overlaid(tmp_path / "a.pdf", paper.scanned(UP, 90, 2.0), _block(PLACE, "0 0.6 0"))
    page = paper.page_record(kind="mixed", rotation=90, skew=2.0)
    one, other = (write_pdf(source, [page], tmp_path / f"{n}.pdf", SETTINGS) for n in "ab2"[1:])
    assert one.sha256 == other.sha256


def _drawing() -> np.ndarray:
    drawing = cv2.resize(UP, (1240, 1754), interpolation=cv2.INTER_LINEAR)
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 20, drawing.shape), (0, 0), 1.5)
    return np.clip(drawing + grain, 0, 255).astype(np.uint8)


def test_a_scan_drawn_a_pixel_off_is_the_same_scan() -> None:
    bare = _drawing()
    assert regions(np.roll(bare, (1, -1), (0, 1)), bare) == []


def test_differences_everywhere_are_not_trusted() -> None:
    bare = _drawing()
    assert regions(np.roll(bare, (9, 14), (0, 1)), bare) is None
    assert regions(np.asarray(bare // 2 + 60, np.uint8), bare) is None


def test_thin_strokes_are_found_whole() -> None:
    bare = _drawing()
    seen = bare.copy()
    cv2.putText(seen, "MAU so 12, ngay 05.01", (200, 1000), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    ys, xs = np.nonzero((seen != bare).any(axis=2))
    (box,) = regions(seen, bare)
    left, top, right, bottom = paper.px(box, 1240, 1754)
    assert left < xs.min() and top < ys.min() and right > xs.max() + 1 and bottom > ys.max() + 1
    assert (right - left) * (bottom - top) < 2 * np.ptp(xs) * np.ptp(ys) + 6000
