"""From matches to COCO's twelve statistics, with the bits that pycocotools would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.metrics.matches import Matches
from bench.metrics.protocol import AREA_NAMES, CAPS, OVERLAPS, RECALLS

# pycocotools' guard against 0 / 0; it shows in the last bit of a precision of 1 / 1.
EPSILON = np.spacing(1)


@dataclass(frozen=True)
class Scores:
    """COCO's statistics.

    Attributes:
        stats: the twelve by the names of `bench.core.metric`, in pycocotools' order; None where
            pycocotools says -1: there is no object of that size.
        per_class: original category id -> AP at .50:.95, None where the category has no object.
        num_images: how many images stand behind them.
    """

    stats: dict[str, float | None]
    per_class: dict[int, float | None]
    num_images: int


def accumulate(matches: Matches) -> Scores:
    """Compute the twelve statistics.

    Precision is computed at true positives only: between them it can but fall, so neither its running
    maximum from the right nor its value at a recall point can come from elsewhere. Sums and divisions are
    those of pycocotools 2.0 `COCOeval.accumulate` and `summarize`, in the same order.
    """
    positives = count_positives(matches)
    hits = _hits(matches)
    precision = _precision(matches, hits, positives)
    recall = {cap: _recall(matches, hits, positives, cap) for cap in CAPS}
    top = CAPS[-1]
    at = {round(float(threshold), 2): index for index, threshold in enumerate(OVERLAPS)}
    stats = {
        "map_50_95": _mean(precision[0]),
        "map_50": _mean(precision[0, at[0.5]]),
        "map_75": _mean(precision[0, at[0.75]]),
        **{f"map_{name}": _mean(precision[area]) for area, name in _sizes()},
        **{f"mar_{cap}": _mean(recall[cap][0]) for cap in CAPS},
        **{f"mar_{name}": _mean(recall[top][area]) for area, name in _sizes()},
    }
    per_class = {
        int(category_id): _mean(precision[0, :, :, index])
        for index, category_id in enumerate(matches.category_ids)
    }
    return Scores(stats, per_class, len(matches.image_ids))


def count_positives(matches: Matches) -> NDArray[np.int64]:
    """Return (A, K): how many objects of each size and category are to be found."""
    return np.stack(
        [
            np.bincount(matches.truth_category[~ignored], minlength=len(matches.category_ids))
            for ignored in matches.truth_ignored.T
        ]
    )


def _sizes() -> list[tuple[int, str]]:
    return list(enumerate(AREA_NAMES))[1:]


def _mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean of the values that exist (pycocotools marks the others with -1)."""
    existing = values[values > -1]
    return float(np.mean(existing)) if len(existing) else None


def _hits(matches: Matches) -> NDArray[np.bool_]:
    """Return (A, T, c): the candidate is a true positive."""
    matched = matches.matched.transpose(1, 2, 0)
    hits = matched >= 0
    for area, ignored in enumerate(matches.truth_ignored.T):
        hits[area] &= ~ignored[matched[area]] if len(ignored) else False
    return hits


def _precision(
    matches: Matches, hits: NDArray[np.bool_], positives: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (A, T, R, K): the interpolated precision, -1 where there is no object."""
    seen, first = _seen(matches, hits), _first_candidates(matches)
    num_areas, num_categories = positives.shape
    precision = -np.ones((num_areas, len(OVERLAPS), len(RECALLS), num_categories))
    for area, category in zip(*np.nonzero(positives), strict=True):
        here = slice(first[category], first[category + 1])
        for threshold in range(len(OVERLAPS)):
            seen_at_hits = seen[area, threshold, here][hits[area, threshold, here]]
            precision[area, threshold, :, category] = _interpolated(seen_at_hits, positives[area, category])
    return precision


def _interpolated(seen: NDArray[np.int32], positives: np.int64) -> NDArray[np.float64]:
    """Return (R,): precision at the recall points.

    Args:
        seen: detections counted up to and including each true positive.
    """
    found = np.arange(1.0, len(seen) + 1)
    precision = found / ((seen - found) + found + EPSILON)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return np.append(highest, np.zeros(1))[np.searchsorted(found / positives, RECALLS, side="left")]


def _seen(matches: Matches, hits: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return (A, T, c): true and false positives of the category, up to and including each candidate.

    All detections within the size range count, and candidates are set right for each threshold: a hit counts
    whatever its size, and one that took an ignored object does not.
    """
    inside = ~matches.outside.T
    before = _first_of_category(matches.category, len(matches.category_ids))[:-1]
    owner = matches.category[matches.candidate]
    candidates_before = _first_candidates(matches)[:-1][owner]
    seen = np.empty(hits.shape, np.int32)
    for area, counted in enumerate(inside):
        total = np.concatenate(([0], np.cumsum(counted, dtype=np.int32)))
        plain = counted[matches.candidate]
        base = total[matches.candidate + 1] - total[before[owner]]
        for threshold in range(hits.shape[1]):
            is_free = matches.matched[:, area, threshold] < 0
            change = np.where(is_free, 0, hits[area, threshold].astype(np.int32) - plain)
            changes = np.concatenate(([0], np.cumsum(change, dtype=np.int32)))
            seen[area, threshold] = base + changes[1:] - changes[candidates_before]
    return seen


def _recall(
    matches: Matches, hits: NDArray[np.bool_], positives: NDArray[np.int64], cap: int
) -> NDArray[np.float64]:
    """Return (A, T, K): the share of objects found with the best `cap` detections an image and category."""
    category, is_kept = matches.category[matches.candidate], matches.rank[matches.candidate] < cap
    num_areas, num_categories = positives.shape
    recall = -np.ones((num_areas, len(OVERLAPS), num_categories))
    for area, exists in enumerate(positives > 0):
        for threshold in range(len(OVERLAPS)):
            found = np.bincount(category[hits[area, threshold] & is_kept], minlength=num_categories)
            recall[area, threshold, exists] = found[exists] / positives[area, exists]
    return recall


def _first_of_category(category: NDArray[np.int32], num_categories: int) -> NDArray[np.int64]:
    """Return (K + 1,): where each category starts in a rising column."""
    return np.searchsorted(category, np.arange(num_categories + 1))


def _first_candidates(matches: Matches) -> NDArray[np.int64]:
    return _first_of_category(matches.category[matches.candidate], len(matches.category_ids))
