"""The paired change of an AP: its error is right where categories are rare, and is none for equal sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.gating.accuracy import ApChange, ApSample, change_between


def sample(num_images: list[int], seed: int, resamples: int = 2000) -> ApSample:
    """Bootstrap means of numbers, a category each: its variance is known from the textbook."""
    rng = np.random.default_rng(seed)
    columns = []
    for count in num_images:
        values = rng.normal(0, 1, count)
        draws = values[rng.integers(count, size=(resamples, count))].mean(axis=1)
        columns.append(np.concatenate([[values.mean()], draws]))
    return ApSample(np.stack(columns, axis=1), np.array(num_images))


def nothing_like(other: ApSample) -> ApSample:
    return replace(other, aps=np.zeros_like(other.aps))


def test_one_category_has_students_interval_of_a_mean() -> None:
    values = np.random.default_rng(3).normal(0, 1, 5)
    after = sample([5], 3, 200_000)
    change = change_between(nothing_like(after), after)
    assert change is not None and change.degrees == 4
    assert change.value == pytest.approx(values.mean())
    assert change.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(5), rel=0.02)
    expected = stats.t.interval(0.9, 4, values.mean(), change.standard_error)
    assert change.bounds(0.05) == pytest.approx(expected)
    assert change.chance_above(0.7) == pytest.approx(
        stats.t.cdf((change.value - 0.7) / change.standard_error, 4)
    )


def test_a_category_of_one_photo_gets_the_pooled_share() -> None:
    without, with_single = sample([50, 50], 1), sample([50, 50, 1], 1)
    two, three = (change_between(nothing_like(side), side) for side in (without, with_single))
    assert two is not None and three is not None
    # The single photo varies as 50 times a mean of 50, not at all as its bootstrap says.
    assert three.standard_error**2 * 9 == pytest.approx(two.standard_error**2 * 4 + 1, abs=0.5)
    assert three.degrees < 5 < two.degrees


@pytest.mark.parametrize("error", [0.05, 0.01])
def test_bounds_hold_where_most_categories_are_rare(error: float) -> None:
    missed = 0
    for trial in range(600):
        after = sample([2, 2, 3, 4, 60], trial, 150)
        change = change_between(nothing_like(after), after)
        assert change is not None
        missed += change.bounds(error)[0] > 0
    assert missed / 600 <= error + 3 * (error / 600) ** 0.5


def test_equal_sides_have_no_change_and_no_error() -> None:
    side = sample([3, 9], 0)
    change = change_between(side, side)
    assert change == ApChange(0.0, 0.0, change.degrees if change else 0)
    assert change is not None and change.chance_above(-0.003) == 1.0


def test_no_object_is_no_change() -> None:
    nothing = ApSample(np.full((5, 2), np.nan), np.zeros(2, np.int64))
    assert change_between(nothing, nothing) is None
