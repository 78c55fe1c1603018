"""Whether a process is still there, and still the same: a number alone may belong to someone else by now."""

from __future__ import annotations

import os
from pathlib import Path

# Fields of /proc/<pid>/stat behind the name in brackets (proc(5) numbers them from 3).
_STATE, _START = 0, 19
# A dead process whose parent has not asked for its exit code.
_GONE = ("Z", "X")


def is_alive(pid: int) -> bool:
    """Tell whether a process of this machine exists, also one of another user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def start_ticks(pid: int) -> int | None:
    """Return when a process started, clock ticks since boot.

    Returns:
        None where it is gone, or where the system does not tell.
    """
    try:
        # The name in brackets may hold anything, brackets too.
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in _GONE else int(fields[_START])


def is_same(pid: int, ticks: int | None) -> bool:
    """Tell whether the process lives that had this number and start; without a start any of that number."""
    return is_alive(pid) if ticks is None else start_ticks(pid) == ticks
