"""The exact rank intervals against scipy's tests and against simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.gating.ranks import (
    least_error,
    paired_shift,
    rank_sum_depth,
    rank_sum_p_value,
    shift_between,
    signed_rank_depth,
    signed_rank_p_value,
)

SIZES = st.integers(2, 14)
ERRORS = st.sampled_from([0.2, 0.05, 0.01, 0.001, 0.00025])


@given(SIZES, SIZES, ERRORS, st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_bound_clears_a_shift_exactly_when_mann_whitney_rejects_it(
    num_sample: int, num_reference: int, error: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sample, reference = rng.normal(0.8, 1, num_sample), rng.normal(0, 1, num_reference)
    low = shift_between(sample.tolist(), reference.tolist(), error).low
    for tolerance in (0.0, 0.3, 1.0):
        test = stats.mannwhitneyu(sample - tolerance, reference, alternative="greater", method="exact")
        assert (low > tolerance) == (test.pvalue <= error)


@given(SIZES, ERRORS, st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_paired_bound_clears_a_shift_exactly_when_the_signed_rank_test_rejects_it(
    num_pairs: int, error: float, seed: int
) -> None:
    differences = np.random.default_rng(seed).normal(0.8, 1, num_pairs)
    shift = paired_shift(differences.tolist(), error)
    for tolerance in (0.0, 0.3, 1.0):
        above = stats.wilcoxon(differences - tolerance, alternative="greater", method="exact")
        below = stats.wilcoxon(differences - tolerance, alternative="less", method="exact")
        assert (shift.low > tolerance) == (above.pvalue <= error)
        assert (shift.high < tolerance) == (below.pvalue <= error)


def test_too_few_values_give_no_bound_at_a_strict_error() -> None:
    assert least_error(8, 8) == pytest.approx(1 / 12870)
    few = shift_between([5.0, 6.0, 7.0], [1.0, 2.0, 3.0], 0.001)
    assert few.value == 4.0 and math.isinf(few.low) and math.isinf(few.high)
    assert shift_between([5.0, 6.0, 7.0], [1.0, 2.0, 3.0], 0.05).low == 2.0


def test_depths_are_those_of_published_tables() -> None:
    # Hollander, Wolfe and Chicken, tables A.4 and A.6: one-sided .05 of 10 pairs, and of 10 against 10.
    assert signed_rank_depth(10, 0.05) == 11
    assert rank_sum_depth(10, 10, 0.05) == 28


@pytest.mark.parametrize("error", [0.05, 0.01])
def test_bounds_hold_under_heavy_tails(error: float) -> None:
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(4000):
        noise = rng.normal(0, 0.02, (2, 10)) + 0.2 * (rng.random((2, 10)) < 0.1)
        missed += shift_between(noise[0].tolist(), noise[1].tolist(), error).low > 0
    assert missed / 4000 <= error + 3 * math.sqrt(error / 4000)


@given(SIZES, SIZES, st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_p_values_are_those_of_scipy(num_sample: int, num_reference: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sample, reference = rng.normal(0.5, 1, num_sample), rng.normal(0, 1, num_reference)
    expected = stats.mannwhitneyu(sample, reference, alternative="greater", method="exact").pvalue
    assert rank_sum_p_value(sample.tolist(), reference.tolist()) == pytest.approx(expected)
    expected = stats.wilcoxon(sample, alternative="greater", method="exact").pvalue
    assert signed_rank_p_value(sample.tolist()) == pytest.approx(expected)
