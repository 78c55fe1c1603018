"""When two measured values differ, and when they do not: intervals first, exact values only where exact."""

from __future__ import annotations

import math

from bench.core.metric import Metric
from bench.core.record import Record

# Read from the file, not measured: any difference is real.
EXACT = frozenset({"size_bytes", "compressed_bytes"})


def known_value(record: Record, name: str) -> float | None:
    """Return a metric's value; None for an absent or infinite one, NaN, or COCO's -1 for no such objects."""
    value = record.value(name)
    if value is None or not math.isfinite(value):
        return None
    return None if value == -1 and name.startswith(("map_", "mar_")) else value


def clearly_less(a: Metric | None, b: Metric | None) -> bool:
    """Whether `a` lies below `b` beyond what their intervals leave open.

    Exact metrics compare by value. Measured ones compare by disjoint intervals, which is stricter than a
    test of the difference; without intervals nothing is clear.
    """
    if a is None or b is None or a.value is None or b.value is None:
        return False
    if a.name in EXACT:
        return a.value < b.value
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.high < b.low


def sign(metric: Metric | None, neutral: float = 0.0) -> int | None:
    """Say on which side of a neutral value an interval lies: -1 below, +1 above, 0 across; None if unknown.

    Args:
        neutral: 0 for a difference, 1 for a ratio.
    """
    if metric is None or metric.low is None or metric.high is None:
        return None
    return (metric.low > neutral) - (metric.high < neutral)
