"""Numbers and days by pen or stamp: found where print leaves room for them, read when sure, never guessed."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import MissingTool
from pipeline.handwriting import blanks, places, reader
from pipeline.intake import recognise
from pipeline.order import line as line_of
from pipeline.page import process_page
from pipeline.records import Blank, Line, Page, Reading, Word
from pipeline.settings import Settings
from samples.sheet import FONT_FOLDERS
from training.strokes import WAYS, Hand, written

DPI, WIDTH, HEIGHT = 200.0, 1654, 2339
CAP = 25.0


@cache
def font(style: str, size: int = 37) -> ImageFont.FreeTypeFont:
    path = next(p for folder in FONT_FOLDERS if (p := folder / f"LiberationSerif-{style}.ttf").is_file())
    return ImageFont.truetype(str(path), size)


class Head:
    """The head of a letter being drawn, and what OCR would say of its print."""

    def __init__(self, seed: int = 1) -> None:
        self.image = Image.new("L", (WIDTH, HEIGHT), 255)
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[Line] = []
        rng = random.Random(seed)
        self.hand = replace(Hand.any(rng), slant=0.1, width=0.55, loose=0.03, gap=0.12, pen=0.09, dance=0.03)

    def print(self, x: float, y: int, text: str, style: str = "Regular", words: list[Word] | None = None) -> float:
        """Words from `x` on the baseline `y`; answers where they end."""
        for word in text.split():
            left, top, right, bottom = self.draw.textbbox((x, y), word, font=font(style), anchor="ls")
            self.draw.text((x, y), word, font=font(style), fill=0, anchor="ls")
            if words is not None:
                words.append(Word(word, (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT), 0.98))
            x += font(style).getlength(word + " ")
        return x

    def write(self, x: float, y: int, digits: str, height: float = 1.2 * CAP) -> float:
        """Digits by hand; answers where they end."""
        ink, base = written(digits, self.hand, height)
        columns = np.flatnonzero(ink.max(axis=0) > 0.2)
        ink = ink[:, columns[0] : columns[-1] + 1]
        at = np.asarray(self.image).copy()
        spot = at[round(y - base) : round(y - base) + ink.shape[0], round(x) : round(x) + ink.shape[1]]
        np.minimum(spot, (255 * (1 - ink)).astype(np.uint8), out=spot)
        self.image = Image.fromarray(at)
        self.draw = ImageDraw.Draw(self.image)
        return x + ink.shape[1]

    def end_line(self, words: list[Word]) -> None:
        self.lines.append(line_of(words))

    @property
    def grey(self) -> np.ndarray:
        return np.asarray(self.image)

    @property
    def reading(self) -> Reading:
        return Reading(tuple(self.lines))

    def found(self) -> tuple[Blank, ...]:
        return blanks.find(self.grey, DPI, self.reading)


def letter(number: str = "", day: str = "", month: str = "12", *, by_pen: str = "number day", seed: int = 1, room: float = 90) -> Head:
    """A letter's head; what `by_pen` does not name is printed, what is empty is left so."""
    head = Head(seed)
    y, z = 330, 330
    words: list[Word] = []
    head.print(200, 200, "UBND TỈNH MẪU", words=words)
    head.end_line(words)
    words = []
    x = head.print(220, y, "Số:", words=words)
    x = _part(head, x, y, number, "number" in by_pen, room, "Regular", words)
    head.print(x, y, "/QĐ-UBND", words=words)
    head.end_line(words)
    words = []
    x = head.print(820, z, "Hà Nội, ngày", "Italic", words)
    x = _part(head, x, z, day, "day" in by_pen, room, "Italic", words)
    x = head.print(x, z, "tháng", "Italic", words)
    x = _part(head, x, z, month, "month" in by_pen, room, "Italic", words)
    head.print(x, z, "năm 2026", "Italic", words)
    head.end_line(words)
    return head


