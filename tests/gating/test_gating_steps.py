"""Steps in series: found where they are, not found where there are none; figures by simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bench.gating.steps import LEAST_RUNS, find_steps, level_change, likely_places, repeats_exactly

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
STEP = float(np.log(1.05))
NOISES: dict[str, Draw] = {
    "normal": lambda rng, count: rng.normal(0, 0.02, count),
    "heavy tails": lambda rng, count: rng.standard_t(3, count) * 0.02 / np.sqrt(3),
    "one run in ten slow": lambda rng, count: rng.normal(0, 0.02, count) + 0.1 * (rng.random(count) < 0.1),
}


def test_a_step_is_found_at_its_place_with_its_size() -> None:
    values = np.random.default_rng(2).normal(0, 0.005, 40)
    values[25:] += STEP
    assert find_steps(values) == [25]
    change, low, high = level_change(values, [25], 0)
    old, new = values[:25], values[25:]
    expected = stats.ttest_ind(new, old).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert low < STEP < high and change == pytest.approx(new.mean() - old.mean())
    earliest, latest = likely_places(values, [25], 0)
    assert earliest <= 25 <= latest <= earliest + 1


def test_a_level_that_comes_back_has_two_steps() -> None:
    values = np.random.default_rng(3).normal(0, 0.005, 50)
    values[20:30] += STEP
    assert find_steps(values) == [20, 30]


def test_one_slow_run_is_no_step_and_few_runs_have_none() -> None:
    values = np.random.default_rng(4).normal(0, 0.005, 50)
    values[30] += 10 * STEP
    assert find_steps(values) == []
    few = np.repeat([0.0, 1.0], [4, LEAST_RUNS - 5]) + np.random.default_rng(5).normal(
        0, 1e-6, LEAST_RUNS - 1
    )
    assert find_steps(few) == [] and find_steps([1.0] * 50) == []


def test_values_that_repeat_are_told_from_noise() -> None:
    assert repeats_exactly([1.0, 1.0, 2.0, 2.0]) and not repeats_exactly([1.0, 1.1, 2.0, 2.0])
    assert not repeats_exactly([1.0])


def share_of_alarms(draw: Draw, count: int, trials: int) -> float:
    rng = np.random.default_rng(1)
    return float(np.mean([bool(find_steps(draw(rng, count), seed)) for seed in range(trials)]))


def share_found(spread: float, after: int, trials: int) -> float:
    """Return how often a 5% step is found so many runs after it, to within two runs, behind 45 runs."""
    rng, found = np.random.default_rng(1), 0
    for seed in range(trials):
        values = rng.normal(0, spread, 45 + after)
        values[45:] += STEP
        found += any(abs(place - 45) <= 2 for place in find_steps(values, seed))
    return found / trials


def test_noise_alone_shows_a_step_seldom() -> None:
    # 150 series: more than 4 alarms have a chance below 1% where the rate is .01.
    assert share_of_alarms(NOISES["normal"], 50, 150) <= 4 / 150


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("count", [12, 50, 200])
def test_at_most_one_series_in_a_hundred_shows_a_false_step(noise: str, count: int) -> None:
    trials = 2000 if count < 200 else 1000
    share = share_of_alarms(NOISES[noise], count, trials)
    print(f"{noise}, {count} runs: {share:.2%} of {trials} series")
    assert share <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "after", "least"), [(0.02, 5, 0.85), (0.008, 3, 0.95), (0.008, 5, 0.99)])
def test_a_step_of_five_percent_is_found_within_five_runs(spread: float, after: int, least: float) -> None:
    share = share_found(spread, after, 500)
    print(f"5% step at {spread:.1%} between runs, {after} runs after it: found in {share:.1%}")
    assert share >= least


@pytest.mark.slow
def test_the_interval_of_a_step_covers_it_when_found() -> None:
    rng, covered, found = np.random.default_rng(1), 0, 0
    for seed in range(500):
        values = rng.normal(0, 0.008, 60)
        values[40:] += STEP
        places = find_steps(values, seed)
        if len(places) == 1:
            found += 1
            _, low, high = level_change(values, places, 0)
            covered += low <= STEP <= high
    print(f"a 5% step at 0.8% noise: its 95% interval covers it in {covered / found:.1%} of {found}")
    assert found >= 480 and covered / found >= 0.92
