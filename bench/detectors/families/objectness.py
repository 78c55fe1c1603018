"""Scores that are a product of an objectness and a class's probability."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.detectors.candidates import Picks, order
from bench.detectors.families.heads import Head
from bench.wire.description import Suppression

# Real probabilities end at 1, but read as a little more where a quantized head ends in reals (1.13 was seen).
TOP_PROBABILITY = 1.25


def pick_products(
    objectness: Head,
    classes: Head,
    outputs: Sequence[NDArray[Any]],
    suppression: Suppression,
    rows_a_class: int = 1,
) -> Picks:
    """Pick the classes of rows whose product reaches the threshold, best first.

    Rows of too low an objectness are left out before a probability is read: a score exceeds the objectness by
    no more than the highest probability does.

    Args:
        rows_a_class: Consecutive rows (the anchors of a cell) that share one row of `classes`.
    """
    highest = classes.highest
    top = TOP_PROBABILITY if highest is None else max(1.0, highest)
    rows = objectness.rows_of_at_least(outputs, suppression.score_threshold / top)
    scores = objectness.read(outputs, rows) * classes.read(outputs, rows // rows_a_class)
    return pick_scores(rows, scores, suppression)


def pick_scores(rows: NDArray[np.intp], scores: NDArray[np.float32], suppression: Suppression) -> Picks:
    """Pick the real scores (rows, classes) that reach the threshold, best first."""
    if not suppression.is_multi_label:
        best = scores.argmax(axis=1)
        return order(rows, best, scores[np.arange(len(rows)), best], suppression)
    flat = np.flatnonzero(scores >= np.float32(suppression.score_threshold))
    of_rows, classes = np.divmod(flat, scores.shape[1])
    return order(rows[of_rows], classes, scores.reshape(-1)[flat], suppression)
