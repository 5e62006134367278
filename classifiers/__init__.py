"""What kind of paper it is, where it begins and ends, which dossier it belongs to, what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from classifiers.cards import cards_of
from classifiers.citations import find_citations
from classifiers.classify import KNOWN, SURE, Guess, classify, settled
from classifiers.codes import sheet_codes
from classifiers.fields import read_fields
from classifiers.kinds import SEPARATOR, UNKNOWN, kind, type_name
from classifiers.layout import Sheet
from classifiers.link import Paper, link_papers, separator_candidates
from classifiers.secrecy import SECRET, secret_mark
from classifiers.split import Clues, clues, split
from pipeline.records import Candidate, Document, Page, PageState, SourceFile

__all__ = ["type_name", "understand"]


@dataclass
class _Run:
    """Pages between two separator sheets."""

    pages: list[Sheet] = field(default_factory=list)
    after_separator: bool = False
    separator: tuple[Candidate, ...] = ()


def understand(
    source: SourceFile, pages: Sequence[Page], *, operator_code: str = "", folder_code: str = "", today: date | None = None
) -> tuple[tuple[Page, ...], tuple[Document, ...]]:
    """The papers of one source: their pages, type, fields and dossier.

    `pages` are all pages of the source in order; they come back in order, with the state `separator` where only this room sees that a page is one.
    Blank, separator and skipped pages belong to no paper; every other page, a failed one too, belongs to exactly one. Codes given by the operator
    or the folder hold for every paper of the source. A code dated after `today` is none; the default asks no clock. Never raises for what stands
    on a page.
    """
    runs = [_Run()]
    out: list[Page] = []
    for page in pages:
        sheet = Sheet(page)
        if page.state is PageState.SEPARATOR or _is_separator(sheet):
            separators = separator_candidates(sheet)
            out.append(page if page.state is PageState.SEPARATOR else replace(page, state=PageState.SEPARATOR, reason="separator", advice=""))
            runs.append(_Run(after_separator=True, separator=separators))
            continue
        out.append(page)
        if page.state in (PageState.GOOD, PageState.DOUBTFUL, PageState.FAILED):
            runs[-1].pages.append(sheet)
    papers: list[tuple[Guess, Paper]] = []
    for run in runs:
        for i, one in enumerate(split([clues(s) for s in run.pages])):
            guess = settled(_type_of(one))
            sheets = tuple(c.sheet for c in one)
            readable = [s for s in sheets if s.page.state is not PageState.FAILED]
            fields = read_fields(readable, guess)
            citations = find_citations(readable, fields.get("reference"))
            papers.append((guess, Paper(guess.type, sheets, run.after_separator and i == 0, run.separator, fields, citations)))
    links = link_papers([p for _, p in papers], operator_code=operator_code, folder_code=folder_code, today=today)
    documents = []
    for (guess, paper), link in zip(papers, links, strict=True):
        mark = secret_mark(paper.sheets, paper.fields.get("secrecy"))
        documents.append(
            Document(
                pages=tuple(s.number for s in paper.sheets),
                type=guess.type,
                score=guess.score,
                evidence=(*guess.evidence, *((mark,) if mark else ())),
                runner_up=guess.runner_up,
                fields=dict(paper.fields),
                link=link,
                review=(*_reasons(guess, paper), *((SECRET,) if mark else ())),
                citations=paper.citations,
                parts=tuple(p for s in paper.sheets for p in cards_of(s)) if kind(guess.type).group == "identity" else (),
            )
        )
    return tuple(out), tuple(documents)


def _is_separator(sheet: Sheet) -> bool:
    """A sheet of Sohoa's own: its QR code with a right check digit, or its title with a code on it where the QR code did not survive."""
    if sheet.page.state in (PageState.FAILED, PageState.SKIPPED):
        return False
    if sheet_codes(sheet.page.barcodes):
        return True
    guess = classify([sheet])
    return guess.type == SEPARATOR and guess.score >= 0.8 and bool(separator_candidates(sheet))


def _type_of(paper: Sequence[Clues]) -> Guess:
    """Type of a paper: that of its first readable page; body phrases of the further ones help where that one alone is not sure."""
    readable = [c for c in paper if c.sheet.page.state is not PageState.FAILED]
    if not readable:
        return Guess()
    first = readable[0].guess
    if first.score >= SURE or len(readable) == 1:
        return first
    whole = classify([c.sheet for c in readable])
    return whole if first.type in (whole.type, UNKNOWN) else first


def _reasons(guess: Guess, paper: Paper) -> tuple[str, ...]:
    """Why a person has to look at the paper itself; what is open about its dossier stands in the link."""
    out = []
    if guess.type == UNKNOWN or guess.score < KNOWN:
        out.append("unknown_type")
    elif guess.score < SURE:
        out.append("low_score")
    if any(s.page.state is PageState.FAILED for s in paper.sheets):
        out.append("page_failed")
    return tuple(out)
