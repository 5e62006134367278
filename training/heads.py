"""Lines of letterheads with a number or a date in them, printed, written or stamped, as strips for the reader of digits."""

from __future__ import annotations

import io
import random
import tarfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from pipeline.handwriting.reader import normalised
from training.fonts import Face, loaded, pick
from training.lines import degraded
from training.strokes import Hand, written

Float = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]
#: Called with digits and the cap height (px): ink (HxW, 0..1), its baseline and the codes.
Writer = Callable[[str, float], tuple[Float, float, str]]

#: Share of lines that are scanned as they should be.
CLEAN = 0.5


def _words() -> dict[str, tuple[str, ...]]:
    read = tomllib.loads((Path(__file__).parent / "data/heads.toml").read_text(encoding="utf-8"))
    return {name: tuple(items.replace("\n", "").split("|")) for name, items in read.items()}


WORDS = _words()
LABELS, PLACES, SYMBOLS, OTHERS = (WORDS[name] for name in ("labels", "places", "symbols", "others"))


@dataclass(frozen=True)
class Sources:
    """Where digits that are not print come from."""

    fonts: tuple[str, ...]  #: files of handwriting typefaces
    digits: npt.NDArray[np.uint8]  #: Nx8x8, 0..16: scikit-learn's digits of 43 people
    labels: npt.NDArray[np.int64]  #: N, 0..9


def _cap(path: str, size: int) -> float:
    return -_cap_of(path, size)


@cache
def _cap_of(path: str, size: int) -> float:
    return float(loaded(path, size).getbbox("H", anchor="ls")[1])


class Line:
    """A line being set: ink on a canvas, a pen that goes right, and what a reader should say of it."""

    def __init__(self, rng: random.Random, cap: float, face: Face, long: int) -> None:
        self.rng, self.cap, self.face = rng, cap, face
        self.size = 20
        self.size = max(8, round(20 * cap / _cap(face.path, 20)))
        self.font = loaded(face.path, self.size)
        self.baseline = round(2.9 * cap)
        self.ink = np.zeros((round(5.2 * cap), long), np.float32)
        self.x = cap * rng.uniform(0.2, 2.0)
        self.said: list[tuple[float, str]] = []

    def type(self, text: str, code: str = "", font: object = None) -> None:
        """Prints a word; `code` is what is to be said of it, the text itself by default."""
        font = font or self.font
        box = font.getbbox(text, anchor="ls")  # type: ignore[attr-defined]
        w, h = int(box[2] - min(0, box[0])) + 2, int(box[3] - box[1]) + 2
        tile = Image.new("L", (w, h), 0)
        ImageDraw.Draw(tile).text((-min(0, box[0]), -box[1]), text, font=font, fill=255, anchor="ls")
        self.lay(np.asarray(tile, np.float32) / 255, self.x + min(0, box[0]), self.baseline + box[1])
        length = font.getlength(text)  # type: ignore[attr-defined]
        code = code or text
        for k, c in enumerate(code):
            self.said.append((self.x + length * (k + 0.5) / len(code), c))
        self.x += length

    def lay(self, ink: Float, x: float, y: float) -> None:
        x0, y0 = round(x), round(y)
        a, b, c, d = max(0, -x0), max(0, -y0), min(ink.shape[1], self.ink.shape[1] - x0), min(ink.shape[0], self.ink.shape[0] - y0)
        if c > a and d > b:
            spot = self.ink[y0 + b : y0 + d, x0 + a : x0 + c]
            np.maximum(spot, ink[b:d, a:c], out=spot)

    def space(self, caps: float) -> None:
        self.x += caps * self.cap

    def words(self, text: str) -> None:
        for k, word in enumerate(text.split()):
            if k:
                self.space(self.rng.uniform(0.3, 0.5))
            self.type(word, "W")

    def leader(self, start: float, end: float) -> None:
        """Dots to write on."""
        dot, pitch = max(1, round(0.09 * self.cap)), self.cap * self.rng.uniform(0.25, 0.5)
        y = round(self.baseline + self.cap * self.rng.uniform(-0.12, 0.1))
        x = start
        while x < end:
            self.ink[y : y + dot, round(x) : round(x) + dot] = self.rng.uniform(0.7, 1)
            x += pitch

    def said_text(self) -> str:
        return "".join(c for _, c in sorted(self.said, key=lambda s: s[0]))


