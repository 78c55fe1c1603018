"""Average precision of resampled images, re-accumulated from matches. Intervals are left to `bootstrap`.

Detections are matched once; matching never looks across images, so a resample only changes how often each
image counts. Axis letters: B resamples, K categories, n detections of a category, h its hits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.metrics.accumulate import EPSILON
from bench.metrics.matches import Matches
from bench.metrics.protocol import OVERLAPS, RECALLS

# Resamples are taken in blocks of about so many weights: 8 MB an array, which stays near the processor.
_BLOCK = 2_000_000


def draw_weights(num_images: int, resamples: int, seed: int) -> NDArray[np.int32]:
    """Return (B, num_images): how often each image is drawn, with replacement, in each resample."""
    rng = np.random.default_rng(seed)
    chances = np.full(num_images, 1 / num_images)
    return rng.multinomial(num_images, chances, size=resamples).astype(np.int32)


@dataclass(frozen=True)
class ApKind:
    """Which AP: of objects of one size range, at some of the overlap thresholds.

    Attributes:
        area: index into the size ranges (all, small, medium, large).
        overlaps: first overlap threshold and the one behind the last, by index.
    """

    area: int = 0
    overlaps: tuple[int, int] = (0, len(OVERLAPS))


def resampled_aps(
    matches: Matches, weights: NDArray[np.int32], kind: ApKind | None = None
) -> NDArray[np.float64]:
    """Return (B, K): AP of each category in each resample, NaN where it has no object there.

    An image drawn twice counts as two images, as if pycocotools evaluated the resampled data set; the result
    is the same but for rounding of the last sum. Detections of equal score are ordered once, as the full
    evaluation orders them, and keep that order in all resamples, copies of one detection side by side.
    (Copies of whole images, one after the other, would interleave tied hits and misses, and a data set
    would score differently from itself taken twice.)

    Args:
        weights: (B, m) int32, of `draw_weights`.
        kind: at .50:.95 of all sizes unless given.
    """
    aps = np.full((len(weights), len(matches.category_ids)), np.nan)
    for category in range(len(matches.category_ids)):
        columns = _columns(matches, category, kind or ApKind())
        size = max(_BLOCK // max(len(columns.image), len(columns.targets), 1), 1)
        for start in range(0, len(weights), size):
            block = slice(start, start + size)
            aps[block, category] = _resampled_ap(columns, weights[block])
    return aps


def resampled_maps(aps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (B,): map_50_95 of each resample: the mean over the categories that have an object in it.

    A category that vanishes in a resample leaves its mean, as it would leave a data set without it. It
    vanishes for all models alike, so differences stay paired. A resample without any object gives NaN.
    """
    exists = ~np.isnan(aps)
    total, count = np.where(exists, aps, 0.0).sum(axis=1), exists.sum(axis=1)
    means: NDArray[np.float64] = np.divide(total, count, out=np.full(len(aps), np.nan), where=count > 0)
    return means


class _Threshold(NamedTuple):
    """One overlap threshold of a category.

    Attributes:
        hits: (h,) rows of its true positives.
        changed, change: rows where matching changed whether the detection counts, and by how much (+1, -1).
    """

    hits: NDArray[np.int64]
    changed: NDArray[np.int64]
    change: NDArray[np.int32]


class _Columns(NamedTuple):
    """One category.

    Attributes:
        image: (n,) image of each detection, by falling score.
        counted: (n,) whether it counts where it matches nothing.
        targets: image of each object to be found.
    """

    image: NDArray[np.int32]
    counted: NDArray[np.bool_]
    targets: NDArray[np.int32]
    thresholds: list[_Threshold]


def _columns(matches: Matches, category: int, kind: ApKind) -> _Columns:
    first, last = np.searchsorted(matches.category, [category, category + 1])
    here = slice(*np.searchsorted(matches.candidate, [first, last]))
    candidate, matched = matches.candidate[here] - first, matches.matched[here, kind.area]
    ignored = matches.truth_ignored[:, kind.area]
    counted = ~matches.outside[first:last, kind.area]
    thresholds = []
    for threshold in range(*kind.overlaps):
        took = matched[:, threshold] >= 0
        hit = took.copy()
        hit[took] = ~ignored[matched[took, threshold]]
        change = np.where(took, hit.astype(np.int32) - counted[candidate], 0)
        changed = np.flatnonzero(change)
        thresholds.append(_Threshold(candidate[hit], candidate[changed], change[changed].astype(np.int32)))
    targets = matches.truth_image[(matches.truth_category == category) & ~ignored]
    return _Columns(matches.image[first:last], counted, targets, thresholds)


def _resampled_ap(columns: _Columns, weights: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (B,): AP of one category, over its thresholds."""
    positives = weights[:, columns.targets].sum(axis=1)
    total = np.zeros(len(weights))
    with np.errstate(divide="ignore", invalid="ignore"):
        for seen, found in _at_hits(columns, weights):
            total += _sum_of_precision(seen, found, positives)
    return np.where(positives > 0, total / (len(columns.thresholds) * len(RECALLS)), np.nan)


def _at_hits(
    columns: _Columns, weights: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Yield for each threshold (B, h): detections counted up to each hit, and objects found."""
    times = weights[:, columns.image]
    seen = np.cumsum(times if columns.counted.all() else times * columns.counted, axis=1, dtype=np.int32)
    for threshold in columns.thresholds:
        seen_here = seen[:, threshold.hits]
        if len(threshold.changed):
            change = np.cumsum(times[:, threshold.changed] * threshold.change, axis=1, dtype=np.int32)
            change = np.concatenate([np.zeros((len(times), 1), np.int32), change], axis=1)
            seen_here += change[:, np.searchsorted(threshold.changed, threshold.hits, side="right")]
        yield seen_here, np.cumsum(times[:, threshold.hits], axis=1, dtype=np.int32)


def _sum_of_precision(
    seen: NDArray[np.int32], found: NDArray[np.int32], positives: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (B,): the sum over the recall points of the interpolated precision.

    Each hit stands for the recall points that it is the first to reach. A hit drawn w times is w hits in a
    row, of which the last has the highest precision; a hit drawn 0 times reaches no further point, and its
    precision is at most that of the hit before.
    """
    precision = found / (seen + EPSILON)
    highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(RECALLS, found / positives[:, None], side="right")
    total: NDArray[np.float64] = np.einsum("bh,bh->b", highest, np.diff(reached, axis=1, prepend=0))
    return total
