"""What kind of paper a page is: titles first, then symbol, form number and body phrases; it may answer that it does not know, and says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from classifiers.identity import identity_of_barcode, mrz_of
from classifiers.kinds import LETTER, UNKNOWN, catalogue, plain, spell_symbol
from classifiers.layout import Segment, Sheet, hull
from classifiers.model import Learned, Verdict, addressed, current, regarding
from classifiers.reference import Reference, find_reference
from classifiers.titles import Match, find_titles
from pipeline.records import Evidence
from pipeline.text import fold

#: Below this a paper is `khong_xac_dinh`.
KNOWN = 0.30
#: A paper whose type is less sure stays open: on held-out papers half of such answers were wrong. Pages are weighed below it too.
ANSWER = 0.50
#: Below this a person looks at the type.
SURE = 0.60
#: Weight of body phrases by how many distinct ones stand there; they alone never give certainty.
CUES = (0.0, 0.20, 0.40, 0.55, 0.65)

#: Weight of the model's vote at certainty, and the least chance with which it votes.
MODEL, VOTES = 0.50, 0.15
#: Share of its score that a type keeps without any of the phrases that it asks for: below `ANSWER`, whatever title and symbol say.
UNASKED = 0.45
#: What phrases of the body and the model can give at most without title, number, form or code.
BODY = 0.72
_OF_BODY = ("cue", "model")
#: What digits in a symbol have been: T8 is TB.
_DIGITS = str.maketrans("860", "BGĐ")
#: How much a score loses when the model is certain of another type: title and symbol agree, title alone, no exact title.
AGREED, TITLED, OTHERWISE = 0.0, 0.10, 0.40


@dataclass(frozen=True)
class Guess:
    """A type with its score 0..1, the next best one, and what speaks for the type."""

    type: str = UNKNOWN
    score: float = 0.0
    runner_up: str = ""
    runner_up_score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    title: Match | None = None


@dataclass
class _Case:
    """What speaks for one type."""

    evidence: list[Evidence] = field(default_factory=list)
    title: Match | None = None
    letter: bool = False

    def score(self) -> float:
        """Independent witnesses: 1 - product of their doubts. Phrases of the body and the model that reads them are not independent."""
        doubt = 1.0
        for e in self.evidence:
            doubt *= 1.0 - e.weight
        told = self.letter or any(e.kind not in _OF_BODY for e in self.evidence)
        return 1.0 - doubt if told else min(1.0 - doubt, BODY)


def classify(sheets: Sequence[Sheet]) -> Guess:
    """Type of the paper that these pages are; title and symbol are looked for on the first one, phrases on all.

    Of a single page the answer is kept as long as the page is.
    """
    if not sheets:
        return Guess()
    model = current()
    if len(sheets) > 1:
        return _classify(sheets, model)
    known = _known.get(sheets[0])
    if known is None or known[0] is not model:
        known = _known[sheets[0]] = model, _classify(sheets, model)
    return known[1]


#: What was answered of single pages, by which model: splitting asks of every page more than once.
_known: WeakKeyDictionary[Sheet, tuple[Learned, Guess]] = WeakKeyDictionary()


def _classify(sheets: Sequence[Sheet], model: Learned) -> Guess:
    first = sheets[0]
    cases: dict[str, _Case] = {}
    matches = find_titles(first)
    for m in matches:
        case = cases.setdefault(m.type, _Case())
        case.title = m
        kind = "title" if m.exact else "fuzzy_title"
        box = hull(s.box for s in m.segments)
        case.evidence.append(Evidence(kind, m.text, first.number, box, round(m.score, 3)))
    best_title = max((m.score for m in matches), default=0.0)
    _form_numbers(first, cases)
    reference = find_reference(first)
    if reference:
        _symbol(first, reference, cases)
    if best_title < 0.8:
        _letter(first, reference, cases)
    _machine_read(first, cases)
    _cues(sheets, cases)
    verdict = model.judge(first)
    _vote(first, verdict, cases)
    scores = {name: case.score() for name, case in cases.items()}
    _ask(sheets, scores)
    _decide_pairs(sheets, scores)
    _contradict(verdict, cases, scores)
    return _answer(cases, scores)


def settled(guess: Guess) -> Guess:
    """The answer for a whole paper: below `ANSWER`, and on words of the body alone below `SURE`, it stays open with the type as its candidate."""
    least = SURE if all(e.kind in _OF_BODY for e in guess.evidence) else ANSWER
    return guess if guess.type == UNKNOWN or guess.score >= least else replace(guess, type=UNKNOWN, runner_up=guess.type, runner_up_score=guess.score)


def _answer(cases: dict[str, _Case], scores: dict[str, float]) -> Guess:
    order = sorted(scores, key=lambda name: (-scores[name], name))
    if not order:
        return Guess()
    best = order[0]
    second = order[1] if len(order) > 1 and scores[order[1]] >= 0.1 else ""
    if scores[best] < KNOWN:
        return Guess(UNKNOWN, round(scores[best], 3), best, round(scores[best], 3), tuple(cases[best].evidence))
    return Guess(best, round(scores[best], 3), second, round(scores.get(second, 0.0), 3), tuple(cases[best].evidence), cases[best].title)


def _form_numbers(sheet: Sheet, cases: dict[str, _Case]) -> None:
    """A form number beside a fitting title confirms it; alone it is weak, for numbers are used twice (CT07 of police and of social insurance)."""
    head = [s for s in sheet.by_place if s.box[1] < 0.35]
    for kind in catalogue().kinds.values():
        for form in kind.forms:
            shown = re.compile(rf"(?<![0-9a-z/]){re.escape(fold(form))}(?![0-9a-z])")
            at = next((s for s in head if shown.search(fold(s.text))), None)
            if at:
                weight = 0.5 if kind.id in cases else 0.25
                cases.setdefault(kind.id, _Case()).evidence.append(Evidence("form", at.text, sheet.number, at.box, weight))


def _symbol(sheet: Sheet, reference: Reference, cases: dict[str, _Case]) -> None:
    known = catalogue()
    first = re.split(r"[-/]", reference.symbol)[0]
    repaired = spell_symbol(first.translate(_DIGITS))
    if not reference.head and repaired != first and repaired in known.symbols:
        cases.setdefault(known.symbols[repaired], _Case()).evidence.append(Evidence("symbol", reference.symbol, sheet.number, reference.box, 0.50))
    if reference.head:
        name = known.symbols[reference.head]
        # what restates another paper bears its title; then the symbol alone tells
        weight = 0.98 if known.kinds[name].borrows else 0.70
        cases.setdefault(name, _Case()).evidence.append(Evidence("symbol", reference.symbol, sheet.number, reference.box, weight))
    for kind in known.kinds.values():
        if any(t in re.split(r"[-/]", reference.symbol)[1:] for t in kind.tails):
            cases.setdefault(kind.id, _Case()).evidence.append(Evidence("symbol", reference.symbol, sheet.number, reference.box, 0.60))


def _letter(sheet: Sheet, reference: Reference | None, cases: dict[str, _Case]) -> None:
    """An official letter has no title: `V/v` or `Về việc` under the number, `Kính gửi`, and a symbol that begins with the agency."""
    case = _Case()
    vv = regarding(sheet) or _about(sheet)
    if vv:
        case.evidence.append(Evidence("cue", vv.text, sheet.number, vv.box, 0.55))
    if reference and reference.symbol and not reference.head:
        weight = 0.55 if _of_agency(reference.symbol) else 0.20
        case.evidence.append(Evidence("symbol", reference.symbol, sheet.number, reference.box, weight))
    named = reference is not None and bool(reference.head) and catalogue().symbols[reference.head] == LETTER
    if not case.evidence and not named:
        return
    to = addressed(sheet)
    if to:
        case.evidence.append(Evidence("cue", to.text, sheet.number, to.box, 0.30))
    if sheet.motto:
        case.evidence.append(Evidence("layout", sheet.motto.text, sheet.number, sheet.motto.box, 0.20))
    letter = cases.setdefault(LETTER, _Case())
    letter.evidence += case.evidence
    letter.letter = True


def _about(sheet: Sheet) -> Segment | None:
    """The line `Về việc …` with which a letter may begin for `V/v`: in the left column under the letterhead; below a title it is centred."""
    top = sheet.motto.box[3] if sheet.motto else 1.0
    return next((s for s in sheet.by_place if top < s.box[1] < 0.35 and s.middle < 0.45 and s.plain.startswith("ve viec ")), None)


def _of_agency(symbol: str) -> bool:
    """Whether a symbol begins with an agency (`SYT-NVY`): two letters or fewer, or a type's symbol grown together with it, are a misread type."""
    first, dash, _ = symbol.partition("-")
    grown = any(first.startswith(s) and len(first) > len(s) >= 2 for s in catalogue().symbols)
    return bool(dash) and first.isalpha() and len(first) >= 3 and not grown


