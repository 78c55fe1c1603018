"""Meters of power: what is read of them and how it is sampled; the energy and the sustained job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_firmware import RAILS, FakeFirmware, rails_text

from bench.agent.context import JobContext
from bench.agent.jobs import energy, sustained
from bench.agent.probes import power
from bench.agent.probes.power import Sampler, find_meter, open_meter, rail_watts
from bench.wire.job import Job, LatencyOptions
from bench.wire.journal import read_events

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]

# Beside its own lines, the first lines of a public listing (gist.github.com/cleverca22 95d2cb2f).
LISTING = """3V7_WL_SW_A current(0)=0.04782057A
3V3_SYS_A current(1)=0.04684464A
VDD_CORE_A current(7)=0.92871990A
3V7_WL_SW_V volt(8)=3.70534400V
3V3_SYS_V volt(9)=3.31467300V
VDD_CORE_V volt(15)=0.72097620V
EXT5V_V volt(24)=5.17105900V
BATT_V volt(25)=0.00598290V
"""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFirmware:
    fake = FakeFirmware(tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(fake.folder), prepend=os.pathsep)
    return fake


class Steps:
    """A meter that counts how often it was read; every fourth reading fails."""

    kind, columns, wraps = "rapl", ("package-0",), (100,)

    def __init__(self) -> None:
        self.num = 0

    def read(self) -> list[float] | None:
        self.num += 1
        return None if self.num % 4 == 0 else [float(self.num)]


def test_rails_are_paired_by_name_and_those_without_a_current_left_out() -> None:
    watts = rail_watts(LISTING)
    assert list(watts) == ["3V7_WL_SW", "3V3_SYS", "VDD_CORE"]
    assert watts["VDD_CORE"] == pytest.approx(0.9287199 * 0.7209762)
    assert sum(watts.values()) == pytest.approx(0.17719166 + 0.15527466 + 0.66958494, rel=1e-6)


@pytest.mark.parametrize(
    "text", ["", "VCHI initialization failed", 'error=1 error_msg="Command not registered"']
)
def test_other_texts_hold_no_rails(text: str) -> None:
    assert rail_watts(text) == {}


def test_a_board_with_a_power_chip_has_a_meter_and_others_have_not(board: FakeFirmware) -> None:
    assert find_meter() is None
    board.answer(rails=rails_text())
    meter = open_meter()
    assert meter is not None and meter.kind == "pmic" and set(meter.columns) == set(RAILS)
    values = meter.read()
    assert values is not None
    assert sum(values) == pytest.approx(sum(a * v for a, v in RAILS.values()), rel=1e-6)
    board.answer(rails="VCHI initialization failed")
    assert meter.read() is None


def test_packages_are_counted_and_neither_their_parts_nor_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power, "_RAPL", tmp_path)
    for zone, name in {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:0": "core",
        "intel-rapl:1": "package-1",
        "intel-rapl:2": "psys",
    }.items():
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "name").write_text(name + "\n")
        (tmp_path / zone / "energy_uj").write_text(f"{len(zone)}00\n")
        (tmp_path / zone / "max_energy_range_uj").write_text("262143328850\n")
    meter = open_meter()
    assert meter is not None and meter.kind == "rapl" and meter.columns == ("package-0", "package-1")
    assert meter.wraps == (262143328850, 262143328850) and meter.read() == [1200.0, 1200.0]
    (tmp_path / "intel-rapl:1" / "energy_uj").unlink()
    assert meter.read() is None


def test_counters_that_may_not_be_read_are_no_meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "_RAPL", tmp_path)
    (tmp_path / "intel-rapl:0").mkdir()
    (tmp_path / "intel-rapl:0" / "name").write_text("package-0\n")
    # A folder stands for a file that only root may read: tests may run as root.
    (tmp_path / "intel-rapl:0" / "energy_uj").mkdir()
    assert open_meter() is None


def test_samples_enclose_the_work_and_failed_readings_are_left_out() -> None:
    meter = Steps()
    sampler = Sampler(meter)
    sampler.start()
    start = time.perf_counter_ns()
    time.sleep(0.55)
    stop = time.perf_counter_ns()
    samples = sampler.stop()
    assert samples[0][0] < start and samples[-1][0] > stop - 1_000_000
    assert [sample[0] for sample in samples] == sorted(sample[0] for sample in samples)
    assert all(sample[1] % 4 for sample in samples)
    assert 3 <= meter.num <= 8


def energy_job(make_job: MakeJob, seconds: float) -> Job:
    options = LatencyOptions(warmup=1, num_images=2)
    return make_job("energy", options={"latency_ns": 2_000_000}, latency=options, energy_seconds=seconds)


def test_energy_is_sampled_at_rest_and_then_under_load(
    make_job: MakeJob, make_context: MakeContext, board: FakeFirmware
) -> None:
    board.answer(rails=rails_text())
    result = energy.run(make_context(energy_job(make_job, 0.4)))
    assert result["meter"] == "pmic" and len(result["columns"]) == len(RAILS)
    for part in (result["idle"], result["load"]):
        assert part["samples"][0][0] <= part["start_ns"] < part["stop_ns"]
        assert part["stop_ns"] - part["start_ns"] >= 400_000_000
        assert all(len(sample) == 1 + len(RAILS) for sample in part["samples"])
    assert result["idle"]["stop_ns"] < result["load"]["start_ns"]
    assert 10 < result["num_calls"] <= 200 and result["proof"]


def test_without_a_meter_energy_is_not_measured_and_no_model_is_loaded(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    job = make_job("energy", options={"crash": "exception", "at_call": -1}, energy_seconds=5.0)
    assert energy.run(make_context(job)) == {"meter": None, "num_calls": 0}


def sustained_run(
    make_job: MakeJob, make_context: MakeContext, **changes: Any
) -> tuple[dict[str, Any], JobContext, dict[str, np.ndarray]]:
    options = {"latency_ns": 2_000_000}
    job = make_job("sustained", options=options, latency=LatencyOptions(warmup=1, num_images=2), **changes)
    context = make_context(job)
    result = sustained.run(context)
    with np.load(context.folder / result["file"], allow_pickle=False) as file:
        return result, context, {name: file[name] for name in file.files}


def test_a_sustained_run_keeps_every_call_and_looks_in_between(
    make_job: MakeJob, make_context: MakeContext, board: FakeFirmware
) -> None:
    board.answer(throttled="0x4", clock="1500000000", temperature="83.1")
    result, context, file = sustained_run(make_job, make_context, sustained_seconds=0.6, probe_seconds=0.2)
    assert file["latency_ns"].dtype == np.uint32 and len(file["latency_ns"]) == result["num_calls"] > 50
    assert file["latency_ns"].min() >= 2_000_000
    assert file["stretch_start"][0] == 0 and (np.diff(file["stretch_start"]) > 0).all()
    # Calls lie within their stretch, stretches behind each other, looks between them.
    ends = np.append(file["stretch_start"][1:], len(file["latency_ns"]))
    spans = zip(file["stretch_start"], ends, file["stop_ns"] - file["start_ns"], strict=True)
    assert all(file["latency_ns"][first:last].sum() <= span for first, last, span in spans)
    assert (file["start_ns"][1:] >= file["stop_ns"][:-1]).all()
    assert len(result["probes"]) == len(file["start_ns"]) + 1
    assert {probe["throttled"] for probe in result["probes"]} == {4}
    assert result["probes"][-1]["frequency_hz"] == 1_500_000_000
    # The last look may take what is left of the time.
    assert 0.2 <= result["seconds"] < 5
    assert result["probes"][-1]["at_ns"] >= 600_000_000


def test_a_sustained_run_reports_how_far_it_is_and_its_file(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    _, context, _ = sustained_run(make_job, make_context, sustained_seconds=0.3, probe_seconds=0.1)
    events, _ = read_events(context.folder / "journal.jsonl")
    done = [event["done"] for event in events if event["type"] == "progress"]
    assert done == sorted(done) and done[-1] == 300_000_000
    assert [event["file"] for event in events if event["type"] == "shard"] == ["sustained.npz"]


def test_calls_beyond_four_seconds_need_no_other_file(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sustained, "time_until", lambda *_: time.sleep(0.06) or [5_000_000_000])
    _, _, file = sustained_run(make_job, make_context, sustained_seconds=0.1, probe_seconds=0.05)
    assert file["latency_ns"].dtype == np.uint64 and set(file["latency_ns"]) == {5_000_000_000}
