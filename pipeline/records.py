"""The records that travel through the house: frozen, JSON both ways, boxes relative to the upright page."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union

#: left, top, right, bottom as fractions 0..1 of the upright page (rotation and skew undone), top-left origin.
Box = tuple[float, float, float, float]

#: JSON keeps boxes and angles to this many decimals (0.05 px on a 600-dpi A3 page).
DECIMALS = 5

#: Why a page failed that lies with the machine or the moment, not with the paper: reading it again may go well.
PASSING = frozenset(
    (
        "not_readable", "ocr_bad_output", "ocr_crashed", "ocr_no_output", "ocr_timeout", "out_of_memory", "render_timeout",
        "worker_died", "worker_timeout",
    )
)  # fmt: skip

R = TypeVar("R", bound="Record")


class PageState(StrEnum):
    """Every page that came in leaves in exactly one of these."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BLANK = "blank"
    SEPARATOR = "separator"
    FAILED = "failed"
    SKIPPED = "skipped"


class Record:
    """Base of all records: `to_json` gives plain JSON values, `from_json` the equal record back."""

    def to_json(self) -> dict[str, Any]:
        out = self.__dict__.copy()
        for name, way in _outward(typing.cast(Any, type(self))):
            out[name] = way(out[name])
        return out

    @classmethod
    def from_json(cls: type[R], data: dict[str, Any]) -> R:
        """Unknown keys are ignored, missing ones take their default: an older reader reads a newer record."""
        names, ways = _backward(typing.cast(Any, cls))
        values = {name: data[name] for name in names if name in data}
        for name, way in ways:
            if name in values:
                values[name] = way(values[name])
        if len(values) < len(names):
            return cls(**values)
        made = object.__new__(cls)  # as unpickling does: `__init__` of a frozen record sets field by field, and a page has thousands
        made.__dict__.update(values)
        return made


@dataclass(frozen=True)
class Signature(Record):
    """A digital signature in a PDF, as the file says; it was not verified."""

    signer: str = ""  #: common name of the certificate, else the name that the signature gives; may be empty
    at: str = ""  #: ISO 8601, with zone where the file has one
    whole: bool = False  #: it counts every byte of the file: nothing was added after it


@dataclass(frozen=True)
class SourceFile(Record):
    """A file as it was received."""

    name: str  #: path relative to what was given, `/` between parts, NFC
    path: str  #: where it lies now
    sha256: str  #: lower-case hex of the whole file
    bytes: int
    media_type: str  #: by content: application/pdf, image/tiff, image/jpeg, image/png, image/jp2, image/heif
    extension: str  #: canonical suffix of the media type, without dot: pdf, tif, jpg, png, jp2, heic
    pages: int
    received: str = ""  #: ISO 8601 with zone, UTC
    signed: bool = False  #: a PDF with a digital signature: its bytes are never rewritten
    signatures: tuple[Signature, ...] = ()  #: in the order of the file's fields


@dataclass(frozen=True)
class Word(Record):
    text: str  #: NFC, no white space inside
    box: Box
    confidence: float  #: 0..1
    source: str = "ocr"  #: `ocr`, or `file` where the file itself carries the text
    raw: str = ""  #: what the network alone read, where context has changed it