def _machine_read(sheet: Sheet, cases: dict[str, _Case]) -> None:
    """The QR code of an identity card and the machine-readable zone tell the card without any title."""
    new_card = any(c in sheet.squeezed for c in ("ministryofpublicsecurity", "noicutru", "placeofbirthregistration", "hochudemvatenkhaisinh"))
    for code in sheet.page.barcodes:
        if identity_of_barcode(code.text):
            name = "can_cuoc" if new_card else "cccd_truoc"
            cases.setdefault(name, _Case()).evidence.append(Evidence("barcode", code.format, sheet.number, code.box, 0.80))
    zone = mrz_of(sheet)
    if zone:
        name = {"P": "ho_chieu"}.get(zone.kind, "can_cuoc" if new_card else "cccd_sau")
        if zone.kind != "P" and "cccd_truoc" in cases:
            name = "cccd_truoc"
        cases.setdefault(name, _Case()).evidence.append(Evidence("mrz", zone.kind, sheet.number, zone.box, 0.85))


def _cues(sheets: Sequence[Sheet], cases: dict[str, _Case]) -> None:
    for name, cues in catalogue().cues.items():
        hits: list[tuple[str, int]] = []
        amount = 0.0
        for cue, printed, weight in cues:
            page = next((s.number for s in sheets if _has(s, cue)), 0)
            if page:
                hits.append((printed, page))
                amount += weight
        if not hits:
            continue
        whole, part = divmod(min(amount, len(CUES) - 1), 1)
        weight = CUES[int(whole)] + part * (CUES[min(int(whole) + 1, len(CUES) - 1)] - CUES[int(whole)])
        total = 1 - (1 - weight) ** (1 / len(hits))
        case = cases.setdefault(name, _Case())
        case.evidence += [Evidence("cue", printed, page, None, round(total, 3)) for printed, page in hits]


