"""The page of verdicts: the answer first, every figure and every bar that of its verdict."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bench.core.verdict import Answer, Verdict
from bench.errors import StoreError
from bench.report.comparison.model import Compared, Comparison, keys_of_case
from bench.report.comparison.page import render_comparison
from bench.report.comparison.strips import WIDTH, make_scale, strip
from bench.report.comparison.words import headline
from bench.report.comparison.writing import comparison_markdown, write_comparison
from bench.report.table import Keys
from bench.report.verdicts import difference_words, explain

TIMED: dict[str, Any] = {"is_relative": True, "tolerance": 0.02, "find": 0.05, "method": "exact ranks"}
CASE = "m/fp32/litert/t1@pi5"


def timed(answer: Answer, change: float, half: float = 0.01, case: str = CASE) -> Verdict:
    """Return the verdict of a latency of 10 ms that changed by a share."""
    ends = (change - half, change + half)
    return Verdict(case, "latency_p50_ns", answer, "", 1e7, 1e7 * (1 + change), change, *ends, **TIMED)


SLOWER = timed("fail", 0.2)
SAME = timed("pass", 0.001, case="m/int8/litert/t1@pi5")
GONE = Verdict("m/qat/litert/t1@pi5", "map_50_95", "missing", "failed: killed by SIGILL")
GOAL = Verdict(
    CASE, "latency_p95_ns", "fail", "", None, 1.2e8, low=1.1e8, high=1.3e8, method="95% interval",
    goal="latency_p95 <= 100 ms",
)  # fmt: skip


def comparison(*verdicts: Verdict) -> Comparison:
    """Return a comparison of two named sides."""
    return Comparison("pi", Compared("baseline main", (("Commit", "9fbda17c0f"),)), Compared("new"), verdicts)


class Reader(HTMLParser):
    """Collects cells of tables with their attributes, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[dict[str, str | None], str]] = []
        self.is_in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            self.cells.append((dict(attrs), ""))
            self.is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self.is_in_cell:
            self.cells[-1] = (self.cells[-1][0], self.cells[-1][1] + data)


def test_the_worst_answer_is_the_headline() -> None:
    assert headline([SAME, SLOWER, GONE]) == "Worse than is tolerated: 1 of 3 comparisons"
    assert headline([SAME, GONE]) == "Without figures: 1 of 2 comparisons"
    assert headline([SAME]) == "Nothing is worse than is tolerated, in 1 comparison"
    assert headline([replace(SAME, answer="new")]) == "Nothing to judge against: 1 comparison new"
    assert headline([]) == "Nothing was compared"


def test_what_did_not_pass_is_told_before_the_tables_and_what_passed_only_in_them() -> None:
    page = render_comparison(comparison(SAME, SLOWER, GONE, GOAL))
    told = page[page.index('id="told"') : page.index("<table")]
    assert told.index("+20.0% [+19.0%, +21.0%]") < told.index("killed by SIGILL")
    assert "goal: latency_p95 &lt;= 100 ms" in told and SAME.case not in told
    assert page.index("Worse than is tolerated: 2 of 4 comparisons") < page.index('id="told"')


def test_what_many_cases_have_in_common_is_told_once() -> None:
    others = [replace(GONE, case=f"m/{name}/litert/t1@pi5") for name in ("int8", "fp16")]
    elsewhere = replace(GONE, metric="size_bytes")
    page = render_comparison(comparison(SLOWER, GONE, *others, elsewhere))
    told = page[page.index('id="told"') : page.index("<table")]
    assert told.count("<li") == 2 and "3 cases, map_50_95, size. <em>Failed: killed by SIGILL" in told


def test_a_small_change_that_fails_is_not_shown_as_none() -> None:
    bytes_more = replace(SLOWER, metric="size_bytes", before=1e6, after=1000024.0, change=2.4e-5, low=2.4e-5)
    assert difference_words(bytes_more, 2.4e-5) == "+0.0024%" and difference_words(SLOWER, 0.0) == "0.0%"
    assert difference_words(SLOWER, -0.0004) == "\u22120.040%" and difference_words(SLOWER, 5e-4) == "+0.1%"


