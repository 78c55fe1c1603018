"""The input tensors that a loop rotates through, made before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from bench.agent.context import JobContext
from bench.agent.model import LoadedModel, read_pixels
from bench.agent.runtimes.base import Array
from bench.wire.job import ImageRef


def prepare_inputs(context: JobContext, model: LoadedModel, images: Sequence[ImageRef]) -> list[list[Array]]:
    """Return the input tensors of each photo; decoded photos are large, so one is held at a time."""
    return [model.to_inputs(read_pixels(context, image)[0]) for image in images]
