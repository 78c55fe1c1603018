"""Base units to people's units: milliseconds, MiB, KiB, points. The only place where they are made."""

from __future__ import annotations

import math

from bench.core.metric import Metric

# What is shown where there is no figure.
ABSENT = "–"
MINUS = "−"

# From here on digits are no help.
LARGE = 1e15


def number(value: float, digits: int, signed: bool = False) -> str:
    """Format a number with a real minus sign; what rounds to zero has no sign, NaN and infinity no figure."""
    if not math.isfinite(value):
        return ABSENT
    text = f"{abs(value):.{digits}f}" if abs(value) < LARGE else f"{abs(value):.2e}"
    if float(text) == 0:
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed else text


def significant(value: float, digits: int = 3) -> str:
    """Format a positive quantity with so many significant digits, without an exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else ABSENT
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return number(value, min(decimals, 4))


def milliseconds(value: float) -> str:
    """Format nanoseconds as milliseconds, three significant digits."""
    return significant(value / 1e6)


def mebibytes(value: float) -> str:
    """Format bytes as MiB."""
    return number(value / 2**20, 1)


def kibibytes(value: float) -> str:
    """Format bytes as KiB."""
    return f"{value / 1024:,.0f}" if abs(value) < LARGE else number(value / 1024, 0)


def points(value: float) -> str:
    """Format AP or AR (0 to 1) as points (0 to 100)."""
    return number(value * 100, 1)


def point_difference(value: float) -> str:
    """Format a difference of AP as signed points; paired intervals resolve hundredths."""
    return number(value * 100, 2, signed=True)


def ratio(value: float) -> str:
    """Format a ratio: two decimals below 10, none above 100."""
    return number(value, 2 if value < 10 else 1 if value < 100 else 0)


def is_known(metric: Metric | None) -> bool:
    """Whether there is a figure to show: not None, NaN, nor COCO's -1 for "no such objects"."""
    if metric is None or metric.value is None or not math.isfinite(metric.value):
        return False
    return not (metric.unit in ("ap", "ar") and metric.value == -1 and metric.name != "map_50_95_difference")


def bounds(metric: Metric | None) -> tuple[float, float] | None:
    """Return the ends of a metric's interval, if both are finite numbers."""
    if metric is None or metric.low is None or metric.high is None:
        return None
    return (metric.low, metric.high) if math.isfinite(metric.low + metric.high) else None


def percent(level: float) -> str:
    """Format a confidence level to a tenth of a percent: 0.95 as `95%`, 0.9375 as `93.8%`."""
    return f"{round(level * 100, 1):g}%"
