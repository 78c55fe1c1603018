"""What a board told of itself, and what follows from it: each finding by itself."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.core.host import HostSettings
from bench.hosts.provision.findings import Finding, Observed
from bench.hosts.provision.judging import judge
from bench.hosts.provision.locks import environment_of

MIB = 1 << 20
GOOD = {"numpy": {"version": "2.4.6"}, "litert": {"version": "2.3.0"}, "onnxruntime": {"version": "1.31.1"}}
# A Pi 5 with its own supply, at rest.
FACTS: dict[str, Any] = {
    "board": "Raspberry Pi 5 Model B Rev 1.0",
    "os": "Debian GNU/Linux 12 (bookworm)",
    "kernel": "6.6.31+rpt-rpi-v8",
    "machine": "aarch64",
    "bits": 64,
    "libc": ["glibc", "2.36"],
    "page_size": 4096,
    "emulator": None,
    "is_virtual": None,
    "cpu": "0xd0b",
    "num_cores": 4,
    "has_dot_product": True,
    "has_half_precision": True,
    "ram_bytes": 8192 * MIB,
    "available_bytes": 7000 * MIB,
    "swap_bytes": 200 * MIB,
    "root": "/home/pi/.cache/detector-bench",
    "free_bytes": 20_000 * MIB,
    "temperature_c": 45.0,
    "throttled": 0,
    "has_firmware": True,
    "governor": "performance",
    "supply_milliamps": 5000,
    "load": 0.1,
    "python": [3, 11, 2],
    "implementation": "cpython",
    "has_pip": True,
}
PI5 = HostSettings("pi5", boards=("pi5",))
SEEN = Observed(FACTS, environment_of([3, 11, 2], "aarch64"), GOOD, 0.012, 0.3, "", PI5)


def found(name: str, **facts: Any) -> Finding | None:
    """Return the finding of that name where these facts differ."""
    return by_name(replace(SEEN, facts={**FACTS, **facts})).get(name)


def by_name(seen: Observed) -> dict[str, Finding]:
    return {finding.name: finding for finding in judge(seen)}


def test_a_board_that_is_well_gets_no_advice() -> None:
    findings = judge(SEEN)
    assert {finding.status for finding in findings} == {"ok"}
    assert not any(finding.cure for finding in findings)
    shown = {finding.name: finding.value for finding in findings}
    assert shown["processor"] == "Cortex-A76, 4 cores" and shown["connection"] == "12 ms a round trip"
    assert shown["runtimes"] == "numpy 2.4.6, litert 2.3.0, onnxruntime 1.31.1"


@pytest.mark.parametrize(
    ("name", "facts", "status", "value", "cure"),
    [
        ("emulator", {"emulator": "qemu"}, "advice", "qemu", "figures are not valid for decisions"),
        ("virtual machine", {"is_virtual": True}, "advice", "yes", "repeat on real hardware"),
        ("python", {"implementation": "pypy"}, "problem", "pypy 3.11.2", "wheels for CPython alone"),
        ("C library", {"libc": ["musl", ""]}, "problem", "musl", "no wheels for musl (Alpine)"),
        ("C library", {"libc": ["glibc", "2.27"]}, "problem", "glibc 2.27", "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_aarch64.whl needs glibc 2.28: update the system"),
        ("dot product", {"has_dot_product": False}, "advice", "no", "INT8 models gain less here than on a Pi 5"),
        ("half precision", {"has_half_precision": False}, "advice", "no", "FP16 models are computed in FP32"),
        ("page size", {"page_size": 16384}, "advice", "16 KiB", "machines of this page size alone"),
        ("memory", {"available_bytes": 100 * MIB}, "problem", "8192 MiB, 100 MiB of them available", "needs about 160 MiB beside large models: end other programs"),
        ("memory", {"available_bytes": 300 * MIB}, "advice", "8192 MiB, 300 MiB of them available", "large models may not fit"),
        ("swap", {"swap_bytes": 0, "ram_bytes": 512 * MIB}, "advice", "none", "ends its job, nothing else"),
        ("disk", {"free_bytes": 200 * MIB}, "problem", "200 MiB free at /home/pi/.cache/detector-bench", "300 MiB are needed, 0 of them for packages; make room, or name another `root`"),
        ("supply", {"supply_milliamps": 3000}, "advice", "3000 mA", "use its 27 W supply"),
        ("throttling now", {"throttled": 0x50005}, "problem", "under-voltage, throttled", "rounds measured like this are invalid: use the board's own supply"),
        ("throttling since boot", {"throttled": 0xA0000}, "advice", "frequency capped, soft temperature limit", "look after supply and cooling; give it a heat sink or a fan"),
        ("throttling", {"throttled": None, "has_firmware": False}, "advice", "not told", "install vcgencmd"),
        ("throttling", {"throttled": None}, "advice", "not told", "sudo usermod -aG video"),
        ("temperature", {"temperature_c": 71.0}, "advice", "71 C", "it is let cool to 60 C"),
        ("temperature", {"temperature_c": 83.4}, "problem", "83 C", "a Pi slows from 80 C on"),
        ("governor", {"governor": "ondemand"}, "advice", "ondemand", "--set-governor performance"),
        ("load", {"load": 2.61}, "advice", "2.61", "end them for the run"),
    ],
)  # fmt: skip
def test_each_fault_has_its_finding_and_its_cure(
    name: str, facts: dict[str, Any], status: str, value: str, cure: str
) -> None:
    finding = found(name, **facts)
    assert finding is not None and (finding.status, finding.value) == (status, value)
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("swap", {"swap_bytes": 0}),
        ("supply", {"supply_milliamps": 3000, "board": "Raspberry Pi 4 Model B Rev 1.4"}),
        ("dot product", {"has_dot_product": None}),
        ("throttling", {"throttled": None, "board": "Some PC"}),
        ("temperature", {"temperature_c": None}),
        ("governor", {"governor": None}),
        ("memory", {"available_bytes": None}),
    ],
)  # fmt: skip
def test_what_is_no_fault_or_not_told_earns_no_advice(name: str, facts: dict[str, Any]) -> None:
    finding = found(name, **facts)
    assert finding is None or finding.status == "ok"


def test_what_throttles_now_is_not_told_a_second_time_as_history() -> None:
    names = by_name(replace(SEEN, facts={**FACTS, "throttled": 0x50005}))
    assert "throttling since boot" not in names
    both = by_name(replace(SEEN, facts={**FACTS, "throttled": 0x50001}))
    assert both["throttling now"].value == "under-voltage"
    assert both["throttling since boot"].value == "throttled"


@pytest.mark.parametrize(
    ("skew", "status"), [(59.0, "ok"), (-59.0, "ok"), (61.0, "advice"), (-7200.0, "advice")]
)
def test_a_skewed_clock_is_advice_for_latencies_do_not_need_it(skew: float, status: str) -> None:
    finding = by_name(replace(SEEN, skew_seconds=skew))["clock"]
    assert finding.status == status
    assert status == "ok" or "latencies are not affected" in finding.cure


def test_a_python_without_pinned_wheels_is_a_problem_that_names_those_with() -> None:
    reason = "no wheels are pinned for Python 3.10 on aarch64, expected Python 3.11 or 3.12 or 3.13"
    names = by_name(replace(SEEN, environment=reason, packages=None))
    assert names["python"].status == "problem" and "3.11 or 3.12 or 3.13" in names["python"].cure
    assert "runtimes" not in names


def test_before_a_setup_the_disk_must_hold_the_packages_too() -> None:
    bare = replace(SEEN, packages=None, facts={**FACTS, "free_bytes": 400 * MIB})
    finding = by_name(bare)["disk"]
    assert finding.status == "problem" and "of them for packages" in finding.cure
    assert by_name(replace(bare, packages=GOOD))["disk"].status == "ok"


def test_what_would_be_installed_is_told_with_how() -> None:
    bare = by_name(replace(SEEN, packages=None))
    assert bare["runtimes"].value == "not installed yet: litert 2.3.0, onnxruntime 1.31.1 by its own pip"
    without = by_name(replace(SEEN, packages=None, facts={**FACTS, "has_pip": False}))
    assert "by files sent from here" in without["runtimes"].value


def test_a_runtime_that_cannot_be_imported_any_more_is_a_problem_with_its_reason() -> None:
    broken = {**GOOD, "onnxruntime": {"error": "killed by SIGILL while it was imported"}}
    names = by_name(replace(SEEN, packages=broken))
    assert names["onnxruntime"].status == "problem"
    assert names["onnxruntime"].value == "killed by SIGILL while it was imported"
    assert "bench host clean pi5, then bench host setup pi5" in names["onnxruntime"].cure
    assert "onnxruntime" not in names["runtimes"].value


def test_a_board_on_which_somebody_measures_is_not_free() -> None:
    finding = by_name(replace(SEEN, holder="ann@desk measures there, run 7, for 3 min"))["in use"]
    assert finding.status == "problem" and "ann@desk" in finding.value and "--wait 30m" in finding.cure


def test_the_target_temperature_is_the_host_s_own() -> None:
    settings = HostSettings("pi5", target_temperature_c=40.0)
    assert "let cool to 40 C" in by_name(replace(SEEN, settings=settings))["temperature"].cure
