"""The parts of a report's page below the answers: a host by itself, hosts beside each other, what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.report.detail.html import render_details
from bench.report.detail.model import CaseDetail
from bench.report.html.elements import (
    bullets,
    facts,
    folded,
    heading,
    keyed,
    paragraph,
    picture,
    preformatted,
    text,
)
from bench.report.html.tables import folded_table, open_table
from bench.report.model import Across, Chart, CourseChart, Facts, Failure, Remark, Section
from bench.report.table import Keys, Table

Pictures = Mapping[tuple[int, str], str]

# More findings than this are longer than the chart that they would stand beside.
MOST_BESIDE = 9


def section(index: int, part: Section, pictures: Pictures, details: Sequence[CaseDetail] = ()) -> str:
    """Return one model group on one host: charts, the table, advice, further tables, each case alone."""
    tables = "".join(open_table(table) for table in part.tables if table.is_main)
    beside = folded("Each variant beside its fp32, in words", bullets(part.comparisons))
    cases = f"{heading(3, 'Case by case')}{render_details(details)}" if details else ""
    return (
        f"<section{keyed(Keys(host=part.host))}>\n{heading(2, part.title, f'section-{index}')}"
        f"{paragraph(part.machine, 'note')}{paragraph(part.label, 'label')}"
        f"{_charts(index, part.charts, pictures, part.findings)}"
        f"{_charts(index, part.courses, pictures)}{tables}"
        f"{beside if part.comparisons else ''}{_remarks(part.remarks)}"
        f"{''.join(folded_table(table) for table in part.tables if not table.is_main)}{cases}</section>\n"
    )


def across(index: int, part: Across, pictures: Pictures) -> str:
    """Return one model group over several hosts; `index` counts from -1 downwards."""
    warnings = "".join(paragraph(warning, "label") for warning in part.warnings)
    return (
        f'<section class="across">\n{heading(2, part.title, f"across-{-1 - index}")}{warnings}'
        f"{''.join(map(open_table, part.tables[:1]))}{_charts(index, part.charts, pictures, part.findings)}"
        f"{''.join(map(_table, part.tables[1:]))}</section>\n"
    )


def _table(table: Table) -> str:
    return open_table(table) if table.is_main else folded_table(table)


def _charts(
    index: int, charts: Sequence[Chart | CourseChart], pictures: Pictures, findings: Sequence[str] = ()
) -> str:
    """Return charts two in a row, with their findings in the place that an odd number of charts leaves."""
    shown = [chart for chart in charts if (index, chart.key) in pictures]
    said = bullets(findings)
    if not shown:
        return said
    figures = [picture(chart.title, pictures[index, chart.key], level=3) for chart in shown]
    caption = paragraph(shown[0].caption, "note")
    if said and len(shown) % 2 and len(findings) <= MOST_BESIDE:
        figures.insert(1, f'<div class="findings">{said}{caption}</div>\n')
        said = caption = ""
    alone = " alone" if len(figures) == 1 else ""
    return f'<div class="charts{alone}">\n{"".join(figures)}</div>\n{caption}{said}'


def _remarks(remarks: Sequence[Remark]) -> str:
    items = "".join(
        f"<li><strong>{text(remark.cases)}</strong>: {text(remark.text)}. "
        f"<em>{text(remark.advice)}</em></li>\n"
        for remark in remarks
    )
    return f"{heading(3, 'What to look at')}<ul>\n{items}</ul>\n" if items else ""


def failures(broken: Sequence[Failure]) -> str:
    """Return the table of cases without figures; nothing without any."""
    rows = "".join(
        f'<tr{keyed(failure.keys)}><td class="name">{text(failure.case)}</td><td>{text(failure.status)}</td>'
        f'<td class="reason">{text(failure.reason)}{preformatted(failure.last_lines)}</td></tr>\n'
        for failure in broken
    )
    if not rows:
        return ""
    return (
        f"<section>\n{heading(2, 'Cases without figures', 'failures')}"
        '<div class="scroll" role="group" tabindex="0" aria-labelledby="failures"><table>\n'
        '<thead><tr><th scope="col">Case</th><th scope="col">Status</th>'
        '<th scope="col">Reason, and the last lines of the process</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )


def provenance(parts: Sequence[Facts]) -> str:
    """Return the folded lists of where figures come from."""
    return "".join(folded(part.title, facts(part.items)) for part in parts)
