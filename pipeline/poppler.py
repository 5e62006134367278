"""The one room that knows poppler: pages rendered by pdf2image into files, the version for `doctor`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pdf2image
from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFPopplerTimeoutError, PDFSyntaxError

from pipeline.errors import MissingTool, PageFailed, PageTimeout
from pipeline.images import Pixels


def version() -> str:
    """Poppler's version, e.g. `22.12.0`.

    Raises MissingTool when it is not there.
    """
    if not shutil.which("pdftoppm"):
        raise MissingTool("missing_poppler")
    done = subprocess.run(["pdftoppm", "-v"], capture_output=True, text=True, check=False, timeout=20)
    words = (done.stderr or done.stdout).split()
    return words[2] if len(words) > 2 else ""


def render(path: Path, number: int, width: int, height: int, *, timeout: float, turned: bool = False, grey: bool = False) -> Pixels:
    """Page `number` (from 1) as a viewer shows its CropBox, stretched to `width` x `height` px: HxW if `grey`, else HxWx3 RGB, uint8.

    `turned` says that the page has a /Rotate of 90 or 270: poppler counts its size before that turn.

    Raises PageTimeout after `timeout` seconds, PageFailed when poppler cannot draw it, MissingTool when poppler is not there.
    """
    seconds = max(1, round(timeout))
    with tempfile.TemporaryDirectory(prefix="render-") as folder:
        try:
            # convert_from_path asks pdfinfo too, but without a time limit
            pdf2image.pdfinfo_from_path(str(path), timeout=seconds, first_page=number, last_page=number)
            files = pdf2image.convert_from_path(
                path,
                first_page=number,
                last_page=number,
                size=(height, width) if turned else (width, height),
                fmt="ppm",
                grayscale=grey,
                use_cropbox=True,
                paths_only=True,
                output_folder=folder,
                output_file="page",
                timeout=seconds,
            )
        except PDFInfoNotInstalledError as e:
            raise MissingTool("missing_poppler") from e
        except (PDFPopplerTimeoutError, subprocess.TimeoutExpired) as e:
            raise PageTimeout("render_timeout", page=number) from e
        except (PDFPageCountError, PDFSyntaxError, ValueError, OSError) as e:
            raise PageFailed("render_failed", page=number) from e
        pixels = cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB) if files else None
    if pixels is None:
        raise PageFailed("render_failed", page=number)
    if pixels.shape[:2] != (height, width):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8)
