"""Draws sustained runs: plots of latency, temperature and clock below each other, over the same minutes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from bench.report.model import CourseChart, CourseLine
from bench.report.svg import INK, mark_of
from bench.report.texts import printable

LATENCY_INCHES = 2.6
SMALL_INCHES = 1.3
WIDTH = 7.2
# Below the last plot: its axis and the names of the lines, so many beside each other.
FOOT_INCHES = 0.55
NAME_INCHES = 0.2
NAMES_A_ROW = 3

# So many crosses of one line stand beside each other without becoming a bar.
MOST_CROSSES = 40

# Lines of one colour are told apart by these.
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))

Values = Callable[[CourseLine], tuple[float, ...]]


def draw_course(chart: CourseChart, colors: dict[str, str]) -> Any:
    """Draw a chart; returns the figure.

    Args:
        colors: precision -> colour.
    """
    from matplotlib.figure import Figure

    plots = [plot for plot in _PLOTS if _is_known(chart.lines, plot[1])]
    sizes = [LATENCY_INCHES] + [SMALL_INCHES] * len(plots)
    foot = FOOT_INCHES + NAME_INCHES * math.ceil(len(chart.lines) / NAMES_A_ROW)
    height = sum(sizes) + foot
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.add_gridspec(
        len(sizes),
        height_ratios=sizes,
        left=0.1,
        right=0.985,
        top=1 - 0.1 / height,
        bottom=foot / height,
        hspace=0.12,
    )
    first = figure.add_subplot(grid[0])
    _draw_latency(first, chart, colors)
    all_axes = [first]
    for place, (title, values) in enumerate(plots, 1):
        axes = figure.add_subplot(grid[place], sharex=first)
        _draw_probes(axes, chart, values, colors)
        axes.set_ylabel(title)
        all_axes.append(axes)
    for axes in all_axes:
        axes.grid(color=INK, alpha=0.1, linewidth=0.5)
        axes.tick_params(length=3, width=0.5, labelbottom=axes is all_axes[-1])
    all_axes[-1].set_xlabel(chart.x_title)
    handles, names = first.get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=NAMES_A_ROW, frameon=False, fontsize=9)
    return figure


_PLOTS: tuple[tuple[str, Values], ...] = (
    ("°C", lambda line: line.temperature_c),
    ("Clock, MHz", lambda line: line.clock_mhz),
)


def _is_known(lines: Sequence[CourseLine], values: Values) -> bool:
    return any(not math.isnan(value) for line in lines for value in values(line))


def _draw_latency(axes: Any, chart: CourseChart, colors: dict[str, str]) -> None:
    for place, line in enumerate(chart.lines):
        style = {"color": colors[line.precision], "linestyle": _dash(chart.lines, place)}
        style["gid"] = f"by-{mark_of(chart, line)}"
        axes.plot(line.minutes, line.latency_ms, label=printable(line.label), linewidth=1.4, **style)
    axes.set_ylabel("Inference, ms")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)


def _draw_probes(axes: Any, chart: CourseChart, values: Values, colors: dict[str, str]) -> None:
    for place, line in enumerate(chart.lines):
        color, mark = colors[line.precision], f"by-{mark_of(chart, line)}"
        style = {"color": color, "linestyle": _dash(chart.lines, place), "gid": mark}
        axes.plot(line.probe_minutes, values(line), linewidth=1.2, **style)
        looks = zip(line.probe_minutes, values(line), line.is_throttled, strict=True)
        held = _thinned([(minute, value) for minute, value, is_held in looks if is_held], line)
        if held:
            crosses: dict[str, Any] = {"markersize": 4, "markeredgewidth": 0.9, "gid": mark}
            axes.plot(*zip(*held, strict=True), "x", color=color, **crosses)


def _thinned(held: Sequence[tuple[float, float]], line: CourseLine) -> list[tuple[float, float]]:
    """Leave out crosses that would run into the one before them; the first always stays."""
    apart = max(line.probe_minutes, default=0.0) / MOST_CROSSES
    kept: list[tuple[float, float]] = []
    for look in held:
        if not kept or look[0] - kept[-1][0] >= apart:
            kept.append(look)
    return kept


def _dash(lines: Sequence[CourseLine], place: int) -> Any:
    """Return the dash of a line: the first of its precision is drawn through."""
    alike = [line for line in lines[:place] if line.precision == lines[place].precision]
    return DASHES[len(alike) % len(DASHES)]
