"""Latency over several boards: the same as ever on one, and on several what it says."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bench.core.measure import MeasureOptions
from bench.core.metric import Metric
from bench.metrics.boards import (
    describe_boards,
    interval_on_boards,
    latency_metrics_of_boards,
    latency_ratio_of_boards,
    ratio_on_boards,
)
from bench.metrics.latency import latency_metrics, latency_ratio
from bench.stats import geometric_interval, student_quantile

MEASURE = MeasureOptions(resamples=300, seed=3)
STAGES = ("decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns", "total_ns")


def a_round(base: float, calls: int = 20) -> dict[str, Any]:
    """Make a round of calls that take `base`, `base` + 1, ... nanoseconds."""
    times = [int(base) + index for index in range(calls)]
    return {
        "load_ns": int(base) * 100,
        "first_call_ns": int(base) * 10,
        "inference_ns": times,
        "inference_cpu_ns": 4 * sum(times),
        "end_to_end": {stage: [time * (index + 1) for time in times] for index, stage in enumerate(STAGES)},
    }


def rounds(base: float, count: int = 10, seed: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [a_round(base * (1 + rng.normal(0, 0.01))) for _ in range(count)]


def by_name(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def test_one_board_gives_exactly_what_it_gave_before_there_were_boards() -> None:
    one, base = rounds(10_000), rounds(20_000, seed=1)
    assert latency_metrics_of_boards({"": one}, MEASURE) == latency_metrics(one, MEASURE)
    assert latency_metrics_of_boards({"a": one, "b": []}, MEASURE) == latency_metrics(one, MEASURE)
    assert latency_metrics_of_boards({}, MEASURE) == latency_metrics([], MEASURE)
    assert latency_ratio_of_boards({"": one}, {"": base}, MEASURE) == latency_ratio(one, base, MEASURE)


def test_the_value_is_the_median_of_the_boards_medians() -> None:
    boards = {"a": rounds(10_000), "b": rounds(11_000, 5, 1), "c": rounds(14_000, 7, 2)}
    found = by_name(latency_metrics_of_boards(boards, MEASURE))
    expected = [median(median(one["inference_ns"]) for one in board) for board in boards.values()]
    metric = found["latency_p50_ns"]
    assert metric.value == median(expected) and metric.count == 22
    assert metric.note.endswith(
        "on these 3 boards; interval of confidence 0.94: too few independent samples for 0.95"
    )
    assert metric.low is not None and metric.high is not None and metric.low < metric.value < metric.high
    # A board with more rounds weighs no more: the pooled median would be another.
    assert found["load_ns"].value == median(
        median(one["load_ns"] for one in board) for board in boards.values()
    )
    assert found["cpu_per_call_ns"].value == pytest.approx(4 * median(expected), rel=1e-3)
    pooled = [one for board in boards.values() for one in board]
    assert found["latency_p90_ns"] == by_name(latency_metrics(pooled, MEASURE))["latency_p90_ns"]


def test_a_slow_board_does_not_widen_the_interval_on_these_boards() -> None:
    steady = [[100.0 + i for i in range(10)], [200.0 + i for i in range(10)]]
    found = interval_on_boards(steady, MEASURE)
    assert found.value == pytest.approx(154.5) and 150 < found.low < found.high < 160


def test_few_processes_claim_less_and_single_ones_nothing() -> None:
    assert interval_on_boards([[1.0, 1.1, 1.2], [1.0, 1.1, 1.3]], MEASURE).level == pytest.approx(0.75)
    assert interval_on_boards([[1.0], [1.1, 1.2]], MEASURE).level == 0.0


def test_a_ratio_is_that_of_the_values_on_the_boards_that_both_ran_on() -> None:
    above = {"a": rounds(5_000), "b": rounds(6_000, seed=1), "c": rounds(900, seed=2)}
    below = {"a": rounds(10_000, seed=3), "b": rounds(12_000, seed=4), "c": []}
    metric = latency_ratio_of_boards(above, below, MEASURE)
    assert metric.value == pytest.approx(0.5, rel=0.01) and metric.note.endswith("on these 2 boards")
    assert metric.low is not None and metric.low < 0.5 * 1.01
    only_one = {"a": below["a"], "z": below["b"]}
    assert latency_ratio_of_boards(above, only_one, MEASURE) == latency_ratio(above["a"], below["a"], MEASURE)
    assert latency_ratio_of_boards(above, {"z": below["b"]}, MEASURE).value is None


def test_paired_rounds_cancel_the_drift_that_both_share() -> None:
    drift = np.random.default_rng(5).normal(1, 0.05, (2, 10))
    fast = {name: [a_round(10_000 * d) for d in row] for name, row in zip("ab", drift, strict=True)}
    slow = {name: [a_round(20_000 * d) for d in row] for name, row in zip("ab", drift, strict=True)}
    paired = latency_ratio_of_boards(fast, slow, MEASURE)
    apart = latency_ratio_of_boards(fast, slow, MEASURE, is_paired=False)
    assert (
        paired.high is not None
        and paired.low is not None
        and apart.high is not None
        and apart.low is not None
    )
    assert paired.high - paired.low < 0.2 * (apart.high - apart.low)


def test_boards_are_described_with_an_interval_of_any_such_board_from_three_on() -> None:
    boards = {"a": rounds(10_000), "b": rounds(11_000, seed=1), "c": rounds(12_000, seed=2)}
    found = describe_boards(boards, MEASURE)
    medians = [value["latency_p50_ns"] for value in found["values"].values()]
    low, high = stats.t.interval(0.95, 2, np.mean(np.log(medians)), stats.sem(np.log(medians)))
    assert (found["any_board"]["low"], found["any_board"]["high"]) == pytest.approx(
        (np.exp(low), np.exp(high))
    )
    assert found["variance"]["num_boards"] == 3 and found["variance"]["board"] == pytest.approx(
        0.008, rel=0.5
    )
    two = describe_boards({"a": boards["a"], "b": boards["b"], "c": []}, MEASURE)
    assert two["any_board"] is None and set(two["values"]) == {"a", "b"}
    assert describe_boards({"": boards["a"]}, MEASURE)["variance"]["board"] is None
    assert describe_boards({}, MEASURE)["values"] == {}


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 45])
@pytest.mark.parametrize("probability", [0.001, 0.3, 0.5, 0.975, 0.9995])
def test_students_quantiles_are_scipys(degrees: int, probability: float) -> None:
    expected = stats.t.ppf(probability, degrees)
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-12)


# Deviation of process medians, and boards' deviation as a multiple of it.
DEVIATION = 0.02
SPREADS = (0.0, 0.5, 2.0)


def hierarchical(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """The percentile interval that draws boards anew, then processes: what is not used, and why."""
    boards, processes = values.shape
    board = rng.integers(boards, size=(300, boards, 1))
    drawn = values[board, rng.integers(processes, size=(300, boards, processes))]
    low, high = np.quantile(np.median(np.median(drawn, axis=2), axis=1), [0.025, 0.975])
    return float(low), float(high)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [5, 10])
@pytest.mark.parametrize("boards", [2, 3, 4, 5])
def test_intervals_over_boards_cover_what_they_claim(boards: int, processes: int) -> None:
    """Print the simulated coverage with `-s`, that of a hierarchical bootstrap too."""
    rng, trials = np.random.default_rng(boards * 100 + processes), 400
    for spread in SPREADS:
        these, any_board, drawn_anew, level = 0, 0, 0, 0.0
        for trial in range(trials):
            centres = rng.normal(0, DEVIATION * spread, boards)
            values = np.exp(centres[:, None] + rng.normal(0, DEVIATION, (boards, processes)))
            own = interval_on_boards(values.tolist(), replace(MEASURE, seed=trial))
            these += own.low <= np.exp(np.median(centres)) <= own.high
            wide = geometric_interval(np.median(values, axis=1), 0.95)
            any_board += wide.low <= 1 <= wide.high
            ends = hierarchical(values, rng)
            drawn_anew += ends[0] <= 1 <= ends[1]
            level = own.level
        print(
            f"\n{boards} boards of {processes} processes, board deviation {spread:g} of the process': "
            f"these boards {these / trials:.3f} (stated {level:.3f}), "
            f"any such board {any_board / trials:.3f}, hierarchical bootstrap {drawn_anew / trials:.3f}",
            end="",
        )
        slack = 3 * np.sqrt(0.05 * 0.95 / trials)
        assert these / trials >= level - slack and any_board / trials >= 0.95 - slack
        if spread == 2 and boards < 4:
            assert drawn_anew / trials < 0.93, "the hierarchical bootstrap would have done"


@pytest.mark.slow
@pytest.mark.parametrize("boards", [2, 3, 5])
def test_the_interval_of_a_ratio_on_boards_covers_what_it_claims(boards: int) -> None:
    """Print the simulated coverage with `-s`: 10 processes a board, paired ones share their drift."""
    rng, trials = np.random.default_rng(boards), 400
    for is_paired in (True, False):
        hits = 0
        for trial in range(trials):
            centres = np.exp(rng.normal(0, 2 * DEVIATION, (boards, 1)))
            drift = np.exp(rng.normal(0, DEVIATION, (boards, 10))) if is_paired else 1.0
            slow = centres * np.exp(rng.normal(0, DEVIATION / 2, (boards, 10))) * drift
            fast = centres * np.exp(rng.normal(0, DEVIATION / 2, (boards, 10))) * drift / 2
            found = ratio_on_boards(fast.tolist(), slow.tolist(), replace(MEASURE, seed=trial), is_paired)
            hits += found.low <= 0.5 <= found.high
        print(f"\n{boards} boards, {'' if is_paired else 'not '}paired: ratio {hits / trials:.3f}", end="")
        assert hits / trials >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / trials)
