"""Energy, sustained runs and throttling end to end: the local host, the fake runtime, a fake firmware."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_firmware import RAILS, FakeFirmware, rails_text
from fake_suite import OPTIONS, make_artifacts, make_case, make_data, make_suite

from bench.core.data import EvaluationData
from bench.core.host import LOCAL
from bench.core.measure import MeasureOptions
from bench.core.record import Record
from bench.core.suite import Case, Overrides
from bench.hosts import open_host
from bench.metrics import energy
from bench.report.building import build_report
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.listener import Listener, Silent, Step
from bench.running.measuring import measure
from bench.running.opening import begin_run
from bench.running.sitting import Sitting
from bench.store.folder import RunFolder, read_run_info

ONE_ROUND = replace(OPTIONS, rounds=1)
CASE = make_case("float", "fp32", latency_ns=2_000_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return make_data(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFirmware:
    fake = FakeFirmware(tmp_path / "firmware")
    monkeypatch.setenv("PATH", str(fake.folder), prepend=os.pathsep)
    return fake


class Once(Silent):
    """Has something happen when the first timed round has ended."""

    def __init__(self, happen: Any) -> None:
        self._happen = happen

    def end(self, step: Step, seconds: float, problem: str) -> None:
        if step.stage == "latency" and self._happen:
            self._happen()
            self._happen = None


def run_case(
    folder: Path,
    data: EvaluationData,
    measured: Case,
    options: MeasureOptions,
    listener: Listener | None = None,
) -> tuple[Record, RunFolder]:
    suite = make_suite([measured], options)
    with begin_run(suite, Overrides(), folder / "results") as run:
        artifacts = make_artifacts(folder, [measured])
        (host,) = open_host(LOCAL, folder / "host")
        sitting = Sitting(suite, run, host, data, artifacts, listener or Silent(), facts=host.facts())
        measure(sitting, suite.cases)
        host.close()
        (record,) = derive_records(Evidence(run, read_run_info(run.path), suite, data, artifacts, {}))
    return record, run


def lines_of(run: RunFolder, kind: str) -> list[dict[str, Any]]:
    return [line for line in run.read_rounds(CASE.id) if line["kind"] == kind]


def test_a_board_with_a_power_chip_gets_energy_and_keeps_its_raw_samples(
    tmp_path: Path, data: EvaluationData, board: FakeFirmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.answer(rails=rails_text())
    options = replace(ONE_ROUND, energy_seconds=0.5)
    record, run = run_case(tmp_path, data, CASE, options)
    lines = lines_of(run, "energy")
    assert len(lines) == 3 and {line["result"]["meter"] for line in lines} == {"pmic"}
    assert all(len(line["result"]["load"]["samples"][0]) == 1 + len(RAILS) for line in lines)
    metric = record.metric("energy_per_inference_j")
    assert record.status == "ok" and metric is not None and metric.value is None
    assert metric.note.startswith("needs 20 samples and 3 s")
    # The same journal with the bar lowered: the board draws 1.9 W, busy or not.
    monkeypatch.setattr(energy, "MIN_SECONDS", 0.4)
    monkeypatch.setattr(energy, "MIN_SAMPLES", 3)
    found = {m.name: m for m in energy.energy_metrics([line["result"] for line in lines], options)}
    assert found["load_power_w"].value == pytest.approx(sum(a * v for a, v in RAILS.values()), rel=1e-4)
    assert found["idle_power_w"].value == pytest.approx(found["load_power_w"].value, rel=1e-4)


def test_a_board_that_was_held_back_at_every_reading_says_why_it_has_no_energy(
    tmp_path: Path, data: EvaluationData, board: FakeFirmware
) -> None:
    board.answer(rails=rails_text())
    heat = Once(lambda: board.answer(throttled="0x40004"))
    record, run = run_case(tmp_path, data, CASE, replace(ONE_ROUND, energy_seconds=0.1), heat)
    assert [line["valid"] for line in lines_of(run, "energy")] == [False] * 3
    metric = record.metric("energy_per_inference_j")
    assert record.status == "ok" and metric is not None and metric.value is None
    assert metric.note.startswith("none of 3 readings counts: the processor was held back: throttled")


def test_a_machine_without_a_meter_runs_no_energy_job(tmp_path: Path, data: EvaluationData) -> None:
    record, run = run_case(tmp_path, data, CASE, ONE_ROUND)
    assert lines_of(run, "energy") == [] and record.metric("energy_per_inference_j") is None


def test_a_sustained_run_becomes_metrics_a_chart_and_a_file(
    tmp_path: Path, data: EvaluationData, board: FakeFirmware
) -> None:
    record, run = run_case(tmp_path, data, CASE, replace(ONE_ROUND, sustained_seconds=1.0))
    (line,) = lines_of(run, "sustained")
    (file,) = run.case_folder(CASE.id).glob("sustained-*.npz")
    assert file.name == f"sustained-{line['job']}.npz"
    with np.load(file, allow_pickle=False) as samples:
        assert len(samples["latency_ns"]) == line["result"]["num_calls"] > 100
    burst, steady = (record.value(f"latency_{name}_p50_ns") for name in ("burst", "steady"))
    assert burst is not None and steady is not None
    assert 2_000_000 <= burst < 10_000_000 and 2_000_000 <= steady < 10_000_000
    assert record.value("peak_temperature_c") == 48.3 and record.value("throttled_share") == 0
    (series,) = record.sustained
    assert series["board"] == "" and series["seconds"] == pytest.approx(1.0, abs=0.5)
    (section,) = build_report([record]).sections
    assert section.courses and any("the processor was never held back" in text for text in section.findings)


def test_a_sustained_run_is_never_invalid_for_throttling_but_shows_it(
    tmp_path: Path, data: EvaluationData, board: FakeFirmware
) -> None:
    options = replace(ONE_ROUND, sustained_seconds=0.4)
    hot = Once(lambda: board.answer(throttled="0x4000c", clock="1000000000", temperature="84.9"))
    record, run = run_case(tmp_path, data, CASE, options, hot)
    (line,) = lines_of(run, "sustained")
    assert (line["status"], line["valid"], record.status) == ("ok", True, "ok")
    assert record.value("throttled_share") == 1.0 and record.value("peak_temperature_c") == 84.9
    assert set(record.sustained[0]["causes"]) == {"throttled", "soft temperature limit"}


def test_a_sustained_run_that_breaks_leaves_the_case_whole_and_says_why(
    tmp_path: Path, data: EvaluationData
) -> None:
    # Beyond every other job's calls: a check makes 5, a round 12, an accuracy pass 6.
    case = make_case("float", "fp32", latency_ns=1_000_000, crash="abort", at_call=100)
    record, run = run_case(tmp_path, data, case, replace(ONE_ROUND, sustained_seconds=2.0))
    (line,) = lines_of(run, "sustained")
    assert line["status"] == "failed" and record.status == "ok" and record.rounds_valid == 1
    metric = record.metric("latency_steady_p50_ns")
    assert metric is not None and metric.value is None
    assert metric.note.startswith("the sustained run broke: ") and "SIGABRT" in metric.note


def test_a_round_that_was_throttled_is_repeated_once_the_board_is_cool(
    tmp_path: Path, data: EvaluationData, board: FakeFirmware
) -> None:
    board.answer(throttled="0x40004", temperature="82.0")
    cool = Once(lambda: board.answer(throttled="0x40000", temperature="55.5"))
    record, run = run_case(tmp_path, data, CASE, OPTIONS, cool)
    rounds = lines_of(run, "latency")
    assert (record.rounds_valid, record.rounds_invalid) == (2, 1)
    assert record.invalid_reasons == {"throttled": 1}
    assert rounds[0]["valid"] is False and "held back: throttled" in rounds[0]["reason"]
    cooling = rounds[1]["before"]["cooling"]
    assert cooling["target_c"] == 60.0 and cooling["is_reached"] and cooling["to_c"] == 55.5
    assert rounds[1]["after"]["frequency_hz"] == 2_400_033_792
    assert rounds[1]["result"]["under_load"]["throttled"] == 0x40000
