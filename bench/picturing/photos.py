"""Photos made small for a page: read, checked by their hash, decoded with limits, each once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from bench.detectors.photo import decode_photo
from bench.errors import DataError
from bench.report.gallery.model import Photo
from bench.wire.job import ImageRef

# As wide as a phone shows it; of a tall one the height is bounded.
MOST_WIDTH, MOST_HEIGHT = 320, 400

# JPEG at this quality is some 15 kB; boxes are drawn above it and stay sharp.
QUALITY = 68

# What a photo may cost to be read and decoded: an evaluation photo is far below both.
MOST_FILE_BYTES = 50_000_000
MOST_PIXELS = 60_000_000


class PhotoShelf:
    """Small photos by image id; `problems` says which could not be shown and why."""

    def __init__(self, images: Iterable[ImageRef]) -> None:
        self._references = {image.id: image for image in images}
        self._photos: dict[int, Photo | None] = {}
        self._scales: dict[int, tuple[float, float]] = {}
        self.problems: dict[int, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there are no photos at all."""
        return not self._references

    def photo(self, image: int) -> Photo | None:
        """Return a photo; None if it cannot be shown."""
        if image not in self._photos:
            try:
                self._photos[image] = self._load(self._references[image])
            except (DataError, KeyError) as problem:
                self.problems[image] = str(problem)
                self._photos[image] = None
        return self._photos[image]

    def scale(self, image: int) -> tuple[float, float]:
        """Return what x and y of a box are multiplied by to lie on the small photo, once it was asked for."""
        return self._scales[image]

    def _load(self, reference: ImageRef) -> Photo:
        data = read_checked(reference)
        declared = (reference.width, reference.height)
        pixels = Image.fromarray(decode_photo(data, declared, reference.fill))
        width, height = pixels.size
        factor = min(MOST_WIDTH / width, MOST_HEIGHT / height, 1.0)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = pixels.resize(size, Image.Resampling.LANCZOS) if size != pixels.size else pixels
        self._scales[reference.id] = (size[0] / width, size[1] / height)
        return Photo(reference.id, Path(reference.path).name, *size, jpeg=_as_jpeg(small))


def read_checked(reference: ImageRef) -> bytes:
    """Return a photo's bytes.

    Raises:
        DataError: it is gone, too large to be shown, or not the photo that was measured on.
    """
    path = Path(reference.path)
    try:
        size = path.stat().st_size
        if size > MOST_FILE_BYTES:
            raise DataError(f"{path}: {size:,} bytes, at most {MOST_FILE_BYTES:,} are shown")
        data = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror})") from problem
    if hashlib.sha256(data).hexdigest() != reference.sha256:
        raise DataError(f"{path}: is not the photo that was measured on: it was changed since")
    _check_pixels(data, path)
    return data


def _check_pixels(data: bytes, path: Path) -> None:
    """Look at the header before anything is decoded."""
    try:
        with Image.open(io.BytesIO(data)) as photo:
            width, height = photo.size
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        raise DataError(f"{path}: cannot be read as a photo ({problem})") from problem
    if width * height > MOST_PIXELS:
        raise DataError(f"{path}: {width} x {height} pixels, at most {MOST_PIXELS:,} are shown")


def _as_jpeg(pixels: Image.Image) -> bytes:
    """Encode without metadata, such as where a photo was taken."""
    file = io.BytesIO()
    pixels.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
