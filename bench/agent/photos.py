"""Reads the photos of a job and holds them against the hashes that were planned."""

from __future__ import annotations

import hashlib

from bench.agent.context import JobContext
from bench.errors import DataError, JobError
from bench.wire.job import ImageRef


def read_photo(context: JobContext, image: ImageRef) -> bytes:
    """Return the bytes of one photo.

    Raises:
        DataError: it is missing, unreadable, or not the photo that was planned.
    """
    path = context.locate(image.path)
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
