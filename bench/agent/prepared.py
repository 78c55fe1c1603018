"""Resized photos, kept once for all variants that take the same input geometry.

One file holds the uint8 pixels of an image list, then the photos' sizes: two `.npy` arrays, one behind the
other. Its name is the hash of all that made it (geometry, photos, code, decoder), so a hit is never stale.
It appears under that name only when it is whole: a killed writer leaves nothing but a scratch file, and of
two writers the later one replaces the earlier one's file by its equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import PIL
from PIL import features

from bench import detectors
from bench.agent.runtimes.base import Array
from bench.detectors import Geometry, geometry_of
from bench.errors import DataError
from bench.wire.codec import content_hash
from bench.wire.description import Preprocess
from bench.wire.job import ImageRef
from bench.wire.process import is_alive

# Format history of prepared files; part of their names.
# 1: pixels, then sizes.
_FORMAT = 1
_SUFFIX = ".pixels"


def prepared_name(preprocess: Preprocess, images: Sequence[ImageRef]) -> str:
    """Return the file name for an image list under one input geometry.

    Mean, std, layout and the tensor's type are not in it: they are applied after the pixels are read.
    """
    made_of = {
        "format": _FORMAT,
        **preprocess.pixel_settings,
        "code": _code_version(),
        "images": [[image.sha256, image.width, image.height, image.fill] for image in images],
    }
    return content_hash(made_of) + _SUFFIX


class PreparedPixels:
    """Reads a prepared file; pages come in as they are looked at."""

    def __init__(self, path: Path, preprocess: Preprocess) -> None:
        """Open a file.

        Raises:
            DataError: it is damaged.
            OSError: it cannot be read.
        """
        self._preprocess = preprocess
        try:
            offset, shape, self._sizes = _read_head_and_sizes(path)
        except (EOFError, ValueError) as problem:
            raise DataError(f"{path}: is no whole prepared file ({problem}); delete it") from problem
        pixels = np.memmap(path, np.uint8, "r", offset, shape)
        # A plain array view: the subclass's bookkeeping costs more than small models do.
        self._pixels: Array = np.asarray(pixels)
        path.touch()

    def __len__(self) -> int:
        return len(self._sizes)

    def read(self, index: int) -> tuple[Array, Geometry]:
        """Return the pixels of an image, (height, width, 3) uint8, and its geometry."""
        width, height = (int(size) for size in self._sizes[index])
        return self._pixels[index], geometry_of(width, height, self._preprocess)


class PreparedWriter:
    """Writes the first `num_images` images of a list; nothing is seen of it before `commit`."""

    def __init__(self, path: Path, preprocess: Preprocess, num_images: int) -> None:
        self._path = path
        self._scratch = path.with_name(f"{path.name}.{os.getpid()}.scratch")
        self._sizes: list[tuple[int, int]] = []
        self._num_images = num_images
        self._file = open(self._scratch, "wb")  # noqa: SIM115 - lives as long as the job
        shape = (num_images, preprocess.height, preprocess.width, 3)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, pixels: Array, geometry: Geometry) -> None:
        """Write the next image; images behind the last one that fits are left out."""
        if len(self._sizes) < self._num_images:
            self._file.write(np.ascontiguousarray(pixels).data)
            self._sizes.append((geometry.width, geometry.height))

    def commit(self) -> bool:
        """Show the file under its name if it is whole, and drop it otherwise; returns whether it is whole."""
        if len(self._sizes) != self._num_images:
            self.discard()
            return False
        np.save(self._file, np.array(self._sizes, np.int32), allow_pickle=False)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._scratch, self._path)
        return True

    def discard(self) -> None:
        """Leave nothing behind."""
        # On a full disk closing fails as well, for what is still in the buffer.
        with contextlib.suppress(OSError):
            self._file.close()
        self._scratch.unlink(missing_ok=True)


def make_room(folder: Path, needed_bytes: int, limit_bytes: int) -> None:
    """Delete files until `needed_bytes` more stay within the limit.

    First scratch files of writers that were killed, then what was longest not used. A job that still
    reads a deleted file keeps its pages.
    """
    for scratch in folder.glob(f"*{_SUFFIX}.*.scratch"):
        if not is_alive(int(scratch.name.split(".")[-2])):
            scratch.unlink(missing_ok=True)
    files = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime)
    excess = sum(path.stat().st_size for path in folder.iterdir()) + needed_bytes - limit_bytes
    for path in files:
        if excess <= 0:
            return
        excess -= path.stat().st_size
        path.unlink(missing_ok=True)


def _read_head_and_sizes(path: Path) -> tuple[int, tuple[int, ...], Array]:
    """Return where the pixels begin, their shape, and the photos' sizes (num_images, 2) int32."""
    with open(path, "rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
        offset = file.tell()
        file.seek(offset + int(np.prod(shape)))
        return offset, tuple(shape), np.load(file, allow_pickle=False)


@cache
def _code_version() -> str:
    """Return a hash of everything that turns a photo into pixels: our code, Pillow, its JPEG decoder."""
    digest = hashlib.sha256()
    for source in sorted(Path(detectors.__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    digest.update(f"{PIL.__version__} {features.version('jpg')} {features.version('zlib')}".encode())
    return digest.hexdigest()
