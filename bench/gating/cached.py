"""Changes of an AP that were resampled before, by content of the match data; kept in the cache folder.

A file's hash is remembered by its path, size, inode and time of change, so that judging again reads no match
data at all. A cache that cannot be opened, read or written is done without: answers are the same, slower.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.core.places import cache_folder
from bench.gating.accuracy import ApChange, ap_change, unchanged
from bench.gating.classes import ClassChange, class_changes_of_files
from bench.metrics.matches import load_matches
from bench.wire.codec import from_json

# Raised whenever `accuracy` or `metrics.resample` give another figure for the same files.
_FORMULA = 2

# A file that changed so lately may change again without its time telling.
_UNSETTLED_NS = 2_000_000_000


class IntervalCache:
    """A `deciding.ChangeSource` with a memory; use it in a `with`, which keeps what was found."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or cache_folder() / "gating" / "intervals.sqlite"
        self._new: dict[str, str] = {}
        self._known: sqlite3.Connection | None = None

    def __enter__(self) -> IntervalCache:
        with suppress(OSError, sqlite3.Error):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._known = sqlite3.connect(self._path, timeout=10)
            self._known.execute("create table if not exists known (key text primary key, value text)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._known is None:
            return
        with suppress(sqlite3.Error):
            self._known.executemany("insert or replace into known values (?, ?)", self._new.items())
            self._known.commit()
        with suppress(sqlite3.Error):
            self._known.close()

    def __call__(self, old: Path, new: Path, metric: str, resamples: int, seed: int) -> ApChange | None:
        """Return the change, from memory or by resampling; equal files have none.

        Raises:
            DataError: match data cannot be read.
        """
        hashes = self._hash(old), self._hash(new)
        key = f"change {_FORMULA} {hashes[0]} {hashes[1]} {metric} {resamples} {seed}"
        found = self._read(key)
        if found is not None:
            return ApChange(**found) if found else None
        if hashes[0] == hashes[1]:
            change: ApChange | None = unchanged(len(load_matches(old).image_ids))
        else:
            change = ap_change(load_matches(old), load_matches(new), metric, resamples, seed)
        self._new[key] = json.dumps(asdict(change) if change else {})
        return change

    def of_classes(
        self, old: Path, new: Path, metric: str, resamples: int, seed: int
    ) -> tuple[ClassChange, ...]:
        """Return the change of each class, from memory or by resampling.

        Raises:
            DataError: match data cannot be read.
        """
        key = f"each class {_FORMULA} {self._hash(old)} {self._hash(new)} {metric} {resamples} {seed}"
        found = self._read(key)
        if found is not None:
            return tuple(from_json(ClassChange, one) for one in found)
        changes = class_changes_of_files(old, new, metric, resamples, seed)
        self._new[key] = json.dumps([asdict(change) for change in changes])
        return changes

    def _hash(self, path: Path) -> str:
        # A missing file is told by `load_matches`.
        if not path.is_file():
            load_matches(path)
        state = path.stat()
        key = f"sha256 {path.absolute()} {state.st_size} {state.st_mtime_ns} {state.st_ino}"
        found = self._read(key)
        if isinstance(found, str):
            return found
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if time.time_ns() - state.st_mtime_ns > _UNSETTLED_NS:
            self._new[key] = json.dumps(digest)
        return digest

    def _read(self, key: str) -> Any:
        if key in self._new:
            return json.loads(self._new[key])
        if self._known is not None:
            with suppress(sqlite3.Error, ValueError):
                row = self._known.execute("select value from known where key = ?", (key,)).fetchone()
                return json.loads(row[0]) if row else None
        return None
