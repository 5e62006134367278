"""The networks that can read: the shipped one, and those converted from Tesseract's packs on this machine, kept by the digest of their file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from pipeline.recognition.files import LANGUAGE, NETWORK, OFFICE, traineddata
from pipeline.recognition.graph import to_onnx
from pipeline.recognition.language import Language
from pipeline.recognition.network import Network
from pipeline.recognition.traineddata import UnknownModel, load
from pipeline.settings import ROOT

__all__ = ["UnknownModel", "converted", "language", "network"]

#: Where converted packs are kept.
KEPT = ROOT / "var" / "models"


def network(name: str) -> Network:
    """The network `office`, or that of an installed Tesseract pack (`vie`, `Vietnamese`).

    Raises MissingTool when there is no such pack, UnknownModel when it is of another family.
    """
    return _network(name, os.environ.get("TESSDATA_PREFIX", ""))


@cache
def _network(name: str, _tessdata: str) -> Network:
    if name == OFFICE:
        return Network(NETWORK)
    return Network(converted(traineddata(name)))


@cache
def language() -> Language:
    """The shipped language model."""
    return Language.load(LANGUAGE)


def converted(path: Path) -> bytes | Path:
    """The pack at `path` as ONNX, converted once; where nothing can be kept it is converted each time. Raises UnknownModel."""
    data = path.read_bytes()
    kept = KEPT / f"{path.stem}-{hashlib.sha256(data).hexdigest()[:16]}.onnx"
    if kept.is_file():
        return kept
    model = to_onnx(load(path), {"base": path.name})
    with contextlib.suppress(OSError):
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=KEPT, delete=False) as file:
            file.write(model)
        Path(file.name).replace(kept)
        return kept
    return model
