"""Where the runs of a trend lie in its picture: places, ticks and levels, in units of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.core.trend import Trend

WIDTH, HEIGHT = 400.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 10.0, 22.0, 26.0

# Free room above and below the figures, as a share of what they span.
_ROOM = 0.12
# Beyond these a tick is written with an exponent.
LARGE, MOST_DIGITS = 1e6, 6
# Where all figures are the same, so much of them is shown; of zero, one unit.
_FLAT = 0.02


@dataclass(frozen=True)
class Plot:
    """Values from `low` to `high` over so many runs."""

    low: float
    high: float
    count: int

    def x(self, place: float) -> float:
        """Return where a run lies, or what is between two."""
        span = WIDTH - LEFT - RIGHT
        return round(LEFT + span * (place + 0.5) / self.count, 1)

    def y(self, value: float) -> float:
        """Return where a value lies; what is beyond the plot lies at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(share, 0.0), 1.0), 1)


def make_plot(trend: Trend) -> Plot:
    """Return a plot that all values and intervals of a trend fit into."""
    ends = [end for point in trend.points for end in (point.value, point.low, point.high)]
    known = [end for end in ends if end is not None and math.isfinite(end)] or [0.0]
    low, high = min(known), max(known)
    room = (high - low) * _ROOM or abs(high) * _FLAT or 1.0
    return Plot(low - room, high + room, max(len(trend.points), 1))


def ticks(plot: Plot, scale: float) -> list[tuple[float, str]]:
    """Return two to five round values with their words, in people's units.

    Args:
        scale: people's units per base unit.
    """
    low, high = plot.low * scale, plot.high * scale
    step = _round_step((high - low) / 5)
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    places = [number * step for number in range(first, last + 1)]
    return [(place / scale, _tick(place, digits)) for place in places]


def _tick(value: float, digits: int) -> str:
    """Write a tick so that it has room at the side of a picture."""
    return f"{value:,.{digits}f}" if abs(value) < LARGE and digits <= MOST_DIGITS else f"{value:.4g}"


def _round_step(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least so large."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999))


def levels(trend: Trend) -> list[tuple[int, int, float]]:
    """Return of each level its first run, the one after its last, and the mean of its known values."""
    cuts = [0, *(step.place for step in trend.steps), len(trend.points)]
    found = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        known = [point.value for point in trend.points[start:end] if math.isfinite(point.value)]
        if known:
            found.append((start, end, _mean(known)))
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
