"""The benchmark counts what it says it counts: costs with all children, both truths, ratios, a verdict on a damaged archive."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import kill, reading, systems, table
from benchmarks.figures import Measured, paired, rows, straightness, worse
from benchmarks.measure import Errors, Score
from benchmarks.processes import Cost, measure
from benchmarks.reading import into, page_score
from benchmarks.systems import Result, TwoAtATime, rendered
from benchmarks.targets import targets
from benchmarks.truth import PageSet, Source, Truth, cells, corpus, printed
from benchmarks.truth import samples as sample_set
from pipeline.sheets import separator_sheets
from tests import trees
from tests.places import in_folder

BURN = "import time\nwhile time.process_time() < {seconds}: pass"


def cost(wall: float = 10.0, cpu: float = 4.0) -> Cost:
    return Cost(wall, cpu, 100 * 1024**2, 0, 200 * 1024**2, 0.0, 0)


def test_cpu_of_children_and_of_orphans_is_counted() -> None:
    orphan = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BURN.format(seconds=0.5)!r}])"
    found = measure([sys.executable, "-c", orphan])
    assert found.code == 0
    assert 0.5 <= found.cpu < 3


def test_memory_is_that_of_the_largest_process() -> None:
    child = "import time; x = bytearray(150_000_000); time.sleep(1.5)"
    found = measure([sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"])
    assert 150e6 < found.largest < 300e6
    assert found.together > 150e6
    assert found.worker == 0


def test_a_command_that_hangs_is_ended_with_its_children() -> None:
    begun = time.monotonic()
    found = measure(["bash", "-c", "sleep 61.531 & sleep 61.531"], limit=0.5)
    assert found.code == -9
    assert time.monotonic() - begun < 20
    assert not [line for line in trees.left_behind("61.531") if line.startswith("sleep")]


def test_commands_run_two_at_a_time_and_a_failure_is_told(tmp_path: Path) -> None:
    script = TwoAtATime()
    # each waits for the other, so they end only when they run side by side
    script.add(["sh", "-c", 'touch "$0/a"; while [ ! -e "$0/b" ]; do sleep 0.05; done; echo done', tmp_path], to=tmp_path / "it's one")
    script.add(["sh", "-c", 'touch "$0/b"; while [ ! -e "$0/a" ]; do sleep 0.05; done; exit 3', tmp_path])
    script.add(["touch", tmp_path / "alone"], alone=True)
    found = measure(script.command(), limit=30)
    assert found.code > 0
    assert (tmp_path / "it's one").read_text() == "done\n"
    assert (tmp_path / "alone").exists()


def test_every_sample_has_its_truth(samples: Path) -> None:
    pages = sample_set(samples)
    assert pages.pages == pages.scored >= 40
    scans = [p for folder in ("three", "batch") for p in (samples / folder).rglob("*") if p.is_file()]
    assert sorted(s.path for s in pages.sources) == sorted(scans)
    decision = next(s for s in pages.sources if s.path.name == "quyet-dinh.pdf")
    assert decision.truth[1].rotation == 0
    assert any("THÀNH PHỐ HÀ NỘI CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text for text in decision.truth[1].texts), "by rows"
    assert any("THÀNH PHỐ HÀ NỘI\nỦY BAN NHÂN DÂN" in text for text in decision.truth[1].texts), "by columns"


def test_a_corpus_is_the_files_that_were_transcribed(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in ("a.b", "untold"):
        (scans / f"{name}.pdf").write_bytes(separator_sheets(["H26.12-260930-0012", "H26.12-260930-0013"]))
    (scans / "a.b.p2.gt.txt").write_text("CƠ QUAN\tCỘNG HÒA\n\tĐộc lập\nSố: ⟦1⟧", encoding="utf-8")
    found = corpus(tmp_path)
    assert [(s.path.name, s.pages, list(s.truth)) for s in found.sources] == [("a.b.pdf", 2, [2])]
    assert (found.pages, found.scored) == (2, 1)
    assert "CƠ QUAN CỘNG HÒA\n Độc lập\nSố: ⟦1⟧" in found.sources[0].truth[2].texts
    assert found.sources[0].truth[2].rotation is None
    assert not found.sources[0].truth[2].stamped


def test_labels_tell_of_stamps_and_of_what_is_printed(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "a.pdf").write_bytes(separator_sheets(["H26.12-260930-0012"]))
    (scans / "a.p1.gt.txt").write_text("Số: 15/QĐ\nHà Nội, ngày ⟦2⟧ tháng 3 năm 2026\nLê Mẫu", encoding="utf-8")
    label = {"file": "a.pdf", "so_ky_hieu": "15/QĐ", "ngay": "2026-03-02", "nguoi_ky": "Lê Mẫu", "flags": ["arrival-stamp"]}
    (scans / "labels.jsonl").write_text(json.dumps(label) + "\n", encoding="utf-8")
    truth = corpus(tmp_path).sources[0].truth[1]
    assert truth.stamped
    assert truth.named == {"number": "15/QĐ", "signer": "Lê Mẫu"}, "a day in handwriting is nothing to read"


def test_a_date_is_wanted_as_the_page_prints_it() -> None:
    assert printed({"issued_on": "2026-03-05"}, "Hà Nội, ngày 05 tháng 3 năm 2026") == {"date": "ngày 05 tháng 3 năm 2026"}
    assert printed({"issued_on": "2026-03-05"}, "cấp 05/03/2026") == {"date": "05/03/2026"}
    assert printed({"reference": "2/QĐ", "signer": ""}, "Số: 12/QĐ") == {}


def test_side_by_side_lines_share_a_row() -> None:
    lines = [
        {"text": "Độc lập", "box": [0.55, 0.08, 0.8, 0.1]},
        {"text": "CỘNG HÒA", "box": [0.5, 0.05, 0.9, 0.07]},
        {"text": "CƠ QUAN", "box": [0.1, 0.051, 0.3, 0.071]},
        {"text": "Kính gửi: ông Mẫu", "box": [0.2, 0.2, 0.8, 0.22]},
    ]
    found = [[cell.text for cell in row] for row in cells(lines)]
    assert found == [["CƠ QUAN", "CỘNG HÒA"], ["", "Độc lập"], ["Kính gửi: ông Mẫu"]]


def test_pages_are_rendered_at_the_size_of_the_scan(samples: Path, tmp_path: Path) -> None:
    source = next(s for s in sample_set(samples, folders=("three",)).sources if s.path.suffix == ".pdf")
    about = json.loads((samples / "truth" / "three" / f"{source.path.name}.json").read_text())["pages"]
    from PIL import Image

    for page, png in zip(about, rendered(source, tmp_path), strict=True):
        with Image.open(png) as image:
            assert image.width == pytest.approx(page["width"], abs=4)
            assert image.height == pytest.approx(page["height"], abs=4)


def test_a_page_that_was_not_read_counts_as_empty() -> None:
    pages = PageSet("x", (Source(Path("a"), "aa", 2, {1: Truth(("một",)), 2: Truth(("hai",))}, "bad"),))
    assert paired(pages, {("aa", 2): "hai"}) == [(("aa", 1), "bad", ""), (("aa", 2), "bad", "hai")]


def test_an_arrival_stamp_that_was_read_is_no_error() -> None:
    text = "QUYẾT ĐỊNH\nCÔNG VĂN ĐẾN\nĐiều 1"
    assert page_score(Truth(("QUYẾT ĐỊNH\nĐiều 1",), stamped=True), text).words.edits == 0
    assert page_score(Truth(("QUYẾT ĐỊNH\nĐiều 1",)), text).words.edits == 3


def test_turned_pages_and_skew_are_judged_on_printed_pages() -> None:
    truth = {1: Truth(("một",), 180, 0.5), 2: Truth(("hai",), 0, -1.0), 3: Truth(("",), 90, 3.0)}
    pages = PageSet("x", (Source(Path("a"), "aa", 3, truth),))
    facts = {("aa", 1): {"rotation": 180, "skew": 0.6}, ("aa", 2): {"rotation": 90, "skew": 0.0}, ("aa", 3): {"rotation": 0, "skew": 0.0}}
    found = straightness(pages, Result("sohoa", cost(), facts=facts))
    assert found is not None
    assert (found.pages, found.right, found.wrong, found.upright_turned) == (2, 1, ("a p. 2",), ("a p. 2",))
    assert found.mean == found.p95 == pytest.approx(0.1)
    assert straightness(pages, Result("tesseract", cost())) is None


def characters(edits: int, length: int = 1000) -> Score:
    return Score(characters=Errors(edits, length), local=Errors(edits, length))


def test_ratios_are_ours_through_theirs() -> None:
    pages = PageSet("x", (Source(Path("a"), "aa", 2, {}),))
    ours = Result("sohoa", cost(10, 4), pdf_bytes=1000, start=cost(1, 0.5), starts=1)
    theirs = Result("ocrmypdf", cost(20, 16), pdf_bytes=4000, start=cost(1, 1), starts=2)
    found = {row[0]: row[1:] for row in rows(Measured(pages, [ours, theirs]))}
    assert found["CPU seconds a page, all"] == ["2.00", "8.00", "0.25"]
    assert found["CPU seconds a page, starting taken off"] == ["1.75", "7.00", "0.25"]
    assert found["wall seconds a page, 2 workers"] == ["5.00", "10.00", "0.50"]
    assert found["PDF, KB a page"] == ["0.5", "2.0", "0.25"]
    assert "CER in reading order %" not in found


def test_a_tier_has_rows_of_its_own() -> None:
    pages = PageSet("fresh", (Source(Path("a"), "aa", 1, {1: Truth(("một",))}, "bad"),))
    scores = {("sohoa", "own", ""): characters(10), ("sohoa", "own", "bad"): characters(90)}
    found = {row[0]: row[1:] for row in rows(Measured(pages, [Result("sohoa", cost())], scores))}
    assert (found["CER in reading order %"], found["CER in reading order %, bad"]) == (["1.00"], ["9.00"])


def test_pages_worse_than_plain_tesseract_are_named_when_it_is_no_noise() -> None:
    pages = PageSet("x", (Source(Path("a.pdf"), "aa", 4, {n: Truth(("x",)) for n in (1, 2, 3, 4)}),))
    pairs = {1: (20, 10), 2: (14, 10), 3: (10, 20), 4: (40, 10)}
    by_page = {("aa", n): {"sohoa own": characters(a), "tesseract own": characters(b)} for n, (a, b) in pairs.items()}
    measured = Measured(pages, [Result("sohoa", cost()), Result("tesseract", cost())], by_page=by_page)
    assert worse(measured) == ["a.pdf p. 4 (40 against 10)", "a.pdf p. 1 (20 against 10)"]
    assert worse(Measured(pages, [Result("sohoa", cost())], by_page=by_page)) is None


def test_targets_say_what_holds_and_what_was_not_measured() -> None:
    pages = PageSet("fresh", (Source(Path("a"), "aa", 10, {1: Truth(("một",), 0, 0.0)}, "clean"),))
    ours = Result("sohoa", cost(10, 5), facts={("aa", 1): {"rotation": 0, "skew": 0.3}})
    measured = Measured(pages, [ours, Result("ocrmypdf", cost(50, 45))], {("sohoa", "own", "clean"): characters(7)})
    found = {t.name: t for t in targets([measured], 1.8)}
    assert found["CPU seconds a page, fresh"].row() == ["CPU seconds a page, fresh", "≤ 0.6", "0.50", "✓"]
    assert found["times under OCRmyPDF, fresh"].holds is True
    assert found["CER in reading order %, clean"].holds is True
    assert found["CER in reading order %, worn"].holds is None
    assert found["one worker's wall through two workers'"].holds is False
    assert found["upright pages turned"].holds is True
    assert found["skew off by, 95th percentile °"].holds is False


def test_engines_become_settings_only_where_the_program_knows_them() -> None:
    from pipeline.settings import PageSettings

    found = systems.variants(["auto", "plain", "pytesseract"])
    assert found[0].name == "sohoa"
    for variant in found:
        for name in variant.settings:
            assert name.removeprefix("SOHOA_PAGE__").lower() in PageSettings.model_fields
    assert len({v.name for v in found}) == len(found)


def test_tables_are_aligned_and_markdown_is_sound() -> None:
    cells = [["", "đo"], ["một", "1.5"], ["a|b", "–"]]
    lines = table.plain(cells).splitlines()
    assert lines[0] == "      đo"
    assert lines[2:] == ["một  1.5", "a|b    –"]
    assert table.markdown(cells).splitlines() == ["|  | đo |", "|---|---:|", "| một | 1.5 |", "| a\\|b | – |"]


def test_tables_go_under_their_heading(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Benchmarks\n\nHow.\n\n## Measured\n\nold\n", encoding="utf-8")
    into(page, "new\n")
    into(page, "newer\n")
    assert page.read_text(encoding="utf-8") == "# Benchmarks\n\nHow.\n\n## Measured\n\nnewer\n"
    into(tmp_path / "fresh.md", "new\n")
    assert (tmp_path / "fresh.md").read_text(encoding="utf-8") == "new\n"


def test_a_damaged_archive_is_seen(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    source = Path(trees.ROOT) / "samples" / "three" / "giay-khai-sinh.jpg"
    done = trees.run("digitize", source, "--archive", archive)
    assert done.returncode in (0, 6), done.stderr
    wanted, rows_wanted = trees.objects(archive), trees.rows(archive)
    assert kill.compare(wanted, rows_wanted, in_folder(archive)).wrong == 0
    pdf = next(archive.rglob("document.pdf"))
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    next(archive.rglob("document.alto.xml")).unlink()
    (archive / "unfiled" / "twice.pdf").write_bytes(b"x")
    rows_wanted["documents"] = rows_wanted["documents"] * 2
    verdict = kill.compare(wanted, rows_wanted, in_folder(archive))
    assert [len(verdict.lost), len(verdict.doubled), len(verdict.differ)] == [2, 1, 1]


def test_wrong_arguments_end_with_one() -> None:
    for arguments in (["nonsense"], ["kill", "--kills", "0"], ["reading", "--fast"], ["--pages", "3"], ["--engines", "auto,none"]):
        with pytest.raises(SystemExit) as ended:
            bench.main(arguments)
        assert ended.value.code == 1


def test_help_names_every_benchmark() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--help"], cwd=trees.ROOT, capture_output=True, text=True, check=True)
    for name in ("reading", "kill", "second"):
        assert name in done.stdout


def test_two_workers_are_compared_on_everything_once(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    seen: list[tuple[int, int]] = []

    def digitize(pages: PageSet, folder: Path, variant: systems.Variant, *, workers: int) -> Result:
        seen.append((pages.pages, workers))
        return Result("sohoa", cost(wall=11.0 if workers == 1 else 6.0), start=cost(wall=1.0), starts=1)

    monkeypatch.setattr(systems, "digitize", digitize)
    ours = sample_set(samples, folders=("three",))
    found, said = reading.two_workers([ours], systems.Variant("sohoa"))
    assert found == pytest.approx(2.0)
    assert seen == [(sample_set(samples).pages, 1), (sample_set(samples).pages, 2)], "files that two sets have count once"
    assert "10.0 s with one worker, 5.0 s with two" in said
