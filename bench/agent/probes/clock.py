"""The clock of the processor and who governs it. Standard library only.

On a Raspberry Pi the kernel's figure stays at the maximum while the firmware throttles
(raspberrypi/linux issue 2986, seen there on a Pi 3B+ and a Pi 5), so the firmware is asked first.
"""

from __future__ import annotations

from pathlib import Path

from bench.agent.probes.files import read_int, read_text
from bench.agent.probes.firmware import measure_clock

_POLICIES = Path("/sys/devices/system/cpu/cpufreq")


def read_governors() -> dict[str, str]:
    """Return the frequency governor of each policy (a group of cores that share a clock); may be empty."""
    found = {path.name: read_text(str(path / "scaling_governor")) for path in _policies()}
    return {name: governor for name, governor in found.items() if governor}


def read_governor() -> str | None:
    """Return the frequency governor; several, joined by `+`, where the policies differ; or None."""
    return "+".join(dict.fromkeys(read_governors().values())) or None


def available_governors() -> list[str]:
    """Return the governors that every policy offers."""
    offered = [(read_text(str(path / "scaling_available_governors")) or "").split() for path in _policies()]
    return [name for name in offered[0] if all(name in other for other in offered)] if offered else []


def read_frequency() -> int | None:
    """Return the clock of the fastest core in Hz, or None."""
    return read_frequency_and_source()[0]


def read_frequency_and_source() -> tuple[int | None, str | None]:
    """Return the clock in Hz and who told it: `firmware` (counted) or `kernel` (asked for)."""
    counted = measure_clock()
    if counted is not None:
        return counted, "firmware"
    asked = _highest("scaling_cur_freq")
    return (asked, "kernel") if asked is not None else (None, None)


def read_max_frequency() -> int | None:
    """Return the highest clock that the hardware allows, Hz, or None."""
    return _highest("cpuinfo_max_freq")


def policy_folder(name: str) -> Path:
    """Return the folder of a policy."""
    return _POLICIES / name


def _highest(name: str) -> int | None:
    kilohertz = [value for path in _policies() if (value := read_int(str(path / name))) is not None]
    return max(kilohertz) * 1000 if kilohertz else None


def _policies() -> list[Path]:
    return sorted(_POLICIES.glob("policy*"), key=lambda path: (len(path.name), path.name))
