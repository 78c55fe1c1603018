"""Temperature, clock, throttling and disturbance: which source is read, and what makes a round invalid."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_firmware import FakeFirmware
from hypothesis import given
from hypothesis import strategies as st

from bench.agent.probes import clock, disturbance, emulation, firmware, machine, round, thermal
from bench.agent.probes.firmware import is_throttled, throttle_names, throttling
from bench.agent.probes.round import RoundProbe
from bench.agent.probes.under_load import under_load

# In the order of their bits (Raspberry Pi documentation, "get_throttled").
NAMES = ["under-voltage", "frequency capped", "throttled", "soft temperature limit"]

bits = st.integers(0, 0xFFFFF)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFirmware:
    fake = FakeFirmware(tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(fake.folder), prepend=os.pathsep)
    return fake


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /sys for thermal zones, sensor chips and clock policies, on a machine without firmware."""
    for module, name, folder in (
        (thermal, "_ZONES", "thermal"),
        (thermal, "_CHIPS", "hwmon"),
        (clock, "_POLICIES", "cpufreq"),
    ):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(module, name, tmp_path / folder)
    monkeypatch.setattr(firmware, "_find", lambda path: None)
    return tmp_path


def zone(tree: Path, number: int, kind: str, millidegrees: str) -> None:
    folder = tree / "thermal" / f"thermal_zone{number}"
    folder.mkdir()
    (folder / "type").write_text(kind + "\n")
    (folder / "temp").write_text(millidegrees + "\n")


def policy(tree: Path, number: int, **values: object) -> Path:
    folder = tree / "cpufreq" / f"policy{number}"
    folder.mkdir()
    for name, value in values.items():
        (folder / name).write_text(f"{value}\n")
    return folder


def test_the_zone_is_chosen_by_its_type_and_not_by_its_number(tree: Path) -> None:
    zone(tree, 0, "acpitz", "27800")
    zone(tree, 1, "iwlwifi_1", "41000")
    assert thermal.read_temperature() is None
    zone(tree, 2, "cpu-thermal", "61234")
    assert thermal.read_temperature_and_source() == (61.234, "zone cpu-thermal")
    zone(tree, 10, "x86_pkg_temp", "70000")
    assert thermal.read_temperature_and_source() == (70.0, "zone x86_pkg_temp")


def test_a_zone_that_cannot_be_read_gives_way_to_the_next_source(tree: Path) -> None:
    zone(tree, 0, "cpu-thermal", "")
    chip = tree / "hwmon" / "hwmon3"
    chip.mkdir()
    (chip / "name").write_text("k10temp\n")
    (chip / "temp1_input").write_text("52500\n")
    assert thermal.read_temperature_and_source() == (52.5, "sensor k10temp")


def test_the_firmware_is_the_second_source_of_the_temperature(
    board: FakeFirmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thermal, "_ZONES", tmp_path / "absent")
    assert thermal.read_temperature_and_source() == (48.3, "vcgencmd")


