"""The report as Markdown, with PNG charts beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bench.report.detail.accuracies import MANY_CASES
from bench.report.detail.listing import Listing, list_case
from bench.report.detail.markdown import details_table
from bench.report.detail.model import CaseDetail
from bench.report.detail.words import IN_FIGURES
from bench.report.gallery.markdown import gallery_blocks
from bench.report.model import Across, Answer, Chart, CourseChart, Failure, ReportModel, Section
from bench.report.table import Cell, Row, Table
from bench.report.texts import printable

# Everything that Markdown or the HTML inside it could read as more than text.
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|$~#&])")


def render_markdown(report: ReportModel, pictures: Mapping[tuple[int, str], str]) -> str:
    """Render a report.

    Args:
        pictures: (section index, chart key) -> file name of its picture; charts without one are left out.
            Parts over several hosts count from -1 downwards.
    """
    blocks = [f"# {escape(report.title)}", escape(report.summary)]
    if report.banner:
        blocks.insert(1, f"> **{escape(report.banner)}**")
    for index, part in enumerate(report.across):
        blocks += _across(-1 - index, part, pictures)
    for index, section in enumerate(report.sections):
        blocks += _section(index, section, pictures)
        blocks += _details(section, report)
    if report.failures:
        blocks += ["## Cases without figures", *map(_failure, report.failures)]
    if report.gallery is not None:
        blocks += ["## Where they differ, on photos", *gallery_blocks(report.gallery, escape)]
    blocks += ["## How to read this", _bullets(report.reading), "## Where the figures come from"]
    for facts in report.provenance:
        blocks += [
            f"### {escape(facts.title)}",
            _bullets(tuple(f"{name}: {value}" for name, value in facts.items)),
        ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """Make any text safe inside a line of Markdown: no markup, no line break, no control character."""
    return SPECIAL.sub(r"\\\1", printable(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")


def summary_text(text: str) -> str:
    """Make any text safe inside `<summary>`: Markdown is not read there, so that backslashes would show."""
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def _section(index: int, section: Section, pictures: Mapping[tuple[int, str], str]) -> list[str]:
    blocks = [f"## {escape(section.title)}", escape(section.machine)]
    if section.label:
        blocks.append(f"> **{escape(section.label)}**")
    blocks += [
        *_answer(section.answer),
        _bullets(section.findings),
        *_charts(index, section.charts, pictures),
        *_charts(index, section.courses, pictures),
    ]
    if section.comparisons:
        blocks += ["### Each variant beside its fp32", _bullets(section.comparisons)]
    for table in section.tables:
        blocks += render_table(table)
    if section.remarks:
        blocks.append("### What to look at")
        remarks = (f"{remark.cases}: {remark.text}. {remark.advice}".rstrip() for remark in section.remarks)
        blocks.append(_bullets(tuple(remarks)))
    return blocks


def _details(section: Section, report: ReportModel) -> list[str]:
    """Return the cases of a section as one table, and each by itself unless there are very many."""
    details = [one for one in report.details if one.keys.case in section.cases]
    is_alone = len(report.details) > MANY_CASES
    table = details_table(details, is_alone)
    if table is None or is_alone:
        return render_table(table) if table else []
    cases = [block for detail in details for block in _folded(detail.title, _case(detail))]
    return [*render_table(table), *_folded("How to read a case", [_bullets(IN_FIGURES)]), *cases]


def _case(detail: CaseDetail) -> list[str]:
    blocks = []
    for part in list_case(detail):
        blocks += [f"**{escape(part.title)}**"] if part.title else []
        blocks += [_bullets(part.items)] if isinstance(part, Listing) else _grid(part)
    return blocks


def _folded(title: str, blocks: Sequence[str]) -> list[str]:
    """Return a part that the reader opens; blank lines round the blocks let them be read as Markdown."""
    return [f"<details><summary>{summary_text(title)}</summary>", *blocks, "</details>"]


def _across(index: int, part: Across, pictures: Mapping[tuple[int, str], str]) -> list[str]:
    blocks = [f"## {escape(part.title)}", *(f"> {escape(warning)}" for warning in part.warnings)]
    for table in part.tables[:1]:
        blocks += render_table(table)
    blocks += [_bullets(part.findings), *_charts(index, part.charts, pictures)]
    for table in part.tables[1:]:
        blocks += render_table(table)
    return blocks


def _charts(
    index: int, charts: Sequence[Chart | CourseChart], pictures: Mapping[tuple[int, str], str]
) -> list[str]:
    shown = [chart for chart in charts if (index, chart.key) in pictures]
    blocks = [f"![{escape(chart.title)}]({pictures[index, chart.key]})" for chart in shown]
    return [*blocks, f"*{escape(shown[0].caption)}*"] if shown else []


def _answer(answer: Answer) -> list[str]:
    return [
        f"**{escape(answer.headline)}**",
        escape(answer.cost),
        _bullets(tuple(f"{f.name}: {f.value} {f.detail}".rstrip() for f in answer.figures)),
        _bullets(answer.details),
        f"*{escape(answer.rule)}*",
    ]


def render_table(table: Table) -> list[str]:
    """Render a table with its title, caption and notes, as blocks."""
    return [f"### {escape(table.title)}", *_grid(table)]


def _grid(table: Table) -> list[str]:
    heads = [
        escape(f"{column.title}, {column.detail}" if column.detail else column.title)
        for column in table.columns
    ]
    rules = ["---:" if column.is_number else ":---" for column in table.columns]
    lines = [
        _line(heads),
        _line(rules),
        *(_line([_cell(cell, row) for cell in row.cells]) for row in table.rows),
    ]
    return [escape(table.caption), "\n".join(lines), _bullets(table.notes)]


def _cell(cell: Cell, row: Row) -> str:
    text = escape(cell.text)
    if row.tone == "chosen" and cell is row.cells[0]:
        text = f"**{text}** ←"
    elif row.mark and cell is row.cells[0]:
        text = f"{text} ({escape(row.mark)})"
    return f"{text} {escape(cell.detail)}".rstrip()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _failure(failure: Failure) -> str:
    lines = [f"- **{escape(failure.case)}** ({failure.status}): {escape(failure.reason)}"]
    lines += [f"    - {escape(line)}" for line in failure.last_lines if line.strip()]
    return "\n".join(lines)


def _bullets(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {escape(item)}" for item in items)
