"""The figures of `./sohoa bench understanding` say what they ought to: verdicts, counts, calibration, the peer's rules, the corpus' labels."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import office_rules, verdicts
from benchmarks.__main__ import main
from benchmarks.answers import UNKNOWN, Answer, Answers
from benchmarks.papers import File, Paper, corpus, drawn
from benchmarks.understanding import put
from benchmarks.understanding_table import rows, targets
from benchmarks.understood import Figures, Hits, calibration_error
from benchmarks.verdicts import Verdict
from samples.cards import cccd_two
from samples.case import make_case
from samples.elsewhere import letter
from samples.stacks import Stack

PRINTED: dict[str, str] = {}
BY_PEN = {"reference": "pen", "issued_on": "pen"}


@pytest.mark.parametrize(
    ("truth", "answer", "hand", "expected"),
    [
        ("15/QĐ-SYT", "15/QĐ-SYT", PRINTED, Verdict.EXACT),
        ("15/QĐ-SYT", "15 / QĐ-SYT", PRINTED, Verdict.EXACT),
        ("15/QĐ-SYT", "16/QĐ-SYT", PRINTED, Verdict.WRONG),
        ("15/QĐ-SYT", "15/QĐ-SYTE", PRINTED, Verdict.WRONG),
        ("15/QĐ-SYT", "/QĐ-SYT", PRINTED, Verdict.SHUT),
        ("15/QĐ-SYT", "/QĐ-SYT", BY_PEN, Verdict.OPEN),
        ("15/QĐ-SYT", "/QĐ-SYT", None, Verdict.OPEN),
        ("15/QĐ-SYT", "/TB-SYT", BY_PEN, Verdict.WRONG),
        ("/QĐ-SYT", "/QĐ-SYT", {"reference": "empty"}, Verdict.EXACT),
        ("/QĐ-SYT", "7/QĐ-SYT", {"reference": "empty"}, Verdict.WRONG),
        ("16-CV/ĐU", "-CV/ĐU", BY_PEN, Verdict.OPEN),
        ("21/2026/TT-BCT", "/2026/TT-BCT", BY_PEN, Verdict.OPEN),
        ("15/QĐ-SYT", "", BY_PEN, Verdict.MISSING),
    ],
)
def test_a_number_is_exact_open_or_wrong(truth: str, answer: str, hand: dict[str, str] | None, expected: Verdict) -> None:
    assert verdicts.reference(truth, answer, hand) is expected


@pytest.mark.parametrize(
    ("truth", "answer", "hand", "expected"),
    [
        ("2017-10-23", "2017-10-23", PRINTED, Verdict.EXACT),
        ("2017-10-23", "2017-10-22", BY_PEN, Verdict.WRONG),
        ("2017-10-23", "2017-10", BY_PEN, Verdict.OPEN),
        ("2017-10-23", "2017-10", PRINTED, Verdict.SHUT),
        ("2017-10-23", "2017", BY_PEN, Verdict.SHUT),
        ("2017-10-23", "2017", {"issued_on": "stamp month"}, Verdict.OPEN),
        ("2017-10-23", "2017-11", BY_PEN, Verdict.WRONG),
        ("2017-10", "2017-10-04", {"issued_on": "empty"}, Verdict.WRONG),
        ("2017-10", "2017-10", {"issued_on": "empty"}, Verdict.EXACT),
        ("2017-10-23", "2017-10", None, Verdict.OPEN),
        ("2017-10-23", "", PRINTED, Verdict.MISSING),
    ],
)
def test_a_day_is_exact_open_or_wrong(truth: str, answer: str, hand: dict[str, str] | None, expected: Verdict) -> None:
    assert verdicts.issued_on(truth, answer, hand) is expected


def test_a_label_that_names_the_superior_too_is_met_by_the_leading_body_alone() -> None:
    label = "Sở Y tế tỉnh Kiên Giang"
    assert verdicts.issuer(label, "SỞ Y TẾ", loosely=True) is Verdict.EXACT
    assert verdicts.issuer(label, "SỞ Y TẾ KIÊN GIANG", loosely=True) is Verdict.EXACT
    assert verdicts.issuer(label, "SỞ", loosely=True) is Verdict.WRONG
    assert verdicts.issuer(label, "SỞ Y TẾ") is Verdict.WRONG
    assert verdicts.issuer("SỞ Y TẾ", "Sở Y tế") is Verdict.EXACT


def test_a_subject_may_have_one_sign_in_twenty_wrong_and_a_name_none() -> None:
    told = "Về việc công nhận danh hiệu thi đua năm 2017"
    assert verdicts.subject(told, "công nhận danh hiệu thi đua năm 2011") is Verdict.EXACT
    assert verdicts.subject(told, "công nhận danh hiệu thi đưa năn 2011") is Verdict.WRONG
    assert verdicts.signer("Trần Văn Mẫu", "ThS.BS. Trần Văn Mẫu") is Verdict.EXACT
    assert verdicts.signer("Trần Văn Mẫu", "Trần Văn Mấu") is Verdict.WRONG


@given(st.integers(1, 9999), st.sampled_from(["QĐ-UBND", "TB-SYT", "CV/ĐU", "SYT-NVY"]), st.sampled_from("/-"))
def test_number_and_symbol_are_parted_and_an_open_one_has_no_number(number: int, symbol: str, sign: str) -> None:
    assert verdicts.parts(f"{number}{sign}{symbol}") == (str(number), symbol)
    assert verdicts.parts(f"{sign}{symbol}") == ("", symbol)


def test_calibration_error_is_how_far_confidence_is_from_what_holds() -> None:
    assert calibration_error([]) is None
    assert calibration_error([(1.0, True), (1.0, True)]) == 0.0
    assert calibration_error([(0.9, True), (0.9, False)]) == pytest.approx(0.4)
    assert calibration_error([(0.75, True)] * 3 + [(0.75, False)] + [(0.2, False)]) == pytest.approx(0.2 / 5)


def file(*papers: Paper) -> File:
    return File(Path("x.pdf"), papers)


def test_boundaries_types_and_fields_are_counted_paper_by_paper() -> None:
    figures = Figures()
    truth = file(
        Paper((1, 2), ("quyet_dinh",), {"reference": "15/QĐ-SYT", "issued_on": "2017-10-23"}, BY_PEN, ""),
        Paper((3,), ("cong_van",), {"reference": "4/SYT-VP"}, PRINTED, ""),
        Paper((4,), ("bao_cao",), {}, PRINTED, ""),
    )
    answers = Answers(
        (
            Answer((1, 2), "quyet_dinh", 0.9, {"reference": "/QĐ-SYT", "issued_on": "2017-10-23"}, {"issued_on": 0.8}, frozenset({"reference"})),
            Answer((3, 4), "thong_bao", 0.7, {"reference": "5/SYT-VP"}, {"reference": 0.9}),
        ),
        seconds=0.4,
    )
    figures.count(truth, 4, answers)
    assert (figures.seams.right, figures.seams.extra, figures.seams.missed) == (1, 0, 1)
    assert figures.seams.f1 == pytest.approx(2 / 3)
    assert figures.right.percent == pytest.approx(100 / 3)
    assert figures.verdicts["reference"] == Counter({Verdict.OPEN: 1, Verdict.WRONG: 1})
    assert figures.number_and_day.percent == 50
    assert figures.wrong_number_or_day.percent == 50
    assert figures.symbol.percent == 100
    assert (figures.by_hand["reference"].percent, figures.by_hand["issued_on"].percent) == (0, 100)
    assert figures.reviewed.percent == 50
    assert figures.passed_wrong.percent == 100
    assert figures.macro_f1 == pytest.approx(1 / 3)
    assert figures.whole_files.percent == 0
    table = {row[0].strip(): row[1] for row in rows(figures, None)}
    assert table["understanding, ms a page"] == "100.0"
    held = {t.name: t.holds for t in targets({"fresh": figures})}
    assert held["type right %, fresh"] is False
    assert held["signer %, fresh"] is None


def test_an_unknown_type_is_no_wrong_one_and_a_paper_that_is_none_is() -> None:
    figures = Figures()
    answers = (Answer((1,), UNKNOWN, 0.3, doubted=frozenset({"unknown_type"})), Answer((2,), "bien_ban", 0.9))
    figures.count(file(Paper((1, 2), ("cong_van",), dossier="")), 2, Answers(answers))
    assert (figures.right.percent, figures.abstained.percent) == (0, 100)
    assert figures.seams.precision == 0.0
    assert figures.passed_wrong.percent == 100
    assert not figures.calibration


def test_only_links_that_nobody_is_asked_about_are_wrong_links() -> None:
    figures = Figures()
    told = Paper((1,), ("cong_van",), dossier="")
    figures.count(file(told), 1, Answers((Answer((1,), "cong_van", dossier="H26.12-260930-0012", sure=False),)))
    assert figures.wrong_links == 0
    figures.count(file(told), 1, Answers((Answer((1,), "cong_van", dossier="H26.12-260930-0012"),)))
    assert figures.wrong_links == 1


def test_missing_components_are_found_or_not() -> None:
    figures = Figures()
    lacking = File(Path("x.pdf"), (Paper((1,), ("giay_tiep_nhan",), dossier="C"),), {"C": {"Đơn": True, "Bản vẽ": False, "Giấy chứng sinh": False}})
    figures.count(lacking, 1, Answers((Answer((1,), "giay_tiep_nhan", dossier="C"),), {"C": frozenset({"Bản vẽ", "Đơn"})}, {"C": frozenset()}))
    assert (figures.missing.precision, figures.missing.recall) == (0.5, 0.5)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_hits_account_for_everything(truth: list[str], said: list[str]) -> None:
    hits = Hits()
    hits.count(Counter(truth), Counter(said))
    assert hits.right + hits.missed == len(truth)
    assert hits.right + hits.extra == len(said)


def test_the_peers_rules_read_a_plain_letter() -> None:
    first = (
        "SỞ Y TẾ\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố: 15/QĐ-SYT Mẫu Lĩnh, ngày 03 tháng 4 năm 2024\nQUYẾT ĐỊNH\nVề việc kiểm kê\n\nTrần Văn Mẫu"
    )
    papers = office_rules.understand([first, "trang hai", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nV/v nộp báo cáo\nquyết toán\n\nKính gửi: ai đó"])
    assert [p.pages for p in papers] == [(1, 2), (3,)]
    assert [p.type for p in papers] == ["quyet_dinh", "cong_van"]
    expected = {"reference": "15/QĐ-SYT", "issued_on": "2024-04-03", "issuer": "SỞ Y TẾ", "subject": "kiểm kê", "signer": "Trần Văn Mẫu"}
    assert papers[0].fields == expected
    assert papers[1].fields["subject"] == "nộp báo cáo quyết toán"


def test_labels_of_a_corpus_become_papers(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    with pikepdf.new() as pdf:
        for _ in range(4):
            pdf.add_blank_page()
        pdf.save(scans / "a.pdf")
    label = {
        "file": "a.pdf",
        "doc_type": "thong-bao",
        "so_ky_hieu": "2016/TB-SYT",
        "ngay": "2017-10-23",
        "co_quan": "Sở Y tế",
        "trich_yeu": "Về việc x",
    }
    (scans / "labels.jsonl").write_text(json.dumps(label | {"do_khan": "", "flags": ["multidoc:1,2-4"]}) + "\n", encoding="utf-8")
    (one,) = corpus(tmp_path)
    assert [p.pages for p in one.papers] == [(1,), (2, 3, 4)]
    assert [p.told for p in one.papers] == [True, False]
    assert one.papers[0].types == ("thong_bao",)
    assert one.papers[0].hand is None
    assert "urgency" not in one.papers[0].fields
    (scans / "a.p1.gt.txt").write_text("SỞ Y TẾ\nSố: ⟦2016⟧ /TB-SYT\tMẫu, ngày ⟦23⟧ tháng 10 năm 2017\n", encoding="utf-8")
    assert corpus(tmp_path)[0].papers[0].hand == {"reference": "pen", "issued_on": "pen"}


def test_the_truth_of_drawn_files_becomes_papers(tmp_path: Path) -> None:
    stack = Stack("yard")
    stack.paper(letter(make_case("yard/1"), "quyet_dinh", annex=True), dpi=100)
    stack.paper(cccd_two(make_case("yard/2")), dpi=100)
    stack.about["components"] = {"C": [{"name": "Đơn", "present": False, "type": ""}]}
    stack.write(tmp_path, "elsewhere/a.pdf")
    (one,) = drawn(tmp_path)
    decision, two = one.papers
    assert decision.types == ("quyet_dinh",)
    assert len(decision.pages) > 1
    assert {"reference", "issued_on", "issuer", "signer"} <= set(decision.fields)
    assert len(two.cards) == 2
    assert one.components == {"C": {"Đơn": False}}


def test_tables_replace_those_of_an_earlier_run_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("a\n\n## Understanding, measured\n\nold\n\n## Measured\n\nkept\n", encoding="utf-8")
    put(page, "new\n")
    assert page.read_text(encoding="utf-8") == "a\n\n## Understanding, measured\n\nnew\n\n## Measured\n\nkept\n"
    put(tmp_path / "other.md", "new\n")
    assert (tmp_path / "other.md").read_text(encoding="utf-8") == "new\n"


def test_a_whole_run_ends_well_and_a_second_one_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SOHOA_CORPUS", raising=False)
    told = tmp_path / "out.json"
    given_ = ["understanding", "--pages", "1", "--seed", "3", "--workers", "1", "--cache", str(tmp_path / "kept"), "--json", str(told)]
    assert main(given_) == 0
    first = json.loads(told.read_text(encoding="utf-8"))
    assert first["sets"][0]["papers"] >= 1
    assert first["sets"][0]["rules"] is not None
    assert main(given_) == 0
    again = json.loads(told.read_text(encoding="utf-8"))
    assert any("0 pages read" in line for line in again["about"])
    assert again["sets"][0]["sohoa"]["verdicts"] == first["sets"][0]["sohoa"]["verdicts"]
    assert "What understanding has to reach" in capsys.readouterr().out
