"""Working points: from which score on a detector's boxes count. AP has none, an application and a drawing do.

Works on match data alone; what changed between two detectors at their working points is `image_changes`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.metrics.matches import Matches

# Axis positions in `Matches.matched`: objects of all sizes, overlap of .50.
ALL_SIZES, HALF = 0, 0


def outcomes(matches: Matches) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return what became of each detection at an overlap of .50.

    Returns:
        (n,) int64, row of the target that it found, or -1; and (n,) bool, it is a false alarm. A detection
        on a crowd is neither.
    """
    taken = np.full(len(matches.score), -1, np.int64)
    taken[matches.candidate] = matches.matched[:, ALL_SIZES, HALF]
    is_false = (taken < 0) & ~matches.outside[:, ALL_SIZES]
    ignored = np.append(matches.truth_ignored[:, ALL_SIZES], True)
    return np.where(ignored[taken], -1, taken), is_false


def best_threshold(matches: Matches) -> float | None:
    """Return the score from which on the F1 over all classes and images is best; None if nothing is found.

    F1 is 2 TP / (TP + FP + objects) at an overlap of .50 (van Rijsbergen, Information Retrieval, 1979).
    Detections of equal score count together; of equal F1 the highest score is taken, with the fewest boxes.
    """
    found, is_false = outcomes(matches)
    order = np.argsort(-matches.score, kind="stable")
    score, hits = matches.score[order], np.cumsum(found[order] >= 0)
    if not len(score) or not hits[-1]:
        return None
    num_objects = np.count_nonzero(~matches.truth_ignored[:, ALL_SIZES])
    quality = 2 * hits / (hits + np.cumsum(is_false[order]) + num_objects)
    is_last_of_its_score = np.append(score[1:] != score[:-1], True)
    return float(score[np.argmax(np.where(is_last_of_its_score, quality, -1.0))])


def threshold_of_as_many(matches: Matches, count: int) -> float:
    """Return the score from which on there are about `count` boxes: of equal scores all or none.

    Two detectors with as many boxes can be compared whatever their scores mean: quantization may shrink all
    scores and leave the AP as it was.

    Args:
        count: 1 or more.
    """
    score = np.sort(matches.score)[::-1]
    if len(score) <= count:
        return float(score[-1]) if len(score) else 1.0
    level = score[count - 1]
    above, reached = score[score > level], np.count_nonzero(score >= level)
    is_nearer = reached - count <= count - len(above)
    return float(level if is_nearer or not len(above) else above[-1])
