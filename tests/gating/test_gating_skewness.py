"""Lopsided sums: what a few images weigh is neither overlooked nor overstated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.gating.accuracy import ApChange, ApSample, change_between
from bench.gating.skewness import bent, straightened, sum_skewness

IMAGES = 500


def losses(seed: int, num_lost: float, worth: float) -> ApSample:
    """Return a side whose one category loses a unit at a few images; bootstrap and left-out means."""
    rng = np.random.default_rng(seed)
    values = -rng.poisson(num_lost / IMAGES, IMAGES) * worth * IMAGES + rng.normal(0, 0.012, IMAGES)
    draws = rng.multinomial(IMAGES, np.full(IMAGES, 1 / IMAGES), size=200) @ values / IMAGES
    without = (values.sum() - values) / (IMAGES - 1)
    aps = np.concatenate([[values.mean()], draws])[:, None]
    return ApSample(aps, np.array([IMAGES]), IMAGES, without[:, None])


def change(seed: int, num_lost: float, worth: float) -> ApChange:
    after = losses(seed, num_lost, worth)
    before = ApSample(np.zeros_like(after.aps), after.num_images, IMAGES, np.zeros((IMAGES, 1)))
    found = change_between(before, after)
    assert found is not None
    return found


def test_the_skewness_of_a_sum_is_scipys_over_the_root_of_the_number() -> None:
    values = np.random.default_rng(0).exponential(size=200)
    assert sum_skewness(3 * values) == pytest.approx(stats.skew(values) / np.sqrt(200))
    assert sum_skewness(-values) == pytest.approx(-sum_skewness(values))
    assert sum_skewness([]) == sum_skewness([2.0, 2.0]) == 0.0


@given(st.floats(-30, 30), st.floats(-1, 1).filter(lambda skewness: abs(skewness) > 1e-4))
def test_bending_undoes_straightening(statistic: float, skewness: float) -> None:
    assert bent(straightened(statistic, skewness), skewness) == pytest.approx(statistic, abs=1e-4)


def test_nothing_lopsided_is_students() -> None:
    assert straightened(2.5, 0.0) == bent(2.5, 0.0) == 2.5
    even = ApChange(-0.01, 0.004)
    low, high = even.bounds(0.05)
    assert low + high == pytest.approx(-0.02)


def test_bounds_and_chances_say_the_same() -> None:
    lopsided = ApChange(-0.02, 0.004, 60, skewness=-0.2)
    low, high = lopsided.bounds(0.01)
    assert lopsided.chance_above(high) == pytest.approx(0.01)
    even = ApChange(-0.02, 0.004, 60)
    # A loss is surer than its standard error says, and may be larger.
    assert high < even.bounds(0.01)[1] and low < even.bounds(0.01)[0]


def test_few_lost_objects_are_found_where_students_test_overlooks_them() -> None:
    straight = lopsided = 0
    for seed in range(100):
        found = change(seed, 20, 0.001)
        lopsided += found.chance_above(-0.003) <= 0.0005
        straight += ApChange(found.value, found.standard_error).chance_above(-0.003) <= 0.0005
    assert lopsided >= 93 and lopsided - straight >= 5


@pytest.mark.parametrize(("num_lost", "worth"), [(3, 0.001), (30, 0.0001)])
def test_a_tolerated_loss_fails_no_more_often_than_agreed(num_lost: float, worth: float) -> None:
    chances = np.array([change(seed, num_lost, worth).chance_above(-0.003) for seed in range(200)])
    for error in (0.05, 0.01):
        assert np.mean(chances <= error) <= error + 3 * (error / 200) ** 0.5


def test_what_leaving_out_shows_is_the_skewness_of_the_images() -> None:
    values = np.random.default_rng(4).exponential(size=IMAGES)
    found = ApSample(values.mean() * np.ones((3, 1)), np.array([IMAGES]), IMAGES)
    without = ((values.sum() - values) / (IMAGES - 1))[:, None]
    after = ApSample(found.aps, found.num_images, IMAGES, without)
    before = ApSample(np.zeros((3, 1)), found.num_images, IMAGES, np.zeros((IMAGES, 1)))
    both = change_between(before, after)
    assert both is not None and both.skewness == pytest.approx(sum_skewness(values))
