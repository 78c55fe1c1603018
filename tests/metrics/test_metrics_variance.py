"""Variance components of boards, processes and calls: by hand, against scipy, and simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.metrics.variance import variance_components

Samples = dict[str, list[np.ndarray]]

# Processes of each board and calls of each process, as differing budgets leave them.
UNBALANCED = {"a": (50, 50, 20), "b": (50, 10), "c": (40, 40, 40, 5)}


def times_of(logs: dict[str, list[list[float]]]) -> Samples:
    return {board: [np.exp(np.array(calls)) for calls in processes] for board, processes in logs.items()}


def drawn(rng: np.random.Generator, board: float, process: float, call: float) -> Samples:
    """Draw times of an unbalanced design with these standard deviations of their logarithms."""
    return {
        name: [
            np.exp(16 + effect + rng.normal(0, process) + rng.normal(0, call, count)) for count in processes
        ]
        for name, processes in UNBALANCED.items()
        for effect in [rng.normal(0, board)]
    }


def test_a_hand_worked_example() -> None:
    # Process means 2, 6 | 10, 12; board means 4 | 11; all 7.5. Squares: calls 8 (4 degrees), processes 20
    # (2), boards 98 (1). So call = 2, process = (10 - 2) / 2 = 4, board = (98 - 10) / 4 = 22.
    found = variance_components(times_of({"a": [[1, 3], [5, 7]], "b": [[9, 11], [11, 13]]}))
    assert (found.board, found.process, found.call) == pytest.approx((22, 4, 2))
    assert (found.num_boards, found.num_processes, found.num_calls, found.negative) == (2, 4, 8, ())
    # The mean's variance is 22 / 2 + 4 / 4 + 2 / 8.
    assert found.contributions() == pytest.approx(
        {"board": 11 / 12.25, "process": 1 / 12.25, "call": 0.25 / 12.25}
    )


def test_on_one_board_processes_and_calls_are_those_of_the_one_way_analysis_of_variance() -> None:
    rng = np.random.default_rng(0)
    logs = [rng.normal(rng.normal(16, 0.02), 0.01, 30) for _ in range(10)]
    found = variance_components({"": [np.exp(calls) for calls in logs]})
    ratio = stats.f_oneway(*logs).statistic
    within = float(np.mean([calls.var(ddof=1) for calls in logs]))
    assert found.call == pytest.approx(within)
    assert found.process == pytest.approx((ratio - 1) * within / 30)


def test_one_board_says_nothing_of_boards() -> None:
    found = variance_components(times_of({"a": [[1, 2], [2, 4]], "idle": []}))
    assert found.board is None and found.process is not None
    assert set(found.contributions()) == {"process", "call"}


def test_what_cannot_be_told_from_the_level_below_is_unknown() -> None:
    one_process = variance_components(times_of({"a": [[1, 2]], "b": [[4, 5]]}))
    assert (one_process.board, one_process.process) == (None, None) and one_process.call is not None
    one_call = variance_components(times_of({"a": [[1], [2]], "b": [[4], [6]]}))
    assert (one_call.board, one_call.process, one_call.call) == (None, None, None)
    nothing = variance_components({})
    assert nothing.contributions() == {} and nothing.call is None


def test_a_negative_estimate_is_zero_and_is_said() -> None:
    # The boards' means agree to the last digit, their processes do not.
    found = variance_components(times_of({"a": [[1, 2], [5, 6]], "b": [[2, 1], [6, 5]]}))
    assert found.board == 0.0 and found.negative == ("board",)
    assert found.contributions()["board"] == 0.0


def test_simulated_components_come_out_on_average_however_unequal_the_counts() -> None:
    rng, truth = np.random.default_rng(7), {"board": 0.3, "process": 0.05, "call": 0.02}
    found = [variance_components(drawn(rng, **truth)) for _ in range(600)]
    for level, deviation in truth.items():
        values = np.array([getattr(one, level) for one in found])
        error = values.std() / np.sqrt(len(values))
        assert values.mean() == pytest.approx(deviation**2, abs=4 * error), level
        # Truncation would move the mean; at these deviations it is rare.
        assert np.mean(values == 0) < 0.02


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_a_clock_of_another_unit_and_another_order_change_nothing(seed: int, factor: float) -> None:
    samples = drawn(np.random.default_rng(seed), 0.1, 0.05, 0.02)
    turned = {
        board: [calls[::-1] * factor for calls in reversed(processes)]
        for board, processes in reversed(samples.items())
    }
    one, two = variance_components(samples), variance_components(turned)
    assert (two.board, two.process, two.call) == pytest.approx(
        (one.board, one.process, one.call), rel=1e-6, abs=1e-12
    )


def test_a_time_of_zero_nanoseconds_is_taken_as_the_least_a_clock_can_tell() -> None:
    assert variance_components({"a": [[0, 1], [1, 1]]}).call == 0.0
