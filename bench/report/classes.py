"""The table of accuracy by class: classes down, cases across."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.record import Record
from bench.report.cells import NO_CELL
from bench.report.labels import case_labels, keys_of
from bench.report.table import Cell, Column, Row, Table
from bench.report.units import points

# A table of classes by cases stays readable up to so many cases.
MOST_CASES_BY_CLASS = 12


def classes_table(records: Sequence[Record]) -> Table | None:
    """Build the table; None without classes, or with more cases than a reader can compare."""
    classes = list(dict.fromkeys(name for record in records for name in record.per_class))
    if not classes or len(records) > MOST_CASES_BY_CLASS:
        return None
    labels = case_labels(records)
    columns = (
        Column("Class", "", False),
        *(Column(labels[record.case], "points", keys=keys_of(record)) for record in records),
    )
    rows = tuple(Row((Cell(name), *(class_cell(record, name) for record in records))) for name in classes)
    return Table("Accuracy by class", "AP at IoU .50:.95, points.", columns, rows)


def class_cell(record: Record, name: str) -> Cell:
    """Show the AP of one class."""
    value = record.per_class.get(name)
    if value is None or not value >= 0:
        return NO_CELL
    return Cell(points(value), value=value, record=f"{record.case}#per_class:{name}")
