"""Energy from sampled power, against scipy and worked examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.interpolate import interp1d

from bench.core.measure import MeasureOptions
from bench.metrics.energy import counted_joules, energy_metrics, missing_energy, trapezoid_joules

MEASURE = MeasureOptions()
steps_ns = st.lists(st.integers(1_000_000, 500_000_000), min_size=2, max_size=40)


def part(watts: float, seconds: float, rate: float = 10.0) -> dict[str, Any]:
    times = np.arange(0, seconds + 1 / rate, 1 / rate) * 1e9
    samples = [[time, watts / 4, 3 * watts / 4] for time in times]
    return {"start_ns": 0, "stop_ns": int(seconds * 1e9), "samples": samples}


def probe(idle_w: float, load_w: float, num_calls: int, seconds: float = 5.0) -> dict[str, Any]:
    parts = {"idle": part(idle_w, seconds), "load": part(load_w, seconds)}
    return {"meter": "pmic", "columns": ["a", "b"], "wraps": [], "num_calls": num_calls, **parts}


def by_name(probes: list[dict[str, Any]]) -> dict[str, Any]:
    return {metric.name: metric for metric in energy_metrics(probes, MEASURE)}


@given(steps=steps_ns, data=st.data(), ends=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_energy_is_what_scipy_integrates(
    steps: list[int], data: st.DataObject, ends: tuple[float, float]
) -> None:
    at_ns = np.cumsum(steps).astype(np.float64)
    count = len(steps)
    watts = np.array(data.draw(st.lists(st.floats(0, 30), min_size=count, max_size=count)))
    start, stop = (at_ns[0] + share * (at_ns[-1] - at_ns[0]) for share in sorted(ends))
    times = np.unique(np.concatenate([[start, stop], at_ns[(at_ns > start) & (at_ns < stop)]]))
    expected = trapezoid(interp1d(at_ns, watts)(np.clip(times, at_ns[0], at_ns[-1])), times) / 1e9
    assert trapezoid_joules(at_ns, watts, start, stop) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(
    steps=st.lists(st.integers(0, 900), min_size=1, max_size=50),
    start=st.integers(0, 999),
    wrap=st.just(999),
)
def test_counters_that_start_anew_lose_nothing(steps: list[int], start: int, wrap: int) -> None:
    totals = start + np.concatenate([[0], np.cumsum(steps)])
    seen = (totals % (wrap + 1)).astype(np.float64).reshape(-1, 1)
    times = np.arange(len(totals), dtype=np.float64) * 1e8
    used = counted_joules(times, seen, [wrap], times[0], times[-1])
    assert used == pytest.approx(sum(steps) / 1e6)


def test_between_two_samples_a_counter_moves_evenly() -> None:
    times = np.array([0.0, 1e9, 2e9])
    used = np.array([[0.0, 0.0], [4e6, 2e6], [8e6, 2e6]])
    assert counted_joules(times, used, [10**9, 10**9], 0.5e9, 1.5e9) == pytest.approx(3 + 2)


def test_rest_is_subtracted_and_both_are_told() -> None:
    # 3 W at rest, 7 W under load, 100 calls in 5 s: 4 W x 50 ms = 0.2 J.
    found = by_name([probe(3.0, 7.0, 100) for _ in range(3)])
    assert found["energy_per_inference_j"].value == pytest.approx(0.2)
    assert found["energy_per_inference_gross_j"].value == pytest.approx(0.35)
    assert (found["load_power_w"].value, found["idle_power_w"].value) == pytest.approx((7.0, 3.0))
    metric = found["energy_per_inference_j"]
    assert (metric.unit, metric.direction, metric.count) == ("j", "lower", 3)
    assert metric.level is not None and metric.level < 0.95
    assert "5 V directly" in metric.note and "300 calls in loops of 5.0 s" in metric.note


def test_the_figure_is_the_median_over_processes() -> None:
    found = by_name([probe(3.0, load, 100) for load in (5.0, 7.0, 20.0)])
    assert found["energy_per_inference_j"].value == pytest.approx(0.2)


def test_a_machine_without_a_meter_has_no_figure_at_all() -> None:
    assert energy_metrics([{"meter": None, "num_calls": 0}], MEASURE) == ()
    assert energy_metrics([], MEASURE) == ()


def test_too_few_samples_give_no_figure_and_say_why() -> None:
    found = by_name([probe(3.0, 7.0, 100, seconds=1.0)])
    assert list(found) == ["energy_per_inference_j"] and found["energy_per_inference_j"].value is None
    assert found["energy_per_inference_j"].note.startswith("needs 20 samples and 3 s at rest and under load")


@pytest.mark.parametrize("load_w", [2.9, 3.0, 3.0 + 1e-9, 3.02])
def test_a_loop_that_draws_no_more_than_rest_is_not_resolved_rather_than_nothing(load_w: float) -> None:
    found = by_name([probe(3.0, load_w, 100) for _ in range(3)])
    assert found["energy_per_inference_j"].value is None
    assert found["energy_per_inference_j"].note.startswith("the loop drew less than 1% more")
    assert found["energy_per_inference_gross_j"].value == pytest.approx(load_w * 0.05)


def test_energy_that_could_not_be_measured_says_why() -> None:
    assert missing_energy([]) == ()
    held_back = {"kind": "energy", "status": "ok", "valid": False, "reason": "held back: throttled"}
    (metric,) = missing_energy([held_back, held_back])
    assert (metric.name, metric.value) == ("energy_per_inference_j", None)
    assert metric.note == "none of 2 readings counts: held back: throttled"
