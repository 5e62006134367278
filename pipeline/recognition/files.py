"""Where the models lie, and what tells one from another; loads nothing."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from pipeline.errors import MissingTool

DATA = Path(__file__).parent / "data"
#: Name of the shipped network, and its file; the language model's.
OFFICE = "office"
NETWORK = DATA / "office.onnx"
LANGUAGE = DATA / "language.npz"
#: The reader of digits by pen or stamp.
DIGITS = Path(__file__).parents[1] / "handwriting" / "data" / "digits.onnx"


@cache
def digest(name: str) -> str:
    """Tells whether other models would read: changes when a file of them does. A pack that is not there has its name alone."""
    try:
        files = [NETWORK if name == OFFICE else traineddata(name), LANGUAGE, DIGITS]
        return hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)).hexdigest()[:16]
    except (MissingTool, OSError):
        return name


def traineddata(name: str) -> Path:
    """The file of a Tesseract pack. Raises MissingTool."""
    prefix = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(prefix)] if prefix else [*sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata")), Path("/usr/share/tessdata")]
    for folder in folders:
        for part in ("", "script"):
            path = folder / part / f"{name}.traineddata"
            if path.is_file():
                return path
    raise MissingTool("tesseract_language_missing", language=name, package=f"tesseract-ocr-{name}")
