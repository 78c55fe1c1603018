"""One trend as plain inline SVG: a point a run with its interval, levels, and the commits of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.core.metric import METRICS, Unit
from bench.core.trend import Step, Trend, TrendPoint
from bench.report.history import commit_words, interval_words
from bench.report.html.elements import attributes, text
from bench.report.texts import printable
from bench.report.trends.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plot, levels, make_plot, ticks
from bench.report.units import ABSENT
from bench.report.verdicts import LEAST_MEBIBYTES, METRIC_NAMES, value_words

SCALES: dict[Unit, tuple[float, str]] = {
    "ns": (1e-6, "ms"),
    "bytes": (2.0**-10, "KiB"),
    "ap": (100.0, "points"),
    "ar": (100.0, "points"),
    "j": (1e3, "mJ"),
    "w": (1.0, "W"),
    "c": (1.0, "°C"),
}
_COMMIT_DIGITS = 10
# A commit's name at a step takes so much room; at steps closer than that only lines stand.
_NAME_WIDTH = 78.0


def scale_of(trends: Sequence[Trend]) -> tuple[float, str]:
    """Return people's unit of trends of one metric, and how many of it a base unit is; as `value_words`."""
    values = (point.value for trend in trends for point in trend.points)
    unit = METRICS[trends[0].metric][0]
    if unit == "bytes" and any(value >= LEAST_MEBIBYTES for value in values):
        return 2.0**-20, "MiB"
    return SCALES.get(unit, (1.0, ""))


def trend_svg(trend: Trend) -> str:
    """Return the picture of a trend, with words for whoever points at a run or hears it."""
    plot = make_plot(trend)
    scale, unit = scale_of([trend])
    label = (
        f"{METRIC_NAMES[trend.metric]} over {len(trend.points)} runs; its figures stand in the table below"
    )
    body = (
        _axes(plot, scale, unit)
        + _dates(trend, plot)
        + _intervals(trend, plot)
        + "".join(
            _line(plot.x(start - 0.4), plot.y(mean), plot.x(end - 0.6), plot.y(mean), "level")
            for start, end, mean in levels(trend)
        )
        + _steps(trend, plot)
        + "".join(_point(trend, place, point, plot) for place, point in enumerate(trend.points))
    )
    return (
        f'<svg class="chart trend" role="img" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
        f"{attributes({'aria-label': label})}>{body}</svg>"
    )


def _axes(plot: Plot, scale: float, unit: str) -> str:
    lines = "".join(
        _line(LEFT, plot.y(value), WIDTH - RIGHT, plot.y(value), "grid")
        + f'<text x="{LEFT - 5:g}" y="{plot.y(value) + 4:g}" text-anchor="end">{text(words)}</text>'
        for value, words in ticks(plot, scale)
    )
    return f'{lines}<text x="{LEFT - 5:g}" y="12" text-anchor="end">{text(unit)}</text>'


def _dates(trend: Trend, plot: Plot) -> str:
    """Return the dates of the first and the newest run."""
    last = len(trend.points) - 1
    y = HEIGHT - 8
    first, newest = (printable(trend.points[place].started)[:10] for place in (0, last))
    left = f'<text x="{LEFT:g}" y="{y:g}">{text(first)}</text>'
    right = f'<text x="{WIDTH - RIGHT:g}" y="{y:g}" text-anchor="end">{text(newest)}</text>'
    base = _line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "base")
    return base + left + (right if newest != first else "")


def _intervals(trend: Trend, plot: Plot) -> str:
    parts = [
        f"M{plot.x(place):g} {plot.y(point.low):g}V{plot.y(point.high):g}"
        for place, point in enumerate(trend.points)
        if _is_known(point.low) and _is_known(point.high) and point.low is not None and point.high is not None
    ]
    return f'<path class="spread" d="{"".join(parts)}"/>' if parts else ""


def _steps(trend: Trend, plot: Plot) -> str:
    """Return a line at each step, dashed where worse and dotted where better, and names that have room."""
    drawn, free_from = [], 0.0
    for step in trend.steps:
        x = plot.x(step.place - 0.5)
        drawn.append(_line(x, TOP - 8, x, HEIGHT - BOTTOM, f"step {'worse' if step.is_worse else 'better'}"))
        is_late = x > WIDTH - RIGHT - _NAME_WIDTH
        start = x - _NAME_WIDTH if is_late else x
        if start >= free_from:
            drawn.append(_name(trend, step, x, is_late))
            free_from = start + _NAME_WIDTH
    return "".join(drawn)


def _name(trend: Trend, step: Step, x: float, is_late: bool) -> str:
    commit = printable(trend.points[step.place].commit)[:_COMMIT_DIGITS] or "no commit"
    anchor = ' text-anchor="end"' if is_late else ""
    kind = "worse" if step.is_worse else "better"
    place = f'x="{x + (-4 if is_late else 4):g}" y="{TOP - 10:g}"{anchor}'
    return f'<text class="{kind}" {place}>{text(commit)}</text>'


def _point(trend: Trend, place: int, point: TrendPoint, plot: Plot) -> str:
    """Return a run; hollow where its checkout had changes that no commit has."""
    if not _is_known(point.value):
        return ""
    interval = interval_words(trend.metric, point)
    spread = "" if interval == ABSENT else f" {interval}"
    date = printable(point.started)[:10] or "unknown date"
    figure = f"{value_words(trend.metric, point.value)}{spread}"
    told = f"{date}: {figure}, {commit_words(point)}, run {printable(point.run)}"
    kind = "dot dirty" if point.is_dirty else "dot"
    return (
        f"<g{attributes({'data-tip': told})}><title>{text(told)}</title>"
        f'<circle class="{kind}" cx="{plot.x(place):g}" cy="{plot.y(point.value):g}" r="3.4"/></g>'
    )


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'
