"""Runs all images in order and writes what was found, shard by shard.

Where there is more than one core and it pays, photos are prepared, the model runs and outputs are read beside
each other, in three threads and, for photos, a second process (`bench.agent.preparer`), so that a pass takes
as long as the slowest of them. Scoring is left to the controller. A shard
that was journalled is safe: whoever goes on after a break asks only for the images behind it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from bench.agent.ahead import ahead, num_cores
from bench.agent.context import JobContext
from bench.agent.model import LoadedModel, load_model
from bench.agent.photos import first_images
from bench.agent.pixels import PixelSource
from bench.agent.runtimes.base import Array
from bench.agent.shards import Shard, shard_name
from bench.detectors import Detections, Geometry
from bench.wire.job import ImageRef

T = TypeVar("T")

# People read progress; oftener than this only costs syncs.
_PROGRESS_NS = 500_000_000
# Images that are run one stage after the other, to see how long each takes; the first call is no measure.
_TRIAL = 4
# What two hand-overs a photo cost: waking threads, and waiting for each other in Python code.
_HANDING_NS = 300_000
_STAGES = ("prepare_ns", "convert_ns", "invoke_ns", "postprocess_ns")


def run(context: JobContext) -> dict[str, Any]:
    """Run all images.

    Returns:
        Counts (`boxes_outside`: boxes whose centre lies outside of their photo), and the time of each stage
        over all images in ns: `prepare_ns` decodes and resizes or reads prepared pixels, `convert_ns`
        normalises and quantizes, `invoke_ns` is all that the runtime does. With `is_overlapped` they passed
        beside each other and add up to more than `pass_ns`, from the first photo to the last shard.
        `num_beside` photos were prepared by a second process.
    """
    start = time.perf_counter_ns()
    images = first_images(context, len(context.job.images))
    with contextlib.closing(PixelSource(context)) as source:
        # Before the runtime is there: threads and locks of native code do not survive a fork.
        source.start_preparer()
        accuracy = _AccuracyPass(context, load_model(context), source)
        loaded = time.perf_counter_ns()
        accuracy.run_all(images)
        ended = time.perf_counter_ns()
    return {
        "num_images": len(images),
        "num_detections": accuracy.num_detections,
        **accuracy.spent_ns,
        "load_ns": accuracy.model.load_ns,
        "pass_ns": ended - loaded,
        "total_ns": time.perf_counter_ns() - start,
        "is_overlapped": accuracy.is_overlapped,
        "prepared": accuracy.source.status,
        "num_beside": accuracy.source.num_beside,
        "prepared_note": accuracy.source.note,
        "boxes_outside": accuracy.boxes_outside,
        "proof": accuracy.model.runtime.proof(),
    }


class _AccuracyPass:
    """One walk over the images, with its counts and times."""

    def __init__(self, context: JobContext, model: LoadedModel, source: PixelSource) -> None:
        self.model, self.source = model, source
        self.num_detections = self.boxes_outside = 0
        self.spent_ns = dict.fromkeys(_STAGES, 0)
        self.is_overlapped = False
        # A limit is one on address space, of which a thread reserves far more than it uses.
        self._may_overlap = num_cores() > 1 and context.job.memory_limit_bytes == 0
        self._least_ns: dict[str, int] = {}
        self._context = context
        self._shard, self._num_shards = Shard(), 0
        self._reported_ns = time.perf_counter_ns()

    def run_all(self, images: tuple[ImageRef, ...]) -> None:
        """Run the images in order, and finish a shard whenever one is full."""
        with contextlib.closing(self._walk(len(images))) as walk:
            for index, (image, found) in enumerate(zip(images, walk, strict=True)):
                self.num_detections += len(found.scores)
                self.boxes_outside += found.num_outside
                self._shard.add(image.id, found)
                if len(self._shard.image_ids) >= self._context.job.shard_size or index + 1 == len(images):
                    self._finish_shard()
                self._tell_progress(index + 1, len(images))
        self.source.close()

    def _walk(self, num_images: int) -> Generator[Detections]:
        """Yield what is found in each image, in order; the first ones tell whether threads would pay."""
        # The first photo is prepared here while the second is prepared there.
        self.source.begin_preparer(1)
        yield from self._results(range(num_images)[:_TRIAL])
        self.is_overlapped = self._may_overlap and self._would_pay()
        if not self.is_overlapped:
            self.source.stop_preparer()
        with contextlib.closing(self._results(range(num_images)[_TRIAL:])) as results:
            yield from results

    def _would_pay(self) -> bool:
        """Whether all stages but the longest take more time than handing photos between threads does."""
        return sum(self._least_ns.values()) - max(self._least_ns.values()) > _HANDING_NS

    def _results(self, places: range) -> Generator[Detections]:
        with contextlib.closing(self._beside(self._outputs(places))) as results:
            for outputs, geometry in results:
                yield self._spend("postprocess_ns", self.model.postprocess, outputs, geometry)

    def _outputs(self, places: range) -> Generator[tuple[list[Array], Geometry]]:
        """Yield each image's raw outputs and the way back to the photo."""
        with contextlib.closing(self._beside(self._inputs(places))) as prepared:
            for inputs, geometry in prepared:
                yield self._spend("invoke_ns", self.model.run, inputs), geometry

    def _inputs(self, places: range) -> Generator[tuple[list[Array], Geometry]]:
        """Yield each image's input tensors and where the photo lies in them."""
        for index in places:
            before = self.source.spent_ns
            pixels, geometry = self.source.read(index)
            self._note("prepare_ns", self.source.spent_ns - before)
            yield self._spend("convert_ns", self.model.to_inputs, pixels), geometry

    def _beside(self, stage: Generator[T]) -> Generator[T]:
        """Let a stage go on in a thread of its own, where that pays."""
        return ahead(stage) if self.is_overlapped else stage

    def _spend(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter_ns()
        result = work(*arguments)
        self._note(stage, time.perf_counter_ns() - start)
        return result

    def _note(self, stage: str, spent_ns: int) -> None:
        self.spent_ns[stage] += spent_ns
        self._least_ns[stage] = min(spent_ns, self._least_ns.get(stage, spent_ns))

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
