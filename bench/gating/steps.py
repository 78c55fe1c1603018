"""Finds where a series of runs steps to another level and stays. Pure.

A step is penalised by what chance gives: the penalty is the gain that the best split of the same values in
random order exceeds once in two hundred times, so a series without steps shows one about that seldom,
whatever the shape of its noise, as long as runs do not depend on the ones before them. Machines that drift
do: at a correlation of .3 from run to run, 6% of series of fifty runs show a step that no commit made.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.stats import student_quantile

# Fewer runs on a new level are taken for outliers.
MIN_RUNS = 3
# From so many runs on, random orders are enough to tell a step from chance at `ERROR`.
LEAST_RUNS = 10
# Chance of a step in a series without one. Simulated (tests/gating/test_gating_steps.py, 2,000 series each).
ERROR = 0.005

_SHUFFLES = 1999
# Steps hide each other's noise: once some are found, the rest is looked at again.
_MOST_LOOKS = 5
# Of the places where a step may have begun: the log-likelihood that 95% of chi-squared with one degree span.
_LIKELIHOOD_RANGE = 3.841

Values = NDArray[np.float64]


def find_steps(series: ArrayLike, seed: int = 0) -> list[int]:
    """Return the positions at which new levels begin; none in fewer than `LEAST_RUNS` values.

    Optimal partitioning by least squares (Killick, Fearnhead and Eckley, Optimal detection of changepoints
    with a linear computational cost, 2012), as `ruptures` has it; the penalty is from permutations.

    Args:
        series: (num_runs,) one value a run, from old to new; of times, their logarithms.
        seed: of the random orders.
    """
    values = np.asarray(series, np.float64)
    if len(values) < LEAST_RUNS or np.ptp(values) == 0:
        return []
    rng = np.random.default_rng(seed)
    found: list[int] = []
    for _ in range(_MOST_LOOKS):
        more = _partition(values, _penalty(_residuals(values, found), rng))
        if len(more) <= len(found):
            break
        found = more
    return found


def repeats_exactly(series: Sequence[float]) -> bool:
    """Whether values have no noise of their own: at least half of all neighbours are equal."""
    same = sum(before == after for before, after in pairwise(series))
    return len(series) > 1 and 2 * same >= len(series) - 1


def level_change(series: ArrayLike, steps: Sequence[int], index: int) -> tuple[float, float, float]:
    """Return how much higher the level is behind a step than before it, with its 95% interval.

    Student's interval of the difference of two means, the deviation pooled over all levels. The place is
    chosen where the difference is largest, so small steps that are found look a little larger than they are.
    """
    values = np.asarray(series, np.float64)
    levels = np.split(values, steps)
    before, after = levels[index], levels[index + 1]
    degrees = len(values) - len(levels)
    deviation = float(np.sqrt(np.sum(_residuals(values, steps, is_scaled=False) ** 2) / degrees))
    reach = student_quantile(0.975, degrees) * deviation * float(np.sqrt(1 / len(before) + 1 / len(after)))
    change = float(after.mean() - before.mean())
    return change, change - reach, change + reach


def likely_places(series: ArrayLike, steps: Sequence[int], index: int) -> tuple[int, int]:
    """Return the earliest and the latest position at which a step may have begun (about 95%)."""
    values = np.asarray(series, np.float64)
    start = steps[index - 1] if index else 0
    end = steps[index + 1] if index + 1 < len(steps) else len(values)
    part = values[start:end]
    losses = np.array([part[:cut].var() * cut + part[cut:].var() * (len(part) - cut) for cut in _cuts(part)])
    variance = losses.min() / max(len(part) - 2, 1)
    likely = np.flatnonzero(losses <= losses.min() + _LIKELIHOOD_RANGE * variance) + 1 + start
    return int(likely.min()), int(likely.max())


def _cuts(part: Values) -> range:
    return range(1, len(part))


def _partition(values: Values, penalty: float) -> list[int]:
    import ruptures

    search = ruptures.KernelCPD(kernel="linear", min_size=MIN_RUNS).fit(values.reshape(-1, 1))
    return [int(end) for end in search.predict(pen=penalty)[:-1]]


def _residuals(values: Values, steps: Sequence[int], is_scaled: bool = True) -> Values:
    """Return values less their levels, scaled up by what fitting levels and places took from their spread."""
    left = np.concatenate([level - level.mean() for level in np.split(values, steps)])
    spare = max(len(values) - 1 - 2 * len(steps), MIN_RUNS)
    return left * np.sqrt((len(values) - 1) / spare) if is_scaled else left


def _penalty(residuals: Values, rng: np.random.Generator) -> float:
    """Return the gain a step that `ERROR` of all random orders exceed, by a split or by a short excursion.

    An excursion takes two steps, up and back; the shortest one around an outlier gains most.
    """
    orders = rng.permuted(np.tile(residuals - residuals.mean(), (_SHUFFLES, 1)), axis=1)
    count = len(residuals)
    cuts = np.arange(MIN_RUNS, count - MIN_RUNS + 1)
    sums = np.cumsum(orders, axis=1)
    splits = (sums[:, cuts - 1] ** 2 * (count / (cuts * (count - cuts)))).max(axis=1)
    within = sums[:, MIN_RUNS:] - sums[:, :-MIN_RUNS]
    excursions = (within**2).max(axis=1) * (1 / MIN_RUNS + 1 / (count - MIN_RUNS)) / 2
    # Equal orders have equal gains but for rounding.
    return float(np.quantile(np.maximum(splits, excursions), 1 - ERROR)) * (1 + 1e-9)