@dataclass(frozen=True)
class Scan:
    """A line as it was scanned."""

    grey: Grey  #: HxW
    baseline: float  #: px
    cap: float  #: height of a capital, px
    said: str  #: what stands on it, in the reader's codes


def line(rng: random.Random, sources: Sources, faces: Sequence[Face] | None = None) -> tuple[Float, str]:
    """A strip as `reader.normalised` makes them (float32), its size and place a little off, and what stands on it in the reader's codes."""
    scan = scanned(rng, sources, faces)
    guess = scan.cap * rng.uniform(0.86, 1.18)
    base = scan.baseline + scan.cap * rng.gauss(0, 0.07)
    return normalised(scan.grey, (0, scan.grey.shape[1]), base, guess), scan.said


def scanned(rng: random.Random, sources: Sources, faces: Sequence[Face] | None = None) -> Scan:
    gen = np.random.default_rng(rng.getrandbits(63))
    dpi = rng.choices((200, 300, 150, rng.randint(160, 320)), (60, 20, 8, 12))[0]
    cap = 0.66 * rng.uniform(11.5, 14.8) * dpi / 72
    kind = rng.choices((_number, _date, _other), (48, 44, 8))[0]
    date = kind is _date
    face = pick(rng, bold=rng.random() < 0.06, italic=rng.random() < (0.85 if date else 0.08), among=tuple(faces) if faces else None)
    drawn = Line(rng, cap, face, round((34 if date else 22) * cap))
    kind(drawn, sources)
    end = min(drawn.ink.shape[1], round(drawn.x + cap * rng.uniform(0.2, 2.5)))
    ink = _company(drawn.ink[:, :end], drawn, rng)
    ink = _turned(ink, rng)
    grey = _clean(ink, dpi, rng, gen) if rng.random() < CLEAN else degraded(ink, dpi, rng, gen)[0]
    return Scan(grey, drawn.baseline, cap, drawn.said_text())


def _clean(ink: Float, dpi: int, rng: random.Random, gen: np.random.Generator) -> Grey:
    """What a good office scanner makes of good paper: sharp bilevel, or grey with a little noise."""
    page = 1 - cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.3, 0.7) * dpi / 200)
    page = page + gen.standard_normal(ink.shape, dtype=np.float32) * rng.uniform(0.0, 0.05)
    if rng.random() < 0.7:
        return np.where(page > rng.uniform(0.4, 0.7), 255, 0).astype(np.uint8)
    black = rng.uniform(10, 100)
    return np.clip(black + page * (rng.uniform(225, 255) - black), 0, 255).astype(np.uint8)


def _number(at: Line, sources: Sources) -> None:
    rng = at.rng
    if rng.random() < 0.94:
        at.type(rng.choice(LABELS), "S")
    party = rng.random() < 0.04
    digits = a_number(rng)
    symbol = rng.choice(SYMBOLS)
    roll = rng.random()
    if roll < 0.22:
        at.space(rng.choice((0.0, rng.uniform(0, 0.6), 0.35)))
        at.type(digits)
        if rng.random() < 0.1:
            at.space(rng.uniform(0.2, 1.0))
    elif roll < 0.30:
        blank = rng.uniform(0.6, 6) * at.cap
        if rng.random() < 0.4:
            at.leader(at.x, at.x + blank)
        at.x += blank
    else:
        _filled(at, digits, sources, rng.uniform(1.2, 6))
        if rng.random() < 0.01:
            at.space(0.1)
            at.type(rng.choice("abAB"), "W", loaded(rng.choice(sources.fonts), at.size))
    if rng.random() < 0.05:
        return
    if party:
        at.type("-" + symbol.replace("-", "/"), "W")
    elif rng.random() < 0.14:
        at.type("/")
        at.type(str(rng.randint(2005, 2027)))
        at.type("/")
        at.type(symbol, "W")
    else:
        at.type("/" + symbol, "/W") if rng.random() < 0.9 else _parted(at, symbol)


def _parted(at: Line, symbol: str) -> None:
    at.type("/")
    at.space(at.rng.uniform(0, 0.4))
    first, _, rest = symbol.partition("-")
    at.type(first, "W")
    if rest:
        at.space(at.rng.uniform(0.2, 0.6))
        at.type("-" + rest, "W")


