"""Where labels go in a chart so that they cover neither points nor each other. Pure geometry in pixels."""

from __future__ import annotations

from collections.abc import Sequence

# left, bottom, right, top
Box = tuple[float, float, float, float]

# Directions tried around a point, the quieter ones first.
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
DISTANCES = (9.0, 16.0, 26.0, 38.0, 52.0)

# Leaving the frame is worse than covering something.
OUTSIDE_WEIGHT = 4.0


def place_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    obstacles: Sequence[Box],
    frame: Box,
) -> list[tuple[float, float]]:
    """Choose the centre of each label, one after the other: the free place that is nearest to its point.

    Args:
        anchors: the labelled points.
        sizes: width and height of each label.
        obstacles: boxes that no label should cover (markers, bars).
        frame: labels should stay inside.
    """
    taken = list(obstacles)
    centres = []
    for anchor, size in zip(anchors, sizes, strict=True):
        choices = [
            _centre(anchor, size, direction, distance) for distance in DISTANCES for direction in DIRECTIONS
        ]
        # min keeps the first of equals, so the nearest free place wins.
        best = min(choices, key=lambda centre, size=size: _cost(_around(centre, size), taken, frame))  # type: ignore[misc]
        centres.append(best)
        taken.append(_around(best, size))
    return centres


def _centre(
    anchor: tuple[float, float], size: tuple[float, float], direction: tuple[int, int], distance: float
) -> tuple[float, float]:
    across, up = direction
    return (anchor[0] + across * (distance + size[0] / 2), anchor[1] + up * (distance + size[1] / 2))


def _around(centre: tuple[float, float], size: tuple[float, float]) -> Box:
    x, y, half_width, half_height = *centre, size[0] / 2, size[1] / 2
    return (x - half_width, y - half_height, x + half_width, y + half_height)


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    outside = area - _overlap(box, frame)
    return OUTSIDE_WEIGHT * outside + sum(_overlap(box, other) for other in taken)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
