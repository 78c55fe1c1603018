"""A `vcgencmd` that prints what a Raspberry Pi's prints, for the tests of everything that asks the firmware.

Its answers lie in files beside it, so that a test changes them while a process runs. The format of
`pmic_read_adc` is that of public listings (gist.github.com/cleverca22 95d2cb2f); no board of ours was seen.
"""

from __future__ import annotations

from pathlib import Path

# Rails with their amperes and volts; the last two have no current, as on the board.
RAILS = {
    "3V7_WL_SW": (0.04782057, 3.705344),
    "3V3_SYS": (0.04684464, 3.314673),
    "1V8_SYS": (0.1707878, 1.809034),
    "DDR_VDD2": (0.02049453, 1.102929),
    "DDR_VDDQ": (0.0, 0.6157503),
    "1V1_SYS": (0.1893304, 1.105127),
    "0V8_SW": (0.3288884, 0.8029296),
    "VDD_CORE": (0.9287199, 0.7209762),
    "HDMI": (0.0163614, 5.16034),
}
_BARE_VOLTS = {"EXT5V": 5.171059, "BATT": 0.0059829}

_SCRIPT = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
get_throttled) [ $# = 1 ] || exit 1; echo "throttled=$(cat "$here/throttled")" ;;
measure_clock) echo "frequency(0)=$(cat "$here/clock")" ;;
measure_temp) echo "temp=$(cat "$here/temperature")'C" ;;
pmic_read_adc) cat "$here/rails" 2>/dev/null || exit 255 ;;
*) exit 1 ;;
esac
"""


def rails_text(core_amperes: float = RAILS["VDD_CORE"][0]) -> str:
    """Return what `pmic_read_adc` prints when the core draws that much."""
    amperes = {name: core_amperes if name == "VDD_CORE" else pair[0] for name, pair in RAILS.items()}
    volts = {name: pair[1] for name, pair in RAILS.items()} | _BARE_VOLTS
    lines = [
        *(f"{name + '_A':>14} current({i})={value:.8f}A" for i, (name, value) in enumerate(amperes.items())),
        *(f"{name + '_V':>14} volt({i})={value:.8f}V" for i, (name, value) in enumerate(volts.items(), 8)),
    ]
    return "\n".join(lines) + "\n"


class FakeFirmware:
    """Answers of a board that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        tool = folder / "vcgencmd"
        tool.write_text(_SCRIPT)
        tool.chmod(0o755)
        self.answer(throttled="0x0", clock="2400033792", temperature="48.3")

    def answer(self, **values: str) -> None:
        """Set `throttled`, `clock`, `temperature` or `rails`; each is replaced at once."""
        for name, value in values.items():
            scratch = self.folder / f"{name}.scratch"
            scratch.write_text(value)
            scratch.replace(self.folder / name)
