"""Meters of electric power that a machine brings along, and a sampler that reads one while other code runs.

What the samples add up to is left to the controller; where there is no meter nothing is estimated.

- `pmic`: a Raspberry Pi 5's power chip, `vcgencmd pmic_read_adc`: lines `VDD_CORE_A current(7)=0.92871990A`
  and `VDD_CORE_V volt(15)=0.72097620V`, to be paired by name, for the numbers in brackets do not pair. What
  draws from 5 V directly (USB, HATs, NVMe) has no current there. Format:
  gist.github.com/cleverca22 (95d2cb2f), github.com/jfikar/RPi5-power; not seen on a board of our own.
- `rapl`: the energy counters of x86 processors, readable by root alone on kernels since 5.10
  (Linux documentation, "Power Capping Framework").
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bench.agent.probes.files import read_int, read_text
from bench.agent.probes.firmware import ask_firmware

_RAPL = Path("/sys/class/powercap")
_RAIL = re.compile(r"^\s*(\S+)_([AV]) (?:current|volt)\([0-9]+\)=([0-9.]+)[AV]\s*$", re.MULTILINE)

# measuring.md: samples a second, that a trapezoid joins.
SAMPLES_PER_SECOND = 10.0


class Meter(Protocol):
    """Reads numbers, always in the order of `columns`.

    Attributes:
        kind: `pmic` (watts of each rail) or `rapl` (microjoules that each package has used, wrapping around).
        columns: names of the numbers.
        wraps: after which value each counter starts anew; empty for watts.
    """

    kind: str
    columns: tuple[str, ...]
    wraps: tuple[int, ...]

    def read(self) -> list[float] | None:
        """Return the numbers, or None where they cannot be read this time."""


class PowerChip:
    """A Raspberry Pi 5's power management chip."""

    kind = "pmic"
    wraps: tuple[int, ...] = ()

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def read(self) -> list[float] | None:
        """Return the power of each rail in watts."""
        watts = rail_watts(ask_firmware("pmic_read_adc") or "")
        return [watts[name] for name in self.columns] if set(self.columns) <= set(watts) else None


class EnergyCounters:
    """The package counters of an x86 processor."""

    kind = "rapl"

    def __init__(self, zones: tuple[Path, ...]) -> None:
        self.columns = tuple(read_text(str(zone / "name")) or zone.name for zone in zones)
        self.wraps = tuple(read_int(str(zone / "max_energy_range_uj")) or 0 for zone in zones)
        self._paths = [str(zone / "energy_uj") for zone in zones]

    def read(self) -> list[float] | None:
        """Return what each package has used in microjoules, since some time."""
        values = [read_int(path) for path in self._paths]
        known = [float(value) for value in values if value is not None]
        return known if len(known) == len(values) else None


def open_meter() -> Meter | None:
    """Return this machine's meter, or None where there is none that may be read."""
    rails = rail_watts(ask_firmware("pmic_read_adc") or "")
    if rails:
        return PowerChip(tuple(rails))
    zones = tuple(zone for zone in sorted(_RAPL.glob("intel-rapl:*")) if _is_readable_package(zone))
    return EnergyCounters(zones) if zones else None


def find_meter() -> str | None:
    """Return the kind of this machine's meter, or None."""
    meter = open_meter()
    return meter.kind if meter else None


def rail_watts(text: str) -> dict[str, float]:
    """Return volts times amperes of each rail that has both, by name; of what `pmic_read_adc` prints."""
    values: dict[str, dict[str, float]] = {}
    for rail, quantity, number in _RAIL.findall(text):
        values.setdefault(rail, {})[quantity] = float(number)
    return {rail: both["A"] * both["V"] for rail, both in values.items() if both.keys() == {"A", "V"}}


def _is_readable_package(zone: Path) -> bool:
    """Whether a zone is a whole package: parts of one, and the whole platform, would count twice."""
    name = read_text(str(zone / "name")) or ""
    return name.startswith("package") and read_int(str(zone / "energy_uj")) is not None


class Sampler:
    """Reads a meter in a thread of its own between `start` and `stop`, and once at either end.

    Reading costs a little power itself. It does so with the machine at rest, too, and is subtracted with it.
    """

    def __init__(self, meter: Meter, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._meter, self._clock = meter, clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[list[float]] = []

    def start(self) -> None:
        """Take the first sample, and go on in the background."""
        self._take()
        self._thread.start()

    def stop(self) -> list[list[float]]:
        """Take the last sample; returns all: time in ns, then the meter's numbers."""
        self._stopped.set()
        self._thread.join()
        self._take()
        return self.samples

    def _run(self) -> None:
        start = time.monotonic()
        for number in itertools.count(1):
            # On a grid of time: what a reading takes does not lower the rate, unless it takes longer.
            due = start + number / SAMPLES_PER_SECOND
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            if time.monotonic() < due + 1 / SAMPLES_PER_SECOND:
                self._take()

    def _take(self) -> None:
        before = self._clock()
        values = self._meter.read()
        if values is not None:
            self.samples.append([(before + self._clock()) // 2, *(round(value, 6) for value in values)])


def sample_while(meter: Meter, work: Callable[[], Any]) -> tuple[list[list[float]], Any]:
    """Sample a meter while something runs; returns the samples and what it returned."""
    sampler = Sampler(meter)
    sampler.start()
    try:
        value = work()
    finally:
        samples = sampler.stop()
    return samples, value
