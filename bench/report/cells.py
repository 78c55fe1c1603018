"""Metrics to table cells: figure, interval, tone, and the reason where a figure is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bench.analysis.compare import Comparison
from bench.analysis.interval import sign
from bench.core.measure import MeasureOptions
from bench.core.metric import Metric
from bench.core.record import Record
from bench.report.table import Cell, Tone
from bench.report.units import ABSENT, bounds, is_known, percent, point_difference, ratio

Format = Callable[[float], str]

# The level that intervals have unless they say otherwise.
STANDARD_LEVEL = MeasureOptions().level

NO_CELL = Cell(ABSENT, tone="muted")


def metric_cell(record: Record, name: str, shown: Format) -> Cell:
    """Show one metric of a record, with its interval where it is known."""
    metric = record.metric(name)
    if metric is None or not is_known(metric):
        return Cell(ABSENT, tone="muted", note=metric.note if metric else "")
    return figure_cell(metric, f"{record.case}#{name}", shown)


def figure_cell(metric: Metric, source: str, shown: Format) -> Cell:
    """Show a known metric with its interval, and say which record it is from.

    Args:
        source: `<case>#<metric>`, see `bench.report.model.Cell`.
    """
    value = metric.value or 0.0
    return Cell(
        shown(value),
        detail=interval_text(metric, shown),
        value=value,
        record=source,
        ends=bounds(metric),
    )


def note_cell(record: Record, name: str) -> Cell:
    """Show what was noted beside a metric that has a figure."""
    metric = record.metric(name)
    return Cell(metric.note) if metric is not None and is_known(metric) and metric.note else NO_CELL


def interval_text(metric: Metric | None, shown: Format) -> str:
    """Return `[low, high]`, or nothing where no interval is known; a weak interval names its level."""
    ends = bounds(metric)
    if metric is None or ends is None:
        return ""
    return f"[{shown(ends[0])}, {shown(ends[1])}]{weak_words(metric)}"


def weak_words(metric: Metric) -> str:
    """Name the level of an interval that is weaker than usual: ` at 50%`."""
    return f" at {percent(metric.level)}" if metric.level and metric.level < STANDARD_LEVEL else ""


def difference_cell(comparison: Comparison | None) -> Cell:
    """Show the mAP difference to fp32 in points; the tone says whether its interval leaves zero."""
    metric = comparison.difference if comparison else None
    if comparison is None or metric is None or not is_known(metric):
        return NO_CELL
    tones: dict[int | None, Tone] = {-1: "bad", 0: "tie", 1: "good", None: ""}
    cell = figure_cell(metric, f"{comparison.case}#map_50_95_difference", point_difference)
    return replace(cell, tone=tones[sign(metric)])


def ratio_cell(comparison: Comparison | None) -> Cell:
    """Show the latency ratio to fp32: below 1 is faster."""
    metric = comparison.latency_ratio if comparison else None
    if comparison is None or metric is None or not is_known(metric):
        return NO_CELL
    tones: dict[int | None, Tone] = {-1: "good", 0: "tie", 1: "bad", None: ""}
    cell = figure_cell(metric, f"{comparison.case}#latency_ratio", ratio)
    return replace(cell, text=f"{cell.text}×", tone=tones[sign(metric, 1.0)])


def size_ratio_cell(comparison: Comparison | None) -> Cell:
    """Show the exact ratio of file sizes to fp32: below 1 is smaller."""
    value = comparison.size_ratio if comparison else None
    if comparison is None or value is None:
        return NO_CELL
    tone: Tone = "good" if value < 1 else "bad" if value > 1 else "tie"
    source = f"{comparison.case}#size_bytes:ratio"
    return Cell(f"{ratio(value)}×", tone=tone, value=value, record=source)


def field_cell(record: Record, name: str, text: str = "", note: str = "") -> Cell:
    """Show a whole number that is a field of the record itself."""
    value = getattr(record, name)
    return Cell(text or f"{value:,}", note=note, value=float(value), record=f"{record.case}#{name}")
