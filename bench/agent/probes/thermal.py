"""The temperature of the processor: of its thermal zone, else from the firmware, else of a sensor chip.

Zones are found by their type: zone 0 is the battery, the Wi-Fi or the board on many machines. Standard
library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.agent.probes.files import read_int, read_text
from bench.agent.probes.firmware import measure_temperature

_ZONES = Path("/sys/class/thermal")
_CHIPS = Path("/sys/class/hwmon")

# How zones of a processor are called, the better ones first: `cpu-thermal` on a Raspberry Pi.
_ZONE_TYPES = ("x86_pkg_temp", "cpu", "soc", "package", "bigcore", "littlecore")
# Drivers of sensors within a processor, for machines that have no such zone.
_CHIP_NAMES = ("coretemp", "k10temp", "zenpower", "cpu_thermal")


def read_temperature() -> float | None:
    """Return the temperature of the processor in degrees Celsius, or None."""
    return read_temperature_and_source()[0]


def read_temperature_and_source() -> tuple[float | None, str | None]:
    """Return the temperature and what told it: `zone cpu-thermal`, `vcgencmd`, `sensor k10temp`."""
    for source, path in _zones():
        millidegrees = read_int(path)
        if millidegrees is not None:
            return millidegrees / 1000, source
    told = measure_temperature()
    if told is not None:
        return told, "vcgencmd"
    for source, path in _chips():
        millidegrees = read_int(path)
        if millidegrees is not None:
            return millidegrees / 1000, source
    return None, None


def _zones() -> Iterator[tuple[str, str]]:
    """Yield the processor's thermal zones and where they are read, in the order of `_ZONE_TYPES`."""
    found = [(read_text(str(zone / "type")) or "", zone) for zone in sorted(_ZONES.glob("thermal_zone*"))]
    for wanted in _ZONE_TYPES:
        for name, zone in found:
            if name.lower().startswith(wanted):
                yield f"zone {name}", str(zone / "temp")


def _chips() -> Iterator[tuple[str, str]]:
    for chip in sorted(_CHIPS.glob("hwmon*")):
        name = read_text(str(chip / "name"))
        if name in _CHIP_NAMES:
            yield f"sensor {name}", str(chip / "temp1_input")