def _part(head: Head, x: float, y: int, digits: str, by_pen: bool, room: float, style: str, words: list[Word]) -> float:
    if not by_pen:
        return head.print(x, y, digits, style, words)
    return max(x + room, head.write(x, y, digits) + 8 if digits else 0)


def texts(found: tuple[Blank, ...]) -> dict[str, str]:
    return {b.kind: b.text for b in found}


@pytest.mark.parametrize(("number", "day"), [("2276", "18"), ("729", "23"), ("09", "05"), ("5065", "21"), ("155", "10"), ("48", "30")])
def test_a_plainly_written_number_and_day_are_read(number: str, day: str) -> None:
    found = letter(number, day, seed=len(number) + int(day)).found()
    assert texts(found) == {"number": number, "day": day}
    assert all(b.ink and b.confidence > 0.9 for b in found)


def test_boxes_lie_where_the_pen_wrote() -> None:
    head = letter("", "")
    before = head.grey
    filled = letter("437", "26")
    for b in filled.found():
        left, top, right, bottom = b.box
        inside = np.zeros(before.shape, bool)
        inside[round(top * HEIGHT) : round(bottom * HEIGHT), round(left * WIDTH) : round(right * WIDTH)] = True
        label = filled.grey < 128
        assert label[inside].any()
        assert right - left < 0.12 and bottom - top < 0.03


def test_of_many_hands_half_are_read_and_none_is_wrong() -> None:
    right = wrong = places_seen = 0
    rng = random.Random(5)
    for seed in range(24):
        number, day = str(rng.randint(10, 3000)), f"{rng.randint(1, 31):02d}"
        head = letter(number, day, by_pen="number day", seed=seed)
        head.hand = Hand.any(random.Random(seed))
        found = texts(_rewritten(head, number, day).found())
        for kind, true in (("number", number), ("day", day)):
            places_seen += 1
            right += found.get(kind, "") == true
            wrong += found.get(kind, "") not in ("", true)
    assert wrong == 0
    assert right >= places_seen / 2


def _rewritten(head: Head, number: str, day: str) -> Head:
    """The same letter in the hand that `head` has now."""
    hand = head.hand
    fresh = Head.__new__(Head)
    fresh.__dict__.update(letter("", "", room=150).__dict__)
    fresh.hand = hand
    fresh.write(292, 330, number)
    fresh.write(1030, 330, day)
    return fresh


def test_print_is_left_to_the_reading() -> None:
    assert letter("2276", "18", by_pen="").found() == ()


def test_an_empty_place_is_open_and_has_no_ink() -> None:
    found = letter("", "", by_pen="number day").found()
    assert {(b.kind, b.text, b.ink) for b in found} == {("number", "", False), ("day", "", False)}


def test_dots_to_write_on_are_no_ink() -> None:
    head = letter("", "", by_pen="number day")
    for x in range(285, 365, 9):
        head.draw.rectangle((x, 328, x + 2, 330), fill=0)
    assert {b.kind: b.ink for b in head.found()}["number"] is False


def test_a_scrawl_is_ink_and_not_read() -> None:
    head = letter("", "17", by_pen="number day", room=120)
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(285, 390, 40), rng.uniform(295, 340, 40)])
    head.draw.line([tuple(p) for p in points], fill=0, width=3)
    number = next((b for b in head.found() if b.kind == "number"), None)
    assert number is None or (number.text == "" and number.ink)


def test_day_and_month_that_the_calendar_lacks_are_not_read() -> None:
    def sure(kind: str, text: str) -> Blank:
        return Blank(kind, (0, 0, 0.1, 0.1), text, 0.99, True)

    assert texts(blanks._possible([sure("day", "31"), sure("month", "02")], Reading())) == {"day": "", "month": ""}
    assert texts(blanks._possible([sure("day", "29"), sure("month", "02")], Reading())) == {"day": "29", "month": "02"}


def test_a_page_without_a_head_never_wakes_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> None:
        raise AssertionError

    monkeypatch.setattr(blanks, "reader", asked)
    head = Head()
    for y, text in ((300, "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ"), (360, "về công tác văn thư;")):
        words: list[Word] = []
        head.print(200, y, text, words=words)
        head.end_line(words)
    assert head.found() == ()
    assert blanks.find(head.grey, DPI, Reading()) == ()


