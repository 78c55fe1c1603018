"""View: what one detector drew on one image, and what became of it. Axis letters: k boxes, g objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.picturing.sides import Side


@dataclass(frozen=True)
class View:
    """One detector on one image; only boxes that count at its working point.

    Attributes:
        box: (k, 4) float64, xywh, pixels of the original image, best score first.
        category: (k,) int64, index into `Matches.category_ids`.
        score: (k,) float64.
        is_false: (k,) bool, a false alarm.
        finds: (g,) int64, the box that finds each object of the image, or -1.
        any_score: (g,) float64, score of the box that finds the object, of those that do not count too; 0
            for none.
        threshold: the lowest score that counts.
    """

    box: NDArray[np.float64]
    category: NDArray[np.int64]
    score: NDArray[np.float64]
    is_false: NDArray[np.bool_]
    finds: NDArray[np.int64]
    any_score: NDArray[np.float64]
    threshold: float


def view_of(side: Side, image: int) -> View:
    """Return what a detector drew on an image.

    Args:
        image: index into `Matches.image_ids`.
    """
    matches, standing = side.matches, side.standing
    rows = np.flatnonzero((matches.image == image) & (matches.score >= standing.threshold))
    rows = rows[np.argsort(-matches.score[rows], kind="stable")]
    finder = standing.finder[matches.truth_image == image]
    place = {int(row): position for position, row in enumerate(rows)}
    scores = np.append(matches.score, 0.0)
    return View(
        box=side.box[rows].astype(np.float64).reshape(-1, 4),
        category=matches.category[rows].astype(np.int64),
        score=matches.score[rows].astype(np.float64),
        is_false=np.isin(rows, standing.false_rows),
        finds=np.array([place.get(int(row), -1) for row in finder], np.int64),
        any_score=scores[finder].astype(np.float64),
        threshold=standing.threshold,
    )
