"""Whatever names, sentences and figures hold, every form of the report stays whole, safe and legible."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from fake_records import many_records
from hostile_records import FIGURES, STRINGS, named
from wholeness import cells_of, check_markdown, check_page, check_text

from bench.analysis.choosing import choose
from bench.core.record import Record
from bench.core.trend import Step, Trend, TrendPoint
from bench.core.verdict import Verdict
from bench.report.building import build_report
from bench.report.choice import choice_text
from bench.report.comparison.model import Compared, Comparison
from bench.report.comparison.page import render_comparison
from bench.report.comparison.writing import comparison_markdown
from bench.report.detail.html import render_details
from bench.report.detail.making import make_details
from bench.report.detail.model import Journal
from bench.report.figures_json import figures_json
from bench.report.forms.latex import render_latex
from bench.report.forms.paper_table import render_paper_table
from bench.report.gallery.html import render_gallery
from bench.report.gallery.model import Change, Exhibit, Gallery, Mark, Photo, Sight
from bench.report.github import comment, workflow_commands
from bench.report.history import history_markdown, history_text
from bench.report.html.frame import page
from bench.report.html.page import render_page
from bench.report.junit import junit_xml
from bench.report.labels import keys_of
from bench.report.markdown import render_markdown
from bench.report.model import ReportModel
from bench.report.rows import render_csv
from bench.report.terminal import terminal_table
from bench.report.trends.page import render_history
from bench.report.verdicts import markdown_table, text_table
from bench.suite.constraints import read_constraints

CASES = {**{f"text: {name}": named(text) for name, text in STRINGS.items()}, **FIGURES}
EVERY_CASE = pytest.mark.parametrize("records", CASES.values(), ids=CASES)
EVERY_TEXT = pytest.mark.parametrize("words", STRINGS.values(), ids=STRINGS)


def with_details(records: list[Record], journal: Journal | None = None) -> ReportModel:
    """Return the report with the details of its cases, which all have this journal."""
    details = make_details(records, (lambda _: journal) if journal else None)
    return replace(build_report(records), details=details)


@EVERY_CASE
def test_the_page_is_whole(records: list[Record]) -> None:
    check_page(render_page(build_report(records), {}))


@EVERY_CASE
def test_details_of_cases_are_whole(records: list[Record]) -> None:
    check_page(page("details", render_details(make_details(records))))


@EVERY_CASE
def test_markdown_is_whole(records: list[Record]) -> None:
    check_markdown(render_markdown(build_report(records), {}))
    check_markdown(render_markdown(with_details(records), {}))
    check_markdown(render_paper_table(records))


@EVERY_TEXT
def test_what_a_journal_says_is_whole_in_markdown(words: str) -> None:
    line = {"kind": "latency", "status": "ok", "valid": False, "reason": words, "board": words}
    journal = Journal([{**line, "result": {"inference_ns": [5]}}], trouble=words)
    for shown in (journal, Journal(trouble=words)):
        check_markdown(render_markdown(with_details(named(words), shown), {}))


@EVERY_CASE
def test_csv_reads_back_and_runs_nothing(records: list[Record]) -> None:
    text = render_csv(records)
    text.encode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(records) + 1 and len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            is_number = re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", cell)
            assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell[:40]
            assert cell not in ("nan", "inf", "-inf")


@EVERY_CASE
def test_latex_is_whole(records: list[Record]) -> None:
    text = render_latex(records)
    check_text(text)
    bare = re.sub(r"^%.*$|\\\\|\\[{}$&%#_]", "", text, flags=re.MULTILINE)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0 and bare.count("\\begin{") == bare.count("\\end{") and "\\input" not in bare


@EVERY_CASE
def test_the_terminal_shows_letters_only(records: list[Record]) -> None:
    check_text(terminal_table(records))


@EVERY_CASE
@pytest.mark.parametrize("best", ["map_50_95", "latency_p50_ns"])
def test_a_choice_is_told_in_letters_and_figures(records: list[Record], best: str) -> None:
    demands = read_constraints("latency_p95 <= 1 ms and size <= 400 KiB")
    choice = choose(records, demands, best)
    check_text(choice_text(choice, best, ("latency_p95_ns", "size_bytes"), "beside fp32"))
    assert "NaN" not in figures_json(choice) and "Infinity" not in figures_json(choice)


@EVERY_TEXT
def test_verdicts_are_whole_in_every_form(words: str) -> None:
    verdicts = list(hostile_verdicts(words))
    comparison = Comparison(words, Compared(words, ((words, words),)), Compared(words), tuple(verdicts))
    check_page(render_comparison(comparison))
    check_markdown(comparison_markdown(comparison))
    check_markdown(comment(words, verdicts, words))
    assert all(map(len, cells_of(markdown_table(verdicts).splitlines())))
    check_text(text_table(verdicts))
    assert len(workflow_commands(verdicts).splitlines()) == sum(v.answer != "pass" for v in verdicts)
    junit_xml(words, verdicts).encode("utf-8")
    ElementTree.fromstring(junit_xml(words, verdicts))


@EVERY_TEXT
def test_histories_are_whole_in_every_form(words: str) -> None:
    trends = list(hostile_trends(words))
    check_page(render_history(words, trends))
    check_markdown(history_markdown(words, trends, {}))
    check_text(history_text(trends))


@EVERY_TEXT
def test_a_gallery_is_whole(words: str) -> None:
    check_page(page("gallery", render_gallery(hostile_gallery(words))))


def test_long_names_leave_the_page_light() -> None:
    plain, long = (len(render_page(build_report(named(name)), {})) for name in ("model", "n" * 300))
    assert long < plain + 400_000


@pytest.mark.slow
def test_500_cases_are_whole_in_every_form() -> None:
    records = many_records(500)
    check_page(render_page(build_report(records), {}))
    check_markdown(render_markdown(with_details(records), {}))
    check_text(terminal_table(records))
    assert len(render_csv(records).splitlines()) == 501


def hostile_verdicts(words: str) -> Iterator[Verdict]:
    """Return verdicts with a text in every place for one, and with figures of every kind."""
    rule: dict[str, Any] = {"is_relative": True, "tolerance": 0.02, "find": 0.05, "method": words}
    odd = [None, float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e300]
    for answer in ("fail", "pass", "inconclusive", "missing", "not_comparable", "new"):
        base = Verdict(f"{words}/int8/litert/t1@{words}", "latency_p50_ns", answer, words, 1e7, 1.2e7)  # type: ignore[arg-type]
        yield base
        yield replace(base, goal=words, low=1.0, high=2.0, part=words)
        for value in odd:
            ends = {"low": value, "high": odd[1]} if value is not None else {}
            yield replace(
                base, reason="", before=value, after=value, change=value, part=words, **ends, **rule
            )


def hostile_trends(words: str) -> Iterator[Trend]:
    """Return trends with a text in every place for one, and with figures of every kind."""
    odd = (1e7, float("nan"), float("inf"), -1.0, 0.0, 1e300, 1e-300)
    points = tuple(TrendPoint(words, value, value, value, words, True, words) for value in odd)
    step = Step(2, 1, 3, float("inf"), float("nan"), -float("inf"), True, True)
    yield Trend(words, "latency_p50_ns", points, (step,), (words,), 3, 10)
    for value in odd:
        point = TrendPoint(words, value, None, value, words, False, words)
        yield Trend(words, "size_bytes", (point,), (), (), 0, 0)


def hostile_gallery(words: str) -> Gallery:
    """Return a gallery with a text in every place for one."""
    record = replace(named(words)[3], precision=words)
    marks = (
        Mark("truth", (0, 0, 10, 10)),
        Mark("base", (-5, 1e9, 0, 1), 1),
        Mark("variant", (1, 1, 2, 2), 2),
    )
    sight = Sight(7, words, marks, (Change(words, words, True), Change(words, words, False)), 3)
    exhibit = Exhibit(words, words, words, keys_of(record), (words,), words, (sight,), words)
    return Gallery((exhibit, exhibit), (Photo(7, words, 32, 24, b"\xff\xd8\xff"),), (words,))
