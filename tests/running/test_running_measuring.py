"""The loop, end to end on the local host with the fake runtime: known figures, real crashes, resume."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from fake_suite import NUM_IMAGES, OPTIONS, make_artifacts, make_case, make_data, make_suite

from bench.core.data import EvaluationData
from bench.core.host import LOCAL
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.hosts import open_host
from bench.hosts.base import Task
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.listener import Silent
from bench.running.measuring import measure
from bench.running.opening import begin_run, resume_run
from bench.running.sitting import Sitting
from bench.store.folder import RunFolder, read_run_info


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return make_data(tmp_path_factory.mktemp("cache"))


class Bench:
    """Runs fake suites in one temporary folder."""

    def __init__(self, folder: Path, data: EvaluationData) -> None:
        self.folder, self.data = folder, data
        # Case ids whose file is another one now, or is gone.
        self.changed = self.vanished = ""

    def run(self, suite: Suite, run: RunFolder) -> list[Record]:
        artifacts = make_artifacts(self.folder, list(suite.cases))
        if self.changed:
            artifacts[self.changed] = replace(artifacts[self.changed], sha256="f" * 64)
        if self.vanished:
            Path(artifacts[self.vanished].path).unlink()
        (host,) = open_host(LOCAL, self.folder / "host")
        measure(Sitting(suite, run, host, self.data, artifacts, Silent()), suite.cases)
        return derive_records(Evidence(run, read_run_info(run.path), suite, self.data, artifacts, {}))

    def fresh(self, suite: Suite) -> list[Record]:
        with begin_run(suite, Overrides(), self.folder / "results") as run:
            return self.run(suite, run)

    def resumed(self, suite: Suite) -> list[Record]:
        with resume_run(suite, Overrides(), self.folder / "results") as run:
            return self.run(suite, run)

    def lines(self, case: Case) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "results").rglob("rounds.jsonl"))
        lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [line for line in lines if line["case"] == case.id]

    def rounds(self, case: Case) -> list[dict[str, Any]]:
        return [line for line in self.lines(case) if line["kind"] == "latency"]


@pytest.fixture
def bench(tmp_path: Path, data: EvaluationData) -> Bench:
    return Bench(tmp_path, data)


def value(record: Record, name: str) -> float:
    found = record.value(name)
    assert found is not None, f"{name} is missing in {record}"
    return found


def test_known_latencies_and_boxes_come_out_as_figures(bench: Bench) -> None:
    suite = make_suite(
        [make_case("float", "fp32", latency_ns=4_000_000), make_case("fast", latency_ns=2_000_000)]
    )
    slow, fast = bench.fresh(suite)
    assert (slow.status, fast.status) == ("ok", "ok")
    # A loaded machine makes calls longer than asked for, never shorter.
    assert value(slow, "latency_p50_ns") >= 4e6 and value(fast, "latency_p50_ns") >= 2e6
    medians = [
        median(median(line["result"]["inference_ns"]) for line in bench.rounds(case)) for case in suite.cases
    ]
    assert [value(slow, "latency_p50_ns"), value(fast, "latency_p50_ns")] == medians
    assert value(fast, "latency_ratio") == pytest.approx(medians[1] / medians[0])
    # Both play the same boxes on the same photos, so the paired difference is exactly nothing.
    assert value(fast, "map_50_95_difference") == 0.0
    assert value(fast, "map_50_95") == value(slow, "map_50_95")
    assert value(fast, "size_bytes") == 10


def test_a_case_that_crashes_is_a_record_and_the_others_finish(bench: Bench) -> None:
    cases = [
        make_case("float", "fp32"),
        make_case("bad", crash="abort", at_call=2),
        make_case("good", seed=1),
    ]
    _, bad, good = bench.fresh(make_suite(cases))
    assert bad.status == "failed" and "SIGABRT" in bad.reason
    assert good.status == "ok" and good.metric("map_50_95_difference") is not None


def test_a_case_that_hangs_is_killed_and_says_how_long_it_had(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32", hang=True)], replace(OPTIONS, timeout_seconds=2))
    (record,) = bench.fresh(suite)
    assert record.status == "failed"
    assert record.reason.startswith("ran longer than 2 s and was killed")


def test_resume_takes_only_what_is_missing(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32")])
    bench.fresh(suite)
    before = bench.lines(suite.cases[0])
    (record,) = bench.resumed(suite)
    assert bench.lines(suite.cases[0]) == before
    assert record.status == "ok"


def test_resume_goes_on_after_an_interrupted_round(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = make_suite([make_case("float", "fp32"), make_case("fast")])
    _interrupt_after(monkeypatch, rounds=1)
    with pytest.raises(KeyboardInterrupt):
        bench.fresh(suite)
    monkeypatch.undo()
    records = bench.resumed(suite)
    assert [record.status for record in records] == ["ok", "ok"]
    assert all(record.rounds_valid == OPTIONS.rounds for record in records)
    for case in suite.cases:
        assert len(bench.rounds(case)) == OPTIONS.rounds


def _interrupt_after(monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    import bench.running.following as following

    real: Callable[..., object] = following.follow_job
    seen = 0

    def interrupted(host: object, task: Task, *rest: object) -> object:
        nonlocal seen
        if task.job.kind == "latency":
            seen += 1
            if seen > rounds:
                raise KeyboardInterrupt
        return real(host, task, *rest)

    monkeypatch.setattr(following, "follow_job", interrupted)


def test_rounds_of_a_changed_file_do_not_count(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32")])
    with begin_run(suite, Overrides(), bench.folder / "results") as run:
        line = {
            "kind": "latency",
            "status": "ok",
            "valid": True,
            "artifact": "other",
            "round": 0,
            "result": {},
        }
        run.append_round(suite.cases[0].id, line)
        (record,) = bench.run(suite, run)
    assert record.rounds_valid == OPTIONS.rounds


def test_every_image_is_run_once_and_counted(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32")])
    (record,) = bench.fresh(suite)
    metric = record.metric("map_50_95")
    assert metric is not None and metric.count == NUM_IMAGES


def test_a_model_that_answers_nonsense_is_failed_and_stays_so(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32", boxes=[[0, float("nan"), 20, 20, 60, 60]])])
    for records in (bench.fresh(suite), bench.resumed(suite)):
        assert records[0].status == "failed"
        assert "not numbers" in records[0].reason


def test_resume_over_changed_images_measures_them_again(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32")])
    bench.fresh(suite)
    bench.data = replace(bench.data, sha256="0" * 64)
    (record,) = bench.resumed(suite)
    assert record.status == "ok" and record.hashes["data"] == "0" * 64
    assert len([line for line in bench.lines(suite.cases[0]) if line["kind"] == "accuracy_pass"]) == 2


def test_a_lost_shard_is_run_again_on_resume(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32")])
    (before,) = bench.fresh(suite)
    (shard,) = (bench.folder / "results").rglob("detections-0000.npz")
    shard.write_bytes(b"")
    (after,) = bench.resumed(suite)
    assert after.status == "ok" and value(after, "map_50_95") == value(before, "map_50_95")


def test_rounds_of_different_sittings_are_not_called_paired(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32"), make_case("fast")])
    together = bench.fresh(suite)[1].metric("latency_ratio")
    # The second case's file changes, so it is measured again, alone.
    bench.changed = suite.cases[1].id
    apart = bench.resumed(suite)[1].metric("latency_ratio")
    assert together is not None and "rounds paired" in together.note
    assert apart is not None and "not paired" in apart.note


def test_a_file_that_vanishes_fails_its_case_and_no_other(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32"), make_case("gone")])
    bench.vanished = suite.cases[1].id
    good, gone = bench.fresh(suite)
    assert (good.status, gone.status) == ("ok", "failed")
    assert "model-1.bin" in gone.reason


def test_every_case_of_a_group_is_compared_with_every_other_pairwise(bench: Bench) -> None:
    suite = make_suite([make_case("float", "fp32"), make_case("same"), make_case("other", seed=1)])
    float_, same, other = bench.fresh(suite)
    assert set(other.differences) == {float_.case, same.case}
    assert other.differences[same.case]["value"] == -same.differences[other.case]["value"]
    assert same.differences[float_.case]["value"] == value(same, "map_50_95_difference") == 0.0
