"""What a batch says of itself: records and totals as JSON, the table at the end, the exit code."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from classifiers.completeness import DOUBTFUL, MISSING, PRESENT, Completeness
from classifiers.kinds import type_name
from flows.batch import Outcome
from flows.digitize import BatchReport
from pipeline.errors import Exit
from pipeline.messages import say
from pipeline.records import Document, Page, PageState, SourceRecord

NEEDS_EYES = {PageState.DOUBTFUL, PageState.FAILED}
ARCHIVED = {"new", "known", "duplicate"}
#: Carries a secrecy mark: not archived, and nothing failed.
QUARANTINED = "quarantined"
WIDE = 110  #: columns of a terminal on which the whole table can be read


def laid_out(value: Any, levels: int) -> str:
    """JSON for a file that people look into too: what lies within `levels` lists and objects by itself, anything deeper in one line.

    A page has hundreds of words, each with its box: a line for every number of them takes four times as long to write.
    """
    return _laid(value, levels, "\n") + "\n"


def _laid(value: Any, levels: int, feed: str) -> str:
    if not levels or not value or not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    inside = feed + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {_laid(v, levels - 1, inside)}" for k, v in value.items()]
        return f"{{{inside}{f',{inside}'.join(parts)}{feed}}}"
    return f"[{inside}{f',{inside}'.join(_laid(v, levels - 1, inside) for v in value)}{feed}]"


def page_json(page: Page) -> dict[str, Any]:
    plain = page.to_json()
    reading = plain.pop("reading")
    words = [w for line in reading["lines"] for w in line["words"]]
    kept = ("number", "state", "reason", "advice", "quality", "kind", "rotation", "skew", "dpi", "width", "height", "barcodes")
    return {k: plain[k] for k in kept} | {
        "confidence": {"mean": reading["mean"], "p5": reading["p5"]},
        "text": page.reading.text,
        "words": words,
    }


def document_json(document: Document) -> dict[str, Any]:
    plain = document.to_json()
    link = plain.pop("link")
    plain["dossier"] = {"code": link["code"] or None, "evidence": link["evidence"], "alternatives": link["alternatives"], "review": link["review"]}
    return plain


def record_json(record: SourceRecord) -> dict[str, Any]:
    """One source as `read --format json` and `digitize --report` write it."""
    links = [d.link for d in record.documents]
    codes = {link.code for link in links}
    agreed = None
    if len(codes) == 1 and (code := codes.pop()):
        agreed = {"code": code, "evidence": [e.to_json() for e in links[0].evidence]}
    return {
        "source": {
            "name": record.source.name,
            "sha256": record.source.sha256,
            "pages": record.source.pages,
            "media_type": record.source.media_type,
            "signed": record.source.signed,
            "signatures": [s.to_json() for s in record.source.signatures],
        },
        "pages": [page_json(p) for p in record.pages],
        "documents": [document_json(d) for d in record.documents],
        "dossier": agreed,
        "error": record.error.to_json() if record.error else None,
    }


def totals(records: Sequence[SourceRecord]) -> dict[str, int]:
    """Pages per state (their sum is `pages`) and counts of sources, documents, dossiers and what waits."""
    states = Counter(p.state.value for r in records for p in r.pages)
    documents = [d for r in records for d in r.documents]
    return (
        {"sources": len(records), "pages": sum(r.source.pages for r in records)}
        | {s.value: states[s.value] for s in PageState}
        | {
            "documents": len(documents),
            "dossiers": len({d.link.code for d in documents if d.link.code}),
            "unfiled": sum(not d.link.code for d in documents),
            "review": sum(bool(reasons(d)) for d in documents),
            "unreadable": sum(r.error is not None for r in records),
        }
    )


def batch_text(report: BatchReport) -> str:
    """`batch_json` as it is written; the words of a page in one line."""
    return laid_out(batch_json(report), 5)


def batch_json(report: BatchReport) -> dict[str, Any]:
    records = [o.record for o in report.outcomes]
    hows = Counter(o.how for o in report.outcomes)
    told = {how: hows[how] for how in ("new", "known", "duplicate", "refused", QUARANTINED)} | {"not_stored": hows["failed"]}
    return {
        "sources": [record_json(o.record) | {"outcome": o.how} for o in report.outcomes],
        "totals": totals(records) | told,
        "dossiers": [_components_json(code, found) for code, found in report.components.items()],
        "archive": report.archive,
        "started": report.started,
        "ended": report.ended,
        "seconds": round(report.seconds, 2),
        "stopped": report.stopped or None,
    }


def _components_json(code: str, found: Completeness) -> dict[str, Any]:
    """A dossier's components in short; `sohoa show --json` has all of it."""
    by_state = {state: [i.name for i in found.items if i.state == state] for state in (PRESENT, MISSING, DOUBTFUL)}
    return {"code": code, "procedure": found.procedure, "due": found.due, "digitized": found.digitized, "extra": list(found.extra)} | by_state


def _open_components(components: dict[str, Completeness]) -> Iterable[Text]:
    for code, found in components.items():
        for state in (MISSING, DOUBTFUL):
            names = "; ".join(i.name for i in found.items if i.state == state)
            if names:
                yield Text(f"  {code}: {say('component_state_' + state)}: {names}")


def reasons(document: Document) -> list[str]:
    """Why a person has to look at a document, message keys without repeats."""
    return list(dict.fromkeys(r for r in (document.link.review, *document.review) if r))


