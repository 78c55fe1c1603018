"""What a process leaves behind when it ends: its signal, its last words, the kernel's memory kills."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

# Of what a job wrote to standard error, the last lines that a record keeps.
STDERR_LINES = 10

# Of a long standard error only the end is read.
_STDERR_BYTES = 16_384
# How faulthandler begins; one line on the thread follows, then the frames.
_CRASH = "Fatal Python error"
_CRASH_FRAMES = 3


def signal_name(number: int) -> str:
    """Return a signal's name, or its number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_tail(path: Path) -> tuple[str, ...]:
    """Return the last lines of a text file; none where it is absent."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - _STDERR_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    lines = cut_stack([line.rstrip() for line in text.splitlines() if line.strip()])
    return tuple(lines[-STDERR_LINES:])


def cut_stack(lines: list[str]) -> list[str]:
    """Keep the innermost frames of the stack that faulthandler leaves at a crash.

    It prints the innermost frame first, so its outer ones would push out what the native code said.
    """
    for position, line in enumerate(lines):
        if line.startswith(_CRASH):
            return lines[: position + 2 + _CRASH_FRAMES]
    return lines


def read_oom_kills() -> int | None:
    """Return how many processes the kernel has killed for want of memory since boot; None if unknown."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None
