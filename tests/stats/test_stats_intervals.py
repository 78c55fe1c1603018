"""Statistics against scipy, against brute force, and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from bench.stats import (
    Interval,
    calls_needed,
    group_level,
    median_interval,
    percentile_interval,
    pooled_percentiles,
    ratio_of_medians,
    tukey_outliers,
)

values = st.lists(st.floats(0.5, 1e9), min_size=1, max_size=40)


@settings(deadline=None)
@given(values, st.sampled_from([0.6, 0.8, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_median_is_that_of_scipys_quantile_test(sample: list[float], level: float) -> None:
    ours = median_interval(sample, level)
    assert ours.value == np.median(sample)
    assert ours.low <= ours.value <= ours.high
    oracle = scipy_stats.quantile_test(sample, q=np.median(sample), p=0.5).confidence_interval(level)
    if len(sample) > 1 and group_level(len(sample), 50) >= level:
        assert (ours.low, ours.high) == (oracle.low, oracle.high)
        assert ours.level == level
    else:
        # Scipy's interval is open at an end; ours is the range, with the confidence that it has.
        assert (ours.low, ours.high) == (min(sample), max(sample))
        assert ours.level == pytest.approx(group_level(len(sample), 50))
        assert ours.level < level


@pytest.mark.parametrize("count", range(2, 40))
def test_the_level_of_a_median_is_the_binomial_one(count: int) -> None:
    interval = median_interval(range(count), 0.95)
    depth = int(interval.low) + 1
    coverage = 1 - 2 * scipy_stats.binom.cdf(depth - 1, count, 0.5)
    assert interval.level == pytest.approx(min(coverage, 0.95))
    if interval.level == 0.95:
        assert 1 - 2 * scipy_stats.binom.cdf(depth, count, 0.5) < 0.95, "a narrower one has the level too"


def test_one_value_has_no_confidence() -> None:
    assert median_interval([7.0], 0.95) == Interval(7.0, 7.0, 7.0, 0.0)


@settings(deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=60))
def test_tukeys_fences_are_those_of_scipys_interquartile_range(sample: list[int]) -> None:
    data = np.array(sample)
    first, third = np.quantile(data, [0.25, 0.75])
    reach = scipy_stats.iqr(data)
    ours = tukey_outliers(sample)
    assert ours.num_outliers == np.sum((data < first - 1.5 * reach) | (data > third + 1.5 * reach))
    assert ours.num_far == np.sum((data < first - 3 * reach) | (data > third + 3 * reach))
    assert ours.num_far <= ours.num_outliers <= ours.count == len(sample)


def test_outliers_worked_by_hand() -> None:
    # Quartiles 3 and 7, range 4: fences at -3 and 13, far fences at -9 and 19.
    found = tukey_outliers([1, 2, 3, 4, 5, 6, 7, 14, 20])
    assert (found.num_outliers, found.num_far, found.count) == (2, 1, 9)


@pytest.mark.parametrize(("percentile", "calls"), [(90, 64), (95, 130), (99, 662), (99.9, 6636)])
def test_calls_needed_are_those_of_loadgen(percentile: float, calls: int) -> None:
    assert calls_needed(percentile) == calls


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("percentile", [50, 75, 90, 95, 99])
def test_calls_needed_are_the_fewest_by_the_binomial(percentile: float, confidence: float) -> None:
    count = calls_needed(percentile, confidence)
    chance = [scipy_stats.binom.cdf(1, n, 1 - percentile / 100) for n in (count, count - 1)]
    assert chance[0] <= 1 - confidence + 1e-12
    assert chance[1] > 1 - confidence or count == 2


@settings(deadline=None)
@given(st.integers(1, 30), st.floats(1, 99))
def test_the_level_of_groups_is_the_chance_that_they_lie_on_both_sides(count: int, percentile: float) -> None:
    one_side = scipy_stats.binom.pmf([0, count], count, percentile / 100).sum()
    assert group_level(count, percentile) == pytest.approx(max(1 - one_side, 0), abs=1e-9)


def test_a_percentile_interval_is_that_of_scipys_bootstrap_distribution() -> None:
    sample = np.random.default_rng(0).lognormal(size=25)
    oracle = scipy_stats.bootstrap((sample,), np.mean, n_resamples=500, method="percentile", rng=1)
    ours = percentile_interval(sample.mean(), oracle.bootstrap_distribution, 0.95)
    assert (ours.low, ours.high) == pytest.approx(tuple(oracle.confidence_interval))


def test_resamples_without_a_value_are_left_out_of_an_interval() -> None:
    assert percentile_interval(2.0, [1.0, np.nan, 3.0], 1.0) == Interval(2.0, 1.0, 3.0, 1.0)


def test_pooled_percentiles_are_those_of_all_values_with_whole_groups_drawn() -> None:
    rng = np.random.default_rng(1)
    groups = [rng.normal(center, 1, size) for center, size in ((10, 30), (11, 50), (14, 20), (10, 40))]
    p50, p90 = pooled_percentiles(groups, [50, 90], resamples=400, seed=0, level=0.6)
    assert p90.value == np.percentile(np.concatenate(groups), 90)
    draws = np.random.default_rng(0).integers(4, size=(400, 4))
    drawn = [np.percentile(np.concatenate([groups[index] for index in draw]), 50) for draw in draws]
    assert (p50.low, p50.high) == pytest.approx(np.quantile(drawn, [0.2, 0.8]))
    assert p50.level == 0.6
    assert p90.level == pytest.approx(1 - 0.9**4 - 0.1**4), "four groups cannot bound p90 at .6"


def test_groups_that_differ_widen_the_interval_though_calls_are_many() -> None:
    rng = np.random.default_rng(2)
    alike = [rng.normal(0, 1, 300) for _ in range(8)]
    apart = [group + 10 * index for index, group in enumerate(alike)]
    narrow, wide = (pooled_percentiles(one, [50], 200, 0, 0.9)[0] for one in (alike, apart))
    assert wide.high - wide.low > 20 * (narrow.high - narrow.low)


def test_the_unpaired_ratio_is_that_of_scipys_bootstrap() -> None:
    rng = np.random.default_rng(3)
    above, below = rng.lognormal(0.5, 0.1, 12), rng.lognormal(0, 0.1, 9)
    ours = ratio_of_medians(above, below, 4000, 0, 0.9, is_paired=False)

    def ratio(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        return np.median(first, axis=axis) / np.median(second, axis=axis)

    oracle = scipy_stats.bootstrap(
        (above, below), ratio, n_resamples=4000, confidence_level=0.9, method="percentile", rng=1
    ).confidence_interval
    assert ours.value == np.median(above) / np.median(below)
    assert (ours.low, ours.high) == pytest.approx((oracle.low, oracle.high), rel=0.02)


def test_pairing_takes_shared_drift_out_of_the_ratio() -> None:
    rng = np.random.default_rng(4)
    drift, noise = rng.lognormal(0, 0.3, 15), rng.normal(1, 0.005, 15)
    paired = ratio_of_medians(2 * drift * noise, drift, 500, 0, 0.95, is_paired=True)
    apart = ratio_of_medians(2 * drift * noise, drift, 500, 0, 0.95, is_paired=False)
    assert paired.low > 1.97 and paired.high < 2.03
    assert apart.high - apart.low > 5 * (paired.high - paired.low)


def test_unequal_lists_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="3 and 2 values cannot be paired"):
        ratio_of_medians([1, 2, 3], [1, 2], 10, 0, 0.95, is_paired=True)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_values_lower_the_level_of_a_ratio(count: int) -> None:
    interval = ratio_of_medians(np.arange(1, count + 1), np.arange(1, count + 1), 50, 0, 0.95, is_paired=True)
    assert interval.level == pytest.approx(1 - 2 * 0.5**count)


def test_the_same_seed_gives_the_same_interval() -> None:
    sample = [[1.0, 2.0], [2.5, 3.0], [4.0, 1.0]]
    first, again, other = (pooled_percentiles(sample, [50], 200, seed, 0.7)[0] for seed in (1, 1, 5))
    assert first == again
    assert first.value == other.value
