"""Probes: what they read, what they make of it, and that absence is None."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.agent.probes import files, firmware, round
from bench.agent.probes.firmware import throttling
from bench.agent.probes.machine import machine_facts
from bench.agent.probes.memory import parse_status, read_memory, reset_peak
from bench.agent.probes.round import RoundProbe


def test_what_is_absent_is_none() -> None:
    assert files.read_text("/no/such/file") is None
    assert files.read_int("/no/such/file") is None
    assert files.read_field("/no/such/file", "model name") is None
    assert files.read_tool("no-such-tool-anywhere") is None


def test_a_field_is_found_by_its_whole_name(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("model\t\t: 167\nmodel name\t: A processor: the second\n")
    assert files.read_field(str(path), "model name") == "A processor: the second"
    assert files.read_field(str(path), "name") is None
    (tmp_path / "board").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\x00")
    assert files.read_text(str(tmp_path / "board")) == "Raspberry Pi 5 Model B Rev 1.0"


def test_a_tool_that_fails_is_as_good_as_absent() -> None:
    assert files.read_tool("false") is None
    assert files.read_tool("echo", "throttled=0x0") == "throttled=0x0"


def test_the_machine_is_described_as_others_describe_it() -> None:
    facts = machine_facts()
    assert facts["num_threads"] == os.cpu_count()
    assert facts["ram_bytes"] == psutil.virtual_memory().total
    assert facts["architecture"] == os.uname().machine
    assert os.uname().release in facts["kernel"]
    assert os.uname().nodename not in facts.values()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, []),
        (0x0, 0x0, []),
        (0x0, 0x4, ["throttled"]),
        (0x0, 0x50000, ["under-voltage", "throttled"]),
        (0x50000, 0x50000, []),
        (0x50000, 0x50005, ["under-voltage", "throttled"]),
        (0x10000, 0x90000, ["soft temperature limit"]),
    ],
)
def test_bits_of_now_and_new_bits_of_memory_invalidate(
    before: int | None, after: int | None, expected: list[str]
) -> None:
    assert throttling(before, after) == expected


def test_a_round_that_was_throttled_in_between_is_invalid_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter([0x20000, 0x60000])
    monkeypatch.setattr(round, "read_throttled", lambda: next(readings))
    probe = RoundProbe()
    assert probe.before()["valid"] is True
    after = probe.after()
    assert after["valid"] is False and "held back: throttled" in after["reason"]


def test_the_tools_of_a_raspberry_pi_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text(
        "#!/bin/sh\n"
        'case $1 in get_throttled) echo throttled=0x50005;; *) echo "frequency(0)=2400000000";; esac\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert firmware.read_throttled() == 0x50005
    assert firmware.measure_clock() == 2_400_000_000
    tool.write_text("#!/bin/sh\necho VCHI initialization failed\n")
    assert firmware.read_throttled() is None and firmware.measure_clock() is None


def test_sizes_of_a_status_are_bytes() -> None:
    text = "Name:\tpython\nVmHWM:\t   1024 kB\nVmRSS:\t     12 kB\nThreads:\t3\n"
    assert parse_status(text) == {"VmHWM": 1024 * 1024, "VmRSS": 12 * 1024}


def test_resident_memory_is_what_psutil_says() -> None:
    # Kernels count in batches per core, so two readings differ by a little.
    assert read_memory().rss_bytes == pytest.approx(psutil.Process().memory_info().rss, abs=2_000_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /proc/self/clear_refs")
def test_a_peak_before_the_reset_is_forgotten_and_one_after_it_is_not() -> None:
    code = (
        "import numpy as np; from bench.agent.probes.memory import read_memory, reset_peak\n"
        "np.ones(80_000_000, np.uint8); early = read_memory().peak_rss_bytes; method = reset_peak()\n"
        "calm = read_memory().peak_rss_bytes; np.ones(40_000_000, np.uint8)\n"
        "print(method, early, calm, read_memory().peak_rss_bytes)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    method, early, calm, late = done.stdout.split()
    if method == "whole_life":
        pytest.skip("this kernel refuses to reset the peak")
    assert int(early) - int(calm) > 75_000_000
    assert 39_000_000 < int(late) - int(calm) < 45_000_000


def test_a_refused_reset_is_labelled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bench.agent.probes import memory

    monkeypatch.setattr(memory, "_CLEAR_REFS", tmp_path / "absent" / "clear_refs")
    if memory._STATUS.exists():
        assert reset_peak() == "whole_life"
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "absent")
    assert reset_peak() == "psutil"
    reading = read_memory()
    assert reading.peak_rss_bytes >= reading.rss_bytes > 0 and reading.rss_anon_bytes is None
