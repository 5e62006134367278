"""Separator sheets: printed, scanned a little askew at 200 dpi, they still give their code; wrong codes are refused."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
import zxingcpp

from pipeline.codes import sheet_code, sheet_payload
from pipeline.errors import UsageError
from pipeline.sheets import separator_sheets
from tests.verapdf import verapdf

CODES = ["000.00.16.H26-260105-0001", "H26.12-260105-0000123", "G22.99.ABCDE.1.2-251231-7777777"]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheets") / "sheets.pdf"
    path.write_bytes(separator_sheets(CODES))
    return path


def _scan(path: Path, number: int, dpi: int) -> np.ndarray:
    command = ["pdftoppm", "-gray", "-r", str(dpi), "-f", str(number), "-singlefile", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    return cv2.imdecode(np.frombuffer(done.stdout, np.uint8), cv2.IMREAD_GRAYSCALE)


def _askew(page: np.ndarray, degrees: float, seed: int) -> np.ndarray:
    """As a scanner gives it: leaning, a little soft, noisy, with grey paper."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    leaning = cv2.GaussianBlur(cv2.warpAffine(page, turn, (width, height), borderValue=255), (0, 0), 1.0)
    noise = np.random.default_rng(seed).normal(0, 12, page.shape)
    return np.clip(leaning * 0.8 + 35 + noise, 0, 255).astype(np.uint8)


def _read(page: np.ndarray) -> dict[str, str]:
    return {b.format.name: b.text for b in zxingcpp.read_barcodes(page)}


@pytest.mark.parametrize("number", range(1, len(CODES) + 1))
@pytest.mark.parametrize(("dpi", "degrees"), [(200, 2), (200, -2), (200, 90), (300, 181)])
def test_both_codes_are_read_from_a_scan(printed: Path, number: int, dpi: int, degrees: float) -> None:
    found = _read(_askew(_scan(printed, number, dpi), degrees, number))
    code = CODES[number - 1]
    assert found == {"Code128": code, "QRCode": sheet_payload(code)}
    assert sheet_code(found["QRCode"]) == code


@pytest.mark.parametrize("number", range(1, len(CODES) + 1))
def test_a_stain_over_either_code_does_not_hide_the_dossier(printed: Path, number: int) -> None:
    page = _scan(printed, number, 200)
    middle = page.shape[1] // 2
    for top, bottom in ((0.28, 0.52), (0.62, 0.76)):
        stained = page.copy()
        cv2.rectangle(stained, (middle - 30, int(top * len(page))), (middle + 30, int(bottom * len(page))), 90, -1)
        assert CODES[number - 1] in {sheet_code(t) or t for t in _read(stained).values()}


def test_a_person_can_read_the_sheet(printed: Path) -> None:
    text = subprocess.run(["pdftotext", "-raw", str(printed), "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) == len(CODES)
    for page, code in zip(pages, CODES, strict=True):
        assert page.count(code) == 2
        assert "PHIẾU TÁCH HỒ SƠ" in page and "Đặt phiếu này trước trang đầu của hồ sơ" in page and "Dossier separator sheet" in page


def test_sheets_are_a4_pdfa_and_the_same_each_time(printed: Path) -> None:
    assert separator_sheets(CODES) == printed.read_bytes()
    assert verapdf([printed])[printed.resolve()]
    with pikepdf.open(io.BytesIO(printed.read_bytes())) as pdf:
        assert [[round(float(v)) for v in p.MediaBox] for p in pdf.pages] == [[0, 0, 595, 842]] * len(CODES)


@pytest.mark.parametrize("codes", [[], ["abc"], ["H26.12-260230-0001"], ["H26.12-260105-0001", ""], ["H26.12-260105-0001\n"]])
def test_what_is_no_dossier_code_is_refused(codes: list[str]) -> None:
    with pytest.raises(UsageError):
        separator_sheets(codes)
