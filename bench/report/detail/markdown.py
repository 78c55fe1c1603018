"""The details of cases in Markdown: one short table over all of them. `listing` has the rest of each."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.detail.accuracies import MANY_CASES
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
    "clock; the size or class that lost most."
)
_OPENED = "Everything else of a case is below the table: open it by its name. Charts of it are on the page."
_LEFT_OUT = (
    "The page has the rest of each case: memory, accuracy by class, what ran, how the file was made and its "
    f"conditions. With more than {MANY_CASES} cases they would make this file too long to read."
)


def details_table(details: Sequence[CaseDetail], is_alone: bool = False) -> Table | None:
    """Return the details of some cases as one table; None without any.

    Args:
        is_alone: nothing more of each case follows below it, and the caption says where that is.
    """
    caption = f"{_CAPTION} {_LEFT_OUT if is_alone else _OPENED}"
    rows = tuple(Row(_cells(detail), keys=detail.keys) for detail in details)
    return Table("Case by case", caption, _COLUMNS, rows) if rows else None


def _cells(detail: CaseDetail) -> tuple[Cell, ...]:
    return (Cell(detail.title), *_stages(detail.stages), *_ends(detail.strip), _worst(detail.accuracy))


def _stages(stack: Stack | None) -> tuple[Cell, ...]:
    return stack.bars[0].cells if stack else (Cell(ABSENT),) * 4


def _ends(strip: Strip | None) -> tuple[Cell, Cell]:
    medians = strip.medians_ns if strip else ()
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
