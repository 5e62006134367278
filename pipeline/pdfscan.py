"""Tells whether a PDF page is one scan: walks its content for the image that covers it and for what is painted over that image."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Object, Stream

from pipeline.pdffile import View, inherited, view

_COVER = 0.90  #: an image is the page when it covers this share of it in both directions
_SQUARE = 0.003  #: largest shear of a placement that still counts as a quarter turn
_CONTENT_LIMIT = 2 << 20  #: a page with more bytes of operators is a drawing, not a scan; parsing takes 3 s a MiB at worst
_OPERATORS_LIMIT = 200_000
_FORM_DEPTH = 8
_BIG_OVERLAY = 0.25  #: an image over the scan that covers more of the page than this makes the page a composition
_HIDDEN_FLAGS = 0x02 | 0x20  #: annotation flags Hidden, NoView
_INVISIBLE_TEXT = (3, 7)  #: text rendering modes that leave no mark

_PAINT = {"f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh"}
_SHOW = {"Tj", "TJ", "'", '"'}
_FILL = {"g", "rg", "k", "sc", "scn"}

Rect = tuple[float, float, float, float]  #: x0, y0, x1, y1 on the viewer's page, pt, y up


@dataclass(frozen=True)
class Scan:
    """The image that is the page."""

    image: Stream
    matrix: Matrix  #: unit square to the viewer's page, pt, y up
    overlaid: bool  #: something visible lies over it or beside it
    notes: tuple[Rect, ...] = ()  #: annotations that leave a mark


@dataclass(frozen=True)
class Content:
    """What a page is made of."""

    view: View
    scan: Scan | None
    largest: int  #: px of the largest image it paints, decoded or not
    image_dpi: float  #: finest image that covers a twentieth of the page, where images cover at least half of it; else 0


@dataclass
class _Placed:
    image: Stream
    matrix: Matrix
    clip: Rect | None
    plain: bool  #: no transparency, no odd clip, no layer, and a stencil only in black
    dpi: float
    area: float  #: share of the page


@dataclass
class _State:
    matrix: Matrix
    clip: Rect | None = None
    odd_clip: bool = False
    text_mode: int = 0
    black: bool = True  #: fill colour
    white: bool = False
    clear: bool = False  #: transparency or a soft mask is on

    def copy(self) -> _State:
        return _State(self.matrix, self.clip, self.odd_clip, self.text_mode, self.black, self.white, self.clear)


@dataclass
class _Walk:
    page: View
    images: list[_Placed] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)  #: for each visible vector mark, how many images came before it
    operators: int = 0
    too_much: bool = False

    def mark(self) -> None:
        if not self.marks or self.marks[-1] != len(self.images):
            self.marks.append(len(self.images))


def examine(page: Dictionary) -> Content:
    """What the page is made of. A page that cannot be followed has no scan: it is then rendered as a whole."""
    shown = view(page)
    walk = _Walk(shown)
    try:
        content = operators(page.get("/Contents"))
        if content is None:
            return Content(shown, None, 0, 0.0)
        _follow(content, _resources(page), _State(shown.matrix), walk, 0)
        notes = _notes(page, shown)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RecursionError, zlib.error):
        return Content(shown, None, 0, 0.0)
    covered = sum(i.area for i in walk.images)
    dpi = max((i.dpi for i in walk.images if i.area > 0.05), default=0.0) if covered >= 0.5 else 0.0
    largest = max((int(i.image.get("/Width", 0)) * int(i.image.get("/Height", 0)) for i in walk.images), default=0)
    return Content(shown, None if walk.too_much else _scan(walk, notes), largest, dpi)


def heavy(page: Dictionary) -> bool:
    """Whether the page has more operators than are worth following, its own or those of the forms it names."""
    try:
        table = _resources(page).get("/XObject")
        things = [t for _, t in table.items()] if isinstance(table, Dictionary) else []
        forms = [t for t in things if isinstance(t, Stream) and t.get("/Subtype") == Name.Form]
        sizes = [operators(source) for source in (page.get("/Contents"), *forms)]
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError, zlib.error):
        return False
    return any(s is None for s in sizes) or sum(len(s) for s in sizes if s is not None) > _CONTENT_LIMIT


def _scan(walk: _Walk, notes: tuple[Rect, ...]) -> Scan | None:
    page = walk.page
    full = [i for i, p in enumerate(walk.images) if _covers(p.matrix, page, _COVER)]
    if not full:
        return None
    last = full[-1]
    base = walk.images[last]
    exact = _covers(base.matrix, page, 0.985)
    if not base.plain or not _square(base.matrix) or not _unclipped(base, page):
        return None
    if len(full) > 1 and base.image.get("/ImageMask", False):
        return None  # a background with a stencil over it: neither alone is the page
    over = walk.images[last + 1 :]
    if any(p.area > _BIG_OVERLAY or (p.area > 0.01 and p.dpi > 1.3 * base.dpi) for p in over):
        return None
    beneath = last > 0 or any(m <= last for m in walk.marks)
    overlaid = bool(notes or over) or any(m > last for m in walk.marks) or (beneath and not exact)
    return Scan(base.image, base.matrix, overlaid, notes)


def _follow(content: bytes, resources: Dictionary, state: _State, walk: _Walk, depth: int) -> None:
    """Runs the operators of one content stream."""
    with pikepdf.new() as scratch:
        stream = pikepdf.Stream(scratch, content)
        instructions = pikepdf.parse_content_stream(stream)
    stack: list[_State] = []
    path: list[tuple[float, float]] = []
    curved = clip_next = False
    for step in instructions:
        walk.operators += 1
        if walk.operators > _OPERATORS_LIMIT:
            walk.too_much = True
            return
        op = str(step.operator)
        args: list[Any] = list(step.operands)
        if op == "q":
            stack.append(state.copy())
        elif op == "Q":
            state = stack.pop() if stack else state
        elif op == "cm" and len(args) == 6:
            state.matrix = Matrix(*(float(a) for a in args)) @ state.matrix
        elif op == "Tr" and args:
            state.text_mode = int(args[0])
        elif op in _FILL:
            _fill(args, state)
        elif op == "gs" and args:
            _graphics_state(resources, args[0], state)
        elif op in {"m", "l"}:
            path.append(_point(args, state.matrix))
        elif op in {"c", "v", "y"}:
            curved = True
            path += [_point(args[k : k + 2], state.matrix) for k in range(0, len(args) - 1, 2)]
        elif op == "re" and len(args) == 4:
            x, y, w, h = (float(a) for a in args)
            path += [state.matrix.transform((px, py)) for px in (x, x + w) for py in (y, y + h)]
        elif op in {"W", "W*"}:
            clip_next = True
        elif op in _PAINT or op == "n":
            if op in _PAINT and (walk.images or not state.white):  # white is a background, or paints something out
                walk.mark()
            if clip_next and path:
                state.clip = _meet(state.clip, _bounds(path))
                state.odd_clip = state.odd_clip or curved
            path, curved, clip_next = [], False, False
        elif op in _SHOW:
            if state.text_mode not in _INVISIBLE_TEXT:
                walk.mark()
        elif op == "INLINE IMAGE":
            walk.mark()
        elif op == "Do" and args:
            _paint_object(resources, args[0], state, walk, depth)


def _paint_object(resources: Dictionary, name: object, state: _State, walk: _Walk, depth: int) -> None:
    table = resources.get("/XObject")
    thing = table.get(str(name)) if isinstance(table, Dictionary) else None
    if not isinstance(thing, Stream):
        return
    kind = thing.get("/Subtype")
    if kind == Name.Image:
        walk.images.append(_placed(thing, state, walk.page))
    elif kind == Name.Form and depth < _FORM_DEPTH:
        inner = state.copy()
        own = thing.get("/Matrix")
        if isinstance(own, Array) and len(own) == 6:
            inner.matrix = Matrix(*(float(v) for v in own)) @ inner.matrix
        if "/OC" in thing:
            inner.clear = True
        content = operators(thing)
        if content is None:
            walk.too_much = True
            return
        own_resources = thing.get("/Resources")
        _follow(content, own_resources if isinstance(own_resources, Dictionary) else resources, inner, walk, depth + 1)


def _placed(image: Stream, state: _State, page: View) -> _Placed:
    m = state.matrix
    width, height = int(image.get("/Width", 0)), int(image.get("/Height", 0))
    across, down = (m.a**2 + m.b**2) ** 0.5, (m.c**2 + m.d**2) ** 0.5
    dpi = max(width / across, height / down) * 72 if across > 0 and down > 0 else 0.0
    box = _meet(_bounds([m.transform(p) for p in ((0, 0), (0, 1), (1, 0), (1, 1))]), (0, 0, page.width, page.height))
    area = max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) / (page.width * page.height)
    stencil = bool(image.get("/ImageMask", False))
    plain = not (state.clear or state.odd_clip or "/SMask" in image or "/Mask" in image or "/OC" in image) and (state.black or not stencil)
    return _Placed(image, m, state.clip, plain, dpi, area)


def _covers(m: Matrix, page: View, share: float) -> bool:
    x0, y0, x1, y1 = _bounds([m.transform(p) for p in ((0, 0), (0, 1), (1, 0), (1, 1))])
    return min(x1, page.width) - max(x0, 0) > share * page.width and min(y1, page.height) - max(y0, 0) > share * page.height


def _square(m: Matrix) -> bool:
    upright = max(abs(m.b), abs(m.c)) <= _SQUARE * min(abs(m.a), abs(m.d))
    return upright or max(abs(m.a), abs(m.d)) <= _SQUARE * min(abs(m.b), abs(m.c))


def _unclipped(placed: _Placed, page: View) -> bool:
    """Whether the clip hides no more than a hair of what is seen of the image."""
    if placed.clip is None:
        return True
    shown = _meet(_bounds([placed.matrix.transform(p) for p in ((0, 0), (0, 1), (1, 0), (1, 1))]), (0, 0, page.width, page.height))
    kept = _meet(shown, placed.clip)
    slack = 0.005 * max(page.width, page.height)
    return all(abs(a - b) <= slack for a, b in zip(shown, kept, strict=True))


def _notes(page: Dictionary, shown: View) -> tuple[Rect, ...]:
    """Where annotations leave a mark on the page."""
    notes = page.get("/Annots")
    if not isinstance(notes, Array):
        return ()
    out = []
    for note in notes:
        if not isinstance(note, Dictionary) or note.get("/Subtype") == Name.Popup or int(note.get("/F", 0)) & _HIDDEN_FLAGS:
            continue
        looks = note.get("/AP")
        normal = looks.get("/N") if isinstance(looks, Dictionary) else None
        if isinstance(normal, Dictionary):  # one appearance per state
            normal = normal.get(str(note.get("/AS", "/Off")))
        box = note.get("/Rect")
        if not isinstance(normal, Stream) or not isinstance(box, Array) or len(box) != 4:
            continue
        x0, y0, x1, y1 = (float(v) for v in box)
        if abs(x1 - x0) > 1 and abs(y1 - y0) > 1 and _draws(normal):
            out.append(_bounds([_point(corner, shown.matrix) for corner in ((x0, y0), (x0, y1), (x1, y0), (x1, y1))]))
    return tuple(out)


def _draws(form: Stream) -> bool:
    content = operators(form)
    return content is None or any(w in content for w in (b"Do", b"Tj", b"TJ", b"'", b'"', b"sh", b"f", b"S", b"s", b"B", b"b", b"BI"))


def operators(source: Object | None) -> bytes | None:
    """Operators of a stream or of an array of streams; None where they are more than are worth following (2 MiB).

    Raises pikepdf.PdfError on a stream that cannot be decoded.
    """
    parts: Sequence[Object] = [source] if isinstance(source, Stream) else list(source) if isinstance(source, Array) else []
    out = b""
    for part in parts:
        if not isinstance(part, Stream):
            continue
        raw = part.read_raw_bytes()
        if part.get("/Filter") in (Name.FlateDecode, Name.Fl) and "/DecodeParms" not in part:
            inflater = zlib.decompressobj()
            try:
                data = inflater.decompress(raw, _CONTENT_LIMIT + 1)
            except zlib.error:
                data = part.read_bytes()
        elif "/Filter" in part and len(raw) > _CONTENT_LIMIT // 8:
            return None  # of these filters nothing tells beforehand how much they give
        else:
            data = part.read_bytes()
        out += data + b"\n"
        if len(out) > _CONTENT_LIMIT:
            return None
    return out


def _resources(page: Dictionary) -> Dictionary:
    found = inherited(page, "/Resources")
    return found if isinstance(found, Dictionary) else Dictionary()


def _fill(args: Sequence[Any], state: _State) -> None:
    try:
        values = [float(a) for a in args]
    except (TypeError, ValueError):
        values = []
    cmyk = len(values) == 4
    state.black = bool(values) and (values[3] > 0.9 if cmyk else max(values) < 0.1)
    state.white = bool(values) and (max(values) < 0.02 if cmyk else min(values) > 0.98)


def _graphics_state(resources: Dictionary, name: object, state: _State) -> None:
    table = resources.get("/ExtGState")
    entry = table.get(str(name)) if isinstance(table, Dictionary) else None
    if not isinstance(entry, Dictionary):
        return
    alpha = float(entry.get("/ca", 1))
    mask = entry.get("/SMask", Name("/None"))
    mode = entry.get("/BM", Name.Normal)
    state.clear = alpha < 0.99 or mask != Name("/None") or mode not in (Name.Normal, Name.Compatible)


def _point(args: Sequence[Any], m: Matrix) -> tuple[float, float]:
    x, y = m.transform((float(args[0]), float(args[1])))
    return float(x), float(y)


def _bounds(points: Sequence[tuple[float, float]]) -> Rect:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _meet(a: Rect | None, b: Rect) -> Rect:
    return b if a is None else (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
