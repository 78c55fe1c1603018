"""What changed on each image between two detectors: objects lost and gained, false alarms come and gone.

Each detector is taken at its working point (`working_point`); an object is found if a box of its class
overlaps it by .50 or more, as COCO matches. Photos are left to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError
from bench.metrics.matches import Matches
from bench.metrics.protocol import OVERLAPS
from bench.metrics.working_point import ALL_SIZES, outcomes


@dataclass(frozen=True)
class Standing:
    """One detector at its working point.

    Attributes:
        threshold: boxes of this score or more count.
        finder: (g,) int64, the detection that found each object, or -1; of any score.
        score: (g,) float64, of that detection; 0 for none.
        is_found: (g,) bool, found by one that counts.
        false_rows: (f,) int64, the false alarms that count.
        num_boxes: that count, all together.
    """

    threshold: float
    finder: NDArray[np.int64]
    score: NDArray[np.float64]
    is_found: NDArray[np.bool_]
    false_rows: NDArray[np.int64]
    num_boxes: int


@dataclass(frozen=True)
class Boxes:
    """One detector's match data, its boxes in their order (n, 4) xywh, and its working point."""

    matches: Matches
    box: NDArray[np.float32]
    standing: Standing


@dataclass(frozen=True)
class ImageChanges:
    """The second detector beside the first, one value an image, in the order of `Matches.image_ids`.

    Attributes:
        lost, gained: (m,) int64, objects that only the first found, and only the second.
        object_weight: (m,) float64, how far the scores of those objects moved, summed: from .90 to none is
            .90, from just above the threshold to just below it next to nothing.
        new, gone: (m,) int64, false alarms that only the second raised, and only the first: the other has
            none of that class that overlaps by .50 or more.
        false_weight: (m,) float64, how far the scores of those lie above the threshold, from 0 to 1, summed.
    """

    lost: NDArray[np.int64]
    gained: NDArray[np.int64]
    object_weight: NDArray[np.float64]
    new: NDArray[np.int64]
    gone: NDArray[np.int64]
    false_weight: NDArray[np.float64]

    @property
    def size(self) -> NDArray[np.float64]:
        """How much each image differs: (m,), 0 where nothing changed, about 1 an object lost for good.

        Losses and gains add up, so that an image with one of each differs by both. A plain count would show
        objects whose scores crossed the threshold by a hair before those that vanished.
        """
        return self.object_weight + self.false_weight


def stand(matches: Matches, threshold: float) -> Standing:
    """Return what a detector finds with boxes from a score on."""
    found, is_false = outcomes(matches)
    counts = matches.score >= threshold
    finder = np.full(len(matches.truth_id), -1, np.int64)
    hits = np.flatnonzero(found >= 0)
    finder[found[hits]] = hits
    false_rows = np.flatnonzero(is_false & counts)
    return Standing(
        threshold=threshold,
        finder=finder,
        score=np.append(matches.score, 0.0)[finder].astype(np.float64),
        is_found=(finder >= 0) & np.append(counts, False)[finder],
        false_rows=false_rows,
        num_boxes=int(np.count_nonzero(counts)),
    )


def image_changes(first: Boxes, second: Boxes) -> ImageChanges:
    """Compare two detectors that were matched against the same objects of the same images."""
    truth_image, count = first.matches.truth_image, len(first.matches.image_ids)
    before, after = first.standing, second.standing
    moved = np.where(before.is_found ^ after.is_found, np.abs(before.score - after.score), 0.0)
    new, gone = _alone(second, first), _alone(first, second)
    return ImageChanges(
        lost=np.bincount(truth_image[before.is_found & ~after.is_found], minlength=count),
        gained=np.bincount(truth_image[after.is_found & ~before.is_found], minlength=count),
        object_weight=np.bincount(truth_image, moved, minlength=count).astype(np.float64),
        new=np.bincount(second.matches.image[new], minlength=count),
        gone=np.bincount(first.matches.image[gone], minlength=count),
        false_weight=_weight(second, new, count) + _weight(first, gone, count),
    )


def _alone(one: Boxes, other: Boxes) -> NDArray[np.int64]:
    """Return the false alarms of one that the other did not raise."""
    rows, others = one.standing.false_rows, other.standing.false_rows
    left, right = _same_group(_group(one.matches, rows), _group(other.matches, others))
    both = overlap_of(one.box[rows[left]], other.box[others[right]]) >= OVERLAPS[0]
    return np.delete(rows, np.unique(left[both]))


def _group(matches: Matches, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return matches.image[rows].astype(np.int64) * len(matches.category_ids) + matches.category[rows]


def _same_group(
    one: NDArray[np.int64], two: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of rows of equal groups."""
    order = np.argsort(two, kind="stable")
    first = np.searchsorted(two[order], one, "left")
    counts = np.searchsorted(two[order], one, "right") - first
    left = np.repeat(np.arange(len(one)), counts)
    within = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, order[np.repeat(first, counts) + within]


def overlap_of(one: NDArray[Any], two: NDArray[Any]) -> NDArray[np.float64]:
    """Return intersection over union of (..., 4) xywh boxes, broadcast; 0 where both are without area."""
    box, other = one.astype(np.float64), two.astype(np.float64)
    low = np.maximum(box[..., :2], other[..., :2])
    high = np.minimum(box[..., :2] + box[..., 2:], other[..., :2] + other[..., 2:])
    common = np.prod(np.clip(high - low, 0.0, None), axis=-1)
    union = np.prod(box[..., 2:], axis=-1) + np.prod(other[..., 2:], axis=-1) - common
    share: NDArray[np.float64] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return share


def _weight(side: Boxes, rows: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    height = _height(side.matches.score[rows], side.standing.threshold)
    return np.bincount(side.matches.image[rows], height, minlength=count).astype(np.float64)


def _height(score: NDArray[np.float32], threshold: float) -> NDArray[np.float64]:
    """Return how far scores lie above a threshold, from 0 at it to 1 at a score of 1."""
    if threshold >= 1:
        return np.ones(len(score))
    return np.clip((score.astype(np.float64) - threshold) / (1 - threshold), 0.0, 1.0)


def check_same_objects(one: Matches, two: Matches) -> None:
    """Check that two detectors were matched against the same objects of the same images.

    Raises:
        DataError: they were not.
    """
    same = np.array_equal(one.image_ids, two.image_ids) and np.array_equal(one.truth_id, two.truth_id)
    if not same or not np.array_equal(one.truth_ignored[:, ALL_SIZES], two.truth_ignored[:, ALL_SIZES]):
        raise DataError(
            "they were scored on other images or objects than the case they are compared with; score both "
            "on the same data set"
        )
