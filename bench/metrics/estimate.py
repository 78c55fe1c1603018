"""How an interval becomes part of a metric, and what its note says of it."""

from __future__ import annotations

from bench.core.metric import Metric, make_metric
from bench.stats import Interval


def estimated(name: str, interval: Interval, asked: float, count: int, note: str = "") -> Metric:
    """Make a metric of an interval; the note says so where its confidence is below the one asked for.

    An interval that one sample alone cannot give is left out.
    """
    if interval.level <= 0:
        return make_metric(
            name, interval.value, count=count, note=joined(note, "one sample gives no interval")
        )
    weak = f"interval of confidence {interval.level:.2f}: too few independent samples for {asked:g}"
    return make_metric(
        name,
        interval.value,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        count=count,
        note=joined(note, weak if interval.level < asked else ""),
    )


def joined(*notes: str) -> str:
    """Join the notes that are not empty."""
    return "; ".join(note for note in notes if note)
