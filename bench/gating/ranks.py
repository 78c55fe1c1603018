"""Exact intervals for the shift between two samples, from ranks. Knows no noun.

Processes of one case differ with heavy tails (one in ten may be slow), at which tests by mean and standard
deviation lose their level or their power; ranks need no shape at all. Times are compared as logarithms, so
that a shift is a ratio. Bounds are one-sided: each holds at the stated error by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shift:
    """How far one sample lies above the other.

    Attributes:
        value: Hodges-Lehmann estimate: the median of all differences, or of all pairs' averages.
        low, high: one-sided confidence bounds, each at `error`; infinite where so few values cannot give one.
    """

    value: float
    low: float
    high: float
    error: float


def shift_between(sample: Sequence[float], reference: Sequence[float], error: float) -> Shift:
    """Return the shift of a sample against an independent one (Mann-Whitney, inverted).

    Exact for every continuous distribution that is the same on both sides but for the shift.

    Args:
        error: chance that a bound is beyond the true shift, of each bound.

    Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, 2014, section 4.3.
    """
    above, below = np.asarray(sample, np.float64), np.asarray(reference, np.float64)
    differences = np.sort(np.subtract.outer(above, below).ravel())
    return _bounded(differences, rank_sum_depth(len(above), len(below), error), error)


def paired_shift(differences: Sequence[float], error: float) -> Shift:
    """Return the shift within pairs (Wilcoxon's signed ranks, inverted), from each pair's difference.

    Exact for every continuous distribution of differences that is symmetric about the shift, as differences
    of two alike members are.

    Source: as `shift_between`, section 3.3.
    """
    values = np.asarray(differences, np.float64)
    first, second = np.triu_indices(len(values))
    averages = np.sort((values[first] + values[second]) / 2)
    return _bounded(averages, signed_rank_depth(len(values), error), error)


def rank_sum_p_value(sample: Sequence[float], reference: Sequence[float]) -> float:
    """Return the one-sided exact p-value of the claim that the sample lies above the reference.

    Ties count as if the sample's member were the smaller one, which errs on the side of no claim.
    """
    above, below = np.asarray(sample, np.float64), np.asarray(reference, np.float64)
    larger = int(np.count_nonzero(np.greater.outer(above, below)))
    return float(_rank_sum_chances(len(above), len(below))[larger:].sum())


def signed_rank_p_value(differences: Sequence[float]) -> float:
    """Return the one-sided exact p-value of the claim that differences lie above zero."""
    values = np.asarray(differences, np.float64)
    ranks = np.argsort(np.argsort(np.abs(values), kind="stable"), kind="stable") + 1
    total = int(ranks[values > 0].sum())
    return float(_signed_rank_chances(len(values))[total:].sum())


def least_error(num_sample: int, num_reference: int) -> float:
    """Return the smallest error that a bound of `shift_between` can have with so many values."""
    return 1 / math.comb(num_sample + num_reference, num_sample)


@cache
def rank_sum_depth(num_sample: int, num_reference: int, error: float) -> int:
    """Return how many ordered differences lie outside a bound, this one included; 0 where there is none.

    The largest C with P(U < C) <= error, U the number of pairs in which the sample's member is the larger.
    """
    return _depth(_rank_sum_chances(num_sample, num_reference), error)


@cache
def signed_rank_depth(num_pairs: int, error: float) -> int:
    """Return the same for the ordered averages of pairs."""
    return _depth(_signed_rank_chances(num_pairs), error)


def _depth(chances: NDArray[np.float64], error: float) -> int:
    return int(np.searchsorted(np.cumsum(chances), error, side="right"))


def _bounded(ordered: NDArray[np.float64], depth: int, error: float) -> Shift:
    if depth == 0:
        return Shift(float(np.median(ordered)), -math.inf, math.inf, error)
    low, high = float(ordered[depth - 1]), float(ordered[len(ordered) - depth])
    return Shift(float(np.median(ordered)), low, high, error)


@cache
def _rank_sum_chances(num_sample: int, num_reference: int) -> NDArray[np.float64]:
    """Return P(U = 0), P(U = 1), ... where both samples come from one distribution.

    The counts are the coefficients of the Gaussian binomial, built as the product over i of
    (1 - q^(num_reference + i)) / (1 - q^i); each step is exact in whole numbers.
    """
    counts = [1]
    for i in range(1, num_sample + 1):
        counts = _divide(_times(counts, num_reference + i), i)
    total = math.comb(num_sample + num_reference, num_sample)
    return np.array([count / total for count in counts])


def _times(counts: list[int], power: int) -> list[int]:
    """Multiply a polynomial by 1 - q^power."""
    product = counts + [0] * power
    for index, count in enumerate(counts):
        product[index + power] -= count
    return product


def _divide(counts: list[int], power: int) -> list[int]:
    """Divide a polynomial by 1 - q^power, which goes without a rest."""
    quotient = counts[: len(counts) - power]
    for index in range(power, len(quotient)):
        quotient[index] += quotient[index - power]
    return quotient


@cache
def _signed_rank_chances(num_pairs: int) -> NDArray[np.float64]:
    """Return P(T = 0), P(T = 1), ...: T sums the ranks of the positive differences, each with chance 1/2."""
    chances = np.ones(1)
    for rank in range(1, num_pairs + 1):
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return chances
