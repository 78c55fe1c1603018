"""Metrics to table cells: figure, interval, tone, and the reason where a figure is missing."""

from __future__ import annotations

from collections.abc import Callable

from bench.analysis.compare import Comparison
from bench.analysis.interval import sign
from bench.core.measure import MeasureOptions
from bench.core.metric import Metric
from bench.core.record import Record
from bench.report.model import Cell, Tone
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
    return Cell(shown(metric.value or 0.0), detail=interval_text(metric, shown))


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
    if metric is None or not is_known(metric):
        return NO_CELL
    tones: dict[int | None, Tone] = {-1: "bad", 0: "tie", 1: "good", None: ""}
    shown = point_difference(metric.value or 0.0)
    return Cell(shown, interval_text(metric, point_difference), tones[sign(metric)])


def ratio_cell(metric: Metric | None) -> Cell:
    """Show a latency ratio to fp32: below 1 is faster."""
    if metric is None or not is_known(metric):
        return NO_CELL
    tones: dict[int | None, Tone] = {-1: "good", 0: "tie", 1: "bad", None: ""}
    text = f"{ratio(metric.value or 0.0)}×"
    return Cell(text, interval_text(metric, ratio), tones[sign(metric, 1.0)])


def plain_ratio_cell(value: float | None) -> Cell:
    """Show an exact ratio to fp32: below 1 is smaller."""
    if value is None:
        return NO_CELL
    tone: Tone = "good" if value < 1 else "bad" if value > 1 else "tie"
    return Cell(f"{ratio(value)}×", tone=tone)
