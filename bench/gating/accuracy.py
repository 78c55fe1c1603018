"""Paired change of an AP between two stored sets of matches, with its standard error over images.

The same photos weigh on both sides, so what makes a photo hard cancels. Bounds are normal: percentiles of a
bootstrap say nothing at the small errors that many comparisons at once ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from bench.core.metric import Metric
from bench.metrics.matches import Matches
from bench.metrics.protocol import OVERLAPS
from bench.metrics.resample import ApKind, draw_weights, resampled_aps, resampled_maps

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


@dataclass(frozen=True)
class ApChange:
    """The second AP minus the first, both over the same images; standard error of the paired difference."""

    value: float
    standard_error: float

    def bounds(self, error: float) -> tuple[float, float]:
        """Return lower and upper one-sided bounds, each at that error."""
        reach = NormalDist().inv_cdf(1 - error) * self.standard_error
        return self.value - reach, self.value + reach

    def chance_above(self, limit: float) -> float:
        """Return the one-sided p-value of the claim that the true change is below `limit`."""
        if self.standard_error == 0:
            return 0.0 if self.value < limit else 1.0
        return NormalDist().cdf((self.value - limit) / self.standard_error)


def ap_change(before: Matches, after: Matches, metric: str, resamples: int, seed: int) -> ApChange | None:
    """Return the change of one AP statistic; None where there are no objects of that size.

    Both must be matched against the same objects of the same images.
    """
    kind = AP_KINDS[metric]
    count = len(before.image_ids)
    weights = np.vstack([np.ones((1, count), np.int32), draw_weights(count, resamples, seed)])
    scored = [resampled_maps(resampled_aps(side, weights, kind)) for side in (before, after)]
    change = scored[1] - scored[0]
    if np.isnan(change[0]):
        return None
    return ApChange(float(change[0]), float(np.nanstd(change[1:], ddof=1)))


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
