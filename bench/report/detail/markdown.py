"""The details of cases in Markdown: one short table. Charts and lists are on the page alone."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.detail.model import Accuracy, CaseDetail, Stack, Strip
from bench.report.table import Cell, Column, Row, Table
from bench.report.units import ABSENT, milliseconds, point_difference

_COLUMNS = (
    Column("Case", "", False),
    Column("Decode", "ms"),
    Column("Preprocess", "ms"),
    Column("Invoke", "ms"),
    Column("Postprocess", "ms"),
    Column("Fastest process", "ms"),
    Column("Slowest process", "ms"),
    Column("Most lost", "points, against fp32", False),
)
_CAPTION = (
    "Stages of the end-to-end clock; the medians of the fastest and the slowest process of the inference "
    "clock; the size or class that lost most. The page has charts, what ran and the conditions of each."
)


def details_table(details: Sequence[CaseDetail]) -> Table | None:
    """Return the details of some cases as one table; None without any."""
    rows = tuple(Row(_cells(detail), keys=detail.keys) for detail in details)
    return Table("Case by case", _CAPTION, _COLUMNS, rows) if rows else None


def _cells(detail: CaseDetail) -> tuple[Cell, ...]:
    return (Cell(detail.title), *_stages(detail.stages), *_ends(detail.strip), _worst(detail.accuracy))


def _stages(stack: Stack | None) -> tuple[Cell, ...]:
    return stack.bars[0].cells if stack else (Cell(ABSENT),) * 4


def _ends(strip: Strip | None) -> tuple[Cell, Cell]:
    medians = [mark.median_ns for mark in strip.marks if mark.is_valid] if strip else []
    if not medians:
        return Cell(ABSENT), Cell(ABSENT)
    return Cell(milliseconds(min(medians))), Cell(milliseconds(max(medians)))


def _worst(accuracy: Accuracy | None) -> Cell:
    changes = accuracy.changes[1:] if accuracy else ()
    known = [
        (change.difference.value, change.name) for change in changes if change.difference.value is not None
    ]
    if not known:
        return Cell(ABSENT)
    value, name = min(known)
    return Cell(f"{name} {point_difference(value)}" if value < 0 else "none")