@dataclass(frozen=True)
class Line(Record):
    words: tuple[Word, ...]
    box: Box

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences, weighted by their lengths; 0..1."""
        n = sum(len(w.text) for w in self.words)
        return sum(w.confidence * len(w.text) for w in self.words) / n if n else 0.0


@dataclass(frozen=True)
class Reading(Record):
    """What was read on a page: lines in reading order."""

    lines: tuple[Line, ...] = ()
    mean: float = 0.0  #: mean word confidence, 0..1
    p5: float = 0.0  #: 5th percentile of word confidence, 0..1
    valid: float = 0.0  #: share of words that are Vietnamese syllables, numbers or codes, 0..1
    engine: str = ""  #: e.g. `tesseract 5.3.0 vie`, `file` for a born-digital page
    settings: str = ""  #: the engine's settings in one line

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(w for line in self.lines for w in line.words)


@dataclass(frozen=True)
class Barcode(Record):
    format: str  #: zxing-cpp's name: QRCode, Code128, Code39, ...
    text: str  #: payload; may hold personal data, never logged
    box: Box


@dataclass(frozen=True)
class Blank(Record):
    """A place that a form of words leaves to the pen or the stamp (the number after `Số:`, day and month of a date), and what was read there."""

    kind: str  #: `number`, `day`, `month` or `year`
    box: Box  #: of the place
    text: str = ""  #: digits; empty: something stands there, or nothing, but it was not read for sure
    confidence: float = 0.0
    ink: bool = False  #: something is written there


@dataclass(frozen=True)
class Scan(Record):
    """A page of another file that shows a page, because its sheet was scanned again."""

    source: str  #: sha256 of that file
    number: int  #: of the page there


@dataclass(frozen=True)
class Page(Record):
    """One page of a source."""

    number: int  #: from 1, within its source
    state: PageState
    reason: str = ""  #: a message key in words (`low_confidence`, `no_ink`, `render_timeout` ...), empty for a good page
    advice: str = ""  #: `rescan`, or empty
    width: int = 0  #: px of the upright page
    height: int = 0
    dpi: float = 0.0
    rotation: int = 0  #: clockwise quarter turns applied to what a viewer would show: 0, 90, 180, 270
    skew: float = 0.0  #: degrees counter-clockwise that were undone after the rotation
    ink: float = 0.0  #: share of dark pixels inside the margins, 0..1
    quality: float = 0.0  #: share of the words read that are expected to be right, 0..1; 0 where nothing was read, or the file itself had the text
    kind: str = "scan"  #: `scan`, `digital` (own text) or `mixed` (scan with vector text over it)
    reading: Reading = field(default_factory=Reading)
    barcodes: tuple[Barcode, ...] = ()
    blanks: tuple[Blank, ...] = ()  #: places filled in by hand or stamp, from the picture
    hash: str = ""  #: how the page looks, hexadecimal, see pipeline/hash.py; near hashes may be the same sheet scanned again
    scan: Scan | None = None  #: where its picture and its reading come from if its sheet was scanned again


@dataclass(frozen=True)
class Evidence(Record):
    """Why something was decided."""

    kind: str  #: e.g. title, symbol, cue, barcode, separator, folder, operator, text
    text: str  #: the cue or the matched words
    page: int = 0
    box: Box | None = None
    weight: float = 0.0


@dataclass(frozen=True)
class Field(Record):
    """A value found on a page."""

    value: str  #: normalised (ISO date, NFC)
    printed: str  #: as printed
    page: int
    box: Box
    confidence: float  #: 0..1
    source: str = "text"  #: `text`, `form` (beside its label), `barcode`, `mrz`, `handwriting`, `correction`
    open: Box | None = None  #: where the part stands that `value` leaves open


@dataclass(frozen=True)
class Part(Record):
    """One of several papers on the same page: two cards on one sheet, front and back."""

    type: str
    box: Box
    fields: dict[str, Field] = field(default_factory=dict)
    page: int = 0  #: the page it is on


@dataclass(frozen=True)
class Candidate(Record):
    """A dossier code that speaks for itself."""

    code: str
    evidence: Evidence
    rank: int  #: precedence: 1 separator sheet, barcode or QR; 2 operator or folder; 3 text of a receipt or control sheet; 4 text elsewhere
    repaired: bool = False  #: OCR confusions were undone to read it


@dataclass(frozen=True)
class Link(Record):
    """Which dossier a document belongs to, or why that is open."""

    code: str = ""  #: empty: unfiled
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[str, ...] = ()  #: other codes of the same dossier, or the candidates of a conflict
    review: str = ""  #: empty, or why a person has to look: `conflict`, `repaired_code`, `no_code`


@dataclass(frozen=True)
class Doubt(Record):
    """One thing about a document that a person has to look at."""

    reason: str  #: message key: `field_open`, `field_uncertain`, `field_missing`, `unknown_type`, `low_score` ...
    field: str = ""  #: `type`, or the name of a field; empty: the document as a whole
    page: int = 0
    box: Box | None = None
    candidates: tuple[str, ...] = ()  #: values between which to choose, best first


@dataclass(frozen=True)
class Citation(Record):
    """Another paper that a paper names by its number; numbers begin anew each year and in each office, so day and issuer count too."""

    reference: str  #: number and symbol, spelt as `Field` `reference` is
    type: str = ""  #: type id, where the words before the number say it
    issued_on: str = ""  #: ISO date, where it stands beside the number
    issuer: str = ""  #: as printed
    relation: str = ""  #: `answers`, `carries_out`, `follows`, `encloses`, `grounds`, or empty
    printed: str = ""
    page: int = 0
    box: Box | None = None
    confidence: float = 0.0


@dataclass(frozen=True)
class Document(Record):
    """One paper of a dossier, within one source."""

    pages: tuple[int, ...]  #: page numbers of its source, in order, blank and separator pages left out
    type: str = "khong_xac_dinh"
    score: float = 0.0  #: 0..1
    evidence: tuple[Evidence, ...] = ()
    runner_up: str = ""
    fields: dict[str, Field] = field(default_factory=dict)  #: reference, issued_on, issuer, subject, signer, ...
    link: Link = field(default_factory=Link)
    review: tuple[str, ...] = ()  #: reasons why a person has to look, message keys
    parts: tuple[Part, ...] = ()  #: the cards on its pages where there is more than one
    citations: tuple[Citation, ...] = ()  #: papers that it names
    doubts: tuple[Doubt, ...] = ()  #: what does not pass the gate, see `classifiers/gate.py`


@dataclass(frozen=True)
class Step(Record):
    """Provenance: what was done, by which tool and version, with which settings, when."""

    action: str
    tool: str
    version: str
    settings: str = ""
    at: str = ""  #: ISO 8601 UTC; the only part that differs between two equal runs


@dataclass(frozen=True)
class Failure(Record):
    """Why a source could not be read, or not wholly."""

    code: str  #: message key: encrypted, broken, empty, foreign, too_large, ...
    message: str


@dataclass(frozen=True)
class SourceRecord(Record):
    """All that is known of one source after reading, classifying and linking."""

    source: SourceFile
    pages: tuple[Page, ...] = ()
    documents: tuple[Document, ...] = ()
    steps: tuple[Step, ...] = ()
    error: Failure | None = None

    @property
    def worth_rereading(self) -> bool:
        """Whether a page failed for a reason that may have passed."""
        return any(p.reason in PASSING for p in self.pages)

    @property
    def counts(self) -> dict[str, int]:
        """Pages per state; their sum is the pages received."""
        return {s.value: sum(p.state is s for p in self.pages) for s in PageState}


#: How a value of some annotation becomes plain JSON, or comes back; None where it stays as it is.
_Way = Callable[[Any], Any] | None
#: The fields of a record whose values do not stay as they are.
_Ways = list[tuple[str, Callable[[Any], Any]]]


@cache
def _outward(cls: Any) -> _Ways:
    """Ways to plain JSON, worked out once: a page has thousands of values."""
    return [(name, way) for name, hint in typing.get_type_hints(cls).items() if (way := _out(hint))]


@cache
def _backward(cls: Any) -> tuple[tuple[str, ...], _Ways]:
    """All fields of a record, and the ways back."""
    hints = typing.get_type_hints(cls)
    return tuple(hints), [(name, way) for name, hint in hints.items() if (way := _back(hint))]


def _out(hint: Any) -> _Way:
    way = _inner(hint, _out)
    if way:
        return way
    if isinstance(hint, type) and issubclass(hint, Record):
        return Record.to_json
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return lambda value: value.value
    return _rounded if hint is float else None


def _rounded(value: Any) -> Any:
    """A whole number given for a measure stays one."""
    return round(value, DECIMALS) if isinstance(value, float) else value


def _box_out(value: Any) -> list[Any]:
    return [round(v, DECIMALS) if isinstance(v, float) else v for v in value]


def _box_back(value: Any) -> Box:
    left, top, right, bottom = value
    return float(left), float(top), float(right), float(bottom)


def _back(hint: Any) -> _Way:
    way = _inner(hint, _back)
    if way:
        return way
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return float if hint is float else None


def _inner(hint: Any, of: Callable[[Any], _Way]) -> _Way:
    """The way of a hint that holds others (`tuple[...]`, `dict[str, ...]`, `... | None`) by the way `of` each; None for any other hint."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    outward = of is _out
    if origin in (Union, types.UnionType):
        known = of(next(a for a in args if a is not type(None)))
        return (lambda value: None if value is None else known(value)) if known else _same
    if origin is tuple and args[-1] is Ellipsis:
        each = of(args[0]) or _same
        return (lambda value: [each(v) for v in value]) if outward else (lambda value: tuple([each(v) for v in value]))
    if origin is tuple and set(args) == {float}:  # a box, of which every word has one
        return _box_out if outward else _box_back
    if origin is tuple:
        ways = [of(a) or _same for a in args]
        made = list if outward else tuple
        return lambda value: made([way(v) for way, v in zip(ways, value, strict=True)])
    if origin is dict:
        inside = of(args[1]) or _same
        return lambda value: {k: inside(v) for k, v in value.items()}
    return None


def _same(value: Any) -> Any:
    return value
