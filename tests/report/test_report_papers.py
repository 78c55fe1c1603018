"""Tables for papers: LaTeX that compiles whatever names say, Markdown, the same figures as the records."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_hosts import EMULATED, on_host
from fake_records import failed_record, fake_record, hostile_records, many_records, quickstart_records
from hypothesis import given
from hypothesis import strategies as some

from bench.core.record import Record
from bench.report.forms.latex import escape_latex, render_latex
from bench.report.forms.paper_table import make_paper_tables, render_paper_table

DOCUMENT = (
    r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}%s\end{document}"
)


def rows_of(latex: str) -> list[list[str]]:
    """Return the cells of each line of a table's body."""
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = [line.strip() for line in body.splitlines() if line.strip().endswith(r"\\")]
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\").removeprefix("{}")) for line in lines]


def test_each_row_has_the_figures_of_its_record_with_intervals() -> None:
    rows = rows_of(render_latex(quickstart_records()))
    assert len(rows) == 10 and {len(row) for row in rows} == {9}
    fp32, int8 = rows[0], rows[3]
    assert fp32[:4] == ["fp32", "litert", r"60.4 {\tiny [58.2, 62.6]}", "--"]
    assert int8[0] == r"\textbf{int8}" and int8[3] == r"\textbf{$-$0.09} {\tiny [$-$0.38, +0.21]}"
    assert int8[4] == r"\textbf{0.441} {\tiny [0.434, 0.450]}" and int8[8] == r"\textbf{276}"


def test_the_caption_says_what_a_reader_of_the_table_alone_must_know() -> None:
    (table,) = make_paper_tables(quickstart_records())
    for words in (
        "shapes on local (AMD EPYC 9R14)",
        "over 400 images",
        "NMS outside the graph",
        "median of the medians of 10 processes",
        "95% intervals",
        "paired over images",
        "Bold: recommended.",
    ):
        assert words in table.caption
    assert "decisions" not in table.caption


def test_tables_that_nobody_should_decide_by_say_so() -> None:
    (cut_short,) = make_paper_tables([fake_record("litert", "fp32", decision_grade=False)])
    assert cut_short.caption.endswith("The run was cut short: not valid for decisions.")
    (emulated,) = make_paper_tables(on_host("emu", EMULATED))
    assert emulated.caption.endswith("not valid for decisions.") and "emulated" in emulated.caption


def test_each_host_has_a_table_and_one_without_figures_has_none() -> None:
    records = [*quickstart_records(), *on_host("pi5"), failed_record(precision="qat")]
    assert [table.title for table in make_paper_tables(records)] == ["shapes on local", "shapes on pi5"]
    assert render_latex(records).count(r"\begin{tabular}") == 2
    assert render_paper_table(records).count("| :--- |") == 2


@pytest.mark.parametrize("records", [[], [failed_record()]], ids=["none", "all failed"])
def test_nothing_measured_is_said(records: list[Record]) -> None:
    assert "tabular" not in render_latex(records) and "No case was measured" in render_latex(records)
    assert render_paper_table(records) == "No case was measured.\n"


@given(some.text())
def test_no_text_is_more_than_letters_to_latex(text: str) -> None:
    bare = re.sub(r"\\(text[a-z]+|dots|times)\{\}|\\[{}$&#%_]|\$(-|\^2|\\times)\$", "", escape_latex(text))
    assert not set(bare) & set("\\{}$&#%_~^\n\r\t")


def test_a_row_that_begins_with_a_bracket_is_no_argument_of_the_line_break() -> None:
    odd = fake_record("litert", "fp32", recipe={"name": "[2cm]"})
    assert r"    {}\textbf{[2cm]}" in render_latex([odd])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex with booktabs")
@pytest.mark.parametrize("make", [quickstart_records, hostile_records, list], ids=["good", "hostile", "none"])
def test_latex_compiles_it(make: object, tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(DOCUMENT % render_latex(make()), encoding="utf-8")  # type: ignore[operator]
    call = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_markdown_table_is_a_table_and_hostile_names_stay_in_their_cells() -> None:
    text = render_paper_table(hostile_records())
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert "<script" not in text and "\x1b" not in text


def test_a_table_longer_than_a_page_is_split_and_loses_no_row() -> None:
    text = render_latex(many_records(90))
    assert [f"Part {place} of 3: " in text for place in (1, 2, 3)] == [True] * 3
    tables = text.split(r"\end{table*}")[:-1]
    assert [len(rows_of(table)) for table in tables] == [40, 40, 10]
    assert len(set(re.findall(r"\\label\{[^}]*\}", text))) == 3
