"""Accuracy metrics from COCO scores and bootstrap intervals."""

from __future__ import annotations

from bench.core.metric import Metric, make_metric
from bench.metrics.accumulate import Scores
from bench.metrics.estimate import estimated
from bench.stats import Interval

_ABSENT = "no objects of that size"


def accuracy_metrics(scores: Scores, interval: Interval | None = None) -> tuple[Metric, ...]:
    """Return COCO's twelve statistics.

    Args:
        interval: of map_50_95 over images (`bootstrap_map`), if it was computed.
    """
    count = scores.num_images
    metrics = [
        make_metric(name, value, count=count, note=_ABSENT if value is None else "")
        for name, value in scores.stats.items()
    ]
    if interval is not None:
        metrics[0] = estimated("map_50_95", interval, interval.level, count)
    return tuple(metrics)


def difference_metric(interval: Interval | None, num_images: int) -> Metric:
    """Return map_50_95 minus the sibling's, from `paired_difference`."""
    if interval is None:
        return make_metric("map_50_95_difference", None, count=num_images, note="no objects")
    return estimated("map_50_95_difference", interval, interval.level, num_images, "paired over images")
