"""Candidates for a detection: which classes of which rows of a head score high enough, and in which order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.values import Values
from bench.wire.description import Suppression


@dataclass(frozen=True)
class Picks:
    """Scored classes of rows, best first.

    Attributes:
        rows: (n,) intp, which row (cell, anchor) of the head; a row may occur once a class.
        classes: (n,) intp, class index of the model.
        scores: (n,) float32.
    """

    rows: NDArray[np.intp]
    classes: NDArray[np.intp]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Decoded boxes before suppression, best first.

    Attributes:
        boxes: (n, 4) float32 xyxy, input pixels.
        scores: (n,) float32.
        classes: (n,) intp, class index of the model.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


def pick(raw: NDArray[Any], values: Values, suppression: Suppression, class_axis: int = 1) -> Picks:
    """Pick the scores of a head that reach the threshold.

    Args:
        raw: (num_rows, num_classes), or the other way round with `class_axis` 0; as the runtime gave it.
        values: How to read `raw`.
    """
    floor = values.floor(suppression.score_threshold)
    if not suppression.is_multi_label:
        return _pick_best_class(raw, values, suppression, floor, class_axis)
    width = raw.shape[1]
    flat = np.flatnonzero(raw >= floor)
    major, minor = np.divmod(flat, width)
    rows, classes = (major, minor) if class_axis == 1 else (minor, major)
    return order(rows, classes, values.read(raw.reshape(-1)[flat]), suppression)


def _pick_best_class(
    raw: NDArray[Any], values: Values, suppression: Suppression, floor: float, class_axis: int
) -> Picks:
    """Pick the best class of each row; the first one where several are equally good."""
    best = raw.max(axis=class_axis)
    rows = np.flatnonzero(best >= floor)
    classes = raw.take(rows, axis=1 - class_axis).argmax(axis=class_axis)
    return order(rows, classes, values.read(best[rows]), suppression)


def order(
    rows: NDArray[np.intp], classes: NDArray[np.intp], scores: NDArray[np.float32], suppression: Suppression
) -> Picks:
    """Keep what reaches the threshold, best first, at most `pre_nms_top_k`.

    Equal scores, of which quantized outputs have many, are ordered by row and then by class, the last one
    first: heads put their coarsest level last, so the larger box wins. The order does not depend on how a
    tensor is laid out or on which sort a library uses.
    """
    passed = np.flatnonzero(scores >= np.float32(suppression.score_threshold))
    limit = suppression.pre_nms_top_k
    if len(passed) > limit:
        # Sorting the lower scores too would cost more than everything else here.
        cut = np.partition(scores[passed], len(passed) - limit)[len(passed) - limit]
        passed = passed[scores[passed] >= cut]
    passed = passed[np.lexsort((classes[passed], rows[passed], scores[passed]))[::-1]][:limit]
    return Picks(rows[passed], classes[passed], scores[passed])
