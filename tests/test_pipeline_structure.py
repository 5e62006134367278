"""A PDF that is kept as it is: its file structure is what the reference validator takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from pipeline.structure import sound
from tests import paper
from tests.verapdf import verapdf

PLAIN = paper.digital_pdf(pdfa=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
PACKED = paper.digital_pdf(pdfa=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
LINEAR = paper.digital_pdf(pdfa=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, linearize=True)


def _first(pattern: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed, count = re.subn(pattern, new, data, count=1)
        assert count == 1
        return changed

    return change


#: Each breaks a rule of ISO 19005-2 6.1.2, 6.1.3, 6.1.4, 6.1.7.1 or 6.1.9.
FAULTS = {
    "something before the header": lambda data: b"\n" + data,
    "blank in the header line": _first(rb"%PDF-1\.7\n", b"%PDF-1.7 \n"),
    "comment of three bytes": _first(rb"%PDF-1\.7\n%[^\n]*", b"%PDF-1.7\n%\xbf\xf7\xa2"),
    "comment with ASCII": _first(rb"%PDF-1\.7\n%[^\n]*", b"%PDF-1.7\n%a\xf7\xa2\xfe"),
    "blank line before the comment": _first(rb"%PDF-1\.7\n", b"%PDF-1.7\n\n"),
    "empty identifier": _first(rb"/ID \[<[^>]*><[^>]*>\]", b"/ID [<><>]"),
    "no identifier": _first(rb"/ID \[<[^>]*><[^>]*>\]", b""),
    "data after the end": lambda data: data + b"more",
    "two ends of line after the end": lambda data: data + b"\n",
    "two blanks in a section of the table": _first(rb"xref\n0 (\d+)", rb"xref\n0  \1"),
    "the table begins on the line of its keyword": _first(rb"xref\n0 ", b"xref 0 "),
    "two blanks in an object's head": _first(rb"\n2 0 obj", b"\n2  0 obj"),
    "object on the line of its head": _first(rb"\n2 0 obj\n", b"\n2 0 obj "),
    "no end of line before endobj": _first(rb"\nendobj", b" endobj"),
    "no end of line after endobj": _first(rb"endobj\n\n?", b"endobj "),
    "stream after a carriage return": _first(rb"stream\n", b"stream\r"),
    "stream on the line of its keyword": _first(rb"stream\n", b"stream "),
    "no end of line before endstream": _first(rb"\nendstream", b"endstream"),
    "wrong length": _first(rb"/Length 1(\d+)", rb"/Length 2\1"),
}


def _sound(path: Path) -> bool:
    with pikepdf.open(path, inherit_page_attributes=False) as pdf:
        return sound(path.read_bytes(), pdf)


@pytest.mark.parametrize("data", [PLAIN, PACKED, LINEAR], ids=["table", "object streams", "linearized"])
def test_good_files_are_sound(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "good.pdf").write_bytes(data)
    assert _sound(tmp_path / "good.pdf")


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(FAULTS[fault](PLAIN))
    assert not _sound(path)


def test_the_reference_validator_agrees(tmp_path: Path) -> None:
    """The faults are faults, the good files good: the two tests above mean something."""
    for name, data in {"table": PLAIN, "packed": PACKED, "linear": LINEAR}.items():
        (tmp_path / f"good {name}.pdf").write_bytes(data)
    for name, change in FAULTS.items():
        (tmp_path / f"bad {name}.pdf").write_bytes(change(PLAIN))
    verdicts = {p.stem: bool(v) for p, v in verapdf(sorted(tmp_path.iterdir())).items()}
    assert all(verdicts[name] for name in verdicts if name.startswith("good"))
    forgiven = {"bad two blanks in a section of the table", "bad the table begins on the line of its keyword"}  # being stricter does no harm
    assert {n for n in verdicts if n.startswith("bad") and verdicts[n]} <= forgiven
