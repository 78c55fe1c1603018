"""The two boards that the emulator plays, and their device trees: what software sees of a Raspberry Pi."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

# A page of guest memory, kept from the kernel, plays the temperature sensor's registers. The kernel's own
# bcm2711_thermal driver reads it: bits 0 to 9 are the reading, 10 and 16 say that it is valid.
SENSOR_ADDRESS = 0x7FFF_0000
SENSOR_REGISTER = SENSOR_ADDRESS + 0x200
SENSOR_VALID = 1 << 10 | 1 << 16
# Where memory begins on QEMU's machine `virt`.
RAM_ADDRESS = 0x4000_0000


@dataclass(frozen=True)
class Board:
    """A model of Raspberry Pi.

    Attributes:
        cpu: QEMU's name of the core.
        frequencies_mhz: what cpufreq offers.
        slope_millikelvin, offset_millicelsius: of the temperature sensor, by reading.
    """

    model: str
    compatible: tuple[str, str]
    cpu: str
    revision: str
    frequencies_mhz: tuple[int, ...]
    slope_millikelvin: int
    offset_millicelsius: int

    def sensor_word(self, celsius: float) -> int:
        """Return the register's value at a temperature.

        Raises:
            ValueError: the sensor cannot show it.
        """
        reading = round((celsius * 1000 - self.offset_millicelsius) / self.slope_millikelvin)
        if not 0 <= reading < 1024:
            raise ValueError(f"{celsius} degrees are out of the sensor's range")
        return reading | SENSOR_VALID


BOARDS = {
    "4": Board(
        model="Raspberry Pi 4 Model B Rev 1.4",
        compatible=("raspberrypi,4-model-b", "brcm,bcm2711"),
        cpu="cortex-a72",
        revision="c03114",
        frequencies_mhz=(600, 1000, 1500, 1800),
        slope_millikelvin=-487,
        offset_millicelsius=410_040,
    ),
    "5": Board(
        model="Raspberry Pi 5 Model B Rev 1.0",
        compatible=("raspberrypi,5-model-b", "brcm,bcm2712"),
        cpu="cortex-a76",
        revision="c04170",
        frequencies_mhz=(1500, 1600, 1800, 2000, 2200, 2400),
        slope_millikelvin=-550,
        offset_millicelsius=450_000,
    ),
}

_OVERLAY = """\
/dts-v1/; /plugin/;
/ {{
  fragment@100 {{ target-path = "/"; __overlay__ {{
    model = "{model}"; compatible = {compatible}; serial-number = "10000000be9c0001";
    pi-emu,revision = "{revision}";
    reserved-memory {{ #address-cells = <2>; #size-cells = <2>; ranges;
      sensor@{sensor:x} {{ reg = <0 {sensor:#x} 0 0x10000>; no-map; }}; }};
    core_clock: core-clock {{
      compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <{max_hz}>; }};
    core_opp: opp-table-core {{ compatible = "operating-points-v2"; opp-shared; {points} }};
    avs-monitor@{sensor:x} {{
      compatible = "brcm,bcm2711-avs-monitor", "syscon", "simple-mfd"; reg = <0 {sensor:#x} 0 0xf00>;
      thermal: thermal {{ compatible = "brcm,bcm2711-thermal"; #thermal-sensor-cells = <0>; }}; }};
    thermal-zones {{ cpu-thermal {{
      polling-delay-passive = <0>; polling-delay = <1000>;
      coefficients = <({slope}) {offset}>; thermal-sensors = <&thermal>;
      trips {{ critical {{ temperature = <110000>; hysteresis = <0>; type = "critical"; }}; }}; }}; }};
  }}; }};
{cores}
}};
"""
_CORE = """\
  fragment@{index} {{ target-path = "/cpus/cpu@{index:x}"; __overlay__ {{
    clocks = <&core_clock>; operating-points-v2 = <&core_opp>; }}; }};"""


def write_device_tree(folder: Path, board: Board, num_cores: int) -> Path:
    """Write QEMU's own device tree with the board's facts laid over it; returns the file."""
    base, source, overlay, merged = (folder / name for name in ("base.dtb", "pi.dts", "pi.dtbo", "pi.dtb"))
    machine = ["qemu-system-aarch64", "-M", f"virt,gic-version=2,dumpdtb={base}", "-cpu", board.cpu]
    _run([*machine, "-smp", str(num_cores), "-m", "1024", "-display", "none", "-nodefaults"])
    source.write_text(_overlay_text(board, num_cores))
    _run(["dtc", "-@", "-q", "-I", "dts", "-O", "dtb", "-o", str(overlay), str(source)])
    _run(["fdtoverlay", "-i", str(base), "-o", str(merged), str(overlay)])
    return merged


def _overlay_text(board: Board, num_cores: int) -> str:
    hertz = [mhz * 1_000_000 for mhz in board.frequencies_mhz]
    return _OVERLAY.format(
        model=board.model,
        compatible=", ".join(f'"{name}"' for name in board.compatible),
        revision=board.revision,
        sensor=SENSOR_ADDRESS,
        max_hz=hertz[-1],
        points=" ".join(f"opp-{hz} {{ opp-hz = /bits/ 64 <{hz}>; }};" for hz in hertz),
        slope=board.slope_millikelvin,
        offset=board.offset_millicelsius,
        cores="\n".join(_CORE.format(index=index) for index in range(num_cores)),
    )


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
