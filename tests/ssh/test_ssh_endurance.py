"""Over SSH: throttled rounds are repeated after cooling, sustained samples arrive, energy is read there."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_firmware import RAILS, rails_text
from ssh_rig import SshRig

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED, main

TINY = Path(__file__).parent.parent / "agent" / "models"

SUITE = """
name: lasting
model: {{tflite: {models}/tiny_float.tflite, precision: fp32, detector:
  {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
data: {{rendered: {{evaluation: 4, calibration: 1, training: 1}}}}
measure: {{rounds: {rounds}, warmup: 1, calls: 5, images: 2, sustained: {sustained}, energy: {energy}}}
"""


class Lasting:
    """Runs the tiny suite on one device that plays a Raspberry Pi."""

    def __init__(self, folder: Path, rig: SshRig) -> None:
        self.folder, self.device = folder, rig.device
        (folder / "hosts.yaml").write_text("pi: {ssh: loop, target_temperature: 60, cooling: 20s}\n")
        rig.device.become_pi()

    def run(self, rounds: int, sustained: str = "0", energy: str = "0") -> int:
        suite = self.folder / "lasting.yaml"
        suite.write_text(SUITE.format(models=TINY, rounds=rounds, sustained=sustained, energy=energy))
        return main(["run", str(suite), "--results", str(self.folder / "results"), "--host", "pi"])

    def record(self) -> dict[str, Any]:
        (path,) = (self.folder / "results").rglob("records.jsonl")
        record: dict[str, Any] = json.loads(path.read_text())
        return record

    def lines(self, kind: str) -> list[dict[str, Any]]:
        texts = [path.read_text() for path in (self.folder / "results").rglob("rounds.jsonl")]
        lines = [json.loads(line) for text in texts for line in text.splitlines() if line.endswith("}")]
        return [line for line in lines if line["kind"] == kind]

    def when(self, is_so: Callable[[], object], action: Callable[[], object]) -> None:
        """Do something as soon as something is so."""

        def watch() -> None:
            deadline = time.monotonic() + 60
            while not is_so() and time.monotonic() < deadline:
                time.sleep(0.02)
            action()

        threading.Thread(target=watch, daemon=True).start()


@pytest.fixture
def lasting(tmp_path: Path, ssh_rig: SshRig, monkeypatch: pytest.MonkeyPatch) -> Lasting:
    for name, value in {**ssh_rig.environment, "BENCH_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bench.hosts.provision.ensure_ready", lambda *rest: sys.executable)
    return Lasting(tmp_path, ssh_rig)


def test_sustained_samples_and_power_of_a_device_arrive_here(lasting: Lasting) -> None:
    lasting.device.set_pmic(rails_text())
    assert lasting.run(1, sustained="500ms", energy="300ms") == EXIT_GOOD
    (sustained,) = lasting.lines("sustained")
    (file,) = (lasting.folder / "results").rglob("sustained-*.npz")
    assert file.name == f"sustained-{sustained['job']}.npz"
    record = lasting.record()
    assert record["sustained"][0]["num_calls"] == sustained["result"]["num_calls"] > 10
    assert {metric["name"] for metric in record["metrics"]} >= {"latency_steady_ratio", "peak_temperature_c"}
    energy = lasting.lines("energy")
    assert len(energy) == 3 and set(energy[0]["result"]["columns"]) == set(RAILS)


def test_a_throttled_device_is_let_cool_and_measured_again(lasting: Lasting) -> None:
    lasting.device.set_throttled(0x40004)
    lasting.device.set_temperature(82.0)

    def cool() -> None:
        lasting.device.set_throttled(0x40000)
        lasting.device.set_temperature(57.0)

    lasting.when(lambda: any(not line["valid"] for line in lasting.lines("latency")), cool)
    assert lasting.run(2) == EXIT_GOOD
    record = lasting.record()
    assert record["rounds_valid"] == 2 and record["rounds_invalid"] >= 1
    assert set(record["invalid_reasons"]) == {"throttled"}
    cooled = [line["before"]["cooling"] for line in lasting.lines("latency") if line["before"]["cooling"]]
    assert cooled[0]["target_c"] == 60.0 and cooled[-1]["to_c"] == 57.0


def test_a_device_that_stays_under_volted_has_no_figures_and_says_why(lasting: Lasting) -> None:
    lasting.device.set_throttled(0x50005)
    assert lasting.run(1) == EXIT_NOT_MEASURED
    record = lasting.record()
    assert record["status"] == "invalid" and record["rounds_invalid"] == 2
    assert "0 valid rounds of at least 1; 2 were invalid: " in record["reason"]
    assert "under-voltage (2)" in record["reason"] and "throttled (2)" in record["reason"]


def test_a_governor_that_the_device_does_not_have_is_told_and_nothing_is_measured(
    lasting: Lasting, capsys: pytest.CaptureFixture[str]
) -> None:
    if Path("/sys/devices/system/cpu/cpufreq/policy0").exists():
        pytest.skip("this machine has governors, which a test must not touch")
    lasting.run(1)
    suite = str(lasting.folder / "lasting.yaml")
    results = str(lasting.folder / "other")
    options = ["--results", results, "--host", "pi", "--set-governor", "performance"]
    assert main(["run", suite, *options]) == EXIT_NOT_MEASURED
    assert "offers no frequency governors; leave --set-governor out" in "".join(capsys.readouterr())
