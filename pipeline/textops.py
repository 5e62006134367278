"""Which of a PDF page's text is seen: walks its operators, tells print from the invisible layer of an earlier OCR, and takes that layer out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Object, Operator, Stream

from pipeline.pdffile import View, inherited, view
from pipeline.pdfscan import operators

_SHOW = frozenset(["Tj", "TJ", "'", '"'])
_INVISIBLE_MODES = (3, 7)
#: Font names of OCR layers (Tesseract, OCRmyPDF, ABBYY).
_INVISIBLE_FONTS = ("glyphless", "invisible", "hiddenhorzocr", "hiddenvertocr")
_COVERS = 0.3  #: an opaque image of this share of the page hides the text that was set before it
_DEPTH = 8
_MOST_OPERATORS = 200_000
#: A page with more bytes of operators, forms counted as often as they are painted, is a drawing; parsing takes 3 s a MiB at worst.
MOST_BYTES = 2 << 20


class TooManyOperators(ValueError):
    """The page is a drawing: its text is not worth the time it takes to find."""


@dataclass(frozen=True)
class Picture:
    """An image as painted: its place on the viewer's page (pt, y up), its share of it, what came before it."""

    box: tuple[float, float, float, float]
    share: float
    opaque: bool
    after: int


@dataclass
class Show:
    """One text-showing operator: where it begins, whether it leaves a mark, and its place in its stream."""

    stream: Operators
    index: int
    point: tuple[float, float]
    seen: bool
    length: int


@dataclass
class Operators:
    """A content stream taken apart."""

    owner: Object
    steps: list[Any]


@dataclass
class PageText:
    """All text of a page and the images among it."""

    view: View
    shows: list[Show] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    fonts: set[str] = field(default_factory=set)  #: base names of the fonts of visible text, without subset prefix
    streams: list[Operators] = field(default_factory=list)
    operators: int = 0
    size: int = 0  #: bytes of operators followed

    @property
    def visible(self) -> int:
        """Bytes of visible text."""
        return sum(s.length for s in self.shows if s.seen)

    @property
    def picture_share(self) -> float:
        """Share of the page under its images, 0..1 (stripes add up)."""
        return min(1.0, sum(p.share for p in self.pictures))

    def hide_covered(self) -> None:
        """Marks as unseen what an opaque image was painted over."""
        for at, show in enumerate(self.shows):
            if show.seen and any(p.opaque and p.after > at and p.share >= _COVERS and _inside(show.point, p.box) for p in self.pictures):
                show.seen = False


@dataclass
class _State:
    matrix: Matrix
    mode: int = 0
    font: str = ""
    leading: float = 0.0
    clear: bool = False  #: nothing painted now leaves a mark
    sheer: bool = False  #: paint lets through what lies below

    def copy(self) -> _State:
        return _State(self.matrix, self.mode, self.font, self.leading, self.clear, self.sheer)


def examine(page: Dictionary) -> PageText:
    """All text of `page`, flattened annotations included.

    Raises TooManyOperators, and pikepdf.PdfError, ValueError, TypeError or KeyError on operators that cannot be followed.
    """
    shown = view(page)
    out = PageText(shown)
    resources = inherited(page, "/Resources")
    _follow(page, page, resources if isinstance(resources, Dictionary) else Dictionary(), _State(shown.matrix), out, 0)
    out.hide_covered()
    return out


def strip(pdf: pikepdf.Pdf, page: Dictionary, text: PageText) -> None:
    """Takes unseen text and all images out of `page` of `pdf` (a copy: it is changed)."""
    for stream in text.streams:
        unseen = {s.index for s in text.shows if s.stream is stream and not s.seen}
        steps = [_replaced(step) if i in unseen else step for i, step in enumerate(stream.steps)]
        content = pikepdf.unparse_content_stream([step for step in steps if step is not None])
        if stream.owner is page:
            page.Contents = pdf.make_stream(content)
        else:
            stream.owner.write(content)
        resources = inherited(page, "/Resources") if stream.owner is page else stream.owner.get("/Resources")
        _drop_images(resources)


def _replaced(step: Any) -> Any:
    """What stays of an unseen show operator: `'` and `"` also begin a new line."""
    return ([], Operator("T*")) if str(step.operator) in ("'", '"') else None


def _drop_images(resources: Object | None) -> None:
    table = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    if isinstance(table, Dictionary):
        for name in [str(k) for k, v in table.items() if isinstance(v, Stream) and v.get("/Subtype") == Name.Image]:
            del table[name]


