"""Polygons to antialiased coverage, in plain numpy, so that pixels depend on no drawing library."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Vertical samples per pixel row; horizontally the coverage is exact.
_SUBROWS = 4


@dataclass(frozen=True)
class Stencil:
    """The part of the canvas that one polygon covers.

    Attributes:
        window: Rows and columns of the canvas.
        coverage: (rows, columns) float32, the covered fraction of each pixel in 0..1.
    """

    window: tuple[slice, slice]
    coverage: NDArray[np.float32]


def transform(
    loops: list[NDArray[np.float64]], radii: tuple[float, float], angle: float, centre: tuple[float, float]
) -> list[NDArray[np.float64]]:
    """Stretch unit loops by `radii` (pixels), turn them by `angle` (radians), move them to `centre`."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    return [(loop * np.array(radii)) @ turn + np.array(centre) for loop in loops]


def polygon_area(loops: list[NDArray[np.float64]]) -> float:
    """Return the area by the shoelace formula; holes run the other way and count negative."""
    total = 0.0
    for loop in loops:
        following = np.roll(loop, -1, axis=0)
        total += float(np.sum(loop[:, 0] * following[:, 1] - loop[:, 1] * following[:, 0])) / 2
    return abs(total)


def rasterise(loops: list[NDArray[np.float64]], height: int, width: int) -> Stencil:
    """Measure how much of each pixel the polygon covers.

    Args:
        loops: Closed vertex loops in canvas pixels, pixel (0, 0) spanning 0..1; holes run the other way.
        height: Canvas rows.
        width: Canvas columns.

    Returns:
        The coverage over the polygon's bounding window, clipped to the canvas (possibly empty).
    """
    vertices = np.concatenate(loops)
    left, top = (int(v) for v in np.clip(np.floor(vertices.min(axis=0)), 0, (width, height)))
    right, bottom = (int(v) for v in np.clip(np.ceil(vertices.max(axis=0)), (left, top), (width, height)))
    starts = vertices - (left, top)
    ends = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops]) - (left, top)
    coverage = _accumulate(starts, ends, bottom - top, right - left)
    return Stencil((slice(top, bottom), slice(left, right)), coverage)


def _accumulate(
    starts: NDArray[np.float64], ends: NDArray[np.float64], rows: int, columns: int
) -> NDArray[np.float32]:
    """Sum signed edge crossings per subrow, then run along the rows from outside to inside and out again."""
    heights = (np.arange(rows * _SUBROWS) + 0.5) / _SUBROWS
    crosses = (starts[:, 1:] <= heights) != (ends[:, 1:] <= heights)
    edge, subrow = np.nonzero(crosses)
    rise = ends[edge, 1] - starts[edge, 1]
    progress = (heights[subrow] - starts[edge, 1]) / rise
    x = np.clip(starts[edge, 0] + progress * (ends[edge, 0] - starts[edge, 0]), 0, columns)
    column = x.astype(np.int64)
    fraction = x - column
    sign = np.sign(rise) / _SUBROWS
    # Two spare columns take what starts at or beyond the right border.
    cell = (subrow // _SUBROWS) * (columns + 2) + column
    size = rows * (columns + 2)
    steps = np.bincount(cell, sign * (1 - fraction), size) + np.bincount(cell + 1, sign * fraction, size)
    covered = np.cumsum(steps.reshape(rows, columns + 2), axis=1)[:, :columns]
    return np.minimum(np.abs(covered), 1).astype(np.float32)
