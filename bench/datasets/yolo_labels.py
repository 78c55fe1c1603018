"""YOLO label files: `class cx cy w h` a line, in fractions of the photo; or `class x1 y1 x2 y2 x3 y3 ...`.

Pure: text to fractions. Which photo they belong to is left to `yolo`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

# What rounding to six decimals, or to the edge, may put over 1.
_SLACK = 1e-3

# Reports what is wrong: the text, and the line it stands on.
Complain = Callable[[str, int], None]


@dataclass(frozen=True)
class YoloBox:
    """One object: class index, and its box as xyxy in fractions of the photo's width and height."""

    index: int
    box: tuple[float, float, float, float]


def parse_labels(text: str, num_classes: int, has_keypoints: bool, complain: Complain) -> list[YoloBox]:
    """Read the lines of a label file; wrong ones are complained of and left out.

    A polygon becomes the box around it. Boxes that reach over the photo's edge are kept as they are, since
    detections are matched with what was annotated.

    Args:
        has_keypoints: lines go on with keypoints after the box (`kpt_shape` in data.yaml); they are left out.
    """
    boxes: list[YoloBox] = []
    for line, content in enumerate(text.splitlines(), start=1):
        words = content.split()
        if not words:
            continue
        problem = _problem(words, num_classes, has_keypoints)
        if problem:
            complain(problem, line)
            continue
        numbers = [float(word) for word in words[1:]]
        is_box = has_keypoints or len(numbers) == 4
        boxes.append(YoloBox(int(float(words[0])), _box(numbers) if is_box else _around(numbers)))
    return boxes


def _problem(words: list[str], num_classes: int, has_keypoints: bool) -> str:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return f"got {' '.join(words)[:60]!r}, expected numbers: class cx cy w h"
    if not all(map(math.isfinite, numbers)):
        return "got a value that is no finite number"
    if numbers[0] != int(numbers[0]) or not 0 <= numbers[0] < num_classes:
        return (
            f"got class {words[0]}, expected a whole number from 0 to {num_classes - 1}, as classes are named"
        )
    return _shape_problem(numbers[1:], has_keypoints)


def _shape_problem(values: list[float], has_keypoints: bool) -> str:
    count = len(values)
    is_polygon = count >= 6 and count % 2 == 0
    if count == 5 and not has_keypoints:
        return "got 6 values, expected class cx cy w h; is this a prediction with its score?"
    if count != 4 and not (is_polygon or (has_keypoints and count > 4)):
        return f"got {count + 1} values, expected 5 (class cx cy w h), or a class and 3 or more points"
    relevant = values[:4] if has_keypoints else values
    outside = [value for value in relevant if not -_SLACK <= value <= 1 + _SLACK]
    if outside:
        return f"got {outside[0]:g}, expected fractions from 0 to 1; are these pixels?"
    if (count == 4 or has_keypoints) and min(values[2:4]) < 0:
        return "got a negative width or height"
    return ""


def _box(numbers: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = numbers[:4]
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _around(numbers: list[float]) -> tuple[float, float, float, float]:
    across, down = numbers[0::2], numbers[1::2]
    return (min(across), min(down), max(across), max(down))
