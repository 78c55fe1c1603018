"""The inference loop for minutes, with temperature, clock and throttling over time.

Between stretches of timed calls the machine is looked at while untimed calls go on, so that no look falls
into a timed call and the processor never rests. Raw samples go to a file; what they show (burst, steady
state) is left to the controller.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.agent.context import JobContext
from bench.agent.inputs import prepare_inputs
from bench.agent.loops import collector_off, time_until, warm_up
from bench.agent.model import LoadedModel, load_model
from bench.agent.photos import first_images
from bench.agent.probes.under_load import under_load
from bench.agent.runtimes.base import Array

FILE_NAME = "sustained.npz"

_CLOCK = time.perf_counter_ns


def run(context: JobContext) -> dict[str, Any]:
    """Run for `sustained_seconds` and write `sustained.npz`.

    The file holds `latency_ns` (n,) uint32, or uint64 where a call took longer than 4.2 s; and of the k
    stretches `stretch_start` (k,) int64, the index of its first call, `start_ns` and `stop_ns` (k,) int64
    from the start of the loop.

    Returns:
        `file`, `num_calls`, `seconds`, and `probes`: one before the first stretch, one after each, with
        `at_ns` from the start of the loop.
    """
    model = load_model(context)
    images = first_images(context, context.job.latency.num_images)
    inputs = prepare_inputs(context, model, images)
    loop = _Loop(context, model, inputs)
    with collector_off():
        warm_up(loop.step, context.job.latency, _CLOCK)
        loop.run()
    loop.save(context.folder / FILE_NAME)
    context.reporter.report("shard", file=FILE_NAME, num_calls=loop.num_calls)
    return {
        "file": FILE_NAME,
        "num_calls": loop.num_calls,
        "seconds": (loop.stops[-1] if loop.stops else 0) / 1e9,
        "probes": loop.probes,
        "load_ns": model.load_ns,
        "num_images": len(images),
        "proof": model.runtime.proof(),
    }


class _Loop:
    """Stretches of timed calls with a look at the machine after each."""

    def __init__(self, context: JobContext, model: LoadedModel, inputs: list[list[Array]]) -> None:
        self._context, self._model, self._inputs = context, model, inputs
        self._latencies: list[Array] = []
        self._firsts: list[int] = []
        self._starts: list[int] = []
        self._origin_ns = 0
        self.stops: list[int] = []
        self.probes: list[dict[str, Any]] = []
        self.num_calls = 0

    def step(self, call: int) -> None:
        """Make one untimed call."""
        self._model.run(self._inputs[call % len(self._inputs)])

    def run(self) -> None:
        """Go on until the time is up; a look is never the reason for one stretch more."""
        job = self._context.job
        total_ns, stretch_ns = int(job.sustained_seconds * 1e9), int(job.probe_seconds * 1e9)
        self._origin_ns = _CLOCK()
        self._look()
        while (begun := self._now()) < total_ns:
            self._stretch(begun, min(begun + stretch_ns, total_ns))
            self._look()
            self._context.reporter.report("progress", done=min(self._now(), total_ns), total=total_ns)

    def save(self, path: Path) -> None:
        """Write the samples under their name only when the file is complete and on the disk."""
        latencies = np.concatenate(self._latencies) if self._latencies else np.zeros(0, np.uint32)
        scratch = path.with_name(path.name + ".scratch")
        with open(scratch, "wb") as file:
            np.savez_compressed(
                file,
                latency_ns=latencies,
                stretch_start=np.array(self._firsts, np.int64),
                start_ns=np.array(self._starts, np.int64),
                stop_ns=np.array(self.stops, np.int64),
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)

    def _stretch(self, begun: int, end: int) -> None:
        samples = time_until(self._model.runtime, self._inputs, self._origin_ns + end, self.num_calls, _CLOCK)
        self.stops.append(self._now())
        self._starts.append(begun)
        self._firsts.append(self.num_calls)
        # 4 bytes a call: half an hour of calls of 1 ms takes 7 MB.
        is_short = max(samples) < 2**32
        self._latencies.append(np.array(samples, np.uint32 if is_short else np.uint64))
        self.num_calls += len(samples)

    def _look(self) -> None:
        found = under_load(self.step)
        self.probes.append({"at_ns": self._now(), **found})

    def _now(self) -> int:
        return _CLOCK() - self._origin_ns
