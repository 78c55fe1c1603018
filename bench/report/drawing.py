"""Charts drawn by matplotlib: as inline SVG for the page, as PNG beside the Markdown.

matplotlib is imported when a chart is drawn, never before. The same chart always gives the same bytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.report.course_drawing import draw_course
from bench.report.model import Chart, CourseChart, CourseLine, Point
from bench.report.naming import cut, name_points
from bench.report.palette import colors_of
from bench.report.scatter import front_line
from bench.report.svg import INK, clean_svg, mark_of, marks_of
from bench.report.texts import printable

MARKERS = ("o", "s", "^", "D", "v", "P")

# A cost that spans more than this factor is shown on a logarithmic axis.
LOGARITHMIC_FROM = 6.0

# A longer name of a host above its panel is cut.
LONGEST_HOST = 60

# Inches: of a chart, of its plot, of the plots of several hosts, and of what stands below the last plot.
WIDTH = 5.2
PLOT_HEIGHT = 3.144
SMALL_PLOT_HEIGHT = 2.5
FOOT = 1.166

SETTINGS = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
}


def draw_chart(chart: Chart | CourseChart, prefix: str, picture: Path) -> str:
    """Draw a chart once, write it as a PNG on white, and return it as an `<svg>` element for a page.

    Args:
        prefix: keeps the ids of the element apart from those of other charts.
        picture: path of the PNG.
    """
    with drawing_settings(prefix):
        figure = _draw_course(chart) if isinstance(chart, CourseChart) else _draw(chart)
        figure.savefig(picture, format="png", dpi=144, facecolor="white", metadata={"Software": None})
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return clean_svg(file.getvalue(), chart, prefix)


@contextmanager
def drawing_settings(salt: str) -> Iterator[None]:
    """Draw with our settings; that a name has letters which the font lacks is no news."""
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context({**SETTINGS, "svg.hashsalt": salt}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _draw_course(chart: CourseChart) -> Any:
    return draw_course(chart, _colors(chart.lines))


def _draw(chart: Chart) -> Any:
    from matplotlib.figure import Figure

    hosts = list(dict.fromkeys(point.host for point in chart.points))
    plot_height = PLOT_HEIGHT if len(hosts) == 1 else SMALL_PLOT_HEIGHT
    height = FOOT + len(hosts) * (plot_height + _head(hosts))
    figure = Figure(figsize=(WIDTH, height))
    colors, markers = _colors(chart.points), markers_of(chart.points)
    panels: list[tuple[Any, list[Point]]] = []
    for place, host in enumerate(hosts):
        bottom = height - (place + 1) * (plot_height + _head(hosts))
        first = panels[0][0] if panels else None
        frame = (0.125, bottom / height, 0.855, plot_height / height)
        axes = figure.add_axes(frame, sharex=first, sharey=first)
        points = [point for point in chart.points if point.host == host]
        draw_panel(axes, chart, points, colors, markers)
        axes.tick_params(labelbottom=place == len(hosts) - 1)
        axes.set_title(cut(printable(host), LONGEST_HOST), loc="left", fontsize=10)
        panels.append((axes, points))
    panels[-1][0].set_xlabel(chart.x_title)
    draw_legend(figure, colors, markers)
    for axes, points in panels:
        name_points(figure, axes, points, chart)
    return figure


def _head(hosts: Sequence[str]) -> float:
    """Return the inches above a plot: room for the host's name where there are several."""
    return 0.09 if len(hosts) == 1 else 0.34


def draw_panel(
    axes: Any, chart: Chart, points: Sequence[Point], colors: dict[str, str], markers: dict[str, str]
) -> None:
    """Draw the points of one host and its Pareto front; the scale is that of all hosts."""
    _scale_x(axes, chart.points)
    _draw_bars(axes, chart, points, colors)
    for point in points:
        _draw_point(axes, point, mark_of(chart, point), colors[point.precision], markers[point.runtime])
    corners = front_line(points)
    axes.plot(
        *zip(*corners, strict=True), color=INK, alpha=0.7, linewidth=1.1, linestyle=(0, (4, 3)), zorder=1
    )
    axes.set_ylabel(chart.y_title)
    axes.margins(0.1, 0.12)
    axes.grid(color=INK, alpha=0.1, linewidth=0.5)
    axes.tick_params(length=3, width=0.5)


def _scale_x(axes: Any, points: Sequence[Point]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    values = [point.x for point in points]
    if min(values) > 0 and max(values) / min(values) > LOGARITHMIC_FROM:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_bars(axes: Any, chart: Chart, points: Sequence[Point], colors: dict[str, str]) -> None:
    """Draw all intervals in two calls, which is many times faster than an error bar a point."""
    style: dict[str, Any] = {"linewidth": 0.9, "alpha": 0.65, "zorder": 2}
    wide, high = [point for point in points if point.x_ends], [point for point in points if point.y_ends]
    across = [(point.y, *point.x_ends, colors[point.precision]) for point in wide if point.x_ends]
    up = [(point.x, *point.y_ends, colors[point.precision]) for point in high if point.y_ends]
    if across:
        heights, lows, highs, tints = zip(*across, strict=True)
        axes.hlines(heights, lows, highs, colors=tints, gid=marks_of(chart, wide), **style)
    if up:
        places, lows, highs, tints = zip(*up, strict=True)
        axes.vlines(places, lows, highs, colors=tints, gid=marks_of(chart, high), **style)


def _draw_point(axes: Any, point: Point, mark: str, color: str, marker: str) -> None:
    face = "none" if point.standing == "dominated" else color
    if point.standing == "tied":
        ring: dict[str, Any] = {"mfc": "none", "mec": INK, "mew": 0.7, "markersize": 12, "gid": f"by-{mark}"}
        axes.plot(point.x, point.y, "o", zorder=3, **ring)
    axes.plot(point.x, point.y, marker, mfc=face, mec=color, mew=1.4, markersize=7, zorder=3, gid=mark)


def draw_legend(figure: Any, colors: dict[str, str], markers: dict[str, str]) -> None:
    """Say below the plots what colours, markers and the dashed line mean."""
    from matplotlib.lines import Line2D

    none: dict[str, Any] = {"linestyle": "none", "markersize": 6}
    handles = [
        Line2D([], [], marker="o", color=color, label=printable(name), **none)
        for name, color in colors.items()
    ]
    handles += [
        Line2D([], [], marker=marker, color=INK, mfc="none", label=printable(name), **none)
        for name, marker in markers.items()
    ]
    front = Line2D([], [], color=INK, alpha=0.7, linewidth=1.1, linestyle=(0, (4, 3)), label="Pareto front")
    figure.legend(
        handles=[*handles, front],
        loc="lower center",
        ncols=min(4, len(handles) + 1),
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.4,
    )


def _colors(points: Sequence[Point | CourseLine]) -> dict[str, str]:
    return colors_of(point.precision for point in points)


def markers_of(points: Sequence[Point]) -> dict[str, str]:
    """Give each runtime its marker."""
    names = sorted({point.runtime for point in points})
    return {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(names)}
