"""The state of the machine before and after a round, and whether the round between them is valid.

Raspberry Pi's `get_throttled` bits: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft temperature
limit; bits 16 to 19 say the same of the time since boot (Raspberry Pi documentation, "vcgencmd").
"""

from __future__ import annotations

import os
from typing import Any

from bench.agent.probes.files import read_int, read_tool
from bench.agent.probes.machine import read_governor

_NOW_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
# Bit n + 16 remembers bit n.
_MEMORY_SHIFT = 16


class RoundProbe:
    """Looks at the machine twice; the second look judges what happened between the two."""

    def __init__(self) -> None:
        self._throttled_before: int | None = None

    def before(self) -> dict[str, Any]:
        """Look before the round; invalid where it begins throttled."""
        state = machine_state()
        self._throttled_before = state["throttled"]
        return {**state, **_verdict(throttling(state["throttled"], state["throttled"]))}

    def after(self) -> dict[str, Any]:
        """Look after the round; invalid where it was throttled at its end or in between."""
        state = machine_state()
        return {**state, **_verdict(throttling(self._throttled_before, state["throttled"]))}


def machine_state() -> dict[str, Any]:
    """Return temperature, clock, governor, load and throttling bits; None for what is not told."""
    return {
        "temperature_c": read_temperature(),
        "frequency_hz": read_frequency(),
        "governor": read_governor(),
        "load_average": list(os.getloadavg()),
        "throttled": read_throttled(),
    }


def throttling(before: int | None, after: int | None) -> list[str]:
    """Name what held the processor back: bits set now, and memory bits that were not set before."""
    if after is None:
        return []
    memory = (after & ~(before or 0)) >> _MEMORY_SHIFT
    return [name for bit, name in _NOW_BITS.items() if (after | memory) >> bit & 1]


def read_throttled() -> int | None:
    """Return Raspberry Pi's throttling bits, or None elsewhere."""
    text = read_tool("vcgencmd", "get_throttled") or ""
    try:
        return int(text.partition("=")[2], 16)
    except ValueError:
        return None


def read_frequency() -> int | None:
    """Return the core clock in Hz: the firmware's figure before the kernel's, which can be wrong."""
    text = read_tool("vcgencmd", "measure_clock", "arm") or ""
    if text.partition("=")[2].isdigit():
        return int(text.partition("=")[2])
    kilohertz = read_int("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
    return None if kilohertz is None else kilohertz * 1000


def read_temperature() -> float | None:
    """Return the temperature of the first thermal zone in degrees Celsius, or None."""
    millidegrees = read_int("/sys/class/thermal/thermal_zone0/temp")
    return None if millidegrees is None else millidegrees / 1000


def _verdict(causes: list[str]) -> dict[str, Any]:
    reason = f"the processor was held back: {', '.join(causes)}; cool it or mend its supply" if causes else ""
    return {"valid": not causes, "reason": reason}