def _date(at: Line, sources: Sources) -> None:
    rng = at.rng
    if rng.random() < 0.7:
        place = rng.choice(PLACES).split()
        at.words(" ".join(place[rng.randrange(len(place)) if rng.random() < 0.5 else 0 :]) + ",")
        at.space(rng.uniform(0.25, 0.6))
    day = rng.randint(1, 31)
    month = rng.randint(1, 12)
    day_text = f"{day:02d}" if rng.random() < 0.75 else str(day)
    month_text = f"{month:02d}" if month < 3 or rng.random() < 0.4 else str(month)
    year = str(rng.randint(2010, 2027))
    day_by, month_by = rng.choices(
        (("pen", "print"), ("pen", "pen"), ("print", "print"), ("", "print"), ("", ""), ("print", "pen"), ("pen", "")), (42, 24, 18, 6, 4, 3, 3)
    )[0]
    hand = _a_writer(rng, sources)
    if rng.random() < 0.92:
        at.type(rng.choice(("ngày", "ngày", "ngày", "Ngày")), "N")
    if rng.random() < 0.04:
        at.space(0.35)
        at.type(f"{day_text}/{month_text}/{year}")
        return
    _slot(at, day_text, day_by, hand, 4, sources)
    at.type("tháng", "T")
    _slot(at, month_text, month_by, hand, 4, sources)
    at.type("năm", "Y")
    roll = rng.random()
    if roll < 0.84:
        at.space(rng.uniform(0.25, 0.6))
        at.type(year)
    elif roll < 0.93:
        keep = rng.choice((2, 3, 3))
        at.space(rng.uniform(0.25, 0.6))
        at.type(year[:keep])
        _filled(at, year[keep:], sources, 0.6, hand)
    elif roll < 0.97:
        _filled(at, year, sources, 2.5, hand)


def _slot(at: Line, text: str, by: str, hand: Writer, widest: float, sources: Sources) -> None:
    rng = at.rng
    if by == "print":
        at.space(rng.uniform(0.25, 0.55))
        at.type(text)
        at.space(rng.uniform(0.25, 0.55))
    elif by == "pen":
        _filled(at, text, sources, rng.uniform(0.5, widest), hand)
    else:
        blank = rng.uniform(0.4, widest) * at.cap
        if rng.random() < 0.35:
            at.leader(at.x + 0.2 * at.cap, at.x + blank)
        at.x += blank


def _other(at: Line, sources: Sources) -> None:
    rng = at.rng
    for k in range(rng.randint(1, 4)):
        if k:
            at.space(rng.uniform(0.3, 0.6))
        roll = rng.random()
        if roll < 0.6:
            at.words(rng.choice(OTHERS))
        elif roll < 0.8:
            at.type(str(rng.randint(1, 2500)))
        else:
            _filled(at, a_number(rng), sources, 1)


def a_number(rng: random.Random) -> str:
    size = rng.choices((1, 2, 3, 4, 5), (7, 28, 34, 27, 4))[0]
    if size == 1:
        return str(rng.randint(1, 9))
    if size == 2 and rng.random() < 0.3:
        return f"{rng.randint(1, 9):02d}"
    return str(rng.randint(10 ** (size - 1), 10**size - 1))


def _filled(at: Line, digits: str, sources: Sources, blank: float, hand: Writer | None = None) -> None:
    """`digits` by hand or stamp in a place `blank` caps wide, or as much wider as they need; they may touch what stands before and after."""
    rng = at.rng
    hand = hand or _a_writer(rng, sources)
    ink, base, codes = hand(digits, at.cap)
    if rng.random() < 0.35:  # pale ink
        ink = ink * rng.uniform(0.45, 1.0)
    columns = np.flatnonzero(ink.max(axis=0) > 0.15)
    left, right = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, ink.shape[1])
    ink = ink[:, left:right]
    room = blank * at.cap
    wide = right - left
    tight = rng.uniform(-0.1, 0.35) * at.cap
    if wide + 2 * tight > room:
        room = wide + 2 * tight
        start = at.x + tight
    else:
        start = at.x + rng.uniform(0, room - wide) * rng.choice((0.4, 1.0))
    if rng.random() < 0.12:
        at.leader(at.x, at.x + room)
    at.lay(ink, start, at.baseline - base - rng.gauss(0.02, 0.1) * at.cap)
    for k, code in enumerate(codes):
        at.said.append((max(at.x + 0.01 * k, min(start + wide * (k + 0.5) / len(codes), at.x + room - 0.01 * (len(codes) - k))), code))
    at.x += room


