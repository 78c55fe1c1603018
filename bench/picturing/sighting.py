"""Sights: the images of one variant as the gallery shows them, in pixels of the original photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.picturing.explaining import Found, Words, explain
from bench.picturing.scene import Scene
from bench.report.gallery.model import Box, Change, Mark, Owner, Sight

# A photo with more changes than this cannot be read; further ones are counted.
MOST_CHANGES = 6

# Nor can one with more boxes of one owner; those of a change are always drawn.
MOST_BOXES = 50


def sight_of(image: int, scene: Scene, words: Words) -> Sight:
    """Return one photo with its boxes and what changed on it.

    Args:
        image: its id.
    """
    found = explain(scene, words)
    shown = found[:MOST_CHANGES]
    return Sight(
        image=image,
        summary=summary_of(found),
        marks=_marks(scene, shown),
        changes=tuple(Change(item.what, item.why, item.is_good) for item in shown),
        num_left_out=len(found) - len(shown),
    )


def summary_of(found: Sequence[Found]) -> str:
    """Count the changes of one photo in words."""
    kinds = [item.what.split(":")[0] for item in found]
    return ", ".join(
        f"{count} {kind}{'s' if count > 1 and kind == 'new false alarm' else ''}"
        for kind in dict.fromkeys(kinds)
        if (count := kinds.count(kind))
    )


def scaled(sight: Sight, scale: tuple[float, float]) -> Sight:
    """Return a sight with its boxes on a photo of another size."""
    across, down = scale
    marks = tuple(
        replace(
            mark, box=(mark.box[0] * across, mark.box[1] * down, mark.box[2] * across, mark.box[3] * down)
        )
        for mark in sight.marks
    )
    return replace(sight, marks=marks)


def _marks(scene: Scene, shown: Sequence[Found]) -> tuple[Mark, ...]:
    numbered = list(enumerate(shown, start=1))
    numbers: dict[Owner, dict[int, int]] = {
        "truth": {row: number for number, item in numbered for row in item.objects},
        "base": {row: number for number, item in numbered for row in item.base},
        "variant": {row: number for number, item in numbered for row in item.variant},
    }
    boxes: dict[Owner, NDArray[np.float64]] = {
        "truth": scene.box,
        "base": scene.base.box,
        "variant": scene.variant.box,
    }
    return tuple(
        Mark(owner, _box(box), numbers[owner].get(row, 0))
        for owner, rows in boxes.items()
        for row, box in enumerate(rows)
        if row < MOST_BOXES or row in numbers[owner]
    )


def _box(values: NDArray[np.float64]) -> Box:
    x, y, width, height = values.tolist()
    return x, y, width, height
