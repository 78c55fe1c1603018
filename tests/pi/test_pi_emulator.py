"""The emulated machine looks like a Raspberry Pi to software, and does what tests tell it."""

from __future__ import annotations

import pytest
from emulator import EmulatedPi

pytestmark = pytest.mark.pi


def test_it_looks_like_a_raspberry_pi_4(pi: EmulatedPi) -> None:
    shown = pi.run(
        "uname -m; tr -d '\\0' < /proc/device-tree/model; echo; grep Revision /proc/cpuinfo"
    ).stdout
    assert shown.splitlines()[:2] == ["aarch64", "Raspberry Pi 4 Model B Rev 1.4"]
    assert "c03114" in shown
    folder = "/sys/devices/system/cpu/cpu0/cpufreq"
    shown = pi.run(
        f"cat {folder}/scaling_governor {folder}/scaling_max_freq; vcgencmd measure_clock arm"
    ).stdout
    assert shown.splitlines() == ["ondemand", "1800000", "frequency(48)=1800000000"]


def test_its_temperature_and_throttling_are_what_a_test_says(pi: EmulatedPi) -> None:
    pi.set_temperature(82.0)
    pi.set_throttled(0x50005)
    kernel, firmware, throttled = pi.run(
        "cat /sys/class/thermal/thermal_zone0/temp; vcgencmd measure_temp; vcgencmd get_throttled"
    ).stdout.split()
    assert abs(int(kernel) - 82_000) < 500
    assert firmware.startswith(("temp=81.", "temp=82."))
    assert throttled == "throttled=0x50005"
    pi.set_temperature(48.0)
    pi.set_throttled(0)


def test_a_reboot_changes_the_boot_id_and_keeps_the_disk(pi: EmulatedPi) -> None:
    boot_id = pi.run("cat /proc/sys/kernel/random/boot_id; echo kept > note; sync").stdout.strip()
    pi.reboot()
    after, note = pi.run("cat /proc/sys/kernel/random/boot_id note").stdout.split()
    assert after != boot_id
    assert note == "kept"
