"""Outlines of the rendered shapes as closed polygons inside the unit circle.

Every shape, round ones too, is a list of vertex loops, so that one rasteriser draws them all. Placing,
colouring and labelling them is left to `layout` and `scene`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# One loop is (num_vertices, 2) float64, x to the right and y down. A hole runs against the outer loop.
Loop = NDArray[np.float64]
Outline = list[Loop]

# 48 chords leave 0.2% of the radius between polygon and circle: 0.2 px on the largest shape.
_ARC_STEPS = 48


def _arc(start: float, stop: float, radius: float = 1.0, centre: tuple[float, float] = (0.0, 0.0)) -> Loop:
    """Sample an arc from angle `start` to `stop` (radians), both ends included."""
    steps = max(3, round(_ARC_STEPS * abs(stop - start) / (2 * np.pi)) + 1)
    angles = np.linspace(start, stop, steps)
    return np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1)


def _regular(corners: int) -> Outline:
    """Place `corners` vertices evenly on the unit circle."""
    angles = np.arange(corners) * (2 * np.pi / corners)
    return [np.stack([np.cos(angles), np.sin(angles)], axis=1)]


def _polygon(*corners: tuple[float, float]) -> Outline:
    return [np.array(corners, dtype=np.float64)]


def _disc() -> Outline:
    return _regular(_ARC_STEPS)


def _ring() -> Outline:
    outer = _disc()[0]
    return [outer, 0.58 * outer[::-1]]


def _star() -> Outline:
    points = _regular(10)[0]
    points[1::2] *= 0.42
    return [points]


def _cross() -> Outline:
    arm, half = 0.94, 0.31
    corner = [(arm, -half), (arm, half), (half, half)]
    return _polygon(*[_quarter_turns(point, turns) for turns in range(4) for point in corner])


def _quarter_turns(point: tuple[float, float], turns: int) -> tuple[float, float]:
    for _ in range(turns):
        point = (-point[1], point[0])
    return point


def _crescent() -> Outline:
    # The bite is a circle of radius 0.82 about (0.48, 0); both arcs meet where the two circles cross.
    meet_x = (1 - 0.82**2 + 0.48**2) / (2 * 0.48)
    outer = float(np.arccos(meet_x))
    inner = float(np.arctan2(np.sqrt(1 - meet_x**2), meet_x - 0.48))
    back = _arc(2 * np.pi - inner, inner, 0.82, (0.48, 0.0))
    return [np.concatenate([_arc(outer, 2 * np.pi - outer), back[1:-1]])]


def _arrow() -> Outline:
    return _polygon((1, 0), (0.1, 0.8), (0.1, 0.32), (-0.95, 0.32), (-0.95, -0.32), (0.1, -0.32), (0.1, -0.8))


def _half_disc() -> Outline:
    return [_arc(0.0, np.pi)]


def _corner() -> Outline:
    return _polygon((-0.7, -0.7), (0.7, -0.7), (0.7, -0.2), (-0.2, -0.2), (-0.2, 0.7), (-0.7, 0.7))


def _chevron() -> Outline:
    return _polygon((0.9, 0), (-0.3, 0.9), (-0.8, 0.6), (0.1, 0), (-0.8, -0.6), (-0.3, -0.9))


def _bar() -> Outline:
    return _polygon((-0.98, -0.16), (0.98, -0.16), (0.98, 0.16), (-0.98, 0.16))


# The labelled shapes in category order: the first has COCO category id 1.
OBJECTS: dict[str, Callable[[], Outline]] = {
    "disc": _disc,
    "ring": _ring,
    "triangle": lambda: _regular(3),
    "square": lambda: _regular(4),
    "star": _star,
    "cross": _cross,
    "crescent": _crescent,
    "arrow": _arrow,
}

# Near misses of the labelled shapes: drawn, never annotated.
DISTRACTORS: dict[str, Callable[[], Outline]] = {
    "hexagon": lambda: _regular(6),
    "half disc": _half_disc,
    "corner": _corner,
    "chevron": _chevron,
    "bar": _bar,
}


def outline(name: str) -> Outline:
    """Return the vertex loops of the shape called `name`, inside the unit circle."""
    return (OBJECTS.get(name) or DISTRACTORS[name])()
