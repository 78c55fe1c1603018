"""PixelSource: the resized photos of a job, prepared earlier, prepared now for others, or just made."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Literal

from bench.agent.context import JobContext
from bench.agent.model import read_pixels
from bench.agent.prepared import PreparedPixels, PreparedWriter, make_room, prepared_name
from bench.agent.preparer import Preparer, would_help
from bench.agent.runtimes.base import Array
from bench.detectors import Geometry
from bench.errors import DataError
from bench.wire.description import Preprocess

Status = Literal["hit", "made", "off"]

# Headers and sizes of a prepared file, generously.
_OVERHEAD_BYTES = 4096
_SIZE_BYTES = 8


class PixelSource:
    """Gives the pixels of the job's images in order.

    Keeping prepared pixels only saves time: where it fails (a full disk, a read-only folder) the job goes
    on without, and says so.

    Attributes:
        note: why nothing was kept; empty otherwise.
        num_beside: photos so far that a second process prepared.
        spent_ns: time that the photos read so far took, in whichever process; waiting is not in it.
    """

    def __init__(self, context: JobContext) -> None:
        self._context, self._job = context, context.job
        self._reader: PreparedPixels | None = None
        self._writer: PreparedWriter | None = None
        self._is_made = False
        self.note = ""
        self._preparer: Preparer | None = None
        self.num_beside = self.spent_ns = 0
        if self._job.prepared:
            self._open(context.locate(self._job.prepared))

    @property
    def status(self) -> Status:
        """Whether prepared pixels were used, made and kept, or neither; right after `close`."""
        if self._reader is not None:
            return "hit"
        return "made" if self._is_made else "off"

    @property
    def num_prepared(self) -> int:
        """How many of the images came from a prepared file."""
        return 0 if self._reader is None else len(self._reader)

    def read(self, index: int) -> tuple[Array, Geometry]:
        """Return the pixels of one image, (height, width, 3) uint8, and its geometry.

        Raises:
            DataError: the photo is missing or damaged; the message names the file.
        """
        sent = self._preparer.take(index) if self._preparer is not None else None
        start = time.perf_counter_ns()
        pixels, geometry, spent_ns = sent if sent is not None else (*self._read(index), 0)
        self.num_beside += sent is not None
        if self._writer is not None:
            self._keep(self._writer, pixels, geometry)
        self.spent_ns += spent_ns + time.perf_counter_ns() - start
        return pixels, geometry

    def start_preparer(self) -> None:
        """Have another process at hand to prepare photos that have to be made, where that may pay."""
        if self._reader is None and would_help(self._context):
            # Without a second process the job is slower, and nothing else.
            with contextlib.suppress(OSError):
                self._preparer = Preparer(self._context)

    def begin_preparer(self, index: int) -> None:
        """Let the other process, if there is one, prepare the photos from one on."""
        if self._preparer is not None:
            self._preparer.begin(index)

    def stop_preparer(self) -> None:
        """End the other process, if there is one."""
        if self._preparer is not None:
            self._preparer.close()
            self._preparer = None

    def close(self) -> None:
        """Show what was prepared to the jobs that follow."""
        self.stop_preparer()
        if self._writer is None:
            return
        try:
            self._is_made = self._writer.commit()
        except OSError as problem:
            self._give_up(self._writer, problem)
        self._writer = None

    def _read(self, index: int) -> tuple[Array, Geometry]:
        if self._reader is not None and index < len(self._reader):
            return self._reader.read(index)
        return read_pixels(self._context, self._job.images[index])

    def _open(self, folder: Path) -> None:
        preprocess, images = self._job.description.preprocess, self._job.images
        path = folder / prepared_name(preprocess, images)
        self._reader = _open_reader(path, preprocess)
        if self._reader is not None:
            return
        try:
            bytes_each = preprocess.width * preprocess.height * 3 + _SIZE_BYTES
            fitting = max(self._job.prepared_limit_bytes - _OVERHEAD_BYTES, 0) // bytes_each
            num_images = min(len(images), fitting)
            if num_images == 0:
                self.note = f"not one image fits into {self._job.prepared_limit_bytes} bytes"
                return
            folder.mkdir(parents=True, exist_ok=True)
            make_room(folder, num_images * bytes_each + _OVERHEAD_BYTES, self._job.prepared_limit_bytes)
            self._writer = PreparedWriter(path, preprocess, num_images)
        except OSError as problem:
            self.note = f"prepared pixels are not kept: {problem}"

    def _keep(self, writer: PreparedWriter, pixels: Array, geometry: Geometry) -> None:
        try:
            writer.append(pixels, geometry)
        except OSError as problem:
            self._give_up(writer, problem)

    def _give_up(self, writer: PreparedWriter, problem: OSError) -> None:
        self._writer = None
        self.note = f"prepared pixels are not kept: {problem}"
        writer.discard()


def _open_reader(path: Path, preprocess: Preprocess) -> PreparedPixels | None:
    """Open a prepared file; None where there is none, or none that can be used: it is made again then."""
    try:
        return PreparedPixels(path, preprocess)
    except (OSError, DataError):
        return None
