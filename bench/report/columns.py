"""Columns of the tables: what names a case, makers of cells, and how a table is laid out from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.analysis.findings import Panel
from bench.analysis.proof import delegated_share, fused_share
from bench.core.record import Record
from bench.report.cells import NO_CELL, difference_cell, field_cell, metric_cell, ratio_cell, size_ratio_cell
from bench.report.labels import keys_of, precision_name
from bench.report.table import Cell, Column, Row, Table, Tone
from bench.report.units import milliseconds, points

Maker = Callable[[Record], Cell]
ColumnMaker = tuple[Column, Maker]

# What the operators of a share have in common, as the table says it.
WHAT_RAN = {"fused": "in integers", "delegated": "delegated"}


def lay_out(
    title: str,
    caption: str,
    panel: Panel,
    records: Sequence[Record],
    makers: Sequence[ColumnMaker],
    is_main: bool = False,
) -> Table:
    """Put the columns that name a case before the others, and collect the reasons of missing figures."""
    named = [*_naming_columns(records), *makers]
    chosen = panel.recommendation.case
    marks = {case: "tie in speed" for case in panel.recommendation.ties if is_main}
    if chosen:
        marks[chosen] = "recommended"
    rows = tuple(
        Row(tuple(make(r) for _, make in named), _row_tone(r, chosen), keys_of(r), marks.get(r.case, ""))
        for r in records
    )
    notes = dict.fromkeys(
        f"{column.title}: {cell.note}"
        for row in rows
        for (column, _), cell in zip(named, row.cells, strict=True)
        if cell.note
    )
    return Table(title, caption, tuple(column for column, _ in named), rows, tuple(notes), is_main)


def _naming_columns(records: Sequence[Record]) -> list[ColumnMaker]:
    columns: list[ColumnMaker] = [
        (Column("Precision", "", False), lambda r: Cell(precision_name(r))),
        (Column("Runtime", "", False), lambda r: Cell(r.runtime)),
    ]
    if len({record.model for record in records}) > 1:
        columns.insert(0, (Column("Model", "", False), lambda r: Cell(r.model)))
    if len({record.threads for record in records}) > 1:
        columns.append((Column("Threads"), lambda r: field_cell(r, "threads")))
    return columns


def _row_tone(record: Record, chosen: str | None) -> Tone:
    if record.case == chosen:
        return "chosen"
    return "base" if record.precision == "fp32" else ""


def in_milliseconds(name: str) -> Maker:
    """Return a maker of one time's cells."""
    return lambda record: metric_cell(record, name, milliseconds)


def in_points(name: str) -> Maker:
    """Return a maker of one accuracy's cells."""
    return lambda record: metric_cell(record, name, points)


def difference_of(panel: Panel) -> Maker:
    """Return a maker of mAP differences to fp32."""
    return lambda record: difference_cell(panel.comparisons.get(record.case))


def latency_ratio_of(panel: Panel) -> Maker:
    """Return a maker of latency ratios to fp32."""

    return lambda record: ratio_cell(panel.comparisons.get(record.case))


def size_ratio_of(panel: Panel) -> Maker:
    """Return a maker of file size ratios to fp32."""

    return lambda record: size_ratio_cell(panel.comparisons.get(record.case))


def count_cell(record: Record, name: str) -> Cell:
    """Show how many values stand behind a metric."""
    metric = record.metric(name)
    if metric is None or not metric.count:
        return NO_CELL
    return Cell(f"{metric.count:,}", value=float(metric.count), record=f"{record.case}#{name}:count")


def proof_cell(record: Record) -> Cell:
    """Show what the runtime says it ran, and its version."""
    shares = [share for share in (fused_share(record), delegated_share(record)) if share]
    words = [f"{share.count} of {share.total} {WHAT_RAN[share.kind]}" for share in shares[:1]]
    version = record.proof.get("runtime_version")
    return Cell("; ".join([*words, *([f"{record.runtime} {version}"] if version else [])]) or "–")