def exit_code(report: BatchReport) -> Exit:
    """0; 6 when anything waits for a person or failed; 2 when nothing could be read."""
    done = [o for o in report.outcomes if o.how in ARCHIVED or o.how == QUARANTINED]
    if report.outcomes and not done:
        return Exit.NOT_WRITTEN if any(o.how == "failed" for o in report.outcomes) else Exit.UNREADABLE
    waits = any(p.state in NEEDS_EYES for o in report.outcomes for p in o.record.pages)
    waits = waits or any(reasons(d) for o in report.outcomes for d in o.record.documents)
    return Exit.REVIEW if waits or len(done) < len(report.outcomes) or report.stopped else Exit.DONE


def field(document: Document, name: str) -> str:
    found = document.fields.get(name)
    return found.value if found else ""


def table(report: BatchReport, width: int) -> Group:
    """The end of a batch on a terminal of `width` columns: what was found per dossier, what waits and why, where it is, what to type next."""
    parts: list[Any] = _documents(report.outcomes, width)
    waiting = list(_waiting(report.outcomes))
    if waiting:
        parts += [Text(), Text(say("waiting_title", count=len(waiting)), style="bold yellow"), *waiting]
    if components := list(_open_components(report.components)):
        parts += [Text(), Text(say("components_open"), style="bold yellow"), *components]
    t = totals([o.record for o in report.outcomes])
    states = ", ".join(f"{t[s.value]} {say('state_' + s.value)}" for s in PageState if t[s.value])
    key = "batch_totals" if states else "batch_totals_none"
    parts += [Text(), Text(say(key, pages=t["pages"], states=states, documents=t["documents"], dossiers=t["dossiers"]), style="bold")]
    known = sum(o.how in {"known", "duplicate"} for o in report.outcomes)
    if known:
        parts.append(Text(say("batch_known", count=known)))
    if held := sum(o.how == QUARANTINED for o in report.outcomes):
        parts.append(Text(say("batch_quarantined", count=held), style="bold red"))
    rate = t["pages"] / report.seconds * 60 if report.seconds else 0.0
    parts.append(Text(say("batch_time", seconds=round(report.seconds, 1), rate=round(rate))))
    parts.append(Text(say("batch_where", archive=report.archive)))
    if code := next((d.link.code for o in report.outcomes for d in o.record.documents if d.link.code), ""):
        parts.append(Text(say("batch_next", code=code), style="cyan"))
    if waiting or report.components:
        parts.append(Text(say("batch_review"), style="cyan"))
    return Group(*parts)


def _documents(outcomes: Iterable[Outcome], width: int) -> list[Any]:
    """One table, the dossier's code in its first column; on a narrow terminal a table per dossier under its code, for a code is never cut."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    looks: dict[str, list[bool]] = {}
    for outcome in outcomes:
        for document in outcome.record.documents:
            code = document.link.code
            reference, issued = field(document, "reference"), field(document, "issued_on")
            rows.setdefault(code, []).append((type_name(document.type), reference, issued, span(document.pages), outcome.found.name))
            states = Counter(p.state for p in outcome.record.pages if p.number in document.pages)
            looks.setdefault(code, []).append(bool(sum(states[s] for s in NEEDS_EYES) or reasons(document)))
    parts: list[Any] = []
    wide = width >= WIDE
    grid = _grid(("col_dossier",) if wide else ())
    for code in sorted(rows, key=lambda c: (not c, c)):
        if not wide:
            grid = _grid(())
            parts += [Text(code or say("unfiled"), style="bold cyan"), Padding(grid, (0, 0, 1, 2))]
        for n, (row, look) in enumerate(zip(rows[code], looks[code], strict=True)):
            state = Text(say("state_look") if look else say("state_good"), style="yellow" if look else "green")
            grid.add_row(*((("" if n else code or say("unfiled")),) if wide else ()), *map(Text, row), state)
    return [grid] if wide and rows else parts


def _grid(first: tuple[str, ...]) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for key in (*first, "col_type", "col_number", "col_date", "col_pages", "col_file", "col_state"):
        grid.add_column(say(key), overflow="fold", no_wrap=key in {"col_dossier", "col_date", "col_state"})
    return grid


def _waiting(outcomes: Iterable[Outcome]) -> Iterable[Text]:
    for outcome in outcomes:
        record = outcome.record
        if record.error:
            yield Text(f"  {outcome.found.name}: {record.error.message}", style="red")
        for page in record.pages:
            if page.state in NEEDS_EYES:
                advice = f" → {say('advice_' + page.advice)}" if page.advice else ""
                state = say("state_" + page.state.value)
                yield Text(f"  {outcome.found.name}, {say('page')} {page.number}: {state}: {why(page, outcome.found.name)}{advice}")
        for document in record.documents:
            for reason in reasons(document):
                others = f" ({', '.join(document.link.alternatives)})" if reason == document.link.review and document.link.alternatives else ""
                yield Text(f"  {outcome.found.name}, {say('pages')} {span(document.pages)}: {say(reason)}{others}")


def why(page: Page, name: str) -> str:
    """The page's reason in words; `name` is that of its file."""
    return say(page.reason, page=page.number, name=name) if page.reason else ""


def span(pages: Sequence[int]) -> str:
    """1-3, 5."""
    out: list[list[int]] = []
    for n in pages:
        if out and n == out[-1][1] + 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def console() -> Console:
    """Standard output; a pipe or file gets wide lines, for nobody folds them there."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def error_console() -> Console:
    """Standard error; a line is folded by the terminal alone."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