def test_who_writes_is_no_label() -> None:
    assert not places.is_label("SỞ") and not places.is_label("Sở")
    assert all(places.is_label(t) for t in ("Số:", "Số", "số:", "Só:40G/TB-SYT", "S6:", "Số:23", "SỐ:"))


def test_number_and_date_that_ocr_has_joined_are_parted() -> None:
    head = letter("729", "23")
    number, date = head.lines[-2:]
    head.lines[-2:] = [line_of([*number.words, *date.words])]
    assert texts(head.found()) == {"number": "729", "day": "23"}


def test_lines_that_cite_or_tell_a_birth_are_no_head() -> None:
    def strips(text: str) -> list[str]:
        head = Head()
        words: list[Word] = []
        head.print(200, 420, text, words=words)
        head.end_line(words)
        return [s.kind for s in places.strips(head.reading, WIDTH, HEIGHT, DPI)]

    assert strips("Ngày, tháng, năm sinh: 01/10/2025") == []
    assert strips("số 48/QĐ-UBND ngày 05 tháng 3 năm 2020") == []
    assert strips("chào mừng ngày Thầy thuốc Việt Nam 27/02/2018") == []
    assert "number" in strips("Số: 48/QĐ-UBND")


def test_the_date_is_found_beside_the_number_where_ocr_read_nothing_of_it() -> None:
    head = letter("729", "23")
    head.lines = [line for line in head.lines if "ngày" not in line.text]
    assert texts(head.found()).get("day", "") in ("", "23")
    assert [s.kind for s in places.strips(head.reading, WIDTH, HEIGHT, DPI)] == ["number", "date"]


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=len(reader.PLAIN), max_size=len(reader.PLAIN)), min_size=1, max_size=2))
def test_all_that_two_columns_can_say_has_a_chance_of_one_in_all(rows: list[list[float]]) -> None:
    said = np.array(rows, np.float32)
    said /= said.sum(axis=1, keepdims=True)
    codes = reader.PLAIN[1:]
    whole = sum(reader.probability(said, "".join(t)) for n in range(len(rows) + 1) for t in itertools.product(codes, repeat=n))
    assert whole == pytest.approx(1, abs=1e-4)


@given(st.floats(-200, 2500), st.floats(1, 400), st.floats(-50, 2400), st.floats(8, 60))
def test_strips_beyond_the_page_are_paper(left: float, length: float, baseline: float, cap: float) -> None:
    page = np.full((HEIGHT, WIDTH), 230, np.uint8)
    strip = reader.normalised(page, (left, left + length), baseline, cap)
    assert strip.shape[0] == reader.HEIGHT and strip.shape[1] >= reader.STEP
    assert strip.min() > 0.9


@pytest.mark.parametrize("digit", sorted(WAYS))
def test_every_way_to_write_a_digit_leaves_ink_on_its_line(digit: str) -> None:
    for seed in range(6):
        ink, base = written(digit, Hand.any(random.Random(seed)), 40)
        rows = np.flatnonzero(ink.max(axis=1) > 0.3)
        assert 0.6 * 40 < rows[-1] - rows[0] < 1.7 * 40
        assert abs(rows[-1] - base) < 0.45 * 40


def test_a_broken_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "digits.onnx"
    path.write_bytes(b"none")
    with pytest.raises(MissingTool):
        reader.Reader(path)


def test_a_page_brings_its_blanks(tmp_path: Path) -> None:
    path = tmp_path / "letter.png"
    letter("729", "23").image.save(path, dpi=(200, 200))
    settings = Settings()
    page = process_page(recognise(path, path.name, settings), 1, settings)
    assert texts(page.blanks) == {"number": "729", "day": "23"}
    assert Page.from_json(page.to_json()).blanks == tuple(Blank.from_json(b.to_json()) for b in page.blanks)
