"""Charts for slides: 16:9 pictures of 1,920 x 1,080 pixels, large type, on light, dark or nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bench.report.course_drawing import draw_course
from bench.report.drawing import draw_legend, draw_panel, drawing_settings, markers_of
from bench.report.model import Chart, CourseChart, Point, ReportModel
from bench.report.naming import cut, name_points
from bench.report.palette import colors_of
from bench.report.svg import INK
from bench.report.texts import printable

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

# Inches and dots an inch. A slide is 13.3 inches wide: what is drawn at 10 points here has 20 there.
SIZE = (6.4, 3.6)
DPI = 300

# Plots of sustained runs stand above each other and need more: type is of 16 points there.
COURSE_HEIGHT = 4.5

# Share of the height below the title.
TOP = 0.82

# Background and ink, of a contrast above 12 to 1.
GROUNDS: dict[Theme, tuple[str, str]] = {"light": ("#ffffff", "#1b1f24"), "dark": ("#14171c", "#e8eaed")}

# More hosts than this beside each other leave no room for names.
MOST_PLOTS = 3

LONGEST_TITLE = 64
LONGEST_HOST = 40


@dataclass(frozen=True)
class Look:
    """How pictures for slides look; `is_transparent` leaves the background out."""

    theme: Theme = "light"
    is_transparent: bool = False


def write_slides(report: ReportModel, folder: Path, look: Look) -> list[Path]:
    """Draw every chart of a report as `slide-<number>-<chart>.png`; returns the files."""
    written = []
    for number, (heading, chart) in enumerate(charts_of(report), 1):
        path = folder / f"slide-{number}-{chart.key}.png"
        with drawing_settings(chart.key):
            _save(draw_slide(chart, heading, report.banner, look), path)
        written.append(path)
    return written


def draw_figures(report: ReportModel, look: Look) -> dict[tuple[str, str], Any]:
    """Draw every chart of a report; (what it is of, its key) -> figure."""
    figures = {}
    for heading, chart in charts_of(report):
        with drawing_settings(chart.key):
            figures[heading, chart.key] = draw_slide(chart, heading, report.banner, look)
    return figures


def charts_of(report: ReportModel) -> Iterator[tuple[str, Chart | CourseChart]]:
    """Yield each chart and what it is of; one of many hosts as several."""
    for part in report.across:
        for chart in part.charts:
            for each in _split(chart):
                yield part.title, each
    for section in report.sections:
        drawn: tuple[Chart | CourseChart, ...] = (*section.charts, *section.courses)
        for one in drawn:
            yield section.title, one


def _split(chart: Chart) -> Iterator[Chart]:
    hosts = list(dict.fromkeys(point.host for point in chart.points))
    for start in range(0, len(hosts), MOST_PLOTS):
        shown = hosts[start : start + MOST_PLOTS]
        yield replace(chart, points=tuple(point for point in chart.points if point.host in shown))


def draw_slide(chart: Chart | CourseChart, heading: str, mark: str = "", look: Look = Look()) -> Any:
    """Draw a chart on a slide; returns the figure.

    Args:
        heading: what the chart is of, below its title.
        mark: why nobody should decide by it, in a line at the top; empty where there is no reason.
    """
    below = " · ".join(part for part in (heading, mark) if part)
    figure = _draw_course(chart, below) if isinstance(chart, CourseChart) else _draw(chart, below)
    ground, ink = GROUNDS[look.theme]
    figure.set_facecolor("none" if look.is_transparent else ground)
    _recolor(figure, ink)
    return figure


def _draw_course(chart: CourseChart, below: str) -> Any:
    """Squeeze the plots of sustained runs, which are made for a page, below a title; axes and names stay."""
    figure = draw_course(chart, colors_of(line.precision for line in chart.lines))
    height = figure.get_figheight()
    frames = [axes.get_position().bounds for axes in figure.axes]
    foot = min(bottom for _, bottom, _, _ in frames) * height
    squeeze = (COURSE_HEIGHT * TOP - foot) / (height - foot)
    figure.set_size_inches(COURSE_HEIGHT * SIZE[0] / SIZE[1], COURSE_HEIGHT)
    for axes, (left, bottom, width, high) in zip(figure.axes, frames, strict=True):
        bottom = (foot + (bottom * height - foot) * squeeze) / COURSE_HEIGHT
        axes.set_position((left, bottom, width, high * height * squeeze / COURSE_HEIGHT))
    _write_title(figure, chart.title, below)
    return figure


def _draw(chart: Chart, below: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE)
    hosts = list(dict.fromkeys(point.host for point in chart.points))
    colors = colors_of(point.precision for point in chart.points)
    markers = markers_of(chart.points)
    _write_title(figure, chart.title, below)
    foot = _foot(chart, len(colors) + len(markers) + 1)
    top = TOP if hosts == [""] else 0.75
    grid = figure.add_gridspec(1, len(hosts), left=0.115, right=0.98, bottom=foot, top=top, wspace=0.06)
    plots: list[tuple[Any, list[Point]]] = []
    for place, host in enumerate(hosts):
        first = plots[0][0] if plots else None
        axes = figure.add_subplot(grid[place], sharex=first, sharey=first)
        points = [point for point in chart.points if point.host == host]
        draw_panel(axes, chart, points, colors, markers)
        name = cut(printable(host), LONGEST_HOST).replace(" (", "\n(", 1)
        axes.set_title(name, loc="left", fontsize=7)
        if place:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        plots.append((axes, points))
    # Below the ticks, which are a quarter of an inch high.
    figure.text(0.5475, foot - 0.26 / SIZE[1], chart.x_title, va="top", ha="center")
    draw_legend(figure, colors, markers)
    for axes, points in plots:
        name_points(figure, axes, points, chart)
    return figure


def _write_title(figure: Any, title: str, below: str) -> None:
    scale = figure.get_figheight() / SIZE[1]
    style: dict[str, Any] = {"va": "top", "ha": "left"}
    figure.text(
        0.02, 0.965, cut(printable(title), LONGEST_TITLE), fontsize=12 * scale, weight="bold", **style
    )
    figure.text(0.02, 0.885, cut(printable(below), 2 * LONGEST_TITLE), fontsize=8 * scale, **style)


def _foot(chart: Chart, num_names: int) -> float:
    """Return the share of the height below the plot: ticks, the axis' title, the legend's rows of four."""
    inches = 0.58 + 0.17 * chart.x_title.count("\n") + 0.19 * math.ceil(num_names / 4)
    return inches / SIZE[1]


def _save(figure: Any, path: Path) -> None:
    dpi = DPI * SIZE[1] / figure.get_figheight()
    figure.savefig(path, format="png", dpi=dpi, metadata={"Software": None})


def _recolor(figure: Any, ink: str) -> None:
    """Draw in the theme's ink what stands for a page's text colour."""
    from matplotlib.lines import Line2D
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(which="both", color=ink)
    for text in figure.findobj(Text):
        text.set_color(ink)
    for spine in figure.findobj(Spine):
        spine.set_color(ink)
    for line in figure.findobj(Line2D):
        if line.get_color() == INK:
            line.set_color(ink)
        if line.get_markeredgecolor() == INK:
            line.set_markeredgecolor(ink)
