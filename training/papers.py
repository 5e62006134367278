"""Papers as if they had been read, with their types: what the shipped model of types is fitted on, and its frozen truth.

    python -m training.papers /path/to/texts

Writes `papers.npz`, `truth.npz` and `types.npz` into `classifiers/data`. Three sources: the templates of `samples/` (lines and boxes as drawn), pages
put together from the phrases of `classifiers/types.toml`, and legal texts.
What a reader gets wrong is put in by chance. Only hashed counts of the pages go into `classifiers/data`, never their text.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from classifiers.kinds import UNKNOWN, Kind, catalogue
from classifiers.layout import Sheet
from classifiers.learning import BASE, TRUTH, Papers, fit_papers, measure, pack, unpack
from classifiers.model import DIM, SHIPPED, Features, features
from pipeline.records import Line, Page, PageState, Reading, Word
from samples import forms, letters, office
from samples.case import Case, Paper, make_case
from samples.sheet import MM
from samples.sheet import Sheet as Drawn
from samples.tiers import KINDS

Labelled = tuple[str, Page]

CHAR, TALL, PITCH = 0.0092, 0.0115, 0.0205  #: of typed pages: width of a letter, height of a word, distance of lines, as shares of the page
MOTTO = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
#: A page without a title of its own that is a paper's further page all the same.
FURTHER = {"gcn_qsdd": "gcn_qsdd_tiep"}
#: Templates beyond those of `samples/tiers.py`.
MORE: tuple[Callable[[Case], Paper], ...] = (
    lambda case: letters.cong_van(case, case.chance("which").randrange(3)),
    lambda case: letters.quyet_dinh(case, 0),
    lambda case: office.giay_tiep_nhan(case, case.chance("procedure").choice(list(office.PROCEDURES)), small=True),
    lambda case: forms.don_de_nghi(case, "cấp giấy phép xây dựng nhà ở riêng lẻ", "Nhà cũ xuống cấp, cần xây dựng lại"),
)

_CONFUSED = {
    "l": "1it", "1": "li", "i": "l1j", "o": "0ac", "0": "o", "m": "rn", "n": "uh", "u": "n", "h": "bn", "b": "h", "c": "eo", "e": "c", "t": "lf",
    "f": "t", "g": "q9", "d": "cl", "v": "y", "y": "v", "H": "II", "N": "H", "Đ": "D", "D": "Đ", "O": "0Q", "B": "8", "S": "5", "C": "G", "G": "C",
    "I": "l", "Ư": "U",
}  # fmt: skip
_FOLDED = str.maketrans("ăâđêôơưáàảãạếềểễệốồổỗộớờởỡợứừửữựíìỉĩịúùủũụ", "aadeoouaaaaaeeeeeoooooooooouuuuuiiiiiuuuuu")


def drawn(seed: str) -> Iterator[Labelled]:
    """A page of every template, drawn with the chances of `seed`; further pages of a paper are none of its type."""
    for draw in (*(d for d, _ in KINDS), *MORE):
        paper = draw(make_case(seed))
        for n, sheet in enumerate(paper.sheets):
            own = any(line.text.startswith("LỜI CHỨNG") for line in sheet.lines)
            yield (paper.type if n == 0 else "loi_chung" if own else FURTHER.get(paper.type, UNKNOWN)), page_of(sheet)


def sentences(folder: Path, rng: random.Random, count: int) -> list[str]:
    """Lines of running text out of the legal texts, to stand between what a composed page says of itself."""
    found: list[str] = []
    for path in sorted(folder.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for row in file:
                lines = [s for s in json.loads(row)["text"].split("\n") if 30 < len(s) < 400 and not s.isupper()]
                found += rng.sample(lines, min(len(lines), 60))
    return rng.sample(found, min(count, len(found)))


def page_of(sheet: Drawn) -> Page:
    """The lines of a drawn sheet as a page that was read; a line's letters are taken as equally wide."""
    wide, high = sheet.size[0] * MM, sheet.size[1] * MM
    lines = []
    for written in sheet.lines:
        left, top, right, bottom = written.box
        step = (right - left) / max(1, len(written.text)) / wide
        lines.append(_line(written.text.split(), left / wide, top / high, bottom / high, step))
    return _page(lines, round(wide), round(high))


