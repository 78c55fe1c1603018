"""Which detections overlap which objects of their image and category enough to count, and by how much."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask

from bench.metrics.ground_truth import GroundTruth
from bench.metrics.protocol import OVERLAPS


class Pairs(NamedTuple):
    """Overlapping detections and objects, p pairs.

    Attributes:
        detection, truth: (p,) int64 rows.
        overlap: (p,) float64, intersection over union; over the detection's own area where the object is a
            crowd.
    """

    detection: NDArray[np.int64]
    truth: NDArray[np.int64]
    overlap: NDArray[np.float64]


def overlapping_pairs(
    image: NDArray[np.int32], category: NDArray[np.int32], box: NDArray[np.float64], truth: GroundTruth
) -> Pairs:
    """Find the pairs of one image and category that overlap by the lowest threshold (.50) or more.

    Overlaps come from pycocotools' own compiled function, one call an image, so that their last bit is the
    same on processors where compilers fuse multiplications and additions.

    Args:
        image, category: (n,) int32 of each detection, indexes as in `truth`.
        box: (n, 4) float64, xywh, pixels of the original image.
    """
    rows = _with_objects(image, category, truth)
    rows = rows[np.argsort(image[rows], kind="stable")]
    images = np.unique(image[rows])
    first, last = _bounds(image[rows], images)
    truth_first, truth_last = _bounds(truth.image, images)
    found = []
    for start, end, truth_start, truth_end in zip(first, last, truth_first, truth_last, strict=True):
        objects = slice(truth_start, truth_end)
        here = rows[start:end]
        overlap = mask.iou(box[here], truth.box[objects], truth.is_crowd[objects])
        hit = (overlap >= OVERLAPS[0]) & (category[here][:, None] == truth.category[objects])
        detection, target = np.nonzero(hit)
        found.append(Pairs(here[detection], target + truth_start, overlap[hit]))
    return _joined(found)


def _with_objects(
    image: NDArray[np.int32], category: NDArray[np.int32], truth: GroundTruth
) -> NDArray[np.int64]:
    """Return the rows of detections whose image holds an object of their category."""
    has_object = np.zeros((len(truth.image_ids), len(truth.category_ids)), np.bool_)
    has_object[truth.image, truth.category] = True
    return np.flatnonzero(has_object[image, category])


def _bounds(image: NDArray[np.int32], images: NDArray[np.int32]) -> tuple[list[int], list[int]]:
    """Return where each image's rows start and end in a rising column."""
    return np.searchsorted(image, images, "left").tolist(), np.searchsorted(image, images, "right").tolist()


def _joined(found: list[Pairs]) -> Pairs:
    if not found:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
    return Pairs(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
