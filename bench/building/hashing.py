"""Content hashes of files, remembered within the process by path, size, times and inode."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from bench.errors import ModelError

Stamp = tuple[int, int, int]


def stamp_of(path: Path) -> Stamp:
    """Return size, modification time in ns and inode: what changes when a file's content is replaced."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as 64 hex digits.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        return _sha256(path.absolute(), stamp_of(path))
    except OSError as problem:
        raise ModelError(f"{path}: cannot be read ({problem.strerror}); check the path") from problem


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: Stamp) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
