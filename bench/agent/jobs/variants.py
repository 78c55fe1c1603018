"""Runs all images once and reads the outputs in several ways: one shard of detections for each way.

What the ways mean and which of them is right is left to the controller. A way that cannot be gone (its
description does not fit the outputs) ends by itself; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.agent.context import JobContext
from bench.agent.extremes import Extremes
from bench.agent.failure import limit_memory
from bench.agent.model import LoadedModel
from bench.agent.photos import first_images
from bench.agent.pixels import PixelSource
from bench.agent.runtimes import runtime_class
from bench.agent.runtimes.base import Array, Runtime
from bench.agent.shards import Shard, shard_name
from bench.detectors import Detector, Geometry
from bench.errors import BenchError
from bench.wire.description import ModelDescription

# What numpy raises where a description speaks of tensors that the model does not have.
_MISFITS = (BenchError, ValueError, IndexError, TypeError, OverflowError)


def run(context: JobContext) -> dict[str, Any]:
    """Run all images.

    Returns:
        `variants`: for each of the job's, `file` of its detections (empty where it could not be gone),
        `reason`, and counts as of an accuracy pass; `outputs`: what the raw outputs held, see `Extremes`.
    """
    images, job = first_images(context, len(context.job.images)), context.job
    limit_memory(job.memory_limit_bytes)
    runtime = runtime_class(job.runtime.name)(context.locate(job.model), job.runtime)
    ways = [_Way(description, runtime) for description in job.variants]
    extremes = _run_all(context, runtime, ways)
    return {
        "num_images": len(images),
        "variants": [way.finish(context, index, len(images)) for index, way in enumerate(ways)],
        "outputs": extremes.summary(),
    }


def _run_all(context: JobContext, runtime: Runtime, ways: Sequence[_Way]) -> Extremes:
    source, extremes = PixelSource(context), Extremes(runtime.outputs)
    for index, image in enumerate(context.job.images):
        open_ways = [way for way in ways if way.detector is not None]
        if not open_ways:
            break
        pixels, geometry = source.read(index)
        model = LoadedModel(runtime, open_ways[0].detector, context.job.description, 0)  # type: ignore[arg-type]
        outputs = model.run(model.to_inputs(pixels))
        extremes.add(outputs)
        for way in open_ways:
            way.read(image.id, outputs, geometry)
        context.reporter.report("progress", done=index + 1, total=len(context.job.images))
    source.close()
    return extremes


class _Way:
    """One way to read the outputs, and what it found."""

    def __init__(self, description: ModelDescription, runtime: Runtime) -> None:
        self.detector: Detector | None = None
        self._reason = ""
        self._shard = Shard()
        self._num_detections = self._num_outside = 0
        try:
            self.detector = Detector(description, runtime.inputs, runtime.outputs)
        except _MISFITS as problem:
            self._give_up(problem)

    def read(self, image_id: int, outputs: Sequence[Array], geometry: Geometry) -> None:
        """Read one image's outputs, unless this way has ended."""
        assert self.detector is not None
        try:
            found = self.detector.postprocess(outputs, geometry)
        except _MISFITS as problem:
            self._give_up(problem)
            return
        self._num_detections += len(found.scores)
        self._num_outside += found.num_outside
        self._shard.add(image_id, found)

    def finish(self, context: JobContext, index: int, num_images: int) -> dict[str, Any]:
        """Write what was found and say what came of it."""
        is_whole = self.detector is not None and len(self._shard.image_ids) == num_images
        name = shard_name(index) if is_whole else ""
        if name:
            self._shard.save(context.folder / name)
        counts = {"num_detections": self._num_detections, "boxes_outside": self._num_outside}
        return {"file": name, "reason": self._reason, **counts}

    def _give_up(self, problem: Exception) -> None:
        is_ours = isinstance(problem, BenchError)
        self._reason = str(problem) if is_ours else f"{type(problem).__name__}: {problem}"
        self.detector = None
