"""What was read of a run folder before, in the cache folder: reading 10,000 journals anew takes a minute.

A case is taken from here while its journal has the size and time of change that it had then, a run while its
records have; a program whose reading changed starts anew. A cache that cannot be used is done without.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.core.places import cache_folder
from bench.errors import StoreError
from bench.store.disk import write_atomically
from bench.store.folder import INFO_NAME, ROUNDS_NAME
from bench.store.names import case_folder_name
from bench.store.records import RECORDS_NAME

# A file that changed so lately may change again without its time telling.
_UNSETTLED_NS = 2_000_000_000


def recall(run: Path, program: str) -> dict[str, dict[str, Any]] | None:
    """Return case -> what was kept of it; None where anything has changed since.

    Args:
        program: tells readers apart whose cases would differ.
    """
    try:
        kept = json.loads(_path(run, program).read_bytes())
        is_same = kept["state"] == _state(run, list(kept["cases"]))
        return kept["cases"] if is_same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(run: Path, program: str, cases: dict[str, dict[str, Any]]) -> None:
    """Keep what was read, unless it is still being written."""
    with suppress(OSError, StoreError):
        state = _state(run, list(cases))
        if time.time_ns() - max(changed for _, changed in state if changed) < _UNSETTLED_NS:
            return
        path = _path(run, program)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"state": state, "cases": cases}))


def _path(run: Path, program: str) -> Path:
    digest = hashlib.sha256(f"{program} {run.absolute()}".encode()).hexdigest()
    return cache_folder() / "gating" / f"side-{digest[:32]}.json"


def _state(run: Path, cases: list[str]) -> list[list[int]]:
    """Return size and time of change of everything that is read; zeros for what is not there."""
    journals = [run / "cases" / case_folder_name(case) / ROUNDS_NAME for case in cases]
    return [_state_of(path) for path in (run / RECORDS_NAME, run / INFO_NAME, *journals)]


def _state_of(path: Path) -> list[int]:
    try:
        state = path.stat()
    except FileNotFoundError:
        return [0, 0]
    return [state.st_size, state.st_mtime_ns]
