"""Writing that survives a kill and a full disk: atomic replacement, synced appends, errors with a cure.

Everything in the store writes through these functions; reading lives with what is read.
"""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.errors import StoreError

# What the operating system says -> what happened and what to do.
CURES = {
    errno.ENOSPC: "the disk is full; free some space (or move the results folder), then use --resume",
    errno.EDQUOT: "the disk quota is used up; free some space, then use --resume",
    errno.EACCES: "no permission to write there; choose another results folder or change its permissions",
    errno.EPERM: "no permission to write there; choose another results folder or change its permissions",
    errno.ENOTDIR: "a part of that path is a file; choose another results folder",
    errno.EROFS: "the file system is read-only; choose another results folder",
}


@contextmanager
def guard(path: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden place into a StoreError that names the path and the cure.

    Raises:
        StoreError: for the causes in `CURES`; every other OSError passes unchanged.
    """
    try:
        yield
    except OSError as error:
        cure = CURES.get(error.errno or 0)
        if cure is None:
            raise
        raise StoreError(f"{path}: cannot write: {cure}") from error


def make_folder(path: Path) -> Path:
    """Create a folder with its parents where absent, and return it."""
    with guard(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content so that a reader finds the old or the new one, never a part.

    Raises:
        StoreError: the disk is full or the folder cannot be written; the old content is still there.
    """
    partial = path.with_name(path.name + ".partial")
    with guard(path.parent):
        try:
            with open(partial, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON line and sync it to the disk before returning.

    A last line without its end (the writer was killed, or the disk was full) is cut off first: it never
    counted, and would spoil the new line.
    """
    data = (dump_line(value) + "\n").encode()
    with guard(path.parent), open(path, "ab+") as file:
        _cut_torn_line(file)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def dump_line(value: Any) -> str:
    """Return one line of strict JSON; numbers that JSON does not know (NaN, infinities) become null."""
    return json.dumps(_finite(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _cut_torn_line(file: Any) -> None:
    """Truncate an open binary file behind its last newline, scanning backwards by blocks."""
    end = file.seek(0, os.SEEK_END)
    position = end
    while position > 0:
        start = max(0, position - 65536)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            position = start + found + 1
            break
        position = start
    if position < end:
        file.truncate(position)
    file.seek(0, os.SEEK_END)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: a folder's entries are synced by themselves."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
