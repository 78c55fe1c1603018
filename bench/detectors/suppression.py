"""Greedy non-maximum suppression in numpy.

Boxes are taken best first; one that overlaps a box already kept by more than the threshold is dropped. Blocks
of candidates are compared at once, which gives the same answer as one at a time, and the work ends as soon as
enough boxes are kept.

Axis letters: b candidates of a block, k boxes kept so far, m of a block that survive them.
"""

import numpy as np
from numpy.typing import NDArray

# Candidates that are compared with each other at once: small enough for the (b, b) arrays to stay in cache.
_BLOCK = 128


def suppress(
    boxes: NDArray[np.float32],
    classes: NDArray[np.intp],
    iou_threshold: float,
    max_detections: int,
    is_class_aware: bool = True,
) -> NDArray[np.intp]:
    """Return the positions of the boxes to keep, in order.

    Args:
        boxes: (n, 4) float32 xyxy, best first.
        classes: (n,) integers; with `is_class_aware` only boxes of one class suppress each other.
        iou_threshold: Overlap above which the lower one is dropped; exactly as much is still kept.
        max_detections: The work stops at this many kept boxes.
    """
    groups = classes if is_class_aware else np.zeros(len(boxes), np.intp)
    kept = np.empty(0, np.intp)
    for start in range(0, len(boxes), _BLOCK):
        if len(kept) >= max_detections:
            break
        block = np.arange(start, min(start + _BLOCK, len(boxes)))
        beaten = _conflicts(boxes, groups, kept, block, iou_threshold).any(axis=0)
        block = block[~beaten]
        kept = np.concatenate(
            [kept, block[_survivors(_conflicts(boxes, groups, block, block, iou_threshold))]]
        )
    return kept[:max_detections]


def _survivors(conflicts: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return who is left of m candidates, best first, whose (m, m) conflicts are known."""
    is_alive = np.ones(len(conflicts), np.bool_)
    # Only a candidate that conflicts with a later one changes anything.
    for better in np.flatnonzero(np.triu(conflicts, 1).any(axis=1)):
        if is_alive[better]:
            is_alive[better + 1 :] &= ~conflicts[better, better + 1 :]
    return np.flatnonzero(is_alive)


def _conflicts(
    boxes: NDArray[np.float32],
    groups: NDArray[np.intp],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    iou_threshold: float,
) -> NDArray[np.bool_]:
    """Return which pairs are of one group and overlap by more than the threshold: (first, second) bool.

    The common area is compared with `threshold * union`: boxes without area are no special case then.
    """
    left, top, right, bottom = boxes[first].T[:, :, None]
    others = boxes[second].T
    width = np.minimum(right, others[2]) - np.maximum(left, others[0])
    height = np.minimum(bottom, others[3]) - np.maximum(top, others[1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    union = (_area(boxes[first])[:, None] + _area(boxes[second])) - common
    conflicts: NDArray[np.bool_] = common > np.float32(iou_threshold) * union
    conflicts &= groups[first][:, None] == groups[second]
    return conflicts


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the areas, 0 where a box is turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    area: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return area
