"""Gives memory back that transfers left behind: a session that only waits shall weigh nothing."""

from __future__ import annotations

import contextlib
import ctypes


def trim_heap() -> None:
    """Return free memory to the system, where the C library knows how (glibc)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
