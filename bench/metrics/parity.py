"""How far the detections of one model file on two machines agree: box by box, and in AP.

Processors round differently, and integer kernels round on purpose: the same file on the same photos need not
give the same boxes. Whether two cases ran the same file on the same photos is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError
from bench.metrics.detections import Detections
from bench.stats import Interval
from bench.wire.codec import to_json

# Boxes that overlap this much are the same box but for rounding: 1% of its area.
SAME_BOX = 0.99

# Scores this near are the same but for rounding: an 8-bit score output has steps of .004.
SAME_SCORE = 0.01

# Ids of images that differ are given up to so many, to look at.
MOST_IMAGES = 10

# Pairs of boxes that are compared at a time: 8 arrays of 8 MB.
_BLOCK = 1_000_000


@dataclass(frozen=True)
class Agreement:
    """Two sets of detections beside each other.

    Attributes:
        num_images: that both were run on; `num_differing` of them have any box that is not exactly equal.
        num_boxes, num_reference: detections on either side.
        num_equal: pairs of the same image, category, score and box, to the last bit.
        num_matched: these, and further pairs that are the same but for rounding (`SAME_BOX`, `SAME_SCORE`).
        largest_score_difference: among all pairs that overlap by `SAME_BOX`; None where there is no pair.
        differing_images: ids of the first images that differ, rising.
    """

    num_images: int
    num_boxes: int
    num_reference: int
    num_equal: int
    num_matched: int
    num_differing: int
    largest_score_difference: float | None
    differing_images: tuple[int, ...] = ()

    @property
    def share_equal(self) -> float:
        """Exactly equal boxes among the boxes of both sides, 0 to 1; 1 where neither found any."""
        return self._share(self.num_equal)

    @property
    def share_matched(self) -> float:
        """Boxes that are the same but for rounding among those of both sides, 0 to 1."""
        return self._share(self.num_matched)

    def _share(self, num_pairs: int) -> float:
        total = self.num_boxes + self.num_reference
        return 2 * num_pairs / total if total else 1.0


def agree(detections: Detections, reference: Detections) -> Agreement:
    """Compare two sets of detections of the same images, box by box.

    Exactly equal boxes are paired first. Of the others, pairs of one image and category that overlap by
    `SAME_BOX` are taken, the closest first, each box once.

    Raises:
        DataError: the two were not run on the same images.
    """
    if not np.array_equal(np.sort(detections.image_ids), np.sort(reference.image_ids)):
        raise DataError(
            f"{len(detections.image_ids)} and {len(reference.image_ids)} images were run, and they are not "
            "the same; measure accuracy on the same data set on both hosts"
        )
    left, right = _unequal(detections, reference)
    num_equal = len(detections) - len(left)
    gaps = _near_pairs(_rows(detections, left), _rows(reference, right))
    images = np.union1d(detections.image_id[left], reference.image_id[right])
    largest = max([*gaps, *([0.0] if num_equal else [])], default=None)
    return Agreement(
        num_images=len(detections.image_ids),
        num_boxes=len(detections),
        num_reference=len(reference),
        num_equal=num_equal,
        num_matched=num_equal + sum(gap <= SAME_SCORE for gap in gaps),
        num_differing=len(images),
        largest_score_difference=largest,
        differing_images=tuple(int(image) for image in images[:MOST_IMAGES]),
    )


def parity_entry(host: str, case: str, agreement: Agreement, difference: Interval | None) -> dict[str, Any]:
    """Return what a record says of its parity towards the same file on the reference host.

    Args:
        difference: map_50_95 minus that on the reference host, paired over images; None without objects.
    """
    return {
        "host": host,
        "case": case,
        "difference": to_json(difference) if difference else None,
        "share_equal": agreement.share_equal,
        "share_matched": agreement.share_matched,
        "same_box": SAME_BOX,
        "same_score": SAME_SCORE,
        **to_json(agreement),
    }


def _unequal(one: Detections, two: Detections) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of either side that have no exactly equal partner on the other."""
    keys = np.concatenate([_key(one), _key(two)])
    _, kind = np.unique(keys, return_inverse=True)
    kinds, others = kind[: len(one)], kind[len(one) :]
    counts = np.minimum(*(np.bincount(side, minlength=len(keys)) for side in (kinds, others)))
    return _beyond(kinds, counts), _beyond(others, counts)


