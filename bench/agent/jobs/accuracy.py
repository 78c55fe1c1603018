"""Runs all images in order and writes what was found, shard by shard.

Scoring is left to the controller. A shard that was journalled is safe: whoever goes on after a break asks
only for the images behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.agent.context import JobContext
from bench.agent.model import LoadedModel, load_model
from bench.agent.photos import first_images
from bench.agent.pixels import PixelSource
from bench.agent.shards import Shard, shard_name
from bench.detectors import Detections
from bench.wire.job import ImageRef

# People read progress; oftener than this only costs syncs.
_PROGRESS_NS = 500_000_000
_STAGES = ("prepare_ns", "convert_ns", "invoke_ns", "postprocess_ns")


def run(context: JobContext) -> dict[str, Any]:
    """Run all images.

    Returns:
        Counts (`boxes_outside`: boxes whose centre lies outside of their photo), and the time of each stage
        over all images in ns: `prepare_ns` decodes and resizes or reads prepared pixels, `convert_ns`
        normalises and quantizes, `invoke_ns` is all that the runtime does.
    """
    start = time.perf_counter_ns()
    images = first_images(context, len(context.job.images))
    accuracy = _AccuracyPass(context, load_model(context))
    accuracy.run_all(images)
    return {
        "num_images": len(images),
        "num_detections": accuracy.num_detections,
        **accuracy.spent_ns,
        "load_ns": accuracy.model.load_ns,
        "total_ns": time.perf_counter_ns() - start,
        "prepared": accuracy.source.status,
        "prepared_note": accuracy.source.note,
        "boxes_outside": accuracy.boxes_outside,
        "proof": accuracy.model.runtime.proof(),
    }


class _AccuracyPass:
    """One walk over the images, with its counts and times."""

    def __init__(self, context: JobContext, model: LoadedModel) -> None:
        self.model = model
        self.source = PixelSource(context)
        self.num_detections = self.boxes_outside = 0
        self.spent_ns = dict.fromkeys(_STAGES, 0)
        self._context = context
        self._shard, self._num_shards = Shard(), 0
        self._reported_ns = time.perf_counter_ns()

    def run_all(self, images: tuple[ImageRef, ...]) -> None:
        for index, image in enumerate(images):
            found = self._run_one(index)
            self.num_detections += len(found.scores)
            self.boxes_outside += found.num_outside
            self._shard.add(image.id, found)
            if len(self._shard.image_ids) >= self._context.job.shard_size or index + 1 == len(images):
                self._finish_shard()
            self._tell_progress(index + 1, len(images))
        self.source.close()

    def _run_one(self, index: int) -> Detections:
        pixels, geometry = self._spend("prepare_ns", self.source.read, index)
        inputs = self._spend("convert_ns", self.model.to_inputs, pixels)
        outputs = self._spend("invoke_ns", self.model.run, inputs)
        found: Detections = self._spend("postprocess_ns", self.model.postprocess, outputs, geometry)
        return found

    def _spend(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter_ns()
        result = work(*arguments)
        self.spent_ns[stage] += time.perf_counter_ns() - start
        return result

    def _finish_shard(self) -> None:
        name = shard_name(self._num_shards)
        self._shard.save(self._context.folder / name)
        self._context.reporter.report(
            "shard", index=self._num_shards, file=name, image_ids=self._shard.image_ids
        )
        self._shard, self._num_shards = Shard(), self._num_shards + 1

    def _tell_progress(self, done: int, total: int) -> None:
        now = time.perf_counter_ns()
        if done == total or now - self._reported_ns >= _PROGRESS_NS:
            self._reported_ns = now
            self._context.reporter.report("progress", done=done, total=total)
