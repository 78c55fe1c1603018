"""Boards, other hosts and invalid rounds in records, derived from journals as a run leaves them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from fake_suite import make_artifacts, make_case, make_data, make_suite

from bench.core.data import EvaluationData
from bench.core.host import LOCAL
from bench.core.record import Record
from bench.core.suite import Case, Overrides
from bench.hosts import open_host
from bench.running.across import rounds_by_board
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence, Scored
from bench.running.listener import Silent
from bench.running.measuring import measure
from bench.running.opening import begin_run
from bench.running.sitting import Sitting
from bench.store.folder import RunFolder, read_run_info

Lines = list[dict[str, Any]]


class Travel:
    """One case measured here, whose journal then stands in for that of the same case on another host."""

    def __init__(self, run: RunFolder, folder: Path, data: EvaluationData, here: Case) -> None:
        self.run, self.folder, self.data, self.here = run, folder, data, here
        self.there = replace(here, id=here.id.replace("@local", "@pi5"), host="pi5")

    def records(self, change: Callable[[Lines], Lines] = lambda lines: lines) -> dict[str, Record]:
        """Derive both records; `change` rewrites the journal of the other host."""
        source, target = (self.run.case_folder(case.id) for case in (self.here, self.there))
        shutil.copytree(source, target, dirs_exist_ok=True)
        lines = [json.loads(line) for line in (source / "rounds.jsonl").read_text("utf-8").splitlines()]
        text = "".join(json.dumps(line) + "\n" for line in change(lines))
        (target / "rounds.jsonl").write_text(text, "utf-8")
        return self.derive()

    def derive(self) -> dict[str, Record]:
        suite = replace(make_suite([self.here, self.there]), hosts=("local", "pi5"))
        artifact = make_artifacts(self.folder, [self.here])[self.here.id]
        artifacts = {self.here.id: artifact, self.there.id: artifact}
        evidence = Evidence(self.run, read_run_info(self.run.path), suite, self.data, artifacts, {})
        return {record.host: record for record in derive_records(evidence)}


@pytest.fixture
def travel(tmp_path: Path) -> Any:
    data = make_data(tmp_path / "cache")
    case = make_case("one")
    suite = make_suite([case])
    with begin_run(suite, Overrides(), tmp_path / "results") as run:
        (host,) = open_host(LOCAL, tmp_path / "host")
        artifacts = make_artifacts(tmp_path, [case])
        measure(Sitting(suite, run, host, data, artifacts, Silent()), suite.cases)
        yield Travel(run, tmp_path, data, case)


def test_the_same_detections_on_two_hosts_agree_wholly(travel: Travel) -> None:
    records = travel.records()
    parity = records["pi5"].parity
    assert records["local"].parity is None and parity is not None
    assert (parity["host"], parity["case"]) == ("local", travel.here.id)
    assert (parity["share_equal"], parity["num_differing"]) == (1.0, 0)
    difference = parity["difference"]
    assert difference is None or (difference["value"], difference["low"], difference["high"]) == (0, 0, 0)


def test_a_moved_box_is_seen(travel: Travel) -> None:
    travel.records()
    folder = travel.run.case_folder(travel.there.id)
    for path in folder.glob("detections-*.npz"):
        columns = dict(np.load(path))
        columns["box"] = columns["box"] + np.float32(0.001)
        np.savez(path, **columns)
    parity = travel.derive()["pi5"].parity
    assert parity is not None and parity["share_equal"] == 0.0 and parity["share_matched"] == 1.0
    assert parity["num_differing"] > 0


def test_a_reference_that_failed_is_said_and_not_compared(travel: Travel) -> None:
    travel.records()
    journal = travel.run.case_folder(travel.here.id) / "rounds.jsonl"
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    broken = {**lines[-1], "status": "failed", "reason": "killed by SIGILL"}
    journal.write_text(journal.read_text("utf-8") + json.dumps(broken) + "\n", "utf-8")
    parity = travel.derive()["pi5"].parity
    assert parity == {
        "host": "local",
        "case": travel.here.id,
        "reason": "its case on local has no detections: killed by SIGILL",
    }


def slower(line: dict[str, Any], factor: int, board: str) -> dict[str, Any]:
    times = [factor * value for value in line["result"]["inference_ns"]]
    return {**line, "board": board, "result": {**line["result"], "inference_ns": times}}


def test_two_boards_give_one_figure_and_say_how_they_differ(travel: Travel) -> None:
    def on_two_boards(lines: Lines) -> Lines:
        rest = [line for line in lines if line["kind"] not in ("latency", "check")]
        rounds = [line for line in lines if line["kind"] == "latency"]
        (check,) = (line for line in lines if line["kind"] == "check")
        checks = [{**check, "board": board} for board in ("pi-a", "pi-b")]
        both = [
            slower(line, factor, board) for factor, board in ((3, "pi-b"), (1, "pi-a")) for line in rounds
        ]
        return [*rest, *checks, *both]

    records = travel.records(on_two_boards)
    record, here = records["pi5"], records["local"]
    assert here.boards == {} and record.rounds_valid == 2 * here.rounds_valid
    assert list(record.boards["values"]) == sorted(record.boards["environments"]) == ["pi-a", "pi-b"]
    medians = [value["latency_p50_ns"] for value in record.boards["values"].values()]
    assert record.value("latency_p50_ns") == median(medians)
    assert medians[1] == pytest.approx(3 * medians[0]) and medians[0] == here.value("latency_p50_ns")
    assert record.boards["variance"]["num_boards"] == 2 and record.boards["any_board"] is None


def test_causes_of_invalid_rounds_are_counted_even_where_all_were_invalid(travel: Travel) -> None:
    def throttled(lines: Lines) -> Lines:
        held = {"valid": False, "causes": ["throttled"], "reason": "the processor was held back: throttled"}
        return [{**line, **held} if line["kind"] == "latency" else line for line in lines]

    record = travel.records(throttled)["pi5"]
    assert record.status == "invalid" and record.invalid_reasons == {"throttled": record.rounds_invalid}
    assert record.conditions == {} and travel.derive()["local"].invalid_reasons == {}


def test_the_hash_of_the_agent_stands_in_the_proof(travel: Travel) -> None:
    def shipped(lines: Lines) -> Lines:
        return [{**line, "process": {"agent_sha256": "ab" * 32}} for line in lines]

    assert travel.records(shipped)["pi5"].proof["agent_sha256"] == "ab" * 32


def test_a_round_that_was_held_back_is_in_no_figure() -> None:
    good = {"status": "ok", "valid": True, "board": "", "result": {"inference_ns": [1]}}
    lines = [good, {**good, "valid": False, "result": {"inference_ns": [9]}}, {**good, "status": "failed"}]
    assert rounds_by_board(Scored({"latency": lines}, "ok", "")) == {"": [{"inference_ns": [1]}]}
