"""Accuracy of a case over all objects, by their size and by class, beside its fp32 sibling."""

from __future__ import annotations

import math
from dataclasses import replace

from bench.analysis.compare import Comparison
from bench.core.record import Record
from bench.report.cells import NO_CELL, difference_cell, metric_cell
from bench.report.classes import class_cell
from bench.report.detail.model import Accuracy, Change
from bench.report.table import Cell
from bench.report.units import point_difference, points

SIZES = {"map_small": "Small objects", "map_medium": "Medium objects", "map_large": "Large objects"}

# So many classes are listed, those that lost most first; fewer where the page holds very many cases.
MOST_CLASSES = 12
FEW_CLASSES = 5
MANY_CASES = 30


def most_classes(num_cases: int) -> int:
    """Return how many classes a case lists on a page of so many cases, which is to stay below 2 MB."""
    return MOST_CLASSES if num_cases <= MANY_CASES else FEW_CLASSES


def make_accuracy(
    record: Record, sibling: Record | None, comparison: Comparison | None, most: int
) -> Accuracy | None:
    """Build the rows; None without accuracy. Of classes with objects those that lost most come first."""
    overall = _change("All objects", _metric(record, "map_50_95"), _metric(sibling, "map_50_95"))
    if overall.cell.value is None:
        return None
    if comparison is not None and comparison.difference is not None:
        overall = replace(overall, difference=difference_cell(comparison))
    sizes = [
        _change(words, _metric(record, name), _metric(sibling, name))
        for name, words in SIZES.items()
        if record.metric(name) is not None
    ]
    classes = [
        _change(name, class_cell(record, name), class_cell(sibling, name) if sibling else NO_CELL)
        for name in record.per_class
    ]
    classes = [change for change in classes if change.cell.value is not None]
    if sibling or len(classes) > most:
        classes.sort(key=_lost if sibling else _found)
    shown = classes[:most]
    return Accuracy(
        _left_out(classes, len(shown), sibling is not None), sibling is not None, (overall, *sizes, *shown)
    )


def _lost(change: Change) -> float:
    return math.inf if change.difference.value is None else change.difference.value


def _found(change: Change) -> float:
    return change.cell.value or 0.0


def _left_out(classes: list[Change], num_shown: int, has_base: bool) -> str:
    why = "lost less" if has_base else "have a higher AP"
    left = len(classes) - num_shown
    return f"{left} of {len(classes)} classes, which {why}, are left out here." if left > 0 else ""


def _metric(record: Record | None, name: str) -> Cell:
    """Show an accuracy; intervals of their own say little here, that of the difference does."""
    return replace(metric_cell(record, name, points), detail="", ends=None) if record else NO_CELL


def _change(name: str, cell: Cell, base: Cell) -> Change:
    """Put the two beside each other; nobody judged a difference without an interval: it has no colour."""
    if cell.value is None or base.value is None:
        return Change(name, cell, NO_CELL)
    value = cell.value - base.value
    shown = Cell(point_difference(value), value=value, record=f"{cell.record}:difference")
    return Change(name, cell, shown)
