"""What the preparing process does: photos to pixels, beside the process that runs the model.

It waits to be told where to begin and then writes a frame for each photo, as far ahead as the pipe takes. Of
errors it says nothing: it ends, and whoever reads prepares that photo itself and meets the error in its own
process.
"""

from __future__ import annotations

import os
import struct
import time

import numpy as np

from bench.agent.context import JobContext
from bench.agent.photos import prepare_photo

# What stands before the pixels, (height, width, 3) uint8 of the input: the photo's place in the job, its own
# width and height, and the ns that preparing it took.
FRAME = struct.Struct("<IIIQ")

# A place in the job, in digits.
_LONGEST_PLACE = 32


def prepare_photos(context: JobContext, orders: int, frames: int) -> None:
    """Prepare the photos of a job from the place on that is asked for, until none is left or none is wanted.

    Args:
        orders: descriptor that the place comes from; its end without one means that nothing is wanted.
        frames: descriptor that takes the frames.

    Raises:
        OSError: nobody reads any more.
        DataError: a photo cannot be used.
    """
    # The first photo is prepared for nothing: decoders are loaded by the first photo of their kind.
    _prepared(context, 0)
    place = os.read(orders, _LONGEST_PLACE)
    if not place:
        return
    for index in range(int(place), len(context.job.images)):
        for part in _prepared(context, index):
            _write(frames, part)


def _prepared(context: JobContext, index: int) -> tuple[bytes, memoryview]:
    start, image = time.perf_counter_ns(), context.job.images[index]
    path, preprocess = context.locate(image.path), context.job.description.preprocess
    pixels, geometry = prepare_photo(path, image, preprocess)
    spent = time.perf_counter_ns() - start
    return FRAME.pack(index, geometry.width, geometry.height, spent), np.ascontiguousarray(pixels).data


def _write(descriptor: int, part: bytes | memoryview) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[os.write(descriptor, left) :]