def test_every_figure_is_that_of_its_verdict() -> None:
    reader = Reader()
    reader.feed(render_comparison(comparison(SLOWER)))
    traced = {
        text: float(about["data-value"] or "nan") for about, text in reader.cells if about.get("data-value")
    }
    assert traced["10.0 ms"] == SLOWER.before and traced["12.0 ms"] == SLOWER.after
    assert traced["+20.0%[+19.0%, +21.0%]"] == SLOWER.change and traced["2%"] == SLOWER.tolerance
    assert {about["data-record"] for about, _ in reader.cells if about.get("data-record")} == {
        f"{CASE}#latency_p50_ns"
    }


def test_bars_lie_where_their_changes_are_on_one_scale() -> None:
    scale = make_scale([SLOWER, SAME])
    assert scale is not None and scale.place(0.0) == WIDTH / 2
    zero, low, change, high = (scale.place(at) for at in (0.0, 0.19, 0.2, 0.21))
    assert zero < scale.place(0.02) < low < change < high < WIDTH
    # Linear: a fifth lies ten times as far from no change as the tolerance does.
    assert (change - zero) / (scale.place(0.02) - zero) == pytest.approx(10, rel=0.05)
    assert f'd="M{low:g} 11L{high:g} 11"' in strip(SLOWER, scale)


def test_a_bar_without_an_end_has_an_arrow_and_no_bar_is_drawn_without_a_change() -> None:
    open_ended = replace(SAME, answer="inconclusive", low=-math.inf, high=math.inf)
    scale = make_scale([open_ended, SLOWER])
    drawn = strip(open_ended, scale)
    assert drawn.count("<path d=") == 2 and "inf" not in drawn and "nan" not in drawn
    assert strip(GONE, scale) == "" and make_scale([GONE]) is None and make_scale([]) is None


def test_what_is_exact_and_unchanged_has_no_scale_to_be_drawn_on() -> None:
    exact = Verdict(CASE, "size_bytes", "pass", "", 2e6, 2e6, 0.0, 0.0, 0.0, method="exact")
    assert make_scale([exact]) is None and "0 KiB" in render_comparison(comparison(exact))


def test_a_page_of_goals_alone_and_one_of_nothing_are_whole() -> None:
    assert "latency_p95 &lt;= 100 ms" in render_comparison(comparison(GOAL))
    assert "Nothing was compared" in render_comparison(comparison())


def test_rows_are_filtered_by_what_their_case_ids_say() -> None:
    assert keys_of_case("a/b/int8/litert/t4@pi5") == Keys(
        "a/b/int8/litert/t4@pi5", "pi5", "litert", "int8", "4"
    )
    assert keys_of_case("(no case)") == Keys("(no case)")
    page = render_comparison(comparison(SLOWER, SAME))
    assert set(re.findall(r'data-precision="([^"]*)"', page)) == {"fp32", "int8"}


def test_markdown_and_json_say_the_same(tmp_path: Path) -> None:
    wide = replace(SAME, low=-math.inf, high=math.nan)
    paths = write_comparison(comparison(SLOWER, wide), tmp_path / "new")
    assert [path.name for path in paths] == ["comparison.html", "comparison.md", "comparison.json"]

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    read = json.loads(paths[2].read_text(encoding="utf-8"), parse_constant=refuse)
    assert read["verdicts"][0]["change"] == 0.2 and read["verdicts"][1]["low"] is None
    told = comparison_markdown(comparison(SLOWER, wide))
    assert told == paths[1].read_text(encoding="utf-8") and "+20.0%" in told


def test_a_folder_that_cannot_be_written_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the comparison .*--output"):
        write_comparison(comparison(SLOWER), tmp_path / "file" / "folder")


def test_a_bar_whose_end_is_no_number_is_not_drawn() -> None:
    odd = replace(SAME, low=math.nan)
    drawn = strip(odd, make_scale([odd, SLOWER]))
    assert "nan" not in drawn and "circle" in drawn and 'class="bar"' not in drawn


def test_what_is_worse_by_its_own_bounds_alone_says_that_many_were_compared() -> None:
    base: dict[str, Any] = {"is_relative": True, "tolerance": 0.02, "find": 0.05, "method": "exact ranks"}
    worse = Verdict("c", "latency_p50_ns", "inconclusive", "", 1e6, 1.085e6, 0.085, 0.035, 0.109, **base)
    assert explain(worse).startswith(
        "worse than tolerated by its own bounds, but not beyond chance among all"
    )
    assert explain(replace(worse, low=0.01)).startswith("5% worse cannot be excluded (exact ranks)")
