"""LoadedModel: a runtime that holds a model, and the detector that feeds and reads it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.agent.context import JobContext
from bench.agent.failure import limit_memory
from bench.agent.photos import decode_file, prepare_photo
from bench.agent.runtimes import runtime_class
from bench.agent.runtimes.base import Array, Runtime
from bench.detectors import Detections, Detector, Geometry, resize, to_input
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.job import ImageRef


@dataclass(frozen=True)
class LoadedModel:
    """A model, ready to run.

    Attributes:
        load_ns: from the model file to a ready session; importing the runtime is not in it.
    """

    runtime: Runtime
    detector: Detector
    description: ModelDescription
    load_ns: int

    def resize(self, photo: Array) -> tuple[Array, Geometry]:
        """Return the pixels of the input, (height, width, 3) uint8, and the way back to the photo's."""
        return resize(photo, self.description.preprocess)

    def to_inputs(self, pixels: Array) -> list[Array]:
        """Return the input tensors: normalised, quantized, laid out."""
        return [to_input(pixels, self.description.preprocess, self.runtime.inputs[0])]

    def run(self, inputs: list[Array]) -> list[Array]:
        """Feed, invoke and fetch: all that the runtime does for one photo."""
        self.runtime.feed(inputs)
        self.runtime.invoke()
        return self.runtime.fetch()

    def postprocess(self, outputs: list[Array], geometry: Geometry) -> Detections:
        """Return the boxes of one photo, in its own pixels."""
        return self.detector.postprocess(outputs, geometry)


def load_model(context: JobContext) -> LoadedModel:
    """Load the model of a job, within its memory limit.

    Raises:
        ModelError: the file cannot be loaded, or does not fit its description.
    """
    job = context.job
    make_runtime = runtime_class(job.runtime.name)
    limit_memory(job.memory_limit_bytes)
    path = context.locate(job.model)
    start = time.perf_counter_ns()
    runtime = make_runtime(path, job.runtime)
    load_ns = time.perf_counter_ns() - start
    try:
        detector = Detector(job.description, runtime.inputs, runtime.outputs)
    except ModelError as problem:
        raise ModelError(f"{path}: {problem}") from problem
    return LoadedModel(runtime, detector, job.description, load_ns)


def read_pixels(context: JobContext, image: ImageRef) -> tuple[Array, Geometry]:
    """Read, decode and resize one photo.

    Raises:
        DataError: it is missing or damaged; the message names the file.
    """
    return prepare_photo(context.locate(image.path), image, context.job.description.preprocess)


def decode_named(context: JobContext, image: ImageRef, data: bytes) -> Array:
    """Decode a photo; an error names its file."""
    return decode_file(context.locate(image.path), image, data)