def _a_writer(rng: random.Random, sources: Sources) -> Writer:
    """Somebody who fills in: by pen (drawn, a typeface, people's digits enlarged) or with a numbering stamp."""
    tall = rng.choice((rng.uniform(0.85, 1.2), rng.uniform(1.0, 1.6)))
    roll = rng.random()
    hand = Hand.any(rng)
    path = rng.choice(sources.fonts) if sources.fonts else ""
    style = rng.uniform(-0.15, 0.25), rng.uniform(-0.05, 0.25), rng.uniform(0.75, 1.25)
    stamp = pick(rng, bold=rng.random() < 0.7, italic=False)

    def draw(digits: str, cap: float) -> tuple[Float, float, str]:
        height = tall * cap
        if roll < 0.58 or not path:
            ink, base = written(digits, hand, height)
        elif roll < 0.82:
            ink, base = _typed(digits, path, height, rng, style, 0.05)
        elif roll < 0.91:
            ink, base = _scanned(digits, height, rng, sources)
        else:
            ink, base = _typed(digits, stamp.path, min(height, 1.25 * cap), rng, (0.0, rng.uniform(0.02, 0.7), rng.uniform(0.8, 1.1)), 0.025)
        return ink, base, "".join(chr(ord("a") + int(d)) for d in digits)

    return draw


def _typed(digits: str, path: str, height: float, rng: random.Random, style: tuple[float, float, float], dance: float) -> tuple[Float, float]:
    """Digits of a typeface, each a little turned, sheared and off the line."""
    slant, gap, stretch = style
    font = loaded(path, 40)
    tops = [font.getbbox(d, anchor="ls") for d in "05"]
    scale = height / max(8.0, -min(t[1] for t in tops))
    pad = 0.5 * height
    out = np.zeros((round(height + 2 * pad), round(pad * 2 + len(digits) * height * 1.6)), np.float32)
    x = pad
    for d in digits:
        box = font.getbbox(d, anchor="ls")
        w, h = int(box[2] - box[0]) + 6, int(box[3] - box[1]) + 6
        tile = Image.new("L", (w, h), 0)
        ImageDraw.Draw(tile).text((3 - box[0], 3 - box[1]), d, font=font, fill=255, anchor="ls")
        s = scale * rng.uniform(0.92, 1.1)
        sx, shear, turn = s * stretch * rng.uniform(0.92, 1.08), slant + rng.gauss(0, 0.03), rng.gauss(0, dance)
        base = 3 - box[1]
        y = pad + height + rng.gauss(0, dance) * height
        m = np.array([[sx, -shear * s + turn * s, 0], [-turn * sx, s, 0]], np.float32)
        origin = m[:, :2] @ np.array([0, base], np.float32)
        m[:, 2] = np.array([x, y], np.float32) - origin
        layer = cv2.warpAffine(
            np.asarray(tile, np.float32) / 255, m, (out.shape[1], out.shape[0]), flags=cv2.INTER_AREA if s < 0.7 else cv2.INTER_LINEAR
        )
        np.maximum(out, layer, out=out)
        x += (box[2] - box[0]) * sx + max(gap * height, 0.06 * height - 0.2 * (box[2] - box[0]) * sx)
    roll = rng.random()
    if roll < 0.25 and height > 14:
        out = np.asarray(cv2.dilate(out, np.ones((2, 2), np.uint8)), np.float32)
    return out[:, : round(x + pad)], pad + height


