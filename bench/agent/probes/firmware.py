"""What a Raspberry Pi's firmware tells through `vcgencmd`: throttling bits, real clock, temperature, rails.

Each question starts a process of some milliseconds, so nothing here belongs
inside of a timed loop. Standard library only.

Sources: Raspberry Pi documentation, "vcgencmd"; raspberrypi/firmware issue 656 (`measure_clock` counts pulses
within a millisecond); raspberrypi/documentation pull request 1341 (an argument of `get_throttled` clears the
bits that remember, for everybody: none is ever passed here).
"""

from __future__ import annotations

import functools
import os
import re
import shutil

from bench.agent.probes.files import read_tool

TOOL = "vcgencmd"
# Where it lies when PATH does not say so: today's place, and that of systems up to 2021.
_PLACES = ("/usr/bin", "/opt/vc/bin")

_NOW_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
# Bit n + 16 remembers bit n since the machine started.
_MEMORY_SHIFT = 16
_NOW_MASK = sum(1 << bit for bit in _NOW_BITS)

_TEMPERATURE = re.compile(r"temp=(-?[0-9.]+)'C")
_CLOCK = re.compile(r"frequency\([0-9]+\)=([0-9]+)")
_THROTTLED = re.compile(r"throttled=(0x[0-9a-fA-F]+)")


def vcgencmd_path() -> str | None:
    """Return where `vcgencmd` lies, or None where there is none."""
    return _find(os.environ.get("PATH", ""))


@functools.cache
def _find(path: str) -> str | None:
    return shutil.which(TOOL, path=os.pathsep.join([path, *_PLACES]))


def ask_firmware(*question: str) -> str | None:
    """Return what `vcgencmd` answers; None where it is absent, fails, or may not speak to the firmware."""
    path = vcgencmd_path()
    return None if path is None else read_tool(path, *question)


def read_throttled() -> int | None:
    """Return the throttling bits, or None elsewhere than on a Raspberry Pi."""
    found = _THROTTLED.search(ask_firmware("get_throttled") or "")
    return int(found[1], 16) if found else None


def measure_clock() -> int | None:
    """Return the clock of the cores in Hz as the firmware counts it, or None."""
    found = _CLOCK.search(ask_firmware("measure_clock", "arm") or "")
    return int(found[1]) or None if found else None


def measure_temperature() -> float | None:
    """Return the temperature that the firmware throttles by, degrees Celsius, or None."""
    found = _TEMPERATURE.search(ask_firmware("measure_temp") or "")
    return float(found[1]) if found else None


def throttling(before: int | None, after: int | None) -> list[str]:
    """Name what held the processor back: bits set now, and memory bits that were not set before.

    What a board remembers of an earlier throttling hides a short one in between; so bits are read at the end
    of the timed loop, too.
    """
    if after is None:
        return []
    memory = (after & ~(before or 0)) >> _MEMORY_SHIFT
    return throttle_names(after | memory)


def throttle_names(bits: int | None) -> list[str]:
    """Name the bits that are set now; empty for none, and where they are not known."""
    return [name for bit, name in _NOW_BITS.items() if (bits or 0) >> bit & 1]


def is_throttled(bits: int | None) -> bool | None:
    """Whether something holds the processor back now; None where it is not known."""
    return None if bits is None else bool(bits & _NOW_MASK)
