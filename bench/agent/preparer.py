"""Preparer: a second process that prepares a job's photos, so that Python code of both runs at once.

Threads share one interpreter lock, which the many short numpy calls of resizing take again and again from
those that feed and read the model. The second process is forked before the runtime is imported: that takes
milliseconds, its memory is that of the first until one of them writes, and it holds no model. It dies with
the first; if it ends early, for whatever reason, nothing is lost but its help.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
import warnings

import numpy as np
import psutil

from bench.agent.ahead import num_cores
from bench.agent.context import JobContext
from bench.agent.parent import die_with_parent
from bench.agent.preparing import FRAME, prepare_photos
from bench.agent.runtimes.base import Array
from bench.detectors import Geometry, geometry_of
from bench.wire.job import PARENT_VARIABLE

# Below, what starting takes (some ms, and one photo prepared for nothing) is not won back.
_FEWEST = 16
# For the largest usual photos; a device with less free memory needs it for the model.
_SPARE_BYTES = 300_000_000
# The most that Linux gives a pipe without privilege: a few small inputs fit, so that neither side waits.
_PIPE_BYTES = 1 << 20


def would_help(context: JobContext) -> bool:
    """Whether a second process may pay for the photos of a job, as far as is known before it begins.

    Only Linux: there a process can be made to die with its parent, and macOS' libraries do not bear forks.
    """
    # A limit on memory is one on the job's whole need, which a second process would get around.
    is_allowed = context.job.memory_limit_bytes == 0 and sys.platform.startswith("linux")
    is_alone = threading.active_count() == 1
    if not (is_allowed and is_alone and num_cores() > 1) or len(context.job.images) < _FEWEST:
        return False
    return bool(psutil.virtual_memory().available >= _SPARE_BYTES)


class Preparer:
    """The second process, as the first one sees it. Made in the main thread, for it dies with its maker."""

    def __init__(self, context: JobContext) -> None:
        """Fork the process, which gets ready while the caller goes on.

        Raises:
            OSError: there are too many processes, or too little memory.
        """
        self._preprocess = context.job.description.preprocess
        self._next: int | None = None
        orders, self._orders = os.pipe()
        self._frames, frames = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(frames, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            self._pid = _fork()
            if self._pid == 0:
                _be_the_second(context, orders, frames)
        except OSError:
            os.close(self._orders)
            os.close(self._frames)
            raise
        finally:
            os.close(orders)
            os.close(frames)

    def begin(self, index: int) -> None:
        """Let it go ahead, from one photo on."""
        self._next = index
        # One that has ended already is found out when its first frame is missing.
        with contextlib.suppress(OSError):
            os.write(self._orders, str(index).encode())

    def take(self, index: int) -> tuple[Array, Geometry, int] | None:
        """Return what was prepared of a photo: pixels (height, width, 3) uint8, geometry, ns that it took.

        Photos are asked for in order.

        Returns:
            None where the caller has to prepare it: the process has not begun there, or has ended.
        """
        if self._next is None or index < self._next:
            return None
        head, pixels = bytearray(FRAME.size), np.empty(self._shape, np.uint8)
        if not (self._fill(memoryview(head)) and self._fill(pixels.data.cast("B"))):
            self._next = None
            return None
        place, width, height, spent_ns = FRAME.unpack(head)
        assert place == index, f"got photo {place}, expected {index}"
        return pixels, geometry_of(width, height, self._preprocess), spent_ns

    def close(self) -> None:
        """End the process, whatever it is at."""
        os.close(self._orders)
        os.close(self._frames)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self._preprocess.height, self._preprocess.width, 3

    def _fill(self, target: memoryview) -> bool:
        """Read until a buffer is full; False where the process ended before."""
        while target:
            count = os.readv(self._frames, [target])
            if count == 0:
                return False
            target = target[count:]
        return True


def _fork() -> int:
    with warnings.catch_warnings():
        # From Python 3.12 on for idle threads of native libraries, too; what they guard is not used there.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _be_the_second(context: JobContext, orders: int, frames: int) -> None:
    """Live and end as the second process; never returns."""
    try:
        os.environ[PARENT_VARIABLE] = str(os.getppid())
        die_with_parent()
        _close_all_but(orders, frames)
        prepare_photos(context, orders, frames)
    finally:
        # Without a word, and without the first one's endings: its files are not ours to flush.
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Close what was inherited: journal and wake-up pipe would seem open after the first process' end."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))