def typed(rows: Sequence[str], *, top: float = 0.06, width: int = 1654, height: int = 2339) -> Page:
    """Rows of text as a page: a TAB parts left and right column, `^` centres, `>` puts into the right half, an empty row leaves room."""
    lines, y = [], top
    for row in rows:
        for text, middle in _cells(row):
            x = 0.12 if middle is None else max(0.02, middle - len(text) * CHAR / 2)
            if text:
                lines.append(_line(text.split(), x, y, y + TALL, CHAR))
        y += PITCH
        if y > 0.96:
            break
    return _page(lines, width, height)


def _cells(row: str) -> list[tuple[str, float | None]]:
    if "\t" in row:
        left, right = row.split("\t", 1)
        return [(left.strip(), 0.27), (right.strip(), 0.72)]
    if row[:1] in ("^", ">"):
        return [(row[1:].strip(), 0.5 if row[0] == "^" else 0.72)]
    return [(row.strip(), None)]


def _line(parts: Sequence[str], x: float, top: float, bottom: float, step: float) -> Line:
    words = []
    for part in parts:
        words.append(Word(part, (x, top, x + len(part) * step, bottom), 0.95))
        x += (len(part) + 1) * step
    return Line(tuple(words), (words[0].box[0], top, words[-1].box[2], bottom) if words else (x, top, x, bottom))


def _page(lines: Sequence[Line], width: int, height: int) -> Page:
    return Page(
        1, PageState.GOOD, width=width, height=height, dpi=200.0, reading=Reading(tuple(li for li in lines if li.words), 0.95, 0.9, 1.0, "typed")
    )


def noisy(page: Page, rng: random.Random, share: float) -> Page:
    """The page as a bad scan would be read: of its letters `share` wrong, marks lost, words glued, torn, lost, lines lost, specks read as letters."""
    lines = []
    for line in page.reading.lines:
        if rng.random() < share * 0.6:
            continue
        words: list[Word] = []
        for word in line.words:
            if rng.random() < share * 0.5:
                continue
            text = "".join(_misread(c, rng, share) for c in word.text)
            if not text:
                continue
            if words and rng.random() < share * 0.5:
                before = words.pop()
                words.append(Word(before.text + text, (*before.box[:2], *word.box[2:]), 0.7))
            elif len(text) > 3 and rng.random() < share * 0.4:
                cut = rng.randint(1, len(text) - 1)
                middle = word.box[0] + (word.box[2] - word.box[0]) * cut / len(text)
                words.append(Word(text[:cut], (*word.box[:2], middle, word.box[3]), 0.6))
                words.append(Word(text[cut:], (middle, *word.box[1:]), 0.6))
            else:
                words.append(Word(text, word.box, 0.9))
        if rng.random() < share and line.words:
            x, y = rng.random() * 0.8, line.box[1]
            words.append(Word("".join(rng.choices("ilrtvwXO.,:|~'", k=rng.randint(1, 4))), (x, y, x + 0.02, line.box[3]), 0.3))
        if words:
            lines.append(Line(tuple(words), line.box))
    return _page(lines, page.width, page.height)


def _misread(char: str, rng: random.Random, share: float) -> str:
    chance = rng.random()
    if chance < share * 0.5:
        return rng.choice(_CONFUSED.get(char, char) or char) if char in _CONFUSED else char.translate(_FOLDED)
    if chance < share * 0.6:
        return ""
    return char.translate(_FOLDED) if chance < share * 2 else char


_OFFICES = (
    ("ỦY BAN NHÂN DÂN", "PHƯỜNG MẪU AN", "UBND", "CHỦ TỊCH"), ("UBND TỈNH MẪU BẮC", "SỞ TÀI CHÍNH", "STC", "GIÁM ĐỐC"),
    ("SỞ Y TẾ", "TRUNG TÂM Y TẾ MẪU", "TTYT", "GIÁM ĐỐC"), ("BỘ MẪU VỤ", "CỤC QUẢN LÝ MẪU", "CQLM", "CỤC TRƯỞNG"),
    ("UBND HUYỆN MẪU ĐỨC", "PHÒNG NỘI VỤ", "PNV", "TRƯỞNG PHÒNG"), ("SỞ GIÁO DỤC VÀ ĐÀO TẠO", "TRƯỜNG THPT MẪU", "THPTM", "HIỆU TRƯỞNG"),
    ("TỈNH ĐOÀN MẪU", "BAN THƯỜNG VỤ", "ĐTN", "BÍ THƯ"), ("", "BẢO HIỂM XÃ HỘI TỈNH MẪU", "BHXH", "GIÁM ĐỐC"),
    ("TỔNG CỤC MẪU", "CHI CỤC THUẾ KHU VỰC", "CCT", "CHI CỤC TRƯỞNG"),
)  # fmt: skip


