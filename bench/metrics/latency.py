"""Latency metrics of one case from its valid rounds. A round is one process."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.metric import Metric, make_metric
from bench.metrics.estimate import estimated
from bench.stats import (
    Interval,
    calls_needed,
    group_level,
    median_interval,
    pooled_percentiles,
    ratio_of_medians,
    tukey_outliers,
)

# What an agent's `latency` result holds, see `bench.wire`: times in nanoseconds, a list entry a call.
Round = Mapping[str, Any]

PERCENTILES = (90, 95, 99)

# A tail's interval of less confidence is of no use, so it is not given.
LEAST_LEVEL = 0.9

STAGES = ("decode", "preprocess", "invoke", "postprocess")


def latency_metrics(rounds: Sequence[Round], measure: MeasureOptions) -> tuple[Metric, ...]:
    """Summarise inference, end to end and its stages, load, first call and processor time.

    Medians are medians over processes of each one's median; tail percentiles pool all calls, and have no
    value where too few calls stand behind them. No call is left out; outliers are counted in the note.

    Args:
        rounds: the results of valid rounds, in the order of rounds.
    """
    return (
        *_timed("latency", [one["inference_ns"] for one in rounds], measure),
        *_timed("end_to_end", _end_to_end(rounds, "total_ns"), measure),
        *(_typical(f"{stage}_p50_ns", _end_to_end(rounds, f"{stage}_ns"), measure) for stage in STAGES),
        _single("load_ns", [one["load_ns"] for one in rounds], measure),
        _single("first_call_ns", [one["first_call_ns"] for one in rounds], measure),
        _single("cpu_per_call_ns", _cpu_per_call(rounds), measure),
    )


def latency_ratio(
    rounds: Sequence[Round], sibling: Sequence[Round], measure: MeasureOptions, is_paired: bool = True
) -> Metric:
    """Compare with the sibling: the ratio of `latency_p50_ns`, with its interval over processes.

    Args:
        is_paired: round i of both ran next to each other. Lists of unequal length cannot be paired.
    """
    above, below = (_medians([one["inference_ns"] for one in side]) for side in (rounds, sibling))
    if not above or not below:
        return make_metric("latency_ratio", None, note="no valid round on one of the two sides")
    is_paired = is_paired and len(above) == len(below)
    interval = ratio_of_medians(above, below, measure.resamples, measure.seed, measure.level, is_paired)
    note = "rounds paired" if is_paired else "rounds not paired"
    return estimated("latency_ratio", interval, measure.level, min(len(above), len(below)), note)


def _timed(prefix: str, calls: list[list[int]], measure: MeasureOptions) -> list[Metric]:
    typical = _typical(f"{prefix}_p50_ns", calls, measure)
    return [typical, *_tails(prefix, calls, measure)]


def _typical(name: str, calls: list[list[int]], measure: MeasureOptions) -> Metric:
    if not any(calls):
        return make_metric(name, None, note="not measured: no valid round has such calls")
    return _single(name, _medians(calls), measure, _outlier_note(calls))


def _single(name: str, values: Sequence[float], measure: MeasureOptions, note: str = "") -> Metric:
    """Summarise one value a process by its median."""
    if not values:
        return make_metric(name, None, note="not measured: no valid round")
    return estimated(name, median_interval(values, measure.level), measure.level, len(values), note)


def _tails(prefix: str, calls: list[list[int]], measure: MeasureOptions) -> list[Metric]:
    """Summarise the tail of all calls, where calls enough were made."""
    groups = [group for group in calls if group]
    count = sum(map(len, groups))
    able = [percentile for percentile in PERCENTILES if count >= calls_needed(percentile)]
    intervals = (
        pooled_percentiles(groups, able, measure.resamples, measure.seed, measure.level) if able else []
    )
    metrics = [
        _tail(f"{prefix}_p{percentile}_ns", percentile, interval, measure.level, count, len(groups))
        for percentile, interval in zip(able, intervals, strict=True)
    ]
    return metrics + [
        make_metric(f"{prefix}_p{percentile}_ns", None, count=count, note=_shortage(percentile, count))
        for percentile in PERCENTILES
        if percentile not in able
    ]


def _tail(
    name: str, percentile: int, interval: Interval, asked: float, count: int, num_groups: int
) -> Metric:
    """Make a percentile's metric, without its ends where so few processes cannot bear them."""
    if group_level(num_groups, percentile) >= LEAST_LEVEL:
        return estimated(name, interval, asked, count, f"interval over {num_groups} processes")
    note = f"an interval needs {_processes_needed(percentile)} processes, {num_groups} ran"
    return make_metric(name, interval.value, count=count, note=note)


def _processes_needed(percentile: int) -> int:
    """Return the smallest number of processes whose interval reaches the least level."""
    return next(number for number in itertools.count(2) if group_level(number, percentile) >= LEAST_LEVEL)


def _shortage(percentile: int, count: int) -> str:
    return f"needs {calls_needed(percentile):,} calls for 99% confidence, {count:,} were made"


def _outlier_note(calls: list[list[int]]) -> str:
    """Count outliers against the fences of their own process: processes differ more than calls do."""
    counts = [tukey_outliers(group) for group in calls if group]
    beyond, far = sum(one.num_outliers for one in counts), sum(one.num_far for one in counts)
    total = sum(one.count for one in counts)
    return f"{beyond:,} of {total:,} calls beyond 1.5 IQR of their process, {far:,} beyond 3 IQR, all kept"


def _medians(calls: list[list[int]]) -> list[float]:
    return [float(median(group)) for group in calls if group]


def _end_to_end(rounds: Sequence[Round], name: str) -> list[list[int]]:
    return [(one.get("end_to_end") or {}).get(name, []) for one in rounds]


def _cpu_per_call(rounds: Sequence[Round]) -> list[float]:
    return [one["inference_cpu_ns"] / len(one["inference_ns"]) for one in rounds if one["inference_ns"]]
