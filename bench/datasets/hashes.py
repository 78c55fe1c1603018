"""Content hashes of files, remembered so that thousands of photos are not read again for every plan.

A hash is reused while path, size, modification time (ns), change time (ns) and inode are the same. The memory
is a convenience: where it cannot be read or written, files are simply hashed again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeAlias

from bench.errors import DataError

# Format history of the file; a new format gets a new file name.
# 1: first.
_FILE_NAME = "file-hashes-v1.sqlite"

# A file that changed this recently could change again within one tick of the file system's clock, unseen.
_SETTLED_NS = 2_000_000_000

_Stamp: TypeAlias = tuple[int, int, int, int]

_TABLE = (
    "CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER,"
    " ctime_ns INTEGER, inode INTEGER, sha256 TEXT) WITHOUT ROWID"
)
_STORE = "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?, ?, ?)"


class HashCache:
    """Hashes files, and remembers the hashes in one file below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = folder / _FILE_NAME

    def sha256_of(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the sha256 of each file's bytes as 64 hex digits.

        Raises:
            DataError: a file cannot be read; the message names it.
        """
        stamps = {path: _stamp(path) for path in paths}
        known = self._recall(stamps)
        hashes: dict[Path, str] = {}
        fresh: list[Path] = []
        for path, stamp in stamps.items():
            stored = known.get(str(path))
            if stored is not None and stored[:4] == stamp:
                hashes[path] = stored[4]
            else:
                hashes[path] = hash_file(path)
                fresh.append(path)
        # Only what did not change while it was being read, and is not about to, may be remembered.
        now = time.time_ns()
        settled = [path for path in fresh if _is_settled(stamps[path], now) and _stamp(path) == stamps[path]]
        self._remember([(str(path), *stamps[path], hashes[path]) for path in settled])
        return hashes

    def _recall(self, stamps: Iterable[Path]) -> dict[str, tuple[int, int, int, int, str]]:
        folders = {str(path.parent) for path in stamps}
        rows: dict[str, tuple[int, int, int, int, str]] = {}
        with suppress(OSError, sqlite3.Error), closing(self._open()) as database:
            for folder in folders:
                # '0' follows '/' in ASCII, so this range holds exactly the paths below the folder.
                found = database.execute(
                    "SELECT path, size, mtime_ns, ctime_ns, inode, sha256 FROM hashes"
                    " WHERE path >= ? AND path < ?",
                    (folder.rstrip("/") + "/", folder.rstrip("/") + "0"),
                )
                rows.update({row[0]: row[1:] for row in found})
        return rows

    def _remember(self, rows: list[tuple[str, int, int, int, int, str]]) -> None:
        if not rows:
            return
        try:
            self._store(rows)
        except sqlite3.DatabaseError as problem:
            # A damaged file is of no use to anybody; a locked one is left to whoever holds it.
            if not isinstance(problem, sqlite3.OperationalError):
                with suppress(OSError, sqlite3.Error):
                    self._place.unlink()
                    self._store(rows)
        except OSError:
            return

    def _store(self, rows: list[tuple[str, int, int, int, int, str]]) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as database, database:
            database.executemany(_STORE, rows)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._place, timeout=5.0)
        database.execute(_TABLE)
        return database


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hex digits.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise _unreadable(path, problem) from problem


def _stamp(path: Path) -> _Stamp:
    try:
        facts = os.stat(path)
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino


def _is_settled(stamp: _Stamp, now: int) -> bool:
    return max(stamp[1], stamp[2]) < now - _SETTLED_NS


def _unreadable(path: Path, problem: OSError) -> DataError:
    return DataError(f"{path}: cannot be read ({problem.strerror}), expected a readable file: restore it")
