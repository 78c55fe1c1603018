"""Reads the photos of a job, holds them against the hashes that were planned, and makes them pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bench.agent.context import JobContext
from bench.agent.runtimes.base import Array
from bench.detectors import Geometry, decode_photo, resize
from bench.errors import DataError, JobError
from bench.wire.description import Preprocess
from bench.wire.job import ImageRef


def read_photo(context: JobContext, image: ImageRef) -> bytes:
    """Return the bytes of one photo.

    Raises:
        DataError: it is missing, unreadable, or not the photo that was planned.
    """
    return _read_file(context.locate(image.path), image)


def prepare_photo(path: Path, image: ImageRef, preprocess: Preprocess) -> tuple[Array, Geometry]:
    """Read, check, decode and resize one photo.

    Returns:
        Pixels (height, width, 3) uint8, and the way back to the photo's own.

    Raises:
        DataError: it is missing, damaged or another one; the message names the file.
    """
    return resize(decode_file(path, image, _read_file(path, image)), preprocess)


def decode_file(path: Path, image: ImageRef, data: bytes) -> Array:
    """Decode a photo; an error names its file."""
    try:
        return decode_photo(data, (image.width, image.height), image.fill)
    except DataError as problem:
        raise DataError(f"{path}: image {image.id} cannot be used: {problem}") from problem


def _read_file(path: Path, image: ImageRef) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise DataError(
            f"{path}: image {image.id} cannot be read ({problem.strerror}); restore the file or take it out "
            "of the annotations"
        ) from problem
    if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
        raise DataError(f"{path}: image {image.id} changed since the run was planned; start a new run")
    return data


def first_images(context: JobContext, count: int) -> tuple[ImageRef, ...]:
    """Return the first `count` images of a job, or all where it has fewer.

    Raises:
        JobError: the job names no image.
    """
    if not context.job.images:
        raise JobError(f"job {context.job.id!r} names no image, expected at least one to run the model on")
    return context.job.images[:count]
