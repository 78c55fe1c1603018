"""Intervals and counts that any measurement needs: medians, percentiles, ratios, outliers. Knows no noun.

A sample is made of groups (the calls of one process, say): groups are independent of each other, values
within a group are not, so every interval rests on groups. Percentiles are numpy's, linear between order
statistics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval.

    Attributes:
        level: confidence that the ends have: the one asked for, or less where so few groups cannot give it;
            0 where one group stands alone and both ends are the value.
    """

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Outliers:
    """How many of `count` values lie beyond Tukey's fences, and how many of these beyond the far fences."""

    num_outliers: int
    num_far: int
    count: int


def median_interval(values: ArrayLike, level: float) -> Interval:
    """Return the median with the narrowest symmetric order-statistic interval that has the level.

    Exact for every continuous distribution: the k-th smallest and k-th largest of n enclose the median with
    probability 1 - 2 * P(Binomial(n, 1/2) < k). For .95 that takes n of 6; 5 reach .9375. Chosen over the
    percentile bootstrap after simulation (normal, log-normal, exponential, one in four slow; 2,000 trials
    at nominal .95): the bootstrap covered .90 to .94 at n of 5 to 15, this .95 or more from n of 6 on.

    Source: David and Nagaraja, Order Statistics, 3rd edition, 2003, section 7.1.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    count = len(ordered)
    depth = 1
    while depth + 1 <= (count + 1) // 2 and _median_coverage(count, depth + 1) >= level:
        depth += 1
    low, high = float(ordered[depth - 1]), float(ordered[count - depth])
    return Interval(float(np.median(ordered)), low, high, min(level, _median_coverage(count, depth)))


def percentile_interval(value: float, resampled: ArrayLike, level: float) -> Interval:
    """Return the percentile bootstrap interval; resamples that are NaN (undefined there) are left out.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
    """
    values = np.asarray(resampled, np.float64)
    low, high = np.quantile(values[~np.isnan(values)], [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)


def pooled_percentiles(
    groups: Sequence[ArrayLike], percentiles: Sequence[float], resamples: int, seed: int, level: float
) -> list[Interval]:
    """Return percentiles of all values together, with intervals from resampling whole groups.

    The ends are those of the level asked for; the level stated is no more than the groups can bear, see
    `group_level`. Simulated with groups of 200 (400 trials, nominal .95, deviation between groups 2 times and
    .5 times that within): 10 groups covered p90 .74 and .87, p95 .62 and .85, p99 .39 and .81 of the time,
    erring low. So do not decide on a tail of few groups.

    Args:
        groups: values of each group; lengths may differ.
        percentiles: between 0 and 100.
    """
    samples = [np.asarray(group, np.float64) for group in groups]
    rng = np.random.default_rng(seed)
    drawn = [
        np.percentile(np.concatenate([samples[index] for index in draw]), percentiles)
        for draw in rng.integers(len(samples), size=(resamples, len(samples)))
    ]
    values = np.percentile(np.concatenate(samples), percentiles)
    return [
        _capped(percentile_interval(float(value), column, level), group_level(len(samples), percentile))
        for value, column, percentile in zip(values, np.transpose(drawn), percentiles, strict=True)
    ]


def ratio_of_medians(
    numerator: ArrayLike, denominator: ArrayLike, resamples: int, seed: int, level: float, is_paired: bool
) -> Interval:
    """Return the ratio of two medians with its percentile bootstrap interval.

    Paired draws keep what both members of a pair share, such as drift of the machine. Simulated as for
    `median_interval` at nominal .95: unpaired covered .95 to .97 at n of 5 to 20; paired, with shared drift,
    .92 to .94 at 5 and 6, .94 to .98 above. With few values the level stated is capped by `group_level`.

    Args:
        numerator, denominator: one value a group; paired by position if `is_paired`, then of equal length.
    """
    above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    if is_paired and len(above) != len(below):
        raise ValueError(f"{len(above)} and {len(below)} values cannot be paired")
    rng = np.random.default_rng(seed)
    draw = rng.integers(len(above), size=(resamples, len(above)))
    other = draw if is_paired else rng.integers(len(below), size=(resamples, len(below)))
    ratios = np.median(above[draw], axis=1) / np.median(below[other], axis=1)
    value = float(np.median(above) / np.median(below))
    return _capped(percentile_interval(value, ratios, level), group_level(min(len(above), len(below)), 50))


def group_level(num_groups: int, percentile: float) -> float:
    """Return the confidence that a percentile of the groups' population lies within the range of the groups.

    With share q below it, all groups are below with probability q^n and all above with (1 - q)^n. Where
    groups differ more than the values within them, no interval made of them can be surer than this.
    """
    below = percentile / 100
    return max(1 - below**num_groups - (1 - below) ** num_groups, 0.0)


def tukey_outliers(values: ArrayLike) -> Outliers:
    """Count values beyond 1.5 interquartile ranges from the quartiles, and of these beyond 3.

    Source: Tukey, Exploratory Data Analysis, 1977, section 2D (inner and outer fences).
    """
    sample = np.asarray(values, np.float64)
    return Outliers(_num_beyond(sample, 1.5), _num_beyond(sample, 3.0), len(sample))


def calls_needed(percentile: float, confidence: float = 0.99) -> int:
    """Return how many independent calls are needed before a percentile may be stated.

    The least n for which, with the given confidence, at least two of n calls are slower than the true
    percentile, so that the second slowest bounds it from above: P(Binomial(n, 1 - q) <= 1) <= 1 - confidence.
    For .99: 64 calls for p90, 130 for p95, 662 for p99, 6,636 for p99.9.

    Source: MLPerf LoadGen, early_stopping.cc, find_min_passing with one query over the bound.
    """
    below = percentile / 100
    fewest = 2
    while below ** (fewest - 1) * (below + fewest * (1 - below)) > 1 - confidence:
        fewest += 1
    return fewest


def _capped(interval: Interval, most: float) -> Interval:
    """Keep the ends, and claim no more confidence for them than `most`."""
    return replace(interval, level=min(interval.level, most))


def _median_coverage(count: int, depth: int) -> float:
    return 1 - 2 * sum(math.comb(count, below) for below in range(depth)) / 2**count if count > 1 else 0.0


def _num_beyond(sample: NDArray[np.float64], reach: float) -> int:
    first, third = np.percentile(sample, [25, 75])
    fence = reach * (third - first)
    return int(np.count_nonzero((sample < first - fence) | (sample > third + fence)))


def student_quantile(probability: float, degrees: int) -> float:
    """Return the quantile of Student's t distribution, for a whole number of degrees of freedom.

    Found by bisection of the distribution function, which is a finite sum there.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, equations 26.7.3 and 26.7.4.
    """
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    # In the angle atan(t / sqrt(degrees)) the whole half line is a short interval.
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        is_below = 0.5 + _central_share(middle, degrees) / 2 < probability
        low, high = (middle, high) if is_below else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def student_chance(value: float, degrees: int) -> float:
    """Return the chance that Student's t is at most `value`, for a whole number of degrees of freedom.

    Tails are absolute to about 1e-15; what is asked of them here is 1e-6 at the least.

    Source: as `student_quantile`.
    """
    share = _central_share(math.atan(abs(value) / math.sqrt(degrees)), degrees)
    return max(0.5 * (1 - share), 0.0) if value < 0 else 0.5 * (1 + share)


def geometric_interval(values: ArrayLike, level: float) -> Interval:
    """Return the median of positive values with the t interval of their population's median.

    Student's interval of the mean of the logarithms, which is exact where the values are log-normal; their
    median is the exponential of that mean. Far wider than a bootstrap of as few values, and rightly so.

    Source: Student, The probable error of a mean, Biometrika 6(1), 1908.
    """
    sample = np.asarray(values, np.float64)
    logs = np.log(sample)
    reach = student_quantile((1 + level) / 2, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
    low, high = math.exp(logs.mean() - reach), math.exp(logs.mean() + reach)
    return Interval(float(np.median(sample)), low, high, level)


def _central_share(angle: float, degrees: int) -> float:
    """Return the probability between -t and t, given the angle atan(t / sqrt(degrees))."""
    cosine, sine = math.cos(angle), math.sin(angle)
    term, total = (1.0, 1.0) if degrees % 2 == 0 else (cosine, cosine)
    for number in range(2 if degrees % 2 == 0 else 3, degrees, 2):
        term *= (number - 1) / number * cosine**2
        total += term
    if degrees % 2 == 0:
        return sine * total
    return 2 / math.pi * (angle + (sine * total if degrees > 1 else 0.0))