def _scanned(digits: str, height: float, rng: random.Random, sources: Sources) -> tuple[Float, float]:
    """Digits of people, enlarged."""
    pad = 0.5 * height
    out = np.zeros((round(height + 2 * pad), round(pad * 2 + len(digits) * height * 1.5)), np.float32)
    x, gap, level, slant = pad, rng.uniform(-0.05, 0.3), rng.uniform(6.5, 9.5), rng.gauss(0.05, 0.1)
    for d in digits:
        tile = sources.digits[rng.choice(np.flatnonzero(sources.labels == int(d)))].astype(np.float32)
        big = cv2.resize(np.pad(tile, 1), (60, 60), interpolation=cv2.INTER_CUBIC)
        big = np.clip((big - level) / 3 + 0.5, 0, 1)
        ys, xs = np.flatnonzero(big.max(1) > 0.5), np.flatnonzero(big.max(0) > 0.5)
        big = big[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
        s = height / big.shape[0]
        m = np.array([[s * 0.85, -slant * s, x + slant * height], [0, s, pad + rng.gauss(0, 0.04) * height]], np.float32)
        np.maximum(out, cv2.warpAffine(cv2.blur(big, (3, 3)) if s < 0.5 else big, m, (out.shape[1], out.shape[0])), out=out)
        x += big.shape[1] * s * 0.85 + gap * height
    return out[:, : round(x + pad)], pad + height


def _company(ink: Float, at: Line, rng: random.Random) -> Float:
    """What else may come into a strip: lines above and below, a rule, an arrival stamp across, specks of dirt."""
    h, w = ink.shape
    cap, base = at.cap, at.baseline
    for offset in (-rng.uniform(1.75, 2.6), rng.uniform(1.75, 2.6)):
        if rng.random() < 0.25:
            other = Line(rng, cap, at.face, w)
            other.baseline = round(base + offset * cap)
            other.x = rng.uniform(-4, 0.6 * w / cap) * cap
            other.words(rng.choice(OTHERS))
            ink = np.maximum(ink, other.ink[:h])
    if rng.random() < 0.12:
        y = round(base - cap * rng.uniform(1.3, 1.7))
        x = rng.randrange(w)
        ink[max(0, y) : y + max(1, round(0.06 * cap)), x : x + round(rng.uniform(3, 8) * cap)] = 1
    if rng.random() < 0.07:
        layer = np.zeros_like(ink)
        big = loaded(pick(rng, bold=rng.random() < 0.5, italic=False).path, round(cap * rng.uniform(1.3, 2.0)))
        tile = Image.new("L", (w, h), 0)
        place = rng.uniform(-0.2, 0.9) * w, base + rng.uniform(-1.2, 1.6) * cap
        ImageDraw.Draw(tile).text(place, rng.choice(("CÔNG VĂN ĐẾN", "ĐẾN", "VĂN PHÒNG", "Số:")), font=big, fill=255, anchor="ls")
        layer = np.maximum(layer, np.asarray(tile, np.float32) / 255)
        x, y = round(rng.uniform(0, w)), round(base + rng.uniform(-1.8, 0.8) * cap)
        thick = max(1, round(0.1 * cap))
        layer[max(0, y) : y + thick, x:] = 1
        layer[max(0, y) :, x : x + thick] = 1
        ink = np.maximum(ink, layer * rng.uniform(0.5, 1))
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, 8)):
            size = max(1, round(rng.uniform(0.03, 0.16) * cap))
            y, x = rng.randrange(h), rng.randrange(w)
            ink[y : y + size, x : x + max(1, round(size * rng.uniform(0.5, 2)))] = rng.uniform(0.5, 1)
    return ink


def _turned(ink: Float, rng: random.Random) -> Float:
    h, w = ink.shape
    m = cv2.getRotationMatrix2D((w / 2, h / 2), rng.gauss(0, 0.25), 1.0)
    return np.asarray(cv2.warpAffine(ink, m, (w, h), flags=cv2.INTER_LINEAR), np.float32)


def scanned_digits(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Digits of 43 people (Alpaydin and Kaynak, UCI, CC BY 4.0) from scikit-learn's `digits.csv.gz`: Nx8x8 of 0..16, and which they are."""
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :64].reshape(-1, 8, 8).astype(np.uint8), rows[:, 64].astype(np.int64)


def handwriting_fonts(folder: Path) -> tuple[str, ...]:
    """Typefaces in `folder`; those in packages of Fontsource (`*.tgz`, see `data/hands.txt`) are unpacked beside them first."""
    from fontTools.ttLib import TTFont

    for package in sorted(folder.glob("*.tgz")):
        name = package.name.removeprefix("fontsource-").rsplit("-", 1)[0]
        with tarfile.open(package) as files:
            found = files.extractfile(f"package/files/{name}-latin-400-normal.woff")
            if found and not (folder / f"{name}.ttf").exists():
                font = TTFont(io.BytesIO(found.read()))
                font.flavor = None
                font.save(folder / f"{name}.ttf")
    return tuple(str(p) for p in sorted(folder.glob("*.[to]tf")))