def _follow(owner: Object, page_or_form: Object, resources: Dictionary, state: _State, out: PageText, depth: int) -> None:
    content = operators(owner if isinstance(owner, Stream) else owner.get("/Contents"))
    out.size += MOST_BYTES + 1 if content is None else len(content)
    if out.size > MOST_BYTES:
        raise TooManyOperators
    stream = Operators(owner, list(pikepdf.parse_content_stream(page_or_form)))
    out.streams.append(stream)
    stack: list[_State] = []
    text = line = Matrix()
    for index, step in enumerate(stream.steps):
        out.operators += 1
        if out.operators > _MOST_OPERATORS:
            return
        op = str(step.operator)
        args: list[Any] = list(step.operands)
        if op == "q":
            stack.append(state.copy())
        elif op == "Q":
            state = stack.pop() if stack else state
        elif op == "cm" and len(args) == 6:
            state.matrix = _matrix(args) @ state.matrix
        elif op == "BT":
            text = line = Matrix()
        elif op == "Tm" and len(args) == 6:
            text = line = _matrix(args)
        elif op in ("Td", "TD") and len(args) == 2:
            if op == "TD":
                state.leading = -float(args[1])
            text = line = Matrix(1, 0, 0, 1, float(args[0]), float(args[1])) @ line
        elif op == "TL" and args:
            state.leading = float(args[0])
        elif op == "T*":
            text = line = Matrix(1, 0, 0, 1, 0, -state.leading) @ line
        elif op == "Tr" and args:
            state.mode = int(args[0])
        elif op == "Tf" and args:
            state.font = _font(resources, args[0])
        elif op == "gs" and args:
            _graphics_state(resources, args[0], state)
        elif op in _SHOW:
            if op in ("'", '"'):
                text = line = Matrix(1, 0, 0, 1, 0, -state.leading) @ line
            _show(stream, index, args, (text @ state.matrix).transform((0, 0)), state, out)
        elif op == "Do" and args:
            _paint(resources, args[0], state, out, depth)


def _show(stream: Operators, index: int, args: list[Any], point: tuple[float, float], state: _State, out: PageText) -> None:
    invisible = state.mode in _INVISIBLE_MODES or state.clear or any(name in state.font.lower() for name in _INVISIBLE_FONTS)
    parts = list(args[-1]) if args and isinstance(args[-1], Array) else args[-1:]
    length = sum(len(bytes(p)) for p in parts if isinstance(p, pikepdf.String))
    out.shows.append(Show(stream, index, (float(point[0]), float(point[1])), not invisible, length))
    if not invisible:
        out.fonts.add(state.font)


def _paint(resources: Dictionary, name: Any, state: _State, out: PageText, depth: int) -> None:
    table = resources.get("/XObject")
    thing = table.get(str(name)) if isinstance(table, Dictionary) else None
    if not isinstance(thing, Stream):
        return
    if thing.get("/Subtype") == Name.Image:
        corners = [state.matrix.transform(p) for p in ((0, 0), (0, 1), (1, 0), (1, 1))]
        xs, ys = [float(p[0]) for p in corners], [float(p[1]) for p in corners]
        x0, y0, x1, y1 = max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), out.view.width), min(max(ys), out.view.height)
        share = max(x1 - x0, 0.0) * max(y1 - y0, 0.0) / (out.view.width * out.view.height)
        opaque = not (state.sheer or state.clear or "/SMask" in thing or "/Mask" in thing or bool(thing.get("/ImageMask", False)))
        out.pictures.append(Picture((x0, y0, x1, y1), share, opaque, len(out.shows)))
    elif thing.get("/Subtype") == Name.Form and depth < _DEPTH:
        inner = state.copy()
        own = thing.get("/Matrix")
        if isinstance(own, Array) and len(own) == 6:
            inner.matrix = _matrix(list(own)) @ inner.matrix
        own_resources = thing.get("/Resources")
        _follow(thing, thing, own_resources if isinstance(own_resources, Dictionary) else resources, inner, out, depth + 1)


def _font(resources: Dictionary, name: Any) -> str:
    table = resources.get("/Font")
    font = table.get(str(name)) if isinstance(table, Dictionary) else None
    base = str(font.get("/BaseFont", "")).lstrip("/") if isinstance(font, Dictionary) else ""
    return base[7:] if base[6:7] == "+" else base


def _graphics_state(resources: Dictionary, name: Any, state: _State) -> None:
    table = resources.get("/ExtGState")
    entry = table.get(str(name)) if isinstance(table, Dictionary) else None
    if isinstance(entry, Dictionary):
        alpha = float(entry.get("/ca", 1))
        state.clear = alpha < 0.02
        state.sheer = alpha < 0.99 or entry.get("/SMask", Name("/None")) != Name("/None") or entry.get("/BM", Name.Normal) != Name.Normal


def _matrix(values: list[Any]) -> Matrix:
    return Matrix(*(float(v) for v in values))


def _inside(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
