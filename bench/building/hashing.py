"""Content hashes of files and folders; those of files are remembered by path, size, times and inode."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from bench.errors import ModelError
from bench.wire.codec import content_hash

Stamp = tuple[int, int, int]


def stamp_of(path: Path) -> Stamp:
    """Return size, modification time in ns and inode: what changes when a file's content is replaced."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns, status.st_ino


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, or of the names and hashes of all files of a folder, as 64 hex digits.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        if path.is_dir():
            files = sorted(item for item in path.rglob("*") if item.is_file())
            return content_hash([[item.relative_to(path).as_posix(), sha256_of(item)] for item in files])
        return _sha256(path.absolute(), stamp_of(path))
    except OSError as problem:
        raise ModelError(f"{path}: cannot be read ({problem.strerror}); check the path") from problem


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: Stamp) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
