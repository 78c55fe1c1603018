"""Chart data: mAP against one cost, in people's units. Drawing it is left to `drawing`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.findings import Panel
from bench.analysis.front import Front
from bench.core.metric import Metric
from bench.core.record import Record
from bench.report.cells import interval_text
from bench.report.labels import keys_of, precision_name
from bench.report.machines import NOT_VALID, emulation_words
from bench.report.model import Chart, Point
from bench.report.tables import nms_words
from bench.report.units import (
    ABSENT,
    bounds,
    is_known,
    kibibytes,
    mebibytes,
    milliseconds,
    points,
    significant,
)

Ends = tuple[float, float]

STANDINGS = {
    "front": "on the Pareto front",
    "tied": "ties with the Pareto front",
    "dominated": "another one is at least as good in both",
}


@dataclass(frozen=True)
class Axis:
    """How one cost is shown."""

    key: str
    title: str
    axis: str
    scale: float
    shown: Callable[[float], str]
    unit: str


AXES = {
    "latency_p50_ns": Axis(
        "latency", "mAP against inference latency", "Inference p50, ms", 1e-6, milliseconds, "ms"
    ),
    "peak_rss_bytes": Axis(
        "memory", "mAP against peak memory", "Peak memory (RSS), MiB", 2.0**-20, mebibytes, "MiB"
    ),
    "size_bytes": Axis("size", "mAP against file size", "Model file, KiB", 2.0**-10, kibibytes, "KiB"),
    "energy_per_inference_j": Axis(
        "energy",
        "mAP against energy",
        "Energy above rest, mJ an inference",
        1e3,
        lambda joules: significant(joules * 1e3),
        "mJ",
    ),
}


def make_charts(panel: Panel) -> tuple[Chart, ...]:
    """Build one chart a cost; none where fewer than two cases have a point."""
    charts = [_make_chart(panel, front) for front in panel.fronts]
    return tuple(chart for chart in charts if len(chart.points) > 1)


def _make_chart(panel: Panel, front: Front) -> Chart:
    axis = AXES[front.cost]
    by_case = {record.case: record for record in panel.records}
    names = _point_names(panel)
    ends = _accuracy_ends(panel, by_case)
    points = tuple(
        _point(by_case[placed.case], front, axis, names[placed.case], ends(by_case[placed.case]))
        for placed in front.placed
    )
    title = f"{axis.axis} ({nms_words(panel.records)})" if front.cost == "latency_p50_ns" else axis.axis
    caption = (
        "The line joins the Pareto front; hollow points are dominated, ringed ones tie with the front. "
        f"{_bar_words(panel)}"
    )
    return Chart(axis.key, axis.title, title + _mark(panel, front.cost), "mAP, points", caption, points)


def _mark(panel: Panel, cost: str) -> str:
    """Return the line below the axis of a chart that nobody should decide by: pictures travel alone."""
    if any(not record.decision_grade for record in panel.records):
        return f"\n{NOT_VALID}"
    is_emulated = cost == "latency_p50_ns" and emulation_words(panel.records)
    return f"\nemulated: {NOT_VALID}" if is_emulated else ""


def _point(record: Record, front: Front, axis: Axis, label: str, y_ends: Ends | None) -> Point:
    cost = record.metric(front.cost)
    x_ends = bounds(cost)
    return Point(
        label=label,
        precision=record.precision,
        runtime=record.runtime,
        x=(record.value(front.cost) or 0.0) * axis.scale,
        y=(record.value("map_50_95") or 0.0) * 100,
        x_ends=(x_ends[0] * axis.scale, x_ends[1] * axis.scale) if x_ends else None,
        y_ends=y_ends,
        standing=front.standing(record.case) or "dominated",
        keys=keys_of(record),
        tip=_tip(record, front, axis, label),
    )


def _tip(record: Record, front: Front, axis: Axis, label: str) -> str:
    """Say what a point shows, for readers who hover over it or hear it."""
    cost, accuracy = record.metric(front.cost), record.metric("map_50_95")
    where = STANDINGS[front.standing(record.case) or "dominated"]
    return (
        f"{label} on {record.runtime}: {_figure(accuracy, points)} points of mAP, "
        f"{_figure(cost, axis.shown)} {axis.unit}; {where}"
    )


def _figure(metric: Metric | None, shown: Callable[[float], str]) -> str:
    if metric is None or metric.value is None:
        return ABSENT
    return f"{shown(metric.value)} {interval_text(metric, shown)}".rstrip()


def _point_names(panel: Panel) -> dict[str, str]:
    has_threads = len({record.threads for record in panel.records}) > 1
    has_models = len({record.model for record in panel.records}) > 1
    return {
        record.case: (f"{record.model} " if has_models else "")
        + precision_name(record)
        + (f" t{record.threads}" if has_threads else "")
        for record in panel.records
    }


def _accuracy_ends(panel: Panel, by_case: dict[str, Record]) -> Callable[[Record], Ends | None]:
    """Choose what vertical bars show: paired differences to fp32 where known, else each mAP's own interval.

    The paired ones say which variants differ; the others are wide because all variants share the images.
    """

    def paired(record: Record) -> Ends | None:
        comparison = panel.comparisons.get(record.case)
        if comparison is None:
            return None
        base, ends = by_case[comparison.sibling].value("map_50_95"), bounds(comparison.difference)
        return None if ends is None or base is None else ((base + ends[0]) * 100, (base + ends[1]) * 100)

    def own(record: Record) -> Ends | None:
        ends = bounds(_known(record.metric("map_50_95")))
        return None if ends is None else (ends[0] * 100, ends[1] * 100)

    return paired if panel.comparisons else own


def _bar_words(panel: Panel) -> str:
    if panel.comparisons:
        return "Vertical bars: the paired interval of each difference to its fp32, which itself has none."
    return "Vertical bars: the interval of each mAP."


def _known(metric: Metric | None) -> Metric | None:
    return metric if is_known(metric) else None


def front_line(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return the corners of the Pareto front, from the cheapest on."""
    return sorted((point.x, point.y) for point in points if point.standing == "front")
