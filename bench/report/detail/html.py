"""The details of cases as parts of a page that a reader opens, each with small charts and their figures."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.detail.drawing import draw_difference, draw_stack, scale_of
from bench.report.detail.model import Accuracy, CaseDetail, Change, Stack, Strip
from bench.report.detail.strip_drawing import draw_strip
from bench.report.detail.words import INTRODUCTION, sentence
from bench.report.html.elements import (
    attributes,
    bullets,
    element,
    facts,
    folded,
    heading,
    paragraph,
    text,
    traced,
)
from bench.report.table import Cell


def render_details(details: Sequence[CaseDetail]) -> str:
    """Return all of these cases in order, below what explains them once; it needs `style.STYLE`."""
    if not details:
        return ""
    return folded("How to read a case", bullets(INTRODUCTION, "note")) + "".join(map(_case, details))


def _case(detail: CaseDetail) -> str:
    case = detail.keys.case
    strip = _strip(detail.strip) if detail.strip else ""
    memory = _stack(detail.memory, case) if detail.memory else ""
    figures = [
        _stack(detail.stages, case) if detail.stages else "",
        f"<div>\n{strip}{memory}</div>\n" if strip or memory else "",
        _accuracy(detail.accuracy, case) if detail.accuracy else "",
    ]
    lists = "".join(
        f"<section>{heading(4, title)}{facts(items)}</section>\n" for title, items in detail.facts
    )
    absent = "".join(paragraph(words, "note") for words in detail.absent)
    body = (
        f'{_advice(detail)}<div class="parts">\n{"".join(figures)}</div>\n{absent}'
        f'<div class="lists">\n{lists}</div>\n'
    )
    return folded(detail.title, body, keys=detail.keys, kind="case")


def _advice(detail: CaseDetail) -> str:
    items = "".join(
        f"<li>{text(one.text.rstrip('.'))}. <em>{text(sentence(one.advice))}</em></li>\n"
        for one in detail.advice
    )
    return f'<ul class="advice">\n{items}</ul>\n' if items else ""


def _figure(title: str, body: str, caption: str) -> str:
    below = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return f"<figure>{heading(4, title)}{body}{below}</figure>\n"


def _stack(stack: Stack, case: str) -> str:
    rows = [
        _row(_shade(index) + text(part), [bar.cells[index] for bar in stack.bars], case)
        for index, part in enumerate(stack.parts)
    ]
    name, totals = stack.totals
    if totals:
        rows.append(_row(text(name), totals, case, "base"))
    table = _table(["", "Here", *(bar.label for bar in stack.bars[1:])], rows)
    return _figure(f"{stack.title}, {stack.unit}", draw_stack(stack) + table, stack.caption)


def _shade(index: int) -> str:
    return f'<i class="shade s{index}"></i>'


def _strip(strip: Strip) -> str:
    return _figure(f"{strip.title}, ms", draw_strip(strip), strip.caption)


def _accuracy(accuracy: Accuracy, case: str) -> str:
    largest = scale_of([change.difference for change in accuracy.changes])
    rows = [_change(change, accuracy.has_base, largest, case) for change in accuracy.changes]
    heads = ["", "Here", *(["Change", ""] if accuracy.has_base else [])]
    title = "Accuracy against fp32, points" if accuracy.has_base else "Accuracy, points"
    return _figure(title, _table(heads, rows), accuracy.caption)


def _change(change: Change, has_base: bool, largest: float, case: str) -> str:
    if not has_base:
        return _row(text(change.name), [change.cell], case)
    value, tone = change.difference.value, change.difference.tone
    drawn = draw_difference(value, largest, tone) if value is not None else ""
    row = _row(text(change.name), [change.cell, change.difference], case)
    return row.removesuffix("</tr>\n") + f"<td>{drawn}</td></tr>\n"


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(
        element("th" if name else "td", text(name), scope="col" if name else None) for name in heads
    )
    return f'<table class="mini"><thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody></table>\n'


def _row(name: str, cells: Sequence[Cell], case: str, kind: str = "") -> str:
    shown = "".join(_cell(cell, case) for cell in cells)
    return f'<tr{attributes({"class": kind})}><th scope="row">{name}</th>{shown}</tr>\n'


def _cell(cell: Cell, case: str) -> str:
    detail = f'<span class="detail">{text(cell.detail)}</span>' if cell.detail else ""
    about = attributes({"title": cell.note}) + traced(cell, case)
    shown = f'<span class="{cell.tone}">{text(cell.text)}</span>' if cell.tone else text(cell.text)
    return f"<td{about}>{shown}{detail}</td>"
