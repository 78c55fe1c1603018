"""Sights: the images of one variant as the gallery shows them, in pixels of the original photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.picturing.explaining import Found, Words, explain
from bench.picturing.scene import Scene
from bench.report.gallery.model import Box, Change, Mark, Owner, Sight

# A photo with more changes than this cannot be read; further ones are counted.
MOST_CHANGES = 6

# Of equal changes so many scores are told.
MOST_SCORES = 3

# Nor can one with more boxes of one owner; those of a change are always drawn.
MOST_BOXES = 50


def sight_of(image: int, scene: Scene, words: Words) -> Sight:
    """Return one photo with its boxes and what changed on it.

    Args:
        image: its id.
    """
    found = explain(scene, words)
    groups: dict[tuple[str, str], list[Found]] = {}
    for item in found:
        groups.setdefault((item.what, item.why), []).append(item)
    shown = list(groups.values())[:MOST_CHANGES]
    return Sight(
        image=image,
        summary=summary_of(found),
        marks=_marks(scene, found, shown),
        changes=tuple(_change(group) for group in shown),
        num_left_out=len(found) - sum(map(len, shown)),
    )


def _change(group: Sequence[Found]) -> Change:
    """Return equal changes as one, with the scores of their boxes."""
    first, count = group[0], len(group)
    several = f": {count} \N{MULTIPLICATION SIGN} "
    scores = [f"{item.score:.2f}" for item in group if item.score is not None]
    more = ", \N{HORIZONTAL ELLIPSIS}" if len(scores) > MOST_SCORES else ""
    told = f" ({', '.join(scores[:MOST_SCORES])}{more})" if scores else ""
    what = first.what if count == 1 else first.what.replace(": ", several, 1)
    return Change(what, first.why + told, first.is_good)


def summary_of(found: Sequence[Found]) -> str:
    """Count the changes of one photo in words."""
    counts = Counter(item.kind for item in found)
    return ", ".join(f"{count} {kind if count == 1 else plural_of(kind)}" for kind, count in counts.items())


def plural_of(kind: str) -> str:
    """Return several changes of a kind: `false alarms gone`; the lost and the gained stay as they are."""
    return kind.replace("alarm", "alarms")


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


def _marks(scene: Scene, found: Sequence[Found], shown: Sequence[Sequence[Found]]) -> tuple[Mark, ...]:
    numbered = [(number, item) for number, group in enumerate(shown, start=1) for item in group]
    # What has no number changed all the same, and is drawn so.
    numbered = [*((0, item) for item in found), *numbered]
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
        Mark(owner, _box(box), numbers[owner].get(row, 0), row in numbers[owner])
        for owner, rows in boxes.items()
        for row, box in enumerate(rows)
        if row < MOST_BOXES or numbers[owner].get(row)
    )


def _box(values: NDArray[np.float64]) -> Box:
    x, y, width, height = values.tolist()
    return x, y, width, height