_LETTER_OPENS = (
    "Thực hiện Công văn số",
    "Căn cứ Nghị định số",
    "Phúc đáp Công văn số",
    "Ngày 05 tháng 3 năm 2025,",
    "Thực hiện ý kiến chỉ đạo của",
    "Nhận được Công văn số",
)


class Composer:
    """Pages put together from what `types.toml` says of a type, with sentences of `filler` between."""

    def __init__(self, filler: Sequence[str], rng: random.Random) -> None:
        self.filler, self.rng = filler, rng

    def page(self, kind: Kind) -> Page:
        """One first page of the type: its head, a title or none where it has none, some of its phrases and labels, sentences of other papers."""
        rng = self.rng
        office = kind.group in ("office", "legal")
        rows = self._head(kind) if office or rng.random() < 0.35 else ([] if rng.random() < 0.3 else [f"^{m}" for m in MOTTO])
        rows.append("")
        titles = kind.titles + kind.old
        if titles and rng.random() < 0.93:
            title = titles[min(int(rng.expovariate(0.8)), len(titles) - 1)]
            rows += [f"^{part}" for part in _broken(title, rng)]
        if kind.forms and rng.random() < 0.5:
            rows.insert(0, f">Mẫu số {rng.choice(kind.forms)}")
        if kind.id in ("cong_van", "to_trinh", "bao_cao") and rng.random() < 0.7:
            rows.append(f"{rng.choice(_LETTER_OPENS)} {self._sentence(70)}")
        if office and kind.id != "cong_van":
            rows += [f"^{rng.choice(('Về việc', 'V/v', ''))} {self._sentence(50)}".replace("^ ", "^"), ""]
        if kind.id in ("cong_van", "to_trinh", "giay_moi", "thu_moi") or (not office and rng.random() < 0.3):
            rows.append(
                f"^Kính gửi: {rng.choice(('Các phòng, ban, đơn vị', 'Ủy ban nhân dân phường', 'Các cơ quan, đơn vị trực thuộc', 'Sở Nội vụ'))}"
            )
        said = rng.sample(kind.cues, rng.randint(min(1, len(kind.cues)), len(kind.cues))) if kind.cues else []
        said += [catalogue().fields[f][0] for f in kind.fields if rng.random() < 0.5]
        said += [x for x in (*kind.holder, *kind.dated, *kind.numbered) if rng.random() < 0.4]
        body = [f"{c}{rng.choice((':', '', ': …………'))} {self._sentence(rng.choice((0, 20, 40)))}" for c in said]
        body += [self._sentence(88) for _ in range(rng.randint(0, 14) if office else rng.randint(0, 5))]
        rng.shuffle(body)
        return typed([*rows, *body, *(self._foot() if rng.random() < 0.5 else [])], top=rng.uniform(0.03, 0.09))

    def further(self) -> Page:
        """A page that goes on: sentences, now and then an annex's head, a table, a foot."""
        rng = self.rng
        rows = ["^" + rng.choice(("2", "3", "- 2 -", ""))]
        if rng.random() < 0.2:
            rows += [
                f"^PHỤ LỤC {rng.choice(('I', 'II', '01', ''))}",
                f"^(Kèm theo {rng.choice(('Quyết định', 'Công văn', 'Kế hoạch'))} số 12/ABC ngày 01/02/2026)",
            ]
        if rng.random() < 0.3:
            rows += [
                "STT Nội dung Đơn vị Số lượng Ghi chú",
                *(f"{n} {self._sentence(40)} {rng.randint(1, 900)}" for n in range(1, rng.randint(3, 12))),
            ]
        rows += [self._sentence(88) for _ in range(rng.randint(2, 32))]
        return typed([*rows, *(self._foot() if rng.random() < 0.6 else [])])

    def _head(self, kind: Kind) -> list[str]:
        rng = self.rng
        parent, body, short, _ = rng.choice(_OFFICES)
        symbol = rng.choice(kind.symbols) if kind.symbols else ""
        number = rng.choice((str(rng.randint(1, 2999)), "", ""))
        place = rng.choice(("Hà Nội", "Mẫu An", "Mẫu Bắc"))
        where = f"{place}, ngày {rng.randint(1, 28):02d} tháng {rng.randint(1, 12):02d} năm {rng.randint(2012, 2026)}"
        reference = f"Số: {number}/{symbol + '-' if symbol else ''}{short}{'' if symbol else '-VP'}"
        rows = [f"{parent}\t{MOTTO[0]}", f"{body}\t{MOTTO[1]}", f"{reference}\t{where}"]
        if kind.id == "cong_van":
            rows.append(f"V/v {self._sentence(34)}\t")
        return rows

    def _foot(self) -> list[str]:
        rng = self.rng
        _, body, _, role = rng.choice(_OFFICES)
        return [
            "",
            f"Nơi nhận:\t{rng.choice((role, f'KT. {role}', f'TM. {body}'))}",
            f"- Như trên;\t{rng.choice(('', f'PHÓ {role}'))}",
            "- Lưu: VT.\t",
        ]

    def _sentence(self, most: int) -> str:
        """Words of some paper, cut to about `most` letters."""
        text = self.rng.choice(self.filler) if most else ""
        return text[:most].rsplit(" ", 1)[0] if len(text) > most else text