def _key(detections: Detections) -> NDArray[np.void]:
    """Return each row as bytes, so that equal means equal to the last bit; -0 counts as 0."""
    columns = [detections.score[:, None] + np.float32(0), detections.box + np.float32(0)]
    values = np.concatenate(columns, axis=1).astype("<f4").view(np.uint8)
    names = np.stack([detections.image_id, detections.category_id.astype(np.int64)], axis=1).astype("<i8")
    rows = np.concatenate([names.view(np.uint8), values], axis=1)
    return np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1]))).ravel()


def _beyond(kinds: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that come after the first `counts[kind]` of their kind."""
    order = np.argsort(kinds, kind="stable")
    ordered = kinds[order]
    position = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return np.sort(order[position >= counts[ordered]])


class _Rows(NamedTuple):
    """Rows in rising order of their group (one image, one category).

    Attributes:
        group: (n,) int64.
        corners: (n, 4) float64, xyxy, pixels of the original image.
        score: (n,) float64.
    """

    group: NDArray[np.int64]
    corners: NDArray[np.float64]
    score: NDArray[np.float64]


def _rows(detections: Detections, rows: NDArray[np.int64]) -> _Rows:
    # Category ids are 32 bits, and no data set has 2^31 images.
    place = np.searchsorted(np.sort(detections.image_ids), detections.image_id[rows])
    group = (place.astype(np.int64) << 32) + detections.category_id[rows]
    order = np.argsort(group, kind="stable")
    box = detections.box[rows][order].astype(np.float64)
    corners = np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)
    return _Rows(group[order], corners, detections.score[rows][order].astype(np.float64))


def _near_pairs(one: _Rows, two: _Rows) -> list[float]:
    """Pair boxes that overlap by `SAME_BOX`, the closest first; return the score difference of each pair."""
    found = [_overlapping(one, two, left, right) for left, right in _pairs_of_groups(one, two)]
    if not found:
        return []
    left, right, overlap, gap = (np.concatenate(columns) for columns in zip(*found, strict=True))
    taken: tuple[set[int], set[int]] = (set(), set())
    gaps = []
    for place in np.lexsort((gap, -overlap)).tolist():
        a, b = int(left[place]), int(right[place])
        if a not in taken[0] and b not in taken[1]:
            taken[0].add(a)
            taken[1].add(b)
            gaps.append(float(gap[place]))
    return gaps


def _pairs_of_groups(one: _Rows, two: _Rows) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield all pairs of rows of one group, about a block at a time."""
    first = np.searchsorted(two.group, one.group, "left")
    counts = np.searchsorted(two.group, one.group, "right") - first
    block = np.cumsum(counts) // _BLOCK
    for number in np.unique(block[counts > 0]):
        rows = np.flatnonzero((block == number) & (counts > 0))
        left = np.repeat(rows, counts[rows])
        before = np.repeat(np.cumsum(counts[rows]) - counts[rows], counts[rows])
        yield left, np.repeat(first[rows], counts[rows]) + np.arange(len(left)) - before


def _overlapping(
    one: _Rows, two: _Rows, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[Any], ...]:
    """Return of these pairs those that overlap by `SAME_BOX`: rows, overlap and score difference."""
    a, b = one.corners[left], two.corners[right]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1) - shared
    is_near = (shared >= SAME_BOX * union) & (union > 0)
    gap = np.abs(one.score[left] - two.score[right])
    return left[is_near], right[is_near], shared[is_near] / union[is_near], gap[is_near]
