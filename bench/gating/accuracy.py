"""Paired change of an AP between two stored sets of matches, with its standard error over images.

The same photos weigh on both sides, so what makes a photo hard cancels. Percentiles of a bootstrap say
nothing at the small errors that many comparisons at once ask for, and a normal bound with the bootstrap's
standard error misses far too often: mean AP is a mean over categories, a rare one rests on a handful of
photos, and a bootstrap of m photos has a deviation too small by sqrt((m - 1) / m), none at all at m = 1. So
each category's share is set right by m / (m - 1) (one with a single photo gets the pooled share of the
others), and the bound is Student's with the Welch-Satterthwaite degrees of freedom of that sum, after the
skewness over images is taken out (`skewness`; it is found by leaving images out, one or a few at a time).

Simulated coverage, see tests/performance/test_performance_coverage.py: data sets drawn anew, two detectors
with errors of their own, some categories with a few objects alone; share of trials in which a one-sided bound
missed the change of the population over the categories that the draw holds, the worse of both sides:

    photos, categories   trials   normal: .05, .01, .00025   as here: .05, .01, .00025
    100     8                  1500   .141  .050  .0080       .017  .001  0
    500     8                   500   .136  .064  .0220       .018  0     0
    100    80                   600   .107  .047  .0050       .032  .003  0
    500    80                   300   .117  .040  .0033       .040  .007  0

Those draws were before skewness was taken out; with it, 300, 60 and 60 draws of the first three rows missed
.013 .003 0, .033 0 0 and .033 0 0.

Source: Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin
2(6), 1946; bias of the bootstrap variance: Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
section 6.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.core.metric import Metric
from bench.gating.skewness import bent, straightened, sum_skewness
from bench.metrics.matches import Matches
from bench.metrics.protocol import OVERLAPS
from bench.metrics.resample import ApKind, draw_weights, resampled_aps, resampled_maps
from bench.stats import student_chance, student_quantile

_ALL = (0, len(OVERLAPS))
# Statistics whose resamples can be scored; thresholds run from .50 to .95 in steps of .05.
AP_KINDS: dict[str, ApKind] = {
    "map_50_95": ApKind(),
    "map_50": ApKind(overlaps=(0, 1)),
    "map_75": ApKind(overlaps=(5, 6)),
    "map_small": ApKind(1, _ALL),
    "map_medium": ApKind(2, _ALL),
    "map_large": ApKind(3, _ALL),
}

# Student's distribution with more degrees differs from this one by less than any figure here shows.
_MOST_DEGREES = 400

# So many groups of images are left out in turns: each is one image where there are no more than that. Third
# moments of sums add up, so groups give the same skewness, only less sharply.
_MOST_GROUPS = 500


# Asked for at few errors and degrees, again and again.
_quantile = cache(student_quantile)


@dataclass(frozen=True)
class ApChange:
    """The second AP minus the first, both over the same images.

    Attributes:
        standard_error: of the paired difference; 0 where both sides hold the same matches.
        degrees: degrees of freedom that the standard error has.
        num_images: how many it rests on.
        skewness: of the sum over images that the change is.
        is_same_data: both sides are the same file, so that there is nothing to test.
    """

    value: float
    standard_error: float
    degrees: int = _MOST_DEGREES
    num_images: int = 0
    skewness: float = 0.0
    is_same_data: bool = False

    def bounds(self, error: float) -> tuple[float, float]:
        """Return lower and upper one-sided bounds, each at that error."""
        reach = _quantile(1 - error, self.degrees)
        low, high = (bent(end, self.skewness) * self.standard_error for end in (reach, -reach))
        return self.value - low, self.value - high

    def chance_above(self, limit: float) -> float:
        """Return the one-sided p-value of the claim that the true change is below `limit`."""
        if self.standard_error == 0:
            return 0.0 if self.value < limit else 1.0
        statistic = (self.value - limit) / self.standard_error
        return student_chance(straightened(statistic, self.skewness), self.degrees)


def unchanged(num_images: int) -> ApChange:
    """Return the change between a file of matches and itself."""
    return ApChange(0.0, 0.0, num_images=num_images, is_same_data=True)


@dataclass(frozen=True)
class ApSample:
    """APs of one side, of the full data set and of resamples.

    Attributes:
        aps: (1 + B, K) float64, the full data set first; NaN where a category has no object.
        num_images: (K,) int64, images that hold an object of the category; `total_images` counts all.
        without: (G, K) float64, APs without one group of images each; None where they are not known.
    """

    aps: NDArray[np.float64]
    num_images: NDArray[np.int64]
    total_images: int = 0
    without: NDArray[np.float64] | None = None


def sample_aps(matches: Matches, metric: str, resamples: int, seed: int) -> ApSample:
    """Score one side in resamples; equal seeds draw the same images, so that samples can be paired."""
    kind, count = AP_KINDS[metric], len(matches.image_ids)
    left_out = _leave_out(count)
    whole = np.ones((1, count), np.int32)
    weights = np.vstack([whole, draw_weights(count, resamples, seed), left_out])
    aps = resampled_aps(matches, weights, kind)
    drawn, without = aps[: 1 + resamples], aps[1 + resamples :]
    return ApSample(drawn, _images_with_objects(matches, kind), count, without)


def change_between(before: ApSample, after: ApSample) -> ApChange | None:
    """Return the change of mean AP; None where there is no object.

    Both must be matched against the same objects of the same images, and drawn with the same seed.
    """
    differences = after.aps - before.aps
    changes = resampled_maps(differences)
    if np.isnan(changes[0]):
        return None
    exists = ~np.isnan(differences[0])
    shares = _nan_variance(differences[1:, exists]) / np.count_nonzero(exists) ** 2
    corrected, degrees = _corrected(shares, before.num_images[exists])
    total = float(np.nanvar(changes[1:], ddof=1)) + float(np.sum(corrected - shares))
    skewness = _skewness(before, after)
    return ApChange(float(changes[0]), math.sqrt(total), degrees, before.total_images, skewness)


def ap_change(before: Matches, after: Matches, metric: str, resamples: int, seed: int) -> ApChange | None:
    """Do `sample_aps` of both sides and `change_between` in one step."""
    return change_between(*(sample_aps(side, metric, resamples, seed) for side in (before, after)))


def ap_interval(metric: Metric, matches: Matches, resamples: int) -> Metric:
    """Return an AP with its 95% interval over images, from stored matches, where one can be made."""
    kind = AP_KINDS.get(metric.name)
    if kind is None:
        return metric
    found = resampled_maps(resampled_aps(matches, draw_weights(len(matches.image_ids), resamples, 0), kind))
    known = found[~np.isnan(found)]
    if len(known) < 2:
        return metric
    low, high = np.quantile(known, [0.025, 0.975])
    return replace(metric, low=float(low), high=float(high), level=0.95, count=len(matches.image_ids))


def _leave_out(count: int) -> NDArray[np.int32]:
    """Return (G, count) int32: how often each image counts where its group is left out."""
    num_groups = min(count, _MOST_GROUPS)
    group = np.arange(count) % max(num_groups, 1)
    left_out: NDArray[np.bool_] = group == np.arange(num_groups)[:, None]
    return np.where(left_out, 0, 1).astype(np.int32)


def _skewness(before: ApSample, after: ApSample) -> float:
    """Return the skewness over images; a category that goes with a group takes no part there."""
    if before.without is None or after.without is None:
        return 0.0
    changes = after.without - before.without - (after.aps[0] - before.aps[0])
    # What leaving out takes away, the images have added.
    return sum_skewness(-np.nansum(changes, axis=1))


def _images_with_objects(matches: Matches, kind: ApKind) -> NDArray[np.int64]:
    targets = ~matches.truth_ignored[:, kind.area]
    held = np.unique(np.stack([matches.truth_category[targets], matches.truth_image[targets]]), axis=1)
    return np.bincount(held[0], minlength=len(matches.category_ids))


def _nan_variance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (K,): the variance of each column's numbers; 0 where there are fewer than two."""
    exists = ~np.isnan(values)
    count = exists.sum(axis=0)
    means = np.where(exists, values, 0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(exists, values - means, 0) ** 2
    variances: NDArray[np.float64] = squares.sum(axis=0) / np.maximum(count - 1, 1)
    return variances


def _corrected(shares: NDArray[np.float64], num_images: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
    """Return the categories' shares of the variance without the bootstrap's bias, and degrees of freedom."""
    several, freedom = num_images >= 2, np.maximum(num_images - 1, 1)
    if not several.any():
        return shares, 1
    pooled = np.mean((shares * num_images)[several])
    corrected = np.where(several, shares * num_images / freedom, pooled)
    spread = float(np.sum(corrected**2 / freedom))
    degrees = float(corrected.sum()) ** 2 / spread if spread > 0 else _MOST_DEGREES
    return corrected, int(min(max(degrees, 1), _MOST_DEGREES))
