"""Which boot of the machine this is, and how long it has lasted: clocks that nobody can set."""

from __future__ import annotations

import time
from pathlib import Path

# Counts while the machine sleeps, too; macOS has no clock of that name, its monotonic one is the nearest.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def read_boot_id() -> str | None:
    """Return the kernel's random id of this boot, or None."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def boot_seconds() -> float:
    """Return the seconds since the machine started."""
    return time.clock_gettime(_CLOCK)
