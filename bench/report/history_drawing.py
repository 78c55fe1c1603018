"""Draws the trends of one metric as small multiples: a panel a case, runs from old to new, steps marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.metric import METRICS
from bench.core.trend import Trend
from bench.report.drawing import drawing_settings
from bench.report.naming import cut
from bench.report.palette import color_of
from bench.report.svg import INK
from bench.report.texts import printable
from bench.report.trends.svg import scale_of
from bench.report.verdicts import METRIC_NAMES

PANELS_A_ROW = 2
PANEL_WIDTH, PANEL_HEIGHT = 4.6, 1.9
HEAD_INCHES = 0.55
LONGEST_TITLE = 60

# One colour for figures; steps for the worse and for the better have the palette's warm and cool one.
FIGURES, WORSE, BETTER = (color_of(name) for name in ("int4", "qat", "int8"))


def draw_history(trends: Sequence[Trend], picture: Path) -> None:
    """Draw trends of one metric and write a PNG on white; the same trends give the same bytes."""
    from matplotlib.figure import Figure

    metric = trends[0].metric
    scale, unit = scale_of(trends)
    rows = math.ceil(len(trends) / PANELS_A_ROW)
    columns = min(len(trends), PANELS_A_ROW)
    height = rows * PANEL_HEIGHT + HEAD_INCHES
    with drawing_settings("history"):
        figure = Figure(figsize=(columns * PANEL_WIDTH, height), layout="constrained")
        name = METRIC_NAMES[metric] + (f", {unit}" if unit else "")
        better = f"{METRICS[metric][1]} is better"
        figure.suptitle(f"{name}: a point a run, from old to new; {better}", fontsize=10, x=0.01, ha="left")
        for place, trend in enumerate(trends):
            _draw_panel(figure.add_subplot(rows, columns, place + 1), trend, scale)
        figure.savefig(picture, format="png", dpi=144, facecolor="white", metadata={"Software": None})


def _draw_panel(axes: Any, trend: Trend, scale: float) -> None:
    values = [point.value * scale for point in trend.points]
    known = [
        (place, point.low * scale, point.high * scale)
        for place, point in enumerate(trend.points)
        if point.low is not None and point.high is not None
    ]
    if known:
        axes.vlines(*zip(*known, strict=True), color=FIGURES, linewidth=0.9, alpha=0.45)
    axes.plot(range(len(values)), values, "o", color=FIGURES, markersize=3)
    _draw_levels(axes, trend, values)
    for step in trend.steps:
        color = WORSE if step.is_worse else BETTER
        axes.axvline(step.place - 0.5, color=color, linewidth=1.1, linestyle=(0, (4, 3)))
        _name_step(axes, trend, step.place, color)
    title = printable(trend.case) + (" (another series)" if trend.broken_by else "")
    axes.set_title(cut(title, LONGEST_TITLE), loc="left", fontsize=8)
    axes.set_xticks(*_ticks(trend))
    axes.set_xlim(-0.7, max(len(values) - 0.3, 0.7))
    axes.margins(y=0.18)
    axes.grid(color=INK, alpha=0.1, linewidth=0.5)
    axes.tick_params(length=3, width=0.5, labelsize=7)
    axes.ticklabel_format(axis="y", useOffset=False)


def _draw_levels(axes: Any, trend: Trend, values: Sequence[float]) -> None:
    """Draw the mean of each level through its runs."""
    cuts = [0, *(step.place for step in trend.steps), len(values)]
    for start, end in zip(cuts, cuts[1:], strict=False):
        level = sum(values[start:end]) / (end - start)
        axes.hlines(level, start - 0.4, end - 0.6, color=INK, linewidth=1.0, alpha=0.6)


def _name_step(axes: Any, trend: Trend, place: int, color: str) -> None:
    """Write the commit beside its line, on the side that has room."""
    is_late = place > len(trend.points) / 2
    axes.annotate(
        printable(trend.points[place].commit)[:10] or "unknown commit",
        (place - 0.5, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if is_late else 3, -2),
        textcoords="offset points",
        ha="right" if is_late else "left",
        va="top",
        fontsize=7,
        color=color,
    )


def _ticks(trend: Trend) -> tuple[list[int], list[str]]:
    """Return places and dates of the first, the middle and the newest run."""
    last = len(trend.points) - 1
    places = sorted({0, last // 2, last} if last > 3 else {0, last})
    return places, [printable(trend.points[place].started)[:10] for place in places]
