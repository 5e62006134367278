"""What the splitter's costs are fitted to, and that the fit is worth it."""

from __future__ import annotations

import random

from classifiers.layout import Sheet
from classifiers.seams import clues
from classifiers.split import worth
from training.split import FIXED, PRIOR, cut, f1, fit, seams_of, written
from training.stacks import Stuff, composed, pile, stacks

TEXTS = [
    Stuff(
        f"Về việc {about} trên địa bàn tỉnh",
        ("Căn cứ Luật Tổ chức chính quyền địa phương;", "Theo đề nghị của Giám đốc Sở Nội vụ;"),
        tuple(
            f"{n}. Các cơ quan, đơn vị {about} theo chức năng, nhiệm vụ được giao và báo cáo kết quả trước ngày {n + 1} hằng tháng."
            for n in range(60)
        ),
        tuple(f"{n} Đơn vị thứ {n} {about} số lượng {n * 3}" for n in range(40)),
    )
    for about in ("số hóa hồ sơ", "phòng chống thiên tai", "cải cách hành chính", "khám chữa bệnh", "quản lý đất đai")
]


def test_a_pile_knows_where_its_papers_begin() -> None:
    rng = random.Random(1)
    papers = [composed(rng, TEXTS) for _ in range(4)]
    stack = pile(papers)
    assert [p.number for p in stack.pages] == list(range(1, sum(map(len, papers)) + 1))
    assert [stack.pages[b - 1].reading for b in stack.begins] == [p[0].reading for p in papers]


def test_sample_dossiers_drawn_as_text_are_cut_where_their_papers_begin() -> None:
    cuts = [cut([clues(Sheet(p)) for p in s.pages], s.begins) for s in stacks(77, 3, None)]
    assert sum(c.due for c in cuts) >= 6
    assert f1(cuts) >= 0.9


def test_papers_of_offices_are_cut_where_they_begin() -> None:
    rng = random.Random(5)
    piles = [pile([composed(rng, TEXTS) for _ in range(5)]) for _ in range(3)]
    assert f1([cut([clues(Sheet(p)) for p in s.pages], s.begins) for s in piles]) >= 0.9


def test_the_fit_follows_what_it_is_shown_and_keeps_the_prior_elsewhere() -> None:
    rows = [({"margin": 1.0}, 1)] * 400 + [({}, 0)] * 400
    costs = fit(rows)
    assert costs["margin"] > PRIOR["margin"] + 0.5
    assert costs["enclosed_form"] == PRIOR["enclosed_form"]
    assert {k: costs[k] for k in FIXED} == FIXED


def test_the_shipped_costs_name_the_same_signs() -> None:
    assert set(worth()) == {*PRIOR, *FIXED}
    assert written({"always": -1.0}).endswith("[worth]\nalways = -1.0\n")


def test_seams_say_which_pages_begin_a_paper() -> None:
    stack = pile([composed(random.Random(2), TEXTS), composed(random.Random(3), TEXTS)])
    _, rows = seams_of(stack)
    assert [i + 2 for i, (_, begins) in enumerate(rows) if begins] == list(stack.begins[1:])
