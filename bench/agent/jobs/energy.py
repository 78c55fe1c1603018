"""What an inference costs in energy: power at rest, then power while the model runs, as raw samples.

A process and a loop of its own: reading a meter ten times a second would disturb timed calls. Rest is
measured first, before the model is loaded. What the samples add up to is left to the controller.
"""

from __future__ import annotations

import time
from typing import Any

from bench.agent.context import JobContext
from bench.agent.inputs import prepare_inputs
from bench.agent.loops import collector_off, time_until, warm_up
from bench.agent.model import LoadedModel, load_model
from bench.agent.photos import first_images
from bench.agent.probes.power import Meter, open_meter, sample_while
from bench.agent.probes.under_load import under_load
from bench.agent.runtimes.base import Array

_CLOCK = time.perf_counter_ns


def run(context: JobContext) -> dict[str, Any]:
    """Measure at rest and under load for `energy_seconds` each.

    Returns:
        `meter` None where there is none. `idle` and `load` hold `start_ns`, `stop_ns` and `samples` (time in
        ns, then the meter's numbers in the order of `columns`); `num_calls` were made under load.
    """
    meter, seconds = open_meter(), context.job.energy_seconds
    if meter is None:
        return {"meter": None, "num_calls": 0}
    idle = _at_rest(meter, seconds)
    model = load_model(context)
    inputs = prepare_inputs(context, model, first_images(context, context.job.latency.num_images))
    with collector_off():
        warm_up(lambda call: model.run(inputs[call % len(inputs)]), context.job.latency, _CLOCK)
        load, num_calls = _under_load(meter, model, inputs, seconds)
        loaded = under_load(lambda call: model.run(inputs[call % len(inputs)]))
    return {
        "meter": meter.kind,
        "columns": list(meter.columns),
        "wraps": list(meter.wraps),
        "idle": idle,
        "load": load,
        "num_calls": num_calls,
        "under_load": loaded,
        "proof": model.runtime.proof(),
    }


def _at_rest(meter: Meter, seconds: float) -> dict[str, Any]:
    def rest() -> tuple[int, int]:
        start = _CLOCK()
        time.sleep(seconds)
        return start, _CLOCK()

    samples, (start, stop) = sample_while(meter, rest)
    return {"start_ns": start, "stop_ns": stop, "samples": samples}


def _under_load(
    meter: Meter, model: LoadedModel, inputs: list[list[Array]], seconds: float
) -> tuple[dict[str, Any], int]:
    def work() -> tuple[int, int, int]:
        start = _CLOCK()
        calls = time_until(model.runtime, inputs, start + int(seconds * 1e9), 0, _CLOCK)
        return start, _CLOCK(), len(calls)

    samples, (start, stop, num_calls) = sample_while(meter, work)
    return {"start_ns": start, "stop_ns": stop, "samples": samples}, num_calls
