"""The reading orders of one page that a person would call right: heads, tables and feet whose parts stand side by side may be read in several."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_RECIPIENTS = re.compile(r"Nơi nhận")
_NATION = re.compile(r"CỘNG H")
_NUMBER = re.compile(r"S[ốô]\s*:")
_SUBJECT = re.compile(r"\(?[Vv]/[vV]|\(?Về việc")
#: Orders of one page that are tried at most.
_MOST = 96


@dataclass(frozen=True)
class Cell:
    """A piece of a row; `place`: its place in the truth's own order, -1 where the truth has none."""

    text: str
    place: int = -1


Row = Sequence[Cell]
Region = tuple[tuple[str, ...], ...]  #: right orders of one region, each a tuple of lines


def orders(transcription: str) -> list[str]:
    """Right orders of a transcription whose TABs part cells that stand side by side, the first by rows as it stands.

    A letterhead may be read by rows or by blocks (issuer, number, V/v lines left; nation, place and date right; each side from top to
    bottom, sides mixed by whole blocks); what stands above it, as the box of a digital signature, before it or after; any other region by
    rows or by columns from either side, so recipients before or after the signature. A line without TAB inside a region stands in the left column.
    """
    return row_orders([[Cell(text) for text in line.rstrip().split("\t")] for line in transcription.splitlines() if line.strip()])


def row_orders(rows: Sequence[Row]) -> list[str]:
    """The same of rows of cells; an empty first cell puts the second in the right column."""
    regions = list(_regions(rows))
    for limit in (64, 4, 2, 1):
        kept = [r if i in (0, 1) or i == len(regions) - 1 else r[:limit] for i, r in enumerate(regions)]
        if _count(kept) <= _MOST:
            break
    whole = itertools.islice(itertools.product(*kept), _MOST)
    return list(dict.fromkeys("\n".join(line for part in parts for line in part) for parts in whole)) or [""]


def _count(regions: Sequence[Region]) -> int:
    out = 1
    for region in regions:
        out *= len(region)
    return out


def _regions(rows: Sequence[Row]) -> Iterator[Region]:
    """Regions from top to bottom; text that runs over the whole width has one order."""
    at = 0
    head = next((i for i, row in enumerate(rows[:12]) if len(row) > 1 and _NATION.search(_line(row))), -1)
    if head >= 0:
        end = _reach(rows, head)
        letterhead = _letterhead(rows[head:end], _subject(rows, end))
        end += len(_subject(rows, end))
        above = tuple(_line(row) for row in rows[:head])
        yield _unique([*(above + body for body in letterhead), *(body + above for body in letterhead)] if above else letterhead)
        at = end
    plain: list[str] = []
    while at < len(rows):
        if len(rows[at]) == 1:
            plain.append(_line(rows[at]))
            at += 1
            continue
        if plain:
            yield (tuple(plain),)
            plain = []
        end = _reach(rows, at)
        yield _columns(rows[at:end])
        at = end
    if plain:
        yield (tuple(plain),)


def _reach(rows: Sequence[Row], start: int) -> int:
    """Where the region ends that begins with the side-by-side row `start`."""
    reach = 20 if _RECIPIENTS.match(_line(rows[start])) else 4  # recipients may go on for long before the signer's name
    end = start + 1
    for i in range(start + 1, len(rows)):
        if i - end >= reach or _RECIPIENTS.match(_line(rows[i])) or _line(rows[i]).startswith("Kính gửi"):
            break
        if len(rows[i]) > 1:
            end = i + 1
    return end


def _subject(rows: Sequence[Row], at: int) -> Sequence[Row]:
    """The V/v lines that follow a letterhead at `at`, none where there are none."""
    if at >= len(rows) or not _SUBJECT.match(_line(rows[at])):
        return []
    end = at + 1
    while end < len(rows) and len(rows[end]) == 1 and len(_line(rows[end])) < 60 and not re.match(r"(Kính gửi|\s*[A-ZĐÀ-Ỹ]{3,} )", _line(rows[end])):
        end += 1
    return rows[at:end]


def _letterhead(rows: Sequence[Row], subject: Sequence[Row]) -> Region:
    """Blocks of the two sides mixed in every way that keeps each side from top to bottom; and the rows as they stand."""
    beside = [i for i, row in enumerate(rows) if _SUBJECT.match(_line(row))]
    number = next((i for i, row in enumerate(rows) if _NUMBER.match(row[0].text.strip())), len(rows))
    lines = range(len(rows))
    split = beside[0] if beside else len(rows)
    blocks_left = [_side(rows, [i for i in lines if i < number], 0), _side(rows, [i for i in lines if number <= i < split], 0)]
    blocks_left.append(_side(rows, [i for i in lines if i >= max(split, number)], 0) + tuple(_line(row) for row in subject))
    blocks_right = [_side(rows, [i for i in lines if i < number], 1), _side(rows, [i for i in lines if i >= number], 1)]
    left, right = [b for b in blocks_left if b], [b for b in blocks_right if b]
    out = [tuple(_line(row) for row in [*rows, *subject])]
    for places in itertools.combinations(range(len(left) + len(right)), len(left)):
        sides = [iter(left), iter(right)]
        out.append(tuple(line for i in range(len(left) + len(right)) for line in next(sides[i not in places])))
    return _unique(out + _listed([*rows, *subject]))


def _columns(rows: Sequence[Row]) -> Region:
    """By rows, by columns from the left, by columns from the right, and as the truth lists the cells."""
    wide = max(map(len, rows))
    columns = [_side(rows, range(len(rows)), c) for c in range(wide)]
    by_columns = [tuple(line for column in sequence for line in column) for sequence in (columns, columns[::-1])]
    return _unique([tuple(_line(row) for row in rows), *_listed(rows), *by_columns])


def _side(rows: Sequence[Row], chosen: Sequence[int], column: int) -> tuple[str, ...]:
    return tuple(rows[i][column].text for i in chosen if column < len(rows[i]) and rows[i][column].text.strip())


def _listed(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    cells = [cell for row in rows for cell in row if cell.text.strip()]
    return [tuple(c.text for c in sorted(cells, key=lambda c: c.place))] if all(c.place >= 0 for c in cells) else []


def _line(row: Row) -> str:
    return " ".join(cell.text for cell in row)


def _unique(found: Sequence[tuple[str, ...]]) -> Region:
    return tuple(dict.fromkeys(found))
