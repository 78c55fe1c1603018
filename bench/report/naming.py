"""Names beside the points of a chart, so that they cover neither points nor each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bench.report.model import Chart, Point
from bench.report.placement import Box, place_labels
from bench.report.scatter import front_line
from bench.report.svg import INK, mark_of
from bench.report.texts import printable

# More points than this are named on the front only.
MOST_NAMED = 24

# A longer name would cover its neighbours; tables have it in full.
LONGEST_NAME = 22

# Pixels between a point and its label from which on a thin line joins them.
LEAD_FROM = 14.0

# Pixels between the boxes that keep labels off the line of the Pareto front.
LINE_STEP = 10.0


def name_points(figure: Any, axes: Any, points: Sequence[Point], chart: Chart) -> None:
    """Write names beside points, placed in pixels once the axes are final."""
    distinct = {(point.x, point.y): point for point in reversed(points)}.values()
    named = [point for point in distinct if len(points) <= MOST_NAMED or point.standing == "front"]
    if len(named) > MOST_NAMED:
        return
    figure.draw_without_rendering()
    texts = [
        figure.text(0, 0, cut(printable(point.label), LONGEST_NAME), fontsize=9, va="center", ha="center")
        for point in named
    ]
    sizes = [_size(text) for text in texts]
    anchors = [tuple(axes.transData.transform((point.x, point.y))) for point in named]
    centres = place_labels(anchors, sizes, _obstacles(axes, points), tuple(axes.get_window_extent().extents))
    # Fractions of the figure: pixels would move when the file's resolution is not the screen's.
    to_fraction = figure.transFigure.inverted().transform
    for point, text, size, centre, anchor in zip(named, texts, sizes, centres, anchors, strict=True):
        beside = f"by-{mark_of(chart, point)}"
        text.set_gid(beside)
        text.set_position(to_fraction(centre))
        end = _nearest(anchor, centre, size)
        if abs(end[0] - anchor[0]) + abs(end[1] - anchor[1]) > LEAD_FROM:
            _draw_lead(figure, to_fraction(anchor), to_fraction(end), beside)


def cut(name: str, longest: int) -> str:
    """Shorten a name that is longer than may be."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _size(text: Any) -> tuple[float, float]:
    extent = text.get_window_extent()
    return (extent.width + 2, extent.height + 2)


def _obstacles(axes: Any, points: Sequence[Point]) -> list[Box]:
    boxes: list[Box] = []
    for point in points:
        x, y = axes.transData.transform((point.x, point.y))
        boxes.append((x - 7, y - 7, x + 7, y + 7))
        if point.y_ends:
            low, high = (axes.transData.transform((point.x, end))[1] for end in point.y_ends)
            boxes.append((x - 2, low, x + 2, high))
        if point.x_ends:
            left, right = (axes.transData.transform((end, point.y))[0] for end in point.x_ends)
            boxes.append((left, y - 2, right, y + 2))
    return boxes + _along([tuple(axes.transData.transform(corner)) for corner in front_line(points)])


def _along(corners: Sequence[tuple[float, ...]]) -> list[Box]:
    """Return small boxes along a line through these corners, in pixels."""
    boxes: list[Box] = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        steps = max(1, round(math.hypot(x2 - x1, y2 - y1) / LINE_STEP))
        for step in range(steps):
            x, y = (a + (b - a) * (step + 0.5) / steps for a, b in ((x1, x2), (y1, y2)))
            boxes.append((x - LINE_STEP / 2, y - 3, x + LINE_STEP / 2, y + 3))
    return boxes


def _nearest(
    anchor: tuple[float, ...], centre: tuple[float, float], size: tuple[float, float]
) -> tuple[float, float]:
    """Return the point of a label's box that is nearest to what it names."""
    x, y = (
        min(max(anchor[axis], centre[axis] - size[axis] / 2), centre[axis] + size[axis] / 2)
        for axis in (0, 1)
    )
    return (x, y)


def _draw_lead(figure: Any, start: Any, end: Any, mark: str) -> None:
    """Draw a thin line from a point to its label."""
    from matplotlib.lines import Line2D

    line = Line2D([start[0], end[0]], [start[1], end[1]], color=INK, alpha=0.35, linewidth=0.5, zorder=1)
    line.set_gid(mark)
    figure.add_artist(line)
