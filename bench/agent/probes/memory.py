"""Resident memory of this process and its high-water mark.

Not `ru_maxrss`, which survives fork and exec and then shows the parent's peak; not a sampler, which misses
short peaks; not the virtual size, which is no memory.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

# How the peak was found: `clear_refs` since the reset; `whole_life` since the process began, because the
# kernel refuses the reset; `psutil` where there is no /proc.
Method = Literal["clear_refs", "whole_life", "psutil"]

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
# proc(5): writing 5 resets the peak resident set size (VmHWM) to the current one.
_RESET_PEAK = "5"


@dataclass(frozen=True)
class MemoryReading:
    """Resident memory at one moment; None for what the system does not tell apart."""

    rss_bytes: int
    peak_rss_bytes: int
    rss_anon_bytes: int | None = None
    rss_file_bytes: int | None = None
    swap_bytes: int | None = None


def read_memory() -> MemoryReading:
    """Read this process's memory."""
    if not _STATUS.exists():
        return _read_psutil()
    values = parse_status(_STATUS.read_text())
    return MemoryReading(
        rss_bytes=values["VmRSS"],
        peak_rss_bytes=values["VmHWM"],
        rss_anon_bytes=values.get("RssAnon"),
        rss_file_bytes=values.get("RssFile"),
        swap_bytes=values.get("VmSwap"),
    )


def parse_status(text: str) -> dict[str, int]:
    """Return the sizes of a `/proc/PID/status` in bytes, by name."""
    fields = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in fields if words[2:] == ["kB"]}


def reset_peak() -> Method:
    """Set the high-water mark back to the present size; returns how far that went."""
    if not _STATUS.exists():
        return "psutil"
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return "whole_life"
    return "clear_refs"


def release_free_memory() -> None:
    """Give freed memory back, so that a later allocation shows instead of reusing what lies about."""
    gc.collect()
    if sys.platform.startswith("linux"):
        # glibc alone has it; elsewhere the allocator keeps what it keeps.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _read_psutil() -> MemoryReading:
    # ru_maxrss is the process's own on macOS: it starts anew with each exec there.
    import resource

    info = psutil.Process().memory_info()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return MemoryReading(rss_bytes=int(info.rss), peak_rss_bytes=max(int(peak), int(info.rss)))
