"""The committed samples as one morning's work: every page accounted for, every code and type right, every PDF before the reference validator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Exit
from tests import trees
from tests.verapdf import verapdf

Json = dict[str, Any]
STATES = ("good", "doubtful", "blank", "separator", "failed", "skipped")


@dataclass(frozen=True)
class Morning:
    """What `digitize` made of both sample folders, and the truth of each scan by its digest."""

    archive: Path
    report: Json
    truth: dict[str, Json]

    def pairs(self) -> list[tuple[Json, Json]]:
        """Record and truth of every scan."""
        return [(r, self.truth[r["source"]["sha256"]]) for r in self.report["sources"]]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Morning:
    archive = tmp_path_factory.mktemp("morning") / "archive"
    done = trees.run("digitize", samples / "batch", samples / "three", "--archive", archive, "--json")
    assert done.returncode == Exit.REVIEW, done.stderr
    assert done.stderr == ""
    truth = [json.loads(p.read_text(encoding="utf-8")) for p in (samples / "truth").rglob("*.json")]
    return Morning(archive, json.loads(done.stdout), {t["sha256"]: t for t in truth})


def by_page(documents: list[Json]) -> dict[int, Json]:
    return {n: d for d in documents for n in d["pages"]}


def test_every_scan_and_every_page_is_accounted_for(morning: Morning) -> None:
    assert {r["source"]["sha256"] for r in morning.report["sources"]} == morning.truth.keys()
    totals = morning.report["totals"]
    assert totals["pages"] == sum(totals[s] for s in STATES) == sum(len(t["pages"]) for t in morning.truth.values()) >= 40
    wrong = [
        (truth["file"], page["number"], page["state"], told["accept"])
        for record, truth in morning.pairs()
        for page, told in zip(record["pages"], truth["pages"], strict=True)
        if page["state"] not in told["accept"]
    ]
    assert wrong == []


def test_every_page_stands_upright_and_straight(morning: Morning) -> None:
    wrong = []
    for record, truth in morning.pairs():
        for page, told in zip(record["pages"], truth["pages"], strict=True):
            if told["state"] != "good":
                continue
            if page["rotation"] != told["rotation"] or abs(page["skew"] - told["skew"]) > 0.3:
                wrong.append((truth["file"], page["number"], page["rotation"], page["skew"], told["rotation"], told["skew"]))
    assert wrong == []


def test_every_paper_lies_in_its_dossier(morning: Morning) -> None:
    """Or waits for a person with that dossier as its candidate; none lies in another."""
    wrong, waiting = [], 0
    for record, truth in morning.pairs():
        found, wanted = by_page(record["documents"]), by_page(truth["documents"])
        assert found.keys() == wanted.keys(), truth["file"]
        for n, told in wanted.items():
            link = found[n]["dossier"]
            if (link["code"] or "") == (told["dossier"] or ""):
                continue
            if not link["code"] and told["dossier"] in link["alternatives"]:
                waiting += 1
            else:
                wrong.append((truth["file"], n, link["code"], told["dossier"]))
    assert wrong == []
    assert waiting <= 2
    dossiers = {d["dossier"] for t in morning.truth.values() for d in t["documents"]} - {"", None}
    assert {p.parent.name for p in (morning.archive / "dossiers").rglob("dossier.json")} == dossiers
    assert morning.report["totals"]["dossiers"] == len(dossiers) >= 6


def test_every_type_is_right_on_good_pages(morning: Morning) -> None:
    wrong, seen = [], set()
    for record, truth in morning.pairs():
        found = by_page(record["documents"])
        for n, wanted in by_page(truth["documents"]).items():
            if truth["pages"][n - 1]["state"] != "good":
                continue
            seen.add(wanted["type"])
            if found[n]["type"] not in {wanted["type"], *wanted["also"]}:
                wrong.append((truth["file"], n, found[n]["type"], wanted["type"]))
    assert wrong == []
    assert len(seen) >= 12


def test_papers_are_parted_where_they_end(morning: Morning) -> None:
    for record, truth in morning.pairs():
        assert [d["pages"] for d in record["documents"]] == [d["pages"] for d in truth["documents"]], truth["file"]


def test_numbers_and_dates_are_those_printed(morning: Morning) -> None:
    """Of the papers on good pages; a stroke lost by the scanner may cost one."""
    told = wrong = 0
    for record, truth in morning.pairs():
        found = by_page(record["documents"])
        for wanted in truth["documents"]:
            if any(truth["pages"][n - 1]["state"] != "good" for n in wanted["pages"]):
                continue
            fields = found[wanted["pages"][0]]["fields"]
            for name in {"reference", "issued_on"} & wanted["fields"].keys():
                told += 1
                wrong += fields.get(name, {}).get("value") != wanted["fields"][name]
    assert told > 30
    assert wrong <= 2


def test_every_pdf_passes_the_reference_validator(morning: Morning) -> None:
    pdfs = sorted((morning.archive / "dossiers").rglob("*.pdf")) + sorted((morning.archive / "unfiled").rglob("*.pdf"))
    assert len(pdfs) == morning.report["totals"]["documents"]
    assert {p.name: v.reasons for p, v in verapdf(pdfs).items() if not v} == {}


def test_every_document_has_its_manifest_and_words(morning: Morning) -> None:
    for pdf in (morning.archive / "dossiers").rglob("*.pdf"):
        manifest = json.loads(pdf.with_suffix(".json").read_text(encoding="utf-8"))
        assert manifest["files"]["pdf"]["key"] == pdf.relative_to(morning.archive).as_posix()
        assert pdf.with_suffix(".alto.xml").stat().st_size > 500
