"""Frames: how controller and device talk over one byte stream, a JSON header and raw bytes behind it.

One frame is 4 bytes (big-endian length of the header), the header (UTF-8 JSON object), then as many raw bytes
as its `body` says. Nothing here knows what the headers mean. Standard library only: the device reads frames
before anything is installed there.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Protocol

# A header larger than this is no header: the two ends have lost each other.
MAX_HEADER_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Readable(Protocol):
    """A binary stream that returns up to `size` bytes, and none only at its end."""

    def read(self, size: int, /) -> bytes | None:
        """Return some bytes."""


class Writable(Protocol):
    """A binary stream that takes all bytes it is given, or a buffer in front of one."""

    def write(self, data: bytes | memoryview, /) -> Any:
        """Take bytes."""

    def flush(self) -> Any:
        """Send what is in the buffer."""


class BrokenStreamError(Exception):
    """The stream ended, or what came is no frame; the connection is lost."""


def write_frame(stream: Writable, header: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Send one frame; `header` gets its `body` length here."""
    text = json.dumps({**header, "body": len(body)}, separators=(",", ":")).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    if len(body):
        stream.write(body)
    stream.flush()


def read_frame(stream: Readable) -> tuple[dict[str, Any], bytes]:
    """Receive one frame.

    Raises:
        BrokenStreamError: the stream ended before the frame was whole, or it is no frame.
    """
    (length,) = _LENGTH.unpack(read_exactly(stream, _LENGTH.size))
    if length > MAX_HEADER_BYTES:
        raise BrokenStreamError(f"a header of {length} bytes cannot be: something else writes to the stream")
    try:
        header = json.loads(read_exactly(stream, length))
        size = int(header.pop("body"))
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise BrokenStreamError(f"no frame: {problem}") from problem
    return header, read_exactly(stream, size)


def read_exactly(stream: Readable, size: int) -> bytes:
    """Return that many bytes.

    Raises:
        BrokenStreamError: the stream ended before.
    """
    parts, missing = [], size
    while missing:
        part = stream.read(missing)
        if not part:
            raise BrokenStreamError(f"the stream ended {missing} bytes early")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