def test_the_counted_clock_comes_before_the_kernels(
    board: FakeFirmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpufreq").mkdir()
    monkeypatch.setattr(clock, "_POLICIES", tmp_path / "cpufreq")
    policy(tmp_path, 0, scaling_cur_freq=2_400_000)
    board.answer(clock="1500345728")
    assert clock.read_frequency_and_source() == (1_500_345_728, "firmware")
    board.answer(clock="0")
    assert clock.read_frequency_and_source() == (2_400_000_000, "kernel")


def test_the_fastest_core_and_all_governors_are_told(tree: Path) -> None:
    assert (clock.read_frequency(), clock.read_governor(), clock.available_governors()) == (None, None, [])
    policy(
        tree,
        0,
        scaling_cur_freq=1_400_000,
        scaling_governor="ondemand",
        scaling_available_governors="ondemand performance schedutil ",
    )
    policy(
        tree,
        4,
        scaling_cur_freq=2_200_000,
        scaling_governor="performance",
        scaling_available_governors="performance ondemand",
    )
    assert clock.read_frequency() == 2_200_000_000
    assert clock.read_governor() == "ondemand+performance"
    assert clock.read_governors() == {"policy0": "ondemand", "policy4": "performance"}
    assert clock.available_governors() == ["ondemand", "performance"]


@given(before=bits, after=bits)
def test_a_verdict_names_exactly_the_bits_of_now_and_the_new_bits_of_memory(before: int, after: int) -> None:
    expected = [
        name
        for bit, name in enumerate(NAMES)
        if after & (1 << bit) or (after & (1 << (bit + 16)) and not before & (1 << (bit + 16)))
    ]
    assert throttling(before, after) == expected
    assert bool(throttle_names(after)) == is_throttled(after)


def test_nobody_knows_whether_an_unknown_machine_is_throttled() -> None:
    assert is_throttled(None) is None and throttle_names(None) == [] and throttling(0, None) == []


def test_a_round_that_begins_throttled_is_invalid(board: FakeFirmware) -> None:
    board.answer(throttled="0x50004")
    before = RoundProbe().before()
    assert before["valid"] is False and before["reason"].startswith("the processor was held back: throttled;")


def test_a_vcgencmd_that_may_not_ask_is_told_from_one_that_is_absent(
    board: FakeFirmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RoundProbe().before()["firmware_answers"] is True
    (board.folder / "vcgencmd").write_text("#!/bin/sh\necho VCHI initialization failed\nexit 255\n")
    before = RoundProbe().before()
    assert before["firmware_answers"] is False and before["valid"]
    monkeypatch.setattr(firmware, "_find", lambda path: None)
    assert RoundProbe().before()["firmware_answers"] is None


def test_bits_that_only_remember_do_not_spoil_a_round(board: FakeFirmware) -> None:
    board.answer(throttled="0xe0000")
    probe = RoundProbe()
    assert probe.before()["valid"] and probe.after()["valid"]


def test_a_bit_under_load_alone_makes_a_round_invalid(board: FakeFirmware) -> None:
    # What is remembered since the start hides that it happened again; the reading under load does not.
    board.answer(throttled="0x40000")
    probe = RoundProbe()
    probe.before()
    after = probe.after({"throttled": 0x40004})
    assert after["valid"] is False and "throttled" in after["reason"]


@pytest.mark.parametrize(
    ("hertz", "source", "expected"),
    [(2_400_033_792, "firmware", 0), (2_300_000_000, "firmware", 1), (1_500_000_000, "kernel", 0)],
)
def test_a_counted_clock_below_the_maximum_warns_and_no_more(
    monkeypatch: pytest.MonkeyPatch, hertz: int, source: str, expected: int
) -> None:
    monkeypatch.setattr(round, "read_max_frequency", lambda: 2_400_000_000)
    probe = RoundProbe()
    probe.before()
    after = probe.after({"throttled": 0, "frequency_hz": hertz, "frequency_source": source})
    assert after["valid"] and len(after["warnings"]) == expected
    if expected:
        assert after["warnings"][0].startswith("the clock was 2300 of 2400 MHz under load")


def test_the_machine_is_read_while_it_works_and_a_call_is_made_in_any_case(board: FakeFirmware) -> None:
    board.answer(throttled="0x20002", clock="600117184")
    calls: list[int] = []
    found = under_load(calls.append)
    assert calls[:1] == [0] and found["frequency_hz"] == 600_117_184 and found["throttled"] == 0x20002


def test_disturbance_is_what_grew_between_two_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    monkeypatch.setattr(disturbance, "_VMSTAT", str(vmstat))
    vmstat.write_text("pgfault 5\npswpin 10\npswpout 20\n")
    probe = RoundProbe()
    probe.before()
    vmstat.write_text("pgfault 9\npswpin 17\npswpout 20\n")
    sum(number * number for number in range(200_000))
    grown = probe.after()["disturbance"]
    assert (grown["swapped_in_pages"], grown["swapped_out_pages"]) == (7, 0)
    assert grown["cpu_ns"] > 1_000_000 and grown["major_faults"] >= 0 and grown["involuntary_switches"] >= 0
    vmstat.unlink()
    assert probe.after()["disturbance"]["swapped_in_pages"] is None


def test_vcgencmd_is_found_where_path_does_not_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeFirmware(tmp_path / "opt")
    monkeypatch.setattr(firmware, "_PLACES", (str(fake.folder),))
    monkeypatch.setattr(firmware, "_find", firmware._find.__wrapped__)
    assert firmware.vcgencmd_path() == str(fake.folder / "vcgencmd")
    assert firmware.measure_temperature() == 48.3


def test_an_emulated_machine_shows_by_its_device_tree_whatever_board_it_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulation, "_DEVICE_TREE", tmp_path)
    monkeypatch.setattr(emulation, "_VENDOR", str(tmp_path / "absent"))
    monkeypatch.setattr(emulation.platform, "machine", lambda: "aarch64")
    assert emulation.find_emulator("0xd0b") is None
    node = tmp_path / "fw-cfg@9020000"
    node.mkdir()
    (node / "compatible").write_bytes(b"qemu,fw-cfg-mmio\x00")
    assert emulation.find_emulator("0xd0b") == "qemu"
    monkeypatch.setattr(emulation.platform, "machine", lambda: "x86_64")
    assert emulation.find_emulator("Intel(R) Xeon(R) Processor") is None
    assert emulation.find_emulator("QEMU TCG CPU version 2.5+") == "qemu"


def test_the_memory_limit_is_the_tightest_of_the_groups_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "group").write_text("0::/user.slice/session.scope\n")
    (tmp_path / "user.slice" / "session.scope").mkdir(parents=True)
    monkeypatch.setattr(machine, "_GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(machine, "_GROUPS", str(tmp_path))
    assert machine.memory_limit() is None
    (tmp_path / "user.slice" / "memory.max").write_text("500000000\n")
    (tmp_path / "user.slice" / "session.scope" / "memory.max").write_text("max\n")
    assert machine.memory_limit() == 500_000_000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert machine.memory_limit() == 500_000_000
