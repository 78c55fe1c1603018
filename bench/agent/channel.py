"""The byte stream of a session, so handled that two ends that both talk at once never wait for each other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
from collections.abc import Sequence

# Also what the pipe is asked to hold (the most that Linux gives without privilege), so that a photo comes in
# one go instead of waking both ends for each of its pages.
_CHUNK_BYTES = 1 << 20
# While an answer cannot leave, requests are read ahead up to this; a controller reads while it sends anyway.
_MAX_AHEAD_BYTES = 32 * 1024 * 1024


class Channel:
    """Reads requests and writes answers; both descriptors belong to it alone."""

    def __init__(self, read_descriptor: int, write_descriptor: int) -> None:
        self._in = read_descriptor
        self._out = write_descriptor
        self._ahead = bytearray()
        os.set_blocking(write_descriptor, False)
        with contextlib.suppress(AttributeError, OSError):
            # No pipe, or more of them than this user may have.
            fcntl.fcntl(read_descriptor, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end of the stream."""
        if self._ahead:
            part = bytes(self._ahead[:size])
            del self._ahead[:size]
            return part
        while True:
            try:
                return os.read(self._in, min(size, _CHUNK_BYTES))
            except BlockingIOError:
                # Where both directions are one socket, making writes not wait does so for reads.
                select.select([self._in], [], [])

    def write(self, data: bytes | memoryview) -> None:
        """Send all bytes; what comes in meanwhile is kept for `read`.

        Raises:
            OSError: nobody reads any more.
        """
        rest = memoryview(data)
        while rest:
            reading = [self._in] if len(self._ahead) < _MAX_AHEAD_BYTES else []
            ready, writable, _ = select.select(reading, [self._out], [])
            if writable:
                rest = rest[os.write(self._out, rest) :]
            elif ready:
                self._read_ahead()

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def wait(self, descriptors: Sequence[int], seconds: float) -> bool:
        """Sleep until a request comes, one of the descriptors has something to read, or the time is up.

        Returns:
            Whether a request, or the end of the stream, is there.
        """
        if self._ahead:
            return True
        ready, _, _ = select.select([self._in, *descriptors], [], [], seconds)
        return self._in in ready

    def _read_ahead(self) -> None:
        part = os.read(self._in, _CHUNK_BYTES)
        if not part:
            raise BrokenPipeError("the controller is gone")
        self._ahead += part


def take_standard_streams() -> Channel:
    """Make a channel of standard input and output, and leave neither to anything that this process starts.

    Whatever else prints goes to standard error, whatever else reads finds nothing.
    """
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return channel
