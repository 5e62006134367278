"""Answers against papers, counted: types, boundaries, fields, cards, components, links, and what the gate lets pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks import verdicts
from benchmarks.answers import UNKNOWN, Answer, Answers
from benchmarks.papers import File, Paper
from benchmarks.verdicts import Verdict

CARDS = ("cccd_truoc", "can_cuoc")
BINS = 10  #: of confidences, for the calibration error
#: Values that the gate answers for.
GATED = ("type", "reference", "issued_on", "issuer", "subject", "signer")


@dataclass
class Hits:
    """Found rightly, found wrongly, not found."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    def count(self, truth: Counter[Any], said: Counter[Any]) -> None:
        self.right += (truth & said).total()
        self.extra += (said - truth).total()
        self.missed += (truth - said).total()

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.extra) if self.right + self.extra else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def f1(self) -> float | None:
        wanted = 2 * self.right + self.extra + self.missed
        return 2 * self.right / wanted if wanted else None


@dataclass
class Share:
    """So many of so many."""

    part: int = 0
    whole: int = 0

    def add(self, holds: bool) -> None:
        self.part += holds
        self.whole += 1

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole else None


@dataclass
class Figures:
    """What one system did with one set."""

    pages: int = 0
    files: int = 0
    papers: int = 0
    seconds: float = 0.0
    right: Share = field(default_factory=Share)
    abstained: Share = field(default_factory=Share)
    kinds: dict[str, Hits] = field(default_factory=dict)
    calibration: list[tuple[float, bool]] = field(default_factory=list)
    field_calibration: list[tuple[float, bool]] = field(default_factory=list)
    seams: Hits = field(default_factory=Hits)
    whole_files: Share = field(default_factory=Share)  #: files of several papers split rightly throughout
    verdicts: dict[str, Counter[Verdict]] = field(default_factory=dict)
    number_and_day: Share = field(default_factory=Share)
    wrong_number_or_day: Share = field(default_factory=Share)
    by_hand: dict[str, Share] = field(default_factory=dict)
    symbol: Share = field(default_factory=Share)
    cards: Hits = field(default_factory=Hits)
    linked: Share = field(default_factory=Share)
    wrong_links: int = 0  #: that stand without a person's look
    missing: Hits = field(default_factory=Hits)
    doubtful: Share = field(default_factory=Share)
    reviewed: Share = field(default_factory=Share)
    values_reviewed: Share = field(default_factory=Share)
    passed_wrong: Share = field(default_factory=Share)
    values_passed_wrong: Share = field(default_factory=Share)
    faults: list[dict[str, Any]] = field(default_factory=list)  #: what went wrong, one by one

    @property
    def macro_f1(self) -> float | None:
        """Over the kinds that the truth has."""
        found = [h.f1 or 0.0 for h in self.kinds.values() if h.right + h.missed]
        return sum(found) / len(found) if found else None

    def count(self, file: File, pages: int, answers: Answers) -> None:
        """Add one file."""
        self.files += 1
        self.pages += pages
        self.seconds += answers.seconds
        self._split(file, answers)
        by_first = {a.pages[0]: a for a in answers.papers}
        for paper in file.papers:
            answer = by_first.pop(paper.pages[0], None)
            if paper.told:
                self._paper(file, paper, answer)
        for extra in by_first.values():  # papers that are none
            if not any(extra.pages[0] in p.pages for p in file.papers if not p.told):
                self._pass(extra, {"type": Verdict.WRONG})
        self._components(file, answers)

    def _split(self, file: File, answers: Answers) -> None:
        truth = {p.pages[0] for p in file.papers}
        said = {a.pages[0] for a in answers.papers} - {min(truth)}
        truth -= {min(truth)}
        self.seams.count(Counter(truth), Counter(said))
        if truth:
            self.whole_files.add(truth == said)
        if truth != said:
            self.faults.append({"file": file.path.name, "what": "split", "truth": sorted(truth), "answer": sorted(said)})

    def _paper(self, file: File, paper: Paper, answer: Answer | None) -> None:
        self.papers += 1
        said = answer.type if answer else ""
        right = said in paper.types
        self.right.add(right)
        self.abstained.add(said == UNKNOWN)
        self.kinds.setdefault(paper.types[0], Hits()).count(Counter(paper.types[:1]), Counter(paper.types[:1] if right else ()))
        if not right and said not in ("", UNKNOWN):
            self.kinds.setdefault(said, Hits()).extra += 1
        if answer and answer.score is not None and said != UNKNOWN:
            self.calibration.append((answer.score, right))
        if not right:
            self.faults.append({"file": file.path.name, "page": paper.pages[0], "what": "type", "truth": paper.types[0], "answer": said})
        found = self._fields(file, paper, answer)
        if paper.cards or paper.types[0] in CARDS:
            numbers = {n for _, n in paper.cards} or {paper.fields.get("id_number", "")}
            told = {n for _, n in (answer.cards if answer else ()) if n}
            self.cards.count(Counter(numbers), Counter(told))
        if paper.dossier is not None:
            code, sure = (answer.dossier, answer.sure) if answer else ("", False)
            if paper.dossier:
                self.linked.add(code == paper.dossier)
            self.wrong_links += bool(code and sure and code != paper.dossier)
        if answer:
            whole = answer.pages == paper.pages
            known = right or said == UNKNOWN
            self._pass(answer, {"type": Verdict.EXACT if right and whole else Verdict.MISSING if known and whole else Verdict.WRONG} | found)

    def _fields(self, file: File, paper: Paper, answer: Answer | None) -> dict[str, Verdict]:
        said = answer.fields if answer else {}
        found: dict[str, Verdict] = {}
        for name in verdicts.FIELDS:
            truth, value = paper.fields.get(name, ""), said.get(name, "")
            if not truth:
                continue
            found[name] = verdicts.verdict(name, truth, value, paper.hand, loosely=file.loosely)
            self.verdicts.setdefault(name, Counter())[found[name]] += 1
            if answer and name in answer.confidence and found[name] in (Verdict.EXACT, Verdict.WRONG):
                self.field_calibration.append((answer.confidence[name], found[name] is Verdict.EXACT))
            if not found[name].fine:
                fault = {"what": name, "truth": truth, "answer": value, "verdict": found[name].value}
                self.faults.append({"file": file.path.name, "page": paper.pages[0]} | fault)
        hand = paper.hand or {}
        for name in ("reference", "issued_on"):
            if hand.get(name, "").startswith(("pen", "stamp")):
                self.by_hand.setdefault(name, Share()).add(found[name] is Verdict.EXACT)
        if "reference" in found:
            symbol = verdicts.parts(paper.fields["reference"])[1]
            if symbol:
                self.symbol.add(verdicts.parts(said.get("reference", ""))[1] == symbol)
        pair = [found[n] for n in ("reference", "issued_on") if n in found]
        if pair:
            self.number_and_day.add(all(v.fine for v in pair))
            number = "reference" in found and verdicts.wrong_number(paper.fields["reference"], said.get("reference", ""))
            self.wrong_number_or_day.add(number or found.get("issued_on") is Verdict.WRONG)
        return found

    def _pass(self, answer: Answer, found: Mapping[str, Verdict]) -> None:
        """What the gate makes of a paper: any doubt sends it to a person; of what passes something may be wrong."""
        self.reviewed.add(bool(answer.doubted))
        told = {n: v for n, v in found.items() if n in GATED and (n == "type" or n in answer.fields)}
        for name, v in told.items():
            doubted = name in answer.doubted or (name == "type" and bool(answer.doubted & {"unknown_type", "low_score"}))
            self.values_reviewed.add(doubted)
            if not doubted:
                self.values_passed_wrong.add(v is Verdict.WRONG)
        if not answer.doubted:
            self.passed_wrong.add(any(v is Verdict.WRONG for v in told.values()))

    def _components(self, file: File, answers: Answers) -> None:
        if answers.missing is None or answers.doubtful is None:
            return
        for code, listed in file.components.items():
            lacking = {name for name, there in listed.items() if not there}
            told, unsure = answers.missing.get(code, frozenset()), answers.doubtful.get(code, frozenset())
            self.missing.count(Counter(lacking), Counter(told))
            for name in listed:
                self.doubtful.add(name in unsure)
            if told != lacking:
                fault = {"truth": sorted(lacking), "answer": sorted(told), "doubtful": sorted(unsure)}
                self.faults.append({"file": file.path.name, "what": "components"} | fault)


def calibration_error(pairs: list[tuple[float, bool]]) -> float | None:
    """Expected calibration error in ten bins of equal width: mean distance of confidence and accuracy, weighted by how many; None for nothing."""
    if not pairs:
        return None
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, holds in pairs:
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, holds))
    return sum(abs(sum(c for c, _ in b) - sum(h for _, h in b)) for b in bins.values()) / len(pairs)