def _vote(sheet: Sheet, verdict: Verdict, cases: dict[str, _Case]) -> None:
    """The model as one more witness; alone it never gives certainty, for it has seen less than the rules know."""
    for name, chance in verdict.ranked:
        if chance < VOTES or name == UNKNOWN:
            continue
        words = verdict.words if name == verdict.ranked[0][0] else ()
        text = " | ".join(s.text for s in words)
        box = words[0].box if words else None
        cases.setdefault(name, _Case()).evidence.append(Evidence("model", text, sheet.number, box, round(MODEL * chance, 3)))


def _contradict(verdict: Verdict, cases: dict[str, _Case], scores: dict[str, float]) -> None:
    """What the model takes for another type, or for a page that goes on, is less sure; little so where title and symbol agree."""
    best, chance = verdict.ranked[0]
    restates = {n for n, c in cases.items() if catalogue().kinds[n].borrows and any(e.kind == "symbol" for e in c.evidence)}
    for name in scores:
        if restates and name not in restates:
            scores[name] *= 0.5  # the title is that of the paper restated
        if name == best:
            continue
        case = cases[name]
        titled = case.title is not None and case.title.exact and not catalogue().kinds[best].borrows
        # a letter has no title: number, `V/v` and `Kính gửi` together are as good as one
        titled = titled or (name == LETTER and sum(e.kind in ("cue", "symbol") and e.weight >= 0.3 for e in case.evidence) >= 3)
        doubt = AGREED if titled and any(e.kind in ("symbol", "form") for e in case.evidence) else TITLED if titled else OTHERWISE
        scores[name] *= 1.0 - doubt * chance


def _has(sheet: Sheet, cue: str) -> bool:
    """Whether the page has the phrase; spaces may be lost or added in a long one."""
    return f" {cue} " in sheet.plain or (len(cue) >= 12 and cue.replace(" ", "") in sheet.squeezed)


def _ask(sheets: Sequence[Sheet], scores: dict[str, float]) -> None:
    """A type whose title others bear too stays open where none of the phrases that it asks for is there."""
    for name in scores:
        asks = catalogue().kinds[name].asks
        if asks and not any(_has(s, plain(a)) for s in sheets for a in asks):
            scores[name] *= UNASKED


def _decide_pairs(sheets: Sequence[Sheet], scores: dict[str, float]) -> None:
    """Two like types: the one with fewer of its own signs loses a third."""
    for pair in catalogue().pairs:
        a, b = pair.types
        if a not in scores or b not in scores or abs(scores[a] - scores[b]) > 0.35:
            continue
        na, nb = (sum(any(_has(s, plain(sign)) for s in sheets) for sign in signs) for signs in pair.signs)
        if na != nb:
            scores[a if na < nb else b] *= 0.65
