"""Figures of understanding as rows of a table, and what has to be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks import verdicts
from benchmarks.table import NONE, number, ratio
from benchmarks.targets import Target
from benchmarks.understood import Figures, Share, calibration_error
from benchmarks.verdicts import Verdict

_NAMES = {
    "reference": "number and symbol", "issued_on": "date", "issuer": "issuing body", "parent": "superior", "subject": "subject, CER ≤ 5 %",
    "signer": "signer", "place": "place", "urgency": "urgency",
}  # fmt: skip

Row = tuple[str, int, Callable[[Figures], float | None]]


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _share(figures: Figures, name: str, *which: Verdict) -> float | None:
    found = figures.verdicts.get(name)
    return 100 * sum(found[v] for v in which) / found.total() if found else None


def _field_rows() -> Iterator[Row]:
    for name in verdicts.FIELDS:
        called = _NAMES[name]
        open_too = name in ("reference", "issued_on")
        fine = (Verdict.EXACT, Verdict.OPEN) if open_too else (Verdict.EXACT,)
        said = f"{called}: exact, or open only by hand %" if open_too else f"{called}: right %"
        yield said, 1, lambda f, n=name, w=fine: _share(f, n, *w)  # type: ignore[misc]
        yield "  wrong", 1, lambda f, n=name: _share(f, n, Verdict.WRONG)  # type: ignore[misc]
        if open_too:
            yield "  open although printed", 1, lambda f, n=name: _share(f, n, Verdict.SHUT)  # type: ignore[misc]
        yield "  not found", 1, lambda f, n=name: _share(f, n, Verdict.MISSING)  # type: ignore[misc]


def _rows() -> Iterator[Row]:
    yield "type: right %", 1, lambda f: f.right.percent
    yield "type: abstained %", 1, lambda f: f.abstained.percent
    yield "type: macro-F1", 3, lambda f: f.macro_f1
    yield "type: calibration error", 3, lambda f: calibration_error(f.calibration)
    yield "values: calibration error", 3, lambda f: calibration_error(f.field_calibration)
    yield "boundaries: F1", 3, lambda f: f.seams.f1
    yield "  precision", 3, lambda f: f.seams.precision
    yield "  recall", 3, lambda f: f.seams.recall
    yield "stacks split without a fault %", 1, lambda f: f.whole_files.percent
    yield from _field_rows()
    yield "number and date together: exact, or open only by hand %", 1, lambda f: f.number_and_day.percent
    yield "wrong number or day %", 1, lambda f: f.wrong_number_or_day.percent
    yield "numbers by hand or stamp read exactly %", 1, lambda f: _hand(f, "reference")
    yield "days by hand or stamp read exactly %", 1, lambda f: _hand(f, "issued_on")
    yield "symbol right %", 1, lambda f: f.symbol.percent
    yield "identity cards: F1 of their numbers", 3, lambda f: f.cards.f1
    yield "dossiers linked rightly %", 1, lambda f: f.linked.percent
    yield "wrong links that nobody is asked about", 0, lambda f: float(f.wrong_links)
    yield "components told missing: precision %", 1, lambda f: _percent(f.missing.precision)
    yield "components told missing: recall %", 1, lambda f: _percent(f.missing.recall)
    yield "components doubtful %", 1, lambda f: f.doubtful.percent
    yield "papers to review %", 1, lambda f: f.reviewed.percent
    yield "  wrong of those that pass %", 1, lambda f: f.passed_wrong.percent
    yield "values to review %", 1, lambda f: f.values_reviewed.percent
    yield "  wrong of those that pass %", 1, lambda f: f.values_passed_wrong.percent
    yield "understanding, ms a page", 1, lambda f: 1000 * f.seconds / f.pages if f.pages else None


def _hand(figures: Figures, name: str) -> float | None:
    return figures.by_hand.get(name, Share()).percent


#: Rows that have no meaning for rules without confidence, review and components.
_OWN = ("calibration", "review", "pass %", "components", "linked", "links")


def rows(ours: Figures, peer: Figures | None) -> list[list[str]]:
    """A row a figure: Sohoa, the peer, and ours through theirs."""
    out = [["", "sohoa", "rules on plain Tesseract", "ratio"]]
    own = False
    for name, digits, value in _rows():
        mine, theirs = value(ours), value(peer) if peer else None
        own = any(o in name for o in _OWN) if not name.startswith("  wrong") else own
        if own:
            theirs = None
        if mine is None and theirs is None:
            continue
        out.append([name, number(mine, digits), number(theirs, digits), ratio(mine, theirs) if mine else NONE])
    return out


#: What has to be reached on real scans that were never used for tuning: name, at least (or at most), of which value.
_GOALS: Sequence[tuple[str, float, bool, int, Callable[[Figures], float | None]]] = (
    ("type right or abstained %", 98, True, 1, lambda f: _sum(f.right, f.abstained)),
    ("type right %", 95, True, 1, lambda f: f.right.percent),
    ("number and date exact, or open only by hand %", 92, True, 1, lambda f: f.number_and_day.percent),
    ("wrong number or day %", 2, False, 1, lambda f: f.wrong_number_or_day.percent),
    ("numbers by hand read exactly %", 50, True, 1, lambda f: _hand(f, "reference")),
    ("days by hand read exactly %", 50, True, 1, lambda f: _hand(f, "issued_on")),
    ("symbol %", 97, True, 1, lambda f: f.symbol.percent),
    ("issuing body %", 95, True, 1, lambda f: _share(f, "issuer", Verdict.EXACT)),
    ("subject, CER ≤ 5 % %", 90, True, 1, lambda f: _share(f, "subject", Verdict.EXACT)),
    ("signer %", 85, True, 1, lambda f: _share(f, "signer", Verdict.EXACT)),
    ("boundaries, F1", 0.95, True, 3, lambda f: f.seams.f1),
    ("wrong links that nobody is asked about", 0, False, 0, lambda f: float(f.wrong_links) if f.linked.whole else None),
    ("papers passed without review that are wrong %", 1, False, 1, lambda f: f.passed_wrong.percent),
    ("values passed without review that are wrong %", 1, False, 1, lambda f: f.values_passed_wrong.percent),
)


def _sum(one: Share, other: Share) -> float | None:
    return None if one.percent is None or other.percent is None else one.percent + other.percent


def targets(sets: Mapping[str, Figures]) -> Iterator[Target]:
    """Every goal on every set; `not measured` where a set has nothing of the kind."""
    for name, goal, least, digits, value in _GOALS:
        for called, figures in sets.items():
            found = value(figures)
            wanted = f"{'≥' if least else '≤'} {goal:g}"
            if found is None:
                yield Target(f"{name}, {called}", wanted)
            else:
                yield Target(f"{name}, {called}", wanted, f"{found:.{digits}f}", found >= goal if least else found <= goal)
