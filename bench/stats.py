"""Intervals and counts that any measurement needs: medians, percentiles, ratios, outliers. Knows no noun.

A sample is a list of groups: values within a group depend on each other, groups do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval; `level` is the confidence that the ends really have."""

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Outliers:
    """How many values lie beyond Tukey's fences: 1.5 interquartile ranges, and of these beyond 3."""

    num_mild: int
    num_severe: int
    count: int


def percentile_interval(value: float, resampled: ArrayLike, level: float) -> Interval:
    """Return the percentile bootstrap interval; resamples that are NaN (undefined there) are left out.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
    """
    values = np.asarray(resampled, np.float64)
    low, high = np.quantile(values[~np.isnan(values)], [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)