def _broken(title: str, rng: random.Random) -> list[str]:
    """The title on one line, or on two, as long ones are; now and then with its letters spaced."""
    words = title.split()
    if rng.random() < 0.04:
        return [" ".join(title.replace(" ", ""))]
    if len(words) > 4 and rng.random() < 0.7:
        cut = rng.randint(2, len(words) - 2)
        return [" ".join(words[:cut]), " ".join(words[cut:])]
    return [title]


_LEGAL = {
    "thong-tu": "thong_tu", "nghi-dinh": "nghi_dinh", "van-ban-hop-nhat": "van_ban_hop_nhat", "nghi-quyet": "nghi_quyet",
    "quyet-dinh": "quyet_dinh", "luat": "luat", "bo-luat": "luat", "thong-tu-lien-tich": "thong_tu_lien_tich", "chi-thi": "chi_thi",
    "thong-bao": "thong_bao",
    "phap-lenh": "phap_lenh",
}  # fmt: skip
_SITE = re.compile(r"^(?:CÔNG BÁO/|VĂN BẢN QUY PHẠM|[-_─—]{3,}$|\d{1,3}$|>$)")


def legal(folder: Path, rng: random.Random) -> Iterator[tuple[str, str, Page]]:
    """Source, type and page of each legal text under `folder`: its first page, and one from further down that is of no type of its own."""
    for path in sorted(folder.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for row in file:
                data = json.loads(row)
                name = _LEGAL.get(data["type"])
                rows = [r for line in data["text"].split("\n") if (r := line.strip()) and not _SITE.match(r)]
                at = next((i for i, r in enumerate(rows[:120]) if MOTTO[0].lower() in r.lower()), -1)
                if name is None or at < 0:
                    continue
                if "hop-nhat" in data["src"]:
                    name = "van_ban_hop_nhat"
                wrapped = _wrapped(rows[max(0, at - 2) : at + 60])
                yield data["src"], name, typed(_laid_out(wrapped), top=rng.uniform(0.03, 0.08))
                if len(rows) > 200:
                    start = rng.randrange(at + 80, len(rows) - 40)
                    yield data["src"], UNKNOWN, typed(_wrapped(rows[start : start + 45]), top=rng.uniform(0.03, 0.08))


def _wrapped(rows: Sequence[str]) -> list[str]:
    out: list[str] = []
    for row in rows:
        line = ""
        for word in row.split(" "):
            if len(line) + len(word) > 88:
                out.append(line)
                line = ""
            line = f"{line} {word}".strip()
        out.append(line)
    return out


def _laid_out(rows: Sequence[str]) -> list[str]:
    """Head and title of a text put where print has them: body and number at the left, motto and day at the right, the title centred."""
    left: list[str] = []
    right: list[str] = []
    for i, row in enumerate(rows):
        parts = [p.strip() for p in row.split("\t")]
        for part in parts:
            folded = part.lower()
            if folded.startswith(("cộng hòa xã", "cộng hoà xã", "độc lập")) or re.search(r"ngày.*tháng.*năm", folded):
                right.append(part)
            elif i < 8 and (part.isupper() or re.match(r"(?:luật |bộ luật )?số", folded)) and not any(part == t.printed for t in catalogue().titles):
                left.append(part)
            else:
                rest = [f"^{r}" if r.isupper() else r for r in rows[i:]]
                n = max(len(left), len(right))
                head = [f"{a}\t{b}" for a, b in zip(left + [""] * (n - len(left)), right + [""] * (n - len(right)), strict=True)]
                return [*head, "", *rest]
    return list(rows)


@dataclass(frozen=True)
class Row:
    """A page with its type; `group` is shared by pages that have the same source."""

    group: int
    type: str
    page: Page


#: How many letters of a page are misread, chosen by chance.
SHARES = (0.0, 0.0, 0.01, 0.03, 0.06, 0.1)
#: Legal texts of a type, further pages of legal texts, composed pages of a type, composed further pages.
LEGAL, LEGAL_FURTHER, COMPOSED, FURTHER_PAGES = 28, 90, 9, 110

#: So many times as many composed pages of what offices write most: their bodies speak of anything.
COMMON = {"cong_van": 5, "thong_bao": 3, "ke_hoach": 3, "giay_moi": 3, "bao_cao": 3, "quyet_dinh": 3, "to_trinh": 2, "don_de_nghi": 2, "bien_ban": 2}


def learned_from(folder: Path, draws: Sequence[str]) -> list[Row]:
    """Pages to fit on: legal texts of `folder`, composed pages, and the templates drawn once for each seed of `draws`."""
    rng = random.Random("papers")
    rows: list[Row] = []
    taken: Counter[str] = Counter()
    for source, name, page in sorted(legal(folder, rng), key=lambda x: crc32(x[0].encode())):
        taken[name] += 1
        if taken[name] <= (LEGAL_FURTHER if name == UNKNOWN else LEGAL):
            rows.append(Row(crc32(source.encode()) % 10_000, name, noisy(page, rng, rng.choice(SHARES))))
    rows += composed(Composer(sentences(folder, rng, 12_000), rng), rng, COMPOSED, FURTHER_PAGES, 10_000)
    for n, seed in enumerate(draws):
        for name, page in drawn(seed):
            rows += [Row(30_000 + n, name, noisy(page, rng, share)) for share in (0.0, 0.05)]
    return rows


def invented(draws: Sequence[str]) -> list[Row]:
    """Pages that are never learned from: templates drawn with other seeds, and composed pages with sentences of the samples alone."""
    rng = random.Random("truth")
    rows = [Row(n, name, noisy(page, rng, rng.choice(SHARES))) for n, seed in enumerate(draws) for name, page in drawn(seed)]
    lines = (" ".join(w.text for w in line.words) for _, page in drawn(draws[0]) for line in page.reading.lines)
    filler = [s for s in lines if len(s) > 30 and not s.isupper()]
    return rows + composed(Composer(filler, rng), rng, 1, 20, 1000)


def composed(composer: Composer, rng: random.Random, each: int, further: int, group: int) -> list[Row]:
    """`each` pages of every type, more of the common ones, and `further` that go on."""
    kinds = [k for k in catalogue().kinds.values() if k.group != "none"]
    made = [(k.id, composer.page(k)) for k in kinds for _ in range(each * COMMON.get(k.id, 1))] + [
        (UNKNOWN, composer.further()) for _ in range(further)
    ]
    return [Row(group + n, name, noisy(page, rng, rng.choice(SHARES))) for n, (name, page) in enumerate(made)]


def papers(rows: Sequence[Row]) -> Papers:
    """The pages as the model sees them."""
    return Papers(tuple(features(Sheet(r.page)) for r in rows), tuple(r.type for r in rows), np.asarray([r.group for r in rows], np.int32))


def thinned(base: Papers, fewest: int = 5) -> Papers:
    """Without the features that fewer than `fewest` pages have: half of the file, and they teach nothing."""
    met = np.bincount(np.concatenate([f.index for f in base.pages]), minlength=DIM) >= fewest
    pages = tuple(Features(f.index[at], f.count[at], f.layout) for f in base.pages if (at := met[f.index]) is not None)
    return Papers(pages, base.types, base.group)


def main() -> None:
    """Make the three files anew."""
    folder = Path(sys.argv[1])
    base, truth = papers(learned_from(folder, [f"papers/{n}" for n in range(1, 10)])), papers(invented([f"papers/{n}" for n in range(100, 103)]))
    BASE.write_bytes(pack(thinned(base)))
    TRUTH.write_bytes(pack(truth))
    learned = fit_papers(unpack(BASE))
    SHIPPED.write_bytes(learned.to_bytes())
    result = measure(learned, unpack(TRUTH))
    print(f"{len(base)} pages, {len(learned.types)} types, temperature {learned.temperature:.2f}")
    print(f"{result.right} of {result.pages} invented pages right, loss {result.loss:.3f}")


if __name__ == "__main__":
    main()
