"""Photos as arrays of one input size, decoded once and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.building.fingerprint import RESIZE_CODE, code_hash
from bench.detectors.photo import decode_photo
from bench.detectors.preprocess import resize
from bench.errors import DataError
from bench.wire.codec import content_hash
from bench.wire.description import Preprocess
from bench.wire.job import ImageRef


def prepared_pixels(images: Sequence[ImageRef], preprocess: Preprocess, root: Path) -> NDArray[np.uint8]:
    """Return photos resized for a model, from the cache where they are there.

    Args:
        root: of the artifact store.

    Returns:
        (num_images, height, width, 3) uint8 in the model's channel order.

    Raises:
        DataError: a photo is missing, unreadable, or not the one that was listed.
    """
    path = root / "pixels" / f"{_pixels_key(images, preprocess)}.npy"
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError):
        pixels = np.stack([_read_photo(image, preprocess) for image in images])
    _write(path, pixels)
    return pixels


def _pixels_key(images: Sequence[ImageRef], preprocess: Preprocess) -> str:
    settings = preprocess.pixel_settings
    photos = [[image.sha256, image.width, image.height, image.fill] for image in images]
    return content_hash([code_hash(RESIZE_CODE), settings, photos])


def _read_photo(image: ImageRef, preprocess: Preprocess) -> NDArray[np.uint8]:
    try:
        data = Path(image.path).read_bytes()
    except OSError as problem:
        raise DataError(
            f"{image.path}: the image cannot be read ({problem.strerror}); restore it"
        ) from problem
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise DataError(f"{image.path}: the image changed since the data set was read; start the run again")
    try:
        return resize(decode_photo(data, (image.width, image.height), image.fill), preprocess)[0]
    except DataError as problem:
        raise DataError(f"{image.path}: {problem}") from problem


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.save(file, pixels, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)
