"""What looking at the machine costs, and that no look falls into a timed call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from fake_firmware import FakeFirmware

from bench.agent.probes.firmware import ask_firmware
from bench.agent.probes.round import RoundProbe
from bench.agent.probes.under_load import under_load

pytestmark = pytest.mark.slow


def milliseconds(work: Callable[[], Any], count: int = 20) -> float:
    """Return the median milliseconds of a call."""
    spent = []
    for _ in range(count):
        start = time.perf_counter_ns()
        work()
        spent.append(time.perf_counter_ns() - start)
    return median(spent) / 1e6


def test_looks_cost_some_processes_and_stand_outside_of_timed_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = milliseconds(RoundProbe().before)
    fake = FakeFirmware(tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(fake.folder), prepend=os.pathsep)
    asked = milliseconds(lambda: ask_firmware("get_throttled"))
    looked = milliseconds(RoundProbe().before)
    loaded = milliseconds(lambda: under_load(lambda call: time.sleep(0.001)))
    with capsys.disabled():
        print(
            f"\nlook without firmware {bare:.2f} ms; one question to a shell's vcgencmd {asked:.2f} ms; "
            f"look with firmware {looked:.2f} ms; under load {loaded:.2f} ms"
        )
    # A round takes seconds; two looks and one under load must not show in it, on a busy machine either.
    assert bare < 20 and asked < 200 and looked < 1000 and loaded < 1000
