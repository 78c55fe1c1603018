"""Names of runs and folders: sortable, safe on every file system, and never two for one or one for two."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

# Leaves room for a suffix under the 255 bytes that common file systems allow a name.
LONGEST_NAME = 100


def new_run_id(now: datetime, suite: str) -> str:
    """Return an id that sorts by time: `20261121-000951-1f3a5c`.

    Args:
        now: an aware time; the id shows it in UTC to the second, its six hex digits tell microseconds and
            suites apart.
    """
    moment = now.astimezone(UTC)
    tail = hashlib.sha256(f"{moment.isoformat()} {suite}".encode()).hexdigest()[:6]
    return f"{moment:%Y%m%d-%H%M%S}-{tail}"


def case_folder_name(case_id: str) -> str:
    """Return a folder name for a case id: readable, and unique through eight hex digits of its hash.

    The hash is always there, so that two ids which read alike once `/` is replaced, or which differ only in
    case on a file system that ignores it, still get two folders.
    """
    return f"{_readable(case_id)}-{_digest(case_id)}"


def suite_folder_name(suite: str) -> str:
    """Return a folder name for a suite: its own name where that is safe, otherwise with a hash behind it."""
    is_safe = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", suite) and len(suite) <= LONGEST_NAME
    return suite if is_safe else f"{_readable(suite)}-{_digest(suite)}"


def shard_label(board: str) -> str:
    """Return what names of a board's files begin with; empty for the only board of a host."""
    return f"{case_folder_name(board)}-" if board else ""


def _readable(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._@-]+", "_", text.replace("/", "--"))
    return plain.lstrip(".-")[:LONGEST_NAME] or "unnamed"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
