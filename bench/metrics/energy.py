"""Energy of one inference from sampled power: what the loop used, minus what rest would have used.

A figure exists only where a meter was read for long enough; nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.measure import MeasureOptions
from bench.core.metric import Metric, make_metric
from bench.metrics.estimate import estimated, joined
from bench.stats import median_interval

# A mean of fewer samples follows its single readings.
MIN_SECONDS = 3.0
MIN_SAMPLES = 20

# Of power at rest: what a loop draws above it must be more than this, or it is lost in the readings.
LEAST_SHARE = 0.01

# What each meter sees.
_METERS = {
    "pmic": "power chip of the board, sum over its rails, without what draws from 5 V directly (USB, HATs)",
    "rapl": "processor packages (RAPL), without the rest of the machine",
}

# The agent's `energy` result, see `bench.agent.jobs.energy`.
Probe = Mapping[str, Any]


def energy_metrics(probes: Sequence[Probe], measure: MeasureOptions) -> tuple[Metric, ...]:
    """Summarise energy and power by medians over processes; empty where the machine has no meter.

    Args:
        probes: the results of valid `energy` jobs.
    """
    metered = [probe for probe in probes if probe.get("meter")]
    if not metered:
        return ()
    able = [probe for probe in metered if _is_long_enough(probe)]
    if not able:
        note = (
            f"needs {MIN_SAMPLES} samples and {MIN_SECONDS:g} s at rest and under load: raise measure.energy"
        )
        return (make_metric("energy_per_inference_j", None, note=note),)
    loads = [mean_watts(probe, probe["load"]) for probe in able]
    rests = [mean_watts(probe, probe["idle"]) for probe in able]
    seconds = [_seconds(probe["load"]) / probe["num_calls"] for probe in able]
    net = [(load - rest) * time for load, rest, time in zip(loads, rests, seconds, strict=True)]
    gross = [load * time for load, time in zip(loads, seconds, strict=True)]
    note = _note(able)
    return (
        _net_metric(net, [g - n for g, n in zip(gross, net, strict=True)], note, measure),
        _metric("energy_per_inference_gross_j", gross, note, measure),
        _metric("load_power_w", loads, note, measure),
        _metric("idle_power_w", rests, note, measure),
    )


def missing_energy(lines: Sequence[Mapping[str, Any]]) -> tuple[Metric, ...]:
    """Say why a machine with a meter has no energy figure; nothing where none was to be measured.

    Args:
        lines: of the case's journal, those of kind `energy`, none of them both finished and valid.
    """
    if not lines:
        return ()
    why = f"none of {len(lines)} readings counts: {lines[-1].get('reason') or 'no reason was recorded'}"
    return (make_metric("energy_per_inference_j", None, note=why),)


def mean_watts(probe: Probe, part: Mapping[str, Any]) -> float:
    """Return the mean power of one part of a probe, watts."""
    samples = np.asarray(part["samples"], np.float64)
    start, stop = part["start_ns"], part["stop_ns"]
    if probe.get("wraps"):
        joules = counted_joules(samples[:, 0], samples[:, 1:], probe["wraps"], start, stop)
    else:
        joules = trapezoid_joules(samples[:, 0], samples[:, 1:].sum(axis=1), start, stop)
    return joules / _seconds(part)


def trapezoid_joules(
    at_ns: NDArray[np.float64], watts: NDArray[np.float64], start_ns: float, stop_ns: float
) -> float:
    """Return the energy between two times from samples of power, joined by straight lines.

    Args:
        at_ns: (n,) rising; before the first and behind the last sample power is that sample's.
        watts: (n,).
    """
    inside = (at_ns > start_ns) & (at_ns < stop_ns)
    times = np.concatenate([[start_ns], at_ns[inside], [stop_ns]])
    powers = np.interp(times, at_ns, watts)
    return float(np.sum((powers[1:] + powers[:-1]) / 2 * np.diff(times)) / 1e9)


def counted_joules(
    at_ns: NDArray[np.float64],
    microjoules: NDArray[np.float64],
    wraps: Sequence[float],
    start_ns: float,
    stop_ns: float,
) -> float:
    """Return the energy between two times from counters that start anew behind `wraps`.

    Args:
        at_ns: (n,) rising; the counters move evenly between two samples.
        microjoules: (n, k), one column a counter.
        wraps: (k,) the largest value of each counter; 0 for one that never starts anew.
    """
    steps = np.diff(microjoules, axis=0)
    # A counter runs from 0 to its largest value, both included.
    steps += np.where(steps < 0, np.asarray(wraps, np.float64) + 1, 0.0)
    used = np.concatenate([[0.0], np.cumsum(steps.sum(axis=1))])
    return float(np.diff(np.interp([start_ns, stop_ns], at_ns, used))[0] / 1e6)


def _is_long_enough(probe: Probe) -> bool:
    parts = (probe["idle"], probe["load"])
    return bool(probe["num_calls"]) and all(
        len(part["samples"]) >= MIN_SAMPLES and _seconds(part) >= MIN_SECONDS for part in parts
    )


def _seconds(part: Mapping[str, Any]) -> float:
    return float(part["stop_ns"] - part["start_ns"]) / 1e9


def _net_metric(values: list[float], rest: list[float], note: str, measure: MeasureOptions) -> Metric:
    """Make the metric of energy above rest, unless that is lost in the readings of power.

    Args:
        values: energy above rest of one inference in each process, joules.
        rest: what rest would have used in the same time, joules.
    """
    if median_interval(values, measure.level).value > LEAST_SHARE * float(np.median(rest)):
        return _metric("energy_per_inference_j", values, note, measure)
    why = f"the loop drew less than {LEAST_SHARE:.0%} more than rest, so its energy is not resolved"
    return make_metric("energy_per_inference_j", None, count=len(values), note=joined(why, note))


def _metric(name: str, values: list[float], note: str, measure: MeasureOptions) -> Metric:
    return estimated(name, median_interval(values, measure.level), measure.level, len(values), note)


def _note(probes: Sequence[Probe]) -> str:
    meters = sorted({str(probe["meter"]) for probe in probes})
    seconds = mean(_seconds(probe["load"]) for probe in probes)
    calls = sum(int(probe["num_calls"]) for probe in probes)
    return joined(
        *(_METERS.get(meter, meter) for meter in meters), f"{calls:,} calls in loops of {seconds:.1f} s"
    )
