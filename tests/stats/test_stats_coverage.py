"""How often intervals hold the truth, simulated at the numbers of groups that are measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.stats import median_interval, pooled_percentiles, ratio_of_medians

TRIALS = 1000

Draw = Callable[[np.random.Generator, int], np.ndarray]

# Populations of process medians, each with its true median.
POPULATIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(1, 0.02, n), 1.0),
    "log-normal": (lambda rng, n: rng.lognormal(0, 0.3, n), 1.0),
    "exponential": (lambda rng, n: 1 + rng.exponential(0.05, n), 1 + 0.05 * np.log(2)),
}


def covered(share: float, trials: int, level: float) -> bool:
    """Tell whether a simulated share is at least the level, but for three deviations of the simulation."""
    return share >= level - 3 * np.sqrt(level * (1 - level) / trials)


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 6, 8, 10, 15, 20])
@pytest.mark.parametrize("name", POPULATIONS)
def test_the_interval_of_a_median_covers_what_it_claims(name: str, count: int) -> None:
    draw, truth = POPULATIONS[name]
    rng = np.random.default_rng(count)
    intervals = [median_interval(draw(rng, count), 0.95) for _ in range(TRIALS)]
    share = np.mean([one.low <= truth <= one.high for one in intervals])
    assert covered(share, TRIALS, intervals[0].level), share


@pytest.mark.slow
@pytest.mark.parametrize("count", [8, 10, 20])
@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("name", POPULATIONS)
def test_the_interval_of_a_ratio_covers_nearly_what_it_claims(name: str, is_paired: bool, count: int) -> None:
    draw, _ = POPULATIONS[name]
    rng = np.random.default_rng(count)
    hits = []
    for _ in range(TRIALS // 2):
        drift = rng.normal(1, 0.02, count) if is_paired else np.ones(count)
        one = ratio_of_medians(draw(rng, count) * drift, draw(rng, count) * drift, 300, 0, 0.95, is_paired)
        hits.append(one.low <= 1 <= one.high)
    # The docstring promises no more than .94 at these numbers.
    assert covered(float(np.mean(hits)), len(hits), 0.94), np.mean(hits)


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 10, 20])
def test_the_level_of_a_pooled_tail_is_not_above_what_it_covers(count: int) -> None:
    # Groups differ twice as much as the values within them, as fresh processes do.
    rng = np.random.default_rng(count)
    spread = np.sqrt(0.02**2 + 0.01**2)
    truth = {90: 1.2816 * spread, 95: 1.6449 * spread, 99: 2.3263 * spread}
    hits, levels = np.zeros(3), np.zeros(3)
    for _ in range(200):
        groups = list(rng.normal(0, 0.02, (count, 1)) + rng.normal(0, 0.01, (count, 200)))
        intervals = pooled_percentiles(groups, list(truth), 150, 0, 0.95)
        hits += [one.low <= bound <= one.high for one, bound in zip(intervals, truth.values(), strict=True)]
        levels = np.array([one.level for one in intervals])
    for share, level in zip(hits / 200, levels, strict=True):
        assert covered(share, 200, level), (hits / 200, levels)
