"""The report as one self-contained HTML page: no script, no network, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from bench.report.model import (
    Across,
    Answer,
    Cell,
    Chart,
    Column,
    CourseChart,
    Facts,
    Failure,
    Remark,
    ReportModel,
    Row,
    Section,
    Table,
)
from bench.report.stylesheet import STYLE
from bench.report.texts import printable

# Nothing may be loaded or run, whatever a name in a suite says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


# A longer text gets a column wide enough to be read.
LONG_TEXT = 40


def render_page(report: ReportModel, pictures: Mapping[tuple[int, str], str]) -> str:
    """Render a report.

    Args:
        pictures: (section index, chart key) -> `<svg>` element; charts without one are left out. Parts over
            several hosts count from -1 downwards.
    """
    across = "".join(_across(-1 - index, part, pictures) for index, part in enumerate(report.across))
    sections = "".join(_section(index, section, pictures) for index, section in enumerate(report.sections))
    banner = f'<p class="banner" role="alert">{_text(report.banner)}</p>' if report.banner else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{_text(report.title)}: what each precision costs</title>\n<style>{STYLE}</style>\n</head>\n"
        f'<body>\n<main>\n<h1>{_text(report.title)}</h1>\n<p class="soft">{_text(report.summary)}</p>\n'
        f"{banner}{across}{sections}{_failures(report.failures)}"
        f"<h2>How to read this</h2>\n{_bullets(report.reading)}"
        f"<h2>Where the figures come from</h2>\n{''.join(map(_facts, report.provenance))}"
        "</main>\n</body>\n</html>\n"
    )


def _section(index: int, section: Section, pictures: Mapping[tuple[int, str], str]) -> str:
    beside = _folded("Each variant beside its fp32, in words", _bullets(section.comparisons))
    return (
        f"<section>\n<h2>{_text(section.title)}</h2>\n{_machine(section)}"
        f"{_answer(section.answer)}{_bullets(section.findings)}{_charts(index, section.charts, pictures)}"
        f"{_charts(index, section.courses, pictures)}"
        f"{''.join(map(_table, (table for table in section.tables if table.is_main)))}"
        f"{beside if section.comparisons else ''}{_remarks(section.remarks)}"
        f"{''.join(map(_folded_table, (table for table in section.tables if not table.is_main)))}</section>\n"
    )


def _across(index: int, part: Across, pictures: Mapping[tuple[int, str], str]) -> str:
    warnings = "".join(f'<p class="label">{_text(warning)}</p>\n' for warning in part.warnings)
    return (
        f'<section class="across">\n<h2>{_text(part.title)}</h2>\n{warnings}'
        f"{''.join(map(_table, part.tables[:1]))}{_bullets(part.findings)}"
        f"{_charts(index, part.charts, pictures)}"
        f"{''.join(_table(table) if table.is_main else _folded_table(table) for table in part.tables[1:])}"
        "</section>\n"
    )


def _machine(section: Section) -> str:
    machine = f'<p class="note">{_text(section.machine)}</p>\n' if section.machine else ""
    label = f'<p class="label">{_text(section.label)}</p>\n' if section.label else ""
    return machine + label


def _answer(answer: Answer) -> str:
    return (
        f'<div class="answer">\n<h3>{_text(answer.headline)}</h3>\n<p>{_text(answer.cost)}</p>\n'
        f"{_figures(answer)}"
        f'{_bullets(answer.details)}<p class="rule">{_text(answer.rule)}</p>\n</div>\n'
    )


def _figures(answer: Answer) -> str:
    if not answer.figures:
        return ""
    tiles = "".join(
        f"<div><dt>{_text(figure.name)}</dt>"
        f'<dd>{_text(figure.value)} <span class="detail">{_text(figure.detail)}</span></dd></div>\n'
        for figure in answer.figures
    )
    return f'<dl class="figures">\n{tiles}</dl>\n'


def _charts(
    index: int, charts: Sequence[Chart | CourseChart], pictures: Mapping[tuple[int, str], str]
) -> str:
    shown = [chart for chart in charts if (index, chart.key) in pictures]
    if not shown:
        return ""
    figures = "".join(
        f"<figure><h4>{_text(chart.title)}</h4>{pictures[index, chart.key]}</figure>\n" for chart in shown
    )
    alone = " alone" if len(shown) == 1 else ""
    return f'<div class="charts{alone}">\n{figures}</div>\n<p class="note">{_text(shown[0].caption)}</p>\n'


def _table(table: Table) -> str:
    return f"<h3>{_text(table.title)}</h3>\n{_table_body(table)}"


def _folded_table(table: Table) -> str:
    return _folded(table.title, _table_body(table))


def _table_body(table: Table) -> str:
    head = "".join(map(_head, table.columns))
    rows = "".join(_row(row, table.columns) for row in table.rows)
    return (
        f'<p class="note">{_text(table.caption)}</p>\n<div class="scroll" tabindex="0"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n"
        f"</table></div>\n{_bullets(table.notes, 'note')}"
    )


def _head(column: Column) -> str:
    detail = f'<span class="detail">{_text(column.detail)}</span>' if column.detail else ""
    return f'<th scope="col"{_class("number" if column.is_number else "")}>{_text(column.title)}{detail}</th>'


def _row(row: Row, columns: Sequence[Column]) -> str:
    cells = [_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True)]
    if row.tone == "chosen":
        cells[0] = cells[0].replace("</td>", '<span class="mark">recommended</span></td>')
    return f"<tr{_class(row.tone)}>{''.join(cells)}</tr>\n"


def _cell(cell: Cell, column: Column) -> str:
    detail = f'<span class="detail">{_text(cell.detail)}</span>' if cell.detail else ""
    tone = f'<span class="{cell.tone}">{_text(cell.text)}</span>' if cell.tone else _text(cell.text)
    long = "long" if len(cell.text) > LONG_TEXT else ""
    kind = "number" if column.is_number else long
    title = f' title="{_text(cell.note)}"' if cell.note else ""
    return f"<td{_class(kind)}{title}>{tone}{detail}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _remarks(remarks: Sequence[Remark]) -> str:
    if not remarks:
        return ""
    items = "".join(
        f"<li><strong>{_text(remark.cases)}</strong>: {_text(remark.text)}. "
        f"<em>{_text(remark.advice)}</em></li>\n"
        for remark in remarks
    )
    return f"<h3>What to look at</h3>\n<ul>\n{items}</ul>\n"


def _failures(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    rows = "".join(
        f'<tr><td class="name">{_text(failure.case)}</td><td>{_text(failure.status)}</td>'
        f'<td class="reason">{_text(failure.reason)}{_last_lines(failure)}</td></tr>\n'
        for failure in failures
    )
    return (
        '<h2>Cases without figures</h2>\n<div class="scroll" tabindex="0"><table>\n'
        '<thead><tr><th scope="col">Case</th><th scope="col">Status</th>'
        '<th scope="col">Reason, and the last lines of the process</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>\n"
    )


def _last_lines(failure: Failure) -> str:
    lines = [line for line in map(printable, failure.last_lines) if line]
    return f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _facts(facts: Facts) -> str:
    items = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n" for name, value in facts.items)
    return _folded(facts.title, f'<dl class="facts">\n{items}</dl>\n')


def _folded(title: str, body: str) -> str:
    return f"<details>\n<summary>{_text(title)}</summary>\n{body}</details>\n"


def _bullets(items: Sequence[str], tone: str = "") -> str:
    if not items:
        return ""
    return f"<ul{_class(tone)}>\n{''.join(f'<li>{_text(item)}</li>{chr(10)}' for item in items)}</ul>\n"


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
