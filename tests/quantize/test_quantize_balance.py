"""Factors that balance channels: positive, bounded by rectifiers, and of no effect where all is even."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.quantize.balance import channel_factors, most_raised, raised_reach

REACH = arrays(np.float32, 6, elements=st.floats(0, 1e4, width=32))
WEIGHTS = arrays(np.float32, 6, elements=st.floats(2**-10, 1e3, width=32))


@given(REACH, WEIGHTS, st.one_of(st.none(), st.just(6.0)))
def test_no_channel_becomes_louder_than_the_loudest_or_than_a_rectifier_lets_through(
    reach: np.ndarray, weights: np.ndarray, limit: float | None
) -> None:
    reach = raised_reach(reach)
    factors = channel_factors(reach, reach, [weights], limit)
    assert (factors > 0).all() and np.isfinite(factors).all()
    # No factor is below 1e-3, so a channel that needed a smaller one stays louder.
    is_free = factors > 1.001e-3
    scaled = reach[is_free] * factors[is_free]
    assert scaled.max(initial=0) <= reach.max() * 1.001
    if limit is not None:
        is_cut = reach >= 0.97 * limit
        assert (factors[is_cut] == 1).all()
        assert (reach * factors)[is_free & ~is_cut].max(initial=0) <= 0.97 * limit * 1.001


def test_readers_with_a_scale_for_each_channel_make_all_channels_reach_alike() -> None:
    reach = np.array([0.1, 2, 40], np.float32)
    np.testing.assert_allclose(reach * channel_factors(reach, reach, [], None), 40, rtol=1e-5)


def test_two_channels_worked_by_hand() -> None:
    # Equation 11: both ranges of a channel become the geometric mean of the two, up to one common factor.
    first, second = np.array([1, 4], np.float32), np.array([16, 1], np.float32)
    factors = channel_factors(first, first, [second], None)
    np.testing.assert_allclose(factors[0] / factors[1], (16 / 1) ** 0.5 / (1 / 4) ** 0.5)
    np.testing.assert_allclose((first * factors).max(), first.max())


def test_of_several_readers_the_one_with_the_largest_weights_counts() -> None:
    reach = np.array([1, 1], np.float32)
    small, large = np.array([1, 1], np.float32), np.array([9, 1], np.float32)
    both = channel_factors(reach, reach, [small, large], None)
    np.testing.assert_allclose(both, channel_factors(reach, reach, [large], None))


def test_what_is_even_already_stays() -> None:
    even = np.full(4, 3, np.float32)
    np.testing.assert_allclose(channel_factors(even, even, [even], None), 1)
    np.testing.assert_allclose(channel_factors(even, even, [even], 6.0), 1)


def test_no_weight_is_raised_above_32_times_the_largest_of_its_layer() -> None:
    weights = np.array([1, 0.5, 32, 1e-12], np.float32)
    np.testing.assert_allclose(most_raised(weights), [1024, 2048, 32, 1e4])
