"""One page from file to record: whatever comes in, it ends in one state with a reason, and leaves nothing behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image

from pipeline import barcodes, lift, read
from pipeline.codes import sheet_payload
from pipeline.errors import MissingTool, UnreadableInput
from pipeline.geometry import straighten
from pipeline.intake import recognise
from pipeline.page import process_page
from pipeline.records import Page, PageState, SourceFile
from pipeline.seal import grey_for_reading
from pipeline.settings import Intake, Settings
from tests import hazards
from tests.hazards import HAZARDS, Hazard
from tests.letters import letter

SETTINGS = Settings()
CODE = "H26.12-260105-0001"
READABLE = [h for h in HAZARDS if not h.refused]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return hazards.write(tmp_path_factory.mktemp("hazards"))


def saved(page: np.ndarray, path: Path, dpi: int = 200) -> SourceFile:
    Image.fromarray(page).save(path, dpi=(dpi, dpi))
    return recognise(path, path.name, SETTINGS)


@pytest.fixture
def no_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("this page needs no OCR")

    monkeypatch.setattr(read, "read_image", never)


@pytest.mark.parametrize("hazard", READABLE, ids=lambda h: h.name)
def test_every_page_of_a_hazard_ends_in_a_state_in_time(
    hazard: Hazard, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = recognise(files[hazard.name], hazard.name, SETTINGS)
    started = time.monotonic()
    pages = [process_page(source, number, SETTINGS) for number in range(1, source.pages + 1)]
    assert time.monotonic() - started < 60
    assert [p.number for p in pages] == list(range(1, hazard.pages + 1))
    expected = hazard.failing or {}
    for page in pages:
        if page.number in expected:
            assert (page.state, page.reason, page.advice) == (PageState.FAILED, expected[page.number], "rescan")
        else:
            assert page.reason in ("no_ink", "unreadable", "no_words", "low_resolution", ""), page.reason
    assert list(tmp_path.iterdir()) == []


def test_a_turned_leaning_page_is_read_upright(tmp_path: Path) -> None:
    page = straighten(straighten(letter(200), 0, -1.7), 270, 0)
    read = process_page(saved(page, tmp_path / "a.png"), 1, SETTINGS)
    assert (read.state, read.rotation) == (PageState.GOOD, 90)
    assert read.skew == pytest.approx(1.7, abs=0.1)
    assert (read.width, read.height) == (letter(200).shape[1], letter(200).shape[0])
    assert "Độc lập - Tự do - Hạnh phúc" in read.reading.text
    # the words lie where the page was drawn, not where the scanner saw them
    first = read.reading.lines[0].box
    assert first[0] == pytest.approx(0.9 / 8.27, abs=0.02)
    assert first[1] == pytest.approx(0.9 / 11.69, abs=0.02)


def test_an_empty_page_is_blank_without_ocr(tmp_path: Path, no_ocr: None) -> None:
    page = process_page(saved(letter(200, ()), tmp_path / "a.png"), 1, SETTINGS)
    assert (page.state, page.reason, page.dpi) == (PageState.BLANK, "no_ink", 200)


def sheet(form: str, text: str, rows: tuple[str, ...], at: tuple[int, int] = (300, 900)) -> np.ndarray:
    bars = np.asarray(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, form)), scale=4))
    page = letter(200, rows)
    page[at[1] : at[1] + bars.shape[0], at[0] : at[0] + bars.shape[1]] = bars
    return page


ONE = ("TỜ NGĂN CÁCH HỒ SƠ (MẪU)", CODE)


@pytest.mark.parametrize("turn", [0, 90, 180])
@pytest.mark.parametrize(("form", "text"), [("QRCode", sheet_payload(CODE)), ("Code128", CODE), ("Code39", CODE)])
def test_a_separator_sheet_is_known_without_ocr(form: str, text: str, turn: int, tmp_path: Path, no_ocr: None) -> None:
    page = process_page(saved(straighten(sheet(form, text, ONE), turn, 0), tmp_path / "a.png"), 1, SETTINGS)
    assert (page.state, page.reason) == (PageState.SEPARATOR, "separator_sheet")
    assert text in [b.text for b in page.barcodes]


@pytest.mark.parametrize(
    ("form", "text", "rows"),
    [
        ("QRCode", sheet_payload(CODE)[:-1] + "?", ONE),
        ("QRCode", "https://dichvucong.example/tra-cuu?ma=" + CODE, ONE),
        ("Code128", "89300000000", ONE),
        ("Code128", CODE, tuple(["Giấy tiếp nhận hồ sơ và hẹn trả kết quả cho tổ chức, cá nhân nộp hồ sơ"] * 30)),
    ],
    ids=["wrong check digit", "a link", "another number", "a receipt"],
)
def test_other_barcodes_make_no_separator(form: str, text: str, rows: tuple[str, ...], tmp_path: Path) -> None:
    at = (300, 900) if rows is ONE else (300, 2130)
    page = process_page(saved(sheet(form, text, rows[:25], at), tmp_path / "a.png"), 1, SETTINGS)
    assert page.state is not PageState.SEPARATOR
    assert [b.text for b in page.barcodes] == [text]


def test_barcode_boxes_lie_on_the_barcode() -> None:
    page = sheet("QRCode", CODE, (), (400, 1000))
    (code,) = barcodes.find(page, 200)
    height, width = page.shape
    left, top, right, bottom = (v * s for v, s in zip(code.box, (width, height, width, height), strict=True))
    ink = np.argwhere(page < 128)
    assert (left, top) == pytest.approx((ink[:, 1].min(), ink[:, 0].min()), abs=8)
    assert (right, bottom) == pytest.approx((ink[:, 1].max(), ink[:, 0].max()), abs=8)


def seal(page: np.ndarray, centre: tuple[int, int], radius: int) -> np.ndarray:
    import cv2

    out = np.dstack([page] * 3)
    mark = np.zeros(page.shape, np.uint8)
    cv2.circle(mark, centre, radius, 255, 12)
    cv2.circle(mark, centre, radius - 40, 255, 6)
    cv2.putText(mark, "MAU MAU MAU", (centre[0] - radius + 45, centre[1] + 12), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 255, 7)
    red = np.array([214, 32, 40])
    out[mark > 0] = np.minimum(out[mark > 0], red)
    return out


def test_a_seal_over_print_is_taken_away_for_reading() -> None:
    page = letter(200)
    stamped = seal(page, (620, 1010), 150)
    clean = grey_for_reading(stamped, 200)
    box = np.s_[850:1170, 460:780]
    assert np.abs(clean[box].astype(int) - page[box]).mean() < 14
    assert np.abs(clean.astype(int) - page)[:800].max() == 0, "changed where there is no seal"


def test_red_print_without_black_beneath_stays_to_be_read() -> None:
    words = letter(200, ("HỎA TỐC", "Người ký: Ủy ban (MẪU)")) < 128
    red = np.full((*words.shape, 3), 255, np.uint8)
    red[words] = (220, 30, 30)
    grey = grey_for_reading(red, 200)
    assert (grey[words] < 130).all()


@pytest.mark.parametrize(
    ("fault", "reason", "advice"),
    [
        (MemoryError(), "out_of_memory", ""),
        (ValueError("a name"), "read_failed", "rescan"),
        (RecursionError(), "read_failed", "rescan"),
        (OSError(5, "disk"), "read_failed", "rescan"),
    ],
)
def test_whatever_happens_to_a_page_it_fails_with_a_reason(
    fault: Exception, reason: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = saved(letter(100), tmp_path / "a.png", 100)

    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(lift, "open_image", fails)
    assert process_page(source, 1, SETTINGS) == Page(1, PageState.FAILED, reason, advice)
    assert "a name" not in caplog.text


def test_a_missing_tool_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = saved(letter(100), tmp_path / "a.png", 100)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool):
        process_page(source, 1, Settings(page={"engine": "pytesseract"}))  # type: ignore[arg-type]


def test_a_page_that_takes_too_long_fails_and_leaves_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pdftoppm"
    program.write_text(f"#!/bin/sh\n[ $1 = -v ] && {{ echo pdftoppm version 22.12.0 >&2; exit; }}\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    program.chmod(0o755)
    path = tmp_path / "a.pdf"
    path.write_bytes(hazards.one_page("0 0 m 99 99 l S", {}, resources=""))
    source = recognise(path, "a.pdf", SETTINGS)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    page = process_page(source, 1, Settings(intake=Intake(page_timeout=1)))
    assert (page.state, page.reason, page.advice) == (PageState.FAILED, "render_timeout", "rescan")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_same_page_gives_the_same_record(tmp_path: Path) -> None:
    source = saved(straighten(letter(150), 0, 1.1), tmp_path / "a.png", 150)
    assert process_page(source, 1, SETTINGS).to_json() == process_page(source, 1, SETTINGS).to_json()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4, 0.8, 0.97, 0.999])
def test_a_pdf_cut_short_never_passes_for_blank(tmp_path: Path, samples: Path, share: float) -> None:
    """A copy that broke off: what is lost is told as failed, for a page that shows nothing may have lost all that was on it."""
    whole = (samples / "three" / "quyet-dinh.pdf").read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        source = recognise(path, path.name, SETTINGS)
    except UnreadableInput as refused:
        assert refused.key == "half_written"
        return
    pages = [process_page(source, n, SETTINGS) for n in range(1, source.pages + 1)]
    assert PageState.BLANK not in {p.state for p in pages}
    assert PageState.FAILED in {p.state for p in pages}


def test_bars_seen_coarsely_are_never_a_second_code() -> None:
    """At 100 dpi the bars of a 200-dpi scan were read as `10z.A0.z1...`, and the check character agreed."""
    page = letter(200, ())
    bars = np.asarray(zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(CODE, zxingcpp.BarcodeFormat.Code128), scale=2))
    page[700 : 700 + bars.shape[0], 300 : 300 + bars.shape[1]] = bars
    for seen in (page, cv2.GaussianBlur(page, (0, 0), 0.8), straighten(page, 0, 1.5)):
        assert [b.text for b in barcodes.find(seen, 200)] == [CODE]
        assert [b.text for b in barcodes.find(straighten(seen, 90, 0), 200)] == [CODE]
