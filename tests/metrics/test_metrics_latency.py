"""Latency metrics: medians of process medians, tails only where calls enough stand behind them."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest

from bench.core.measure import MeasureOptions
from bench.core.metric import METRICS, Metric
from bench.metrics.latency import latency_metrics, latency_ratio

MEASURE = MeasureOptions(resamples=200, level=0.95, seed=3)


def a_round(base: int, calls: int = 20, **changes: Any) -> dict[str, Any]:
    """Make a round of calls that take `base`, `base` + 1, ... nanoseconds."""
    times = [base + index for index in range(calls)]
    stages = ("decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns", "total_ns")
    end_to_end = {stage: [time * (index + 1) for time in times] for index, stage in enumerate(stages)}
    return {
        "load_ns": base * 100,
        "first_call_ns": base * 10,
        "inference_ns": times,
        "inference_cpu_ns": 4 * sum(times),
        "warmup_calls": 20,
        "end_to_end": end_to_end,
        **changes,
    }


def summarise(rounds: list[dict[str, Any]]) -> dict[str, Metric]:
    metrics = latency_metrics(rounds, MEASURE)
    assert len({metric.name for metric in metrics}) == len(metrics)
    return {metric.name: metric for metric in metrics}


def test_every_latency_metric_is_given_whether_or_not_it_was_measured() -> None:
    # Of a sustained run are the two that `bench.metrics.sustained` gives.
    names = {name for name in METRICS if name.endswith("_ns")} - {
        "latency_burst_p50_ns",
        "latency_steady_p50_ns",
    }
    assert set(summarise([a_round(1000)])) == names
    nothing = summarise([])
    assert set(nothing) == names
    assert all(metric.value is None and metric.note for metric in nothing.values())


def test_the_median_is_that_of_process_medians_with_an_interval_over_processes() -> None:
    bases = [1000, 1300, 900, 1100, 1200, 5000]
    metric = summarise([a_round(base) for base in bases])["latency_p50_ns"]
    medians = sorted(base + 9.5 for base in bases)
    assert metric.value == median(medians) == 1159.5
    assert (metric.low, metric.high) == (medians[0], medians[-1])
    assert (metric.level, metric.count, metric.unit) == (0.95, 6, "ns")


def test_each_stage_and_single_figure_is_a_median_over_processes() -> None:
    found = summarise([a_round(base) for base in (1000, 2000, 4000)])
    expected = {
        "decode_p50_ns": 2009.5,
        "preprocess_p50_ns": 2 * 2009.5,
        "invoke_p50_ns": 3 * 2009.5,
        "postprocess_p50_ns": 4 * 2009.5,
        "end_to_end_p50_ns": 5 * 2009.5,
        "load_ns": 200_000,
        "first_call_ns": 20_000,
        "cpu_per_call_ns": 4 * 2009.5,
    }
    assert {name: found[name].value for name in expected} == expected


def test_few_processes_say_that_they_cannot_give_the_level() -> None:
    metric = summarise([a_round(1000), a_round(1100), a_round(1200)])["latency_p50_ns"]
    assert metric.level == 0.75
    assert "interval of confidence 0.75: too few independent samples for 0.95" in metric.note
    alone = summarise([a_round(1000)])["latency_p50_ns"]
    assert (alone.low, alone.high, alone.level) == (None, None, None)
    assert "one sample gives no interval" in alone.note


@pytest.mark.parametrize(
    ("calls", "stated"),
    [(63, []), (64, [90]), (129, [90]), (130, [90, 95]), (661, [90, 95]), (662, [90, 95, 99])],
)
def test_a_percentile_is_stated_only_with_calls_enough(calls: int, stated: list[int]) -> None:
    rounds = [a_round(1000, calls - calls // 2), a_round(1010, calls // 2)]
    found = summarise(rounds)
    for percentile in (90, 95, 99):
        for prefix in ("latency", "end_to_end"):
            assert (found[f"{prefix}_p{percentile}_ns"].value is not None) == (percentile in stated)
            assert found[f"{prefix}_p{percentile}_ns"].count == calls


def test_a_percentile_that_is_not_stated_says_why() -> None:
    metric = summarise([a_round(1000, 100)])["latency_p99_ns"]
    assert metric.note == "needs 662 calls for 99% confidence, 100 were made"


def test_a_stated_percentile_is_that_of_all_calls() -> None:
    rounds = [a_round(1000 + 50 * index, 40) for index in range(25)]
    metric = summarise(rounds)["latency_p90_ns"]
    assert metric.value == np.percentile(np.concatenate([one["inference_ns"] for one in rounds]), 90)
    assert metric.low <= metric.value <= metric.high
    assert metric.level == pytest.approx(1 - 0.9**25 - 0.1**25)
    assert "interval over 25 processes" in metric.note


def test_a_tail_of_few_processes_has_no_interval_and_says_how_many_it_needs() -> None:
    found = summarise([a_round(base, 300) for base in (1000, 1500, 1700)])
    for percentile, needed in ((90, 22), (95, 45), (99, 230)):
        metric = found[f"latency_p{percentile}_ns"]
        assert metric.value is not None
        assert (metric.low, metric.high, metric.level) == (None, None, None)
        assert metric.note == f"an interval needs {needed} processes, 3 ran"
    enough = summarise([a_round(1000 + index, 40) for index in range(22)])
    assert enough["latency_p90_ns"].low is not None and enough["latency_p95_ns"].low is None


def test_outliers_are_counted_against_their_own_process_and_kept() -> None:
    rounds = [a_round(1000), a_round(9000)]
    rounds[0]["inference_ns"][3] = 1040
    rounds[0]["inference_ns"][4] = 9005
    metric = summarise(rounds)["latency_p50_ns"]
    assert "2 of 40 calls beyond 1.5 IQR of their process, 1 beyond 3 IQR, all kept" in metric.note


def test_without_an_end_to_end_loop_its_metrics_have_no_value() -> None:
    found = summarise([a_round(1000, 700, end_to_end=None), a_round(1000, 700, end_to_end=None)])
    assert found["end_to_end_p50_ns"].value is found["decode_p50_ns"].value is None
    assert found["end_to_end_p90_ns"].value is None
    assert found["latency_p99_ns"].value is not None


def test_the_ratio_is_that_of_medians_and_pairing_takes_drift_away() -> None:
    drift = [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]
    slower = [a_round(2 * base, 1) for base in drift]
    sibling = [a_round(base, 1) for base in drift]
    paired = latency_ratio(slower, sibling, MEASURE)
    assert (paired.value, paired.low, paired.high, paired.count) == (2.0, 2.0, 2.0, 8)
    assert "rounds paired" in paired.note
    apart = latency_ratio(slower, sibling, MEASURE, is_paired=False)
    assert apart.value == 2.0 and apart.low < 1.5 and apart.high > 2.5
    uneven = latency_ratio(slower[:-1], sibling, MEASURE)
    assert "rounds not paired" in uneven.note and uneven.count == 7
    assert latency_ratio([], sibling, MEASURE).value is None
