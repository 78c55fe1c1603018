"""When two measured values differ, and when they do not: intervals first, exact values only where exact."""

from __future__ import annotations

import math

from bench.core.metric import Metric
from bench.core.record import Record

# Read from the file, not measured: any difference is real.
EXACT = frozenset({"size_bytes", "compressed_bytes"})

# Half width, as a share, within which memory readings of equal programs differ: page cache, allocator, ASLR.
RESOLUTION = {"peak_rss_bytes": 0.01, "model_rss_bytes": 0.01}

# An interval of less confidence decides nothing: five processes still give a median .9375, two give .5.
LEAST_LEVEL = 0.9


def known_value(record: Record, name: str) -> float | None:
    """Return a metric's value; None for an absent or infinite one, NaN, or COCO's -1 for no such objects."""
    value = record.value(name)
    if value is None or not math.isfinite(value):
        return None
    return None if value == -1 and name.startswith(("map_", "mar_")) else value


def bounds(metric: Metric | None) -> tuple[float, float] | None:
    """Return the ends within which a metric's true value is taken to lie; None where that is not known.

    An exact metric lies at its value. A measured one lies within its interval, if that is of confidence
    enough; memory has no interval and gets a declared resolution instead.
    """
    if metric is None or metric.value is None or not math.isfinite(metric.value):
        return None
    if metric.name in EXACT:
        return (metric.value, metric.value)
    if metric.low is not None and metric.high is not None:
        is_enough = metric.level is None or metric.level >= LEAST_LEVEL
        return (metric.low, metric.high) if is_enough else None
    if metric.name in RESOLUTION:
        margin = RESOLUTION[metric.name] * abs(metric.value)
        return (metric.value - margin, metric.value + margin)
    return None


def clearly_less(a: Metric | None, b: Metric | None) -> bool:
    """Whether `a` lies below `b` beyond what their bounds leave open.

    Disjoint intervals are stricter than a test of the difference; without bounds nothing is clear.
    """
    left, right = bounds(a), bounds(b)
    return left is not None and right is not None and left[1] < right[0]


def sign(metric: Metric | None, neutral: float = 0.0) -> int | None:
    """Say on which side of a neutral value an interval lies: -1 below, +1 above, 0 across; None if unknown.

    Args:
        neutral: 0 for a difference, 1 for a ratio.
    """
    ends = bounds(metric)
    return None if ends is None else (ends[0] > neutral) - (ends[1] < neutral)
