"""Several hosts and boards at once, detached devices, lost ones, invalid rounds, resume: all with fakes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_device import FACTS, FakeDetachedHost, FakeDevice
from fake_suite import NUM_IMAGES, OPTIONS, make_artifacts, make_case, make_data, make_suite

from bench.core.data import EvaluationData
from bench.core.host import HostSettings
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.errors import HostError, UsageError
from bench.hosts.base import Host
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.listener import Silent
from bench.running.opening import begin_run, resume_run
from bench.running.together import InterruptedRun, measure_hosts
from bench.running.work import HostOptions, Work
from bench.store.folder import RunFolder, read_run_info
from bench.wire.job import Job

ROUNDS = 6
MEASURE = replace(OPTIONS, rounds=ROUNDS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return make_data(tmp_path_factory.mktemp("cache"))


class Rig:
    """Runs fake suites on fake devices: host name -> board -> device."""

    def __init__(self, folder: Path, data: EvaluationData, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.data = folder, data
        self.devices: dict[str, dict[str, FakeDevice]] = {"pi": {"": FakeDevice()}}
        self.options = HostOptions()
        self.asked: list[Sequence[str]] = []
        self.stops = False
        monkeypatch.setattr("bench.running.together.open_host", self.open)
        monkeypatch.setattr("bench.running.settling.open_host", self.open)
        # Whoever runs the tests in the background of a shell has it ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def open(self, settings: HostSettings, root: Path) -> list[Host]:
        return [
            FakeDetachedHost(device, settings.name, board)
            for board, device in self.devices[settings.name].items()
        ]

    def should_stop(self, names: Sequence[str]) -> bool:
        self.asked.append(names)
        return self.stops

    def run(self, suite: Suite, resume: bool = False) -> list[Record]:
        begin = resume_run if resume else begin_run
        with begin(suite, Overrides(), self.folder / "results") as run:
            return self._measure(suite, run)

    def _measure(self, suite: Suite, run: RunFolder) -> list[Record]:
        artifacts = make_artifacts(self.folder, list(suite.cases))
        work = Work(suite, run, self.data, artifacts, (), Silent(), self.options)
        losses = measure_hosts(work, self.should_stop)
        info = read_run_info(run.path)
        evidence = Evidence(
            run, info, suite, self.data, artifacts, {}, lost_hosts=losses.hosts, lost_boards=losses.boards
        )
        return derive_records(evidence)

    def lines(self, case: Case, kind: str) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "results").rglob("rounds.jsonl"))
        lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [line for line in lines if line["case"] == case.id and line["kind"] == kind]


@pytest.fixture
def rig(tmp_path: Path, data: EvaluationData, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, data, monkeypatch)


def on(host: str, case: Case) -> Case:
    return replace(case, id=case.id.replace("@local", f"@{host}"), host=host, sibling="")


def suite_on(*hosts: str, names: Sequence[str] = ("float", "fast"), measure: Any = MEASURE) -> Suite:
    cases = [on(host, make_case(name, "fp32")) for host in hosts for name in names]
    return replace(make_suite(cases, measure), hosts=hosts)


def statuses(records: Sequence[Record]) -> list[str]:
    return [record.status for record in records]


def test_a_detached_device_is_asked_once_for_each_batch(rig: Rig) -> None:
    suite = suite_on("pi")
    assert statuses(rig.run(suite)) == ["ok", "ok"]
    calls = rig.devices["pi"][""].calls
    # Checks, accuracy, memory, all timed rounds.
    assert calls["start"] == 4
    assert [len(rig.lines(case, "latency")) for case in suite.cases] == [ROUNDS, ROUNDS]
    assert not list((rig.folder / "results").rglob("pending-*"))
    assert rig.devices["pi"][""].lease_log[-1] == "release"


def test_rounds_are_interleaved_over_the_cases(rig: Rig) -> None:
    rig.run(suite_on("pi"))
    timed = [job.model for job in rig.devices["pi"][""].done if job.kind == "latency"]
    pairs = [set(timed[i : i + 2]) for i in range(0, len(timed), 2)]
    assert all(len(pair) == 2 for pair in pairs)


def test_all_files_are_sent_before_anything_is_measured(rig: Rig) -> None:
    device = rig.devices["pi"][""]
    seen: list[int] = []
    device.on_job = lambda job: seen.append(len(device.stored))
    rig.run(suite_on("pi"))
    assert set(seen) == {NUM_IMAGES + 2}
    assert device.calls["put"] == 1


def test_two_hosts_are_both_measured_and_one_that_is_lost_does_not_end_the_other(rig: Rig) -> None:
    rig.devices["other"] = {"": FakeDevice()}

    def cut(job: Job) -> None:
        if job.kind == "memory":
            rig.devices["other"][""].is_reachable = False

    rig.devices["other"][""].on_job = cut
    records = rig.run(suite_on("pi", "other", names=["float"]))
    assert statuses(records) == ["ok", "failed"]
    assert "cannot be reached any more" in records[1].reason and "--resume" in records[1].reason
    rig.devices["other"][""].is_reachable, rig.devices["other"][""].on_job = True, lambda job: None
    done = len(rig.devices["pi"][""].done)
    assert statuses(rig.run(suite_on("pi", "other", names=["float"]), resume=True)) == ["ok", "ok"]
    assert len(rig.devices["pi"][""].done) == done


def test_a_host_that_cannot_be_opened_fails_its_cases_alone(rig: Rig) -> None:
    rig.devices["other"] = {"": FakeDevice(is_reachable=False)}
    records = rig.run(suite_on("pi", "other", names=["float"]))
    assert statuses(records) == ["ok", "failed"]
    assert "no route to host" in records[1].reason


def interrupt_at(rig: Rig, kind: str, number: int) -> None:
    """Play Ctrl-C in the main thread while the device works."""
    device, seen = rig.devices["pi"][""], []

    def on_job(job: Job) -> None:
        seen.append(job.kind)
        if seen.count(kind) == number and job.kind == kind:
            device.on_job = lambda job: None
            device.let_go.clear()
            os.kill(os.getpid(), signal.SIGINT)
            assert device.let_go.wait(10)
            raise HostError("closed meanwhile")

    device.on_job = on_job


def test_what_a_device_did_while_nobody_watched_is_adopted_and_counted_once(rig: Rig) -> None:
    suite, device = suite_on("pi"), rig.devices["pi"][""]
    interrupt_at(rig, "latency", 3)
    with pytest.raises(InterruptedRun) as interrupted:
        rig.run(suite)
    assert interrupted.value.going_on == ("pi",) and rig.asked == [["pi"]]
    kept = sum(len(rig.lines(case, "latency")) for case in suite.cases)
    device.go_on(4)
    assert device.queue
    records = rig.run(suite, resume=True)
    assert statuses(records) == ["ok", "ok"]
    timed = [job for job in device.done if job.kind == "latency"]
    lines = [line for case in suite.cases for line in rig.lines(case, "latency")]
    assert kept == 2 and len(timed) == len(lines) == 2 * ROUNDS
    assert len({line["job"] for line in lines}) == len(lines)
    assert [record.rounds_valid for record in records] == [ROUNDS, ROUNDS]


def test_a_device_that_shall_stop_has_nothing_left_to_do(rig: Rig) -> None:
    rig.stops = True
    interrupt_at(rig, "latency", 3)
    with pytest.raises(InterruptedRun) as interrupted:
        rig.run(suite_on("pi"))
    device = rig.devices["pi"][""]
    assert interrupted.value.going_on == () and not device.queue
    assert device.lease_log[-1] == "release"


def test_adopted_jobs_of_a_changed_setup_are_not_taken(rig: Rig) -> None:
    suite, device = suite_on("pi", names=["float"]), rig.devices["pi"][""]
    interrupt_at(rig, "latency", 3)
    with pytest.raises(InterruptedRun):
        rig.run(suite)
    device.go_on()
    rig.data = replace(rig.data, sha256="0" * 64)
    records = rig.run(suite, resume=True)
    assert statuses(records) == ["ok"] and records[0].rounds_valid == ROUNDS
    setups = {line["setup"] for line in rig.lines(suite.cases[0], "latency")}
    assert len(setups) == 2


def test_jobs_that_a_reboot_took_are_measured_again(rig: Rig) -> None:
    suite, device = suite_on("pi"), rig.devices["pi"][""]
    device.reboots = ["latency", "memory", "accuracy", "check"]
    records = rig.run(suite)
    assert statuses(records) == ["ok", "ok"]
    assert [record.rounds_valid for record in records] == [ROUNDS, ROUNDS]
    assert not device.reboots


def test_a_job_at_which_the_device_restarts_again_and_again_fails_and_says_so(rig: Rig) -> None:
    rig.devices["pi"][""].reboots = ["latency"] * 4
    records = rig.run(suite_on("pi"))
    assert sorted(statuses(records)) == ["failed", "ok"]
    assert any("started anew" in record.reason for record in records)


def test_an_invalid_round_is_kept_counted_and_repeated_once_cool(rig: Rig) -> None:
    suite, device = suite_on("pi"), rig.devices["pi"][""]
    device.disturb = lambda job, number: ["throttled"] if job.kind == "latency" and number == 2 else []
    records = rig.run(suite)
    assert statuses(records) == ["ok", "ok"]
    assert [(one.rounds_valid, one.rounds_invalid) for one in records] == [(ROUNDS, 1), (ROUNDS, 1)]
    timed = [job for job in device.done if job.kind == "latency"]
    cooled = [job for job in timed if job.cooling.target_c]
    assert len(cooled) == 2 and all(job.cooling.target_c == 60.0 for job in cooled)
    for case in suite.cases:
        lines = rig.lines(case, "latency")
        bad = next(i for i, line in enumerate(lines) if not line["valid"])
        assert lines[bad + 1]["round"] == lines[bad]["round"] and lines[bad]["causes"] == ["throttled"]


def test_a_case_without_enough_valid_rounds_is_invalid_and_counts_the_causes(rig: Rig) -> None:
    first = {"name": ""}

    def disturb(job: Job, number: int) -> list[str]:
        first["name"] = first["name"] or job.model
        if job.kind != "latency" or job.model != first["name"] or number < 3:
            return []
        return ["under-voltage"] if number % 4 == 0 else ["throttled"]

    rig.devices["pi"][""].disturb = disturb
    good, bad = sorted(rig.run(suite_on("pi")), key=lambda record: record.status == "invalid")
    assert (good.status, good.rounds_valid) == ("ok", ROUNDS)
    assert bad.status == "invalid"
    assert bad.reason == "3 valid rounds of at least 5; 9 were invalid: throttled (7), under-voltage (2)"


def test_throttling_does_not_spoil_what_is_not_timed(rig: Rig) -> None:
    suite = suite_on("pi", names=["float"])
    rig.devices["pi"][""].disturb = lambda job, number: [] if job.kind == "latency" else ["throttled"]
    (record,) = rig.run(suite)
    assert record.status == "ok"
    (line,) = rig.lines(suite.cases[0], "accuracy_pass")
    assert line["valid"] and line["after"]["causes"] == ["throttled"]


def test_boards_share_the_images_and_each_takes_all_rounds(rig: Rig) -> None:
    rig.devices = {"pis": {name: FakeDevice() for name in ("a", "b", "c")}}
    suite = suite_on("pis", names=["float"])
    (record,) = rig.run(suite)
    assert (record.status, record.rounds_valid) == ("ok", 3 * ROUNDS)
    shares = [
        [image.id for job in device.done if job.kind == "accuracy" for image in job.images]
        for device in rig.devices["pis"].values()
    ]
    assert sorted(sum(shares, [])) == sorted(image.id for image in rig.data.images)
    assert [len(share) for share in shares] == [2, 2, 2]
    assert set(record.boards["values"]) == {"a", "b", "c"}


def test_a_board_that_is_lost_leaves_its_images_to_the_others(rig: Rig) -> None:
    rig.devices = {"pis": {"a": FakeDevice(), "b": FakeDevice()}}
    lost = rig.devices["pis"]["b"]

    def cut(job: Job) -> None:
        lost.is_reachable = job.kind != "accuracy"

    lost.on_job = cut
    (record,) = rig.run(suite_on("pis", names=["float"]))
    assert (record.status, record.rounds_valid) == ("ok", ROUNDS)
    ran = [image.id for job in rig.devices["pis"]["a"].done if job.kind == "accuracy" for image in job.images]
    assert sorted(ran) == sorted(image.id for image in rig.data.images)
    assert any("b" in advice.text for advice in record.warnings if advice.code == "lost_board")


def test_boards_that_are_not_alike_are_refused_with_what_differs(rig: Rig) -> None:
    other = FakeDevice(facts={**FACTS, "board": "Pi 4", "ram_bytes": 4_000_000_000})
    rig.devices = {"pis": {"a": FakeDevice(), "b": other}}
    (record,) = rig.run(suite_on("pis", names=["float"]))
    assert record.status == "failed"
    assert "board 'Pi 5' and 'Pi 4'" in record.reason and "ram bytes" in record.reason


def test_hosts_that_are_one_machine_take_turns(rig: Rig) -> None:
    order: list[str] = []
    rig.devices = {name: {"": FakeDevice(machine="boot-1")} for name in ("one", "two")}
    for name, boards in rig.devices.items():
        boards[""].on_job = lambda job, name=name: order.append(name)  # type: ignore[misc]
    assert statuses(rig.run(suite_on("one", "two", names=["float"]))) == ["ok", "ok"]
    assert order == sorted(order)


def test_a_busy_board_is_refused_with_who_has_it(rig: Rig) -> None:
    rig.devices["pi"][""].holder = "ann@laptop measures there, run 20261121, for 3 min"
    (record, _) = rig.run(suite_on("pi"))
    assert record.status == "failed"
    assert "pi is busy: ann@laptop" in record.reason and "--wait" in record.reason
    assert not rig.devices["pi"][""].done


def test_a_busy_board_is_waited_for_where_that_is_asked(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.running.leasing.ASK_SECONDS", 0.01)
    device = rig.devices["pi"][""]
    device.holder, rig.options = "ann@laptop", HostOptions(wait_seconds=30)
    plain, asked = FakeDetachedHost._call, []

    def free_later(host: FakeDetachedHost, op: str) -> None:
        asked.append(op)
        if asked.count("lease") == 4:
            device.holder = ""
        plain(host, op)

    monkeypatch.setattr(FakeDetachedHost, "_call", free_later)
    assert statuses(rig.run(suite_on("pi"))) == ["ok", "ok"]


def test_resume_refuses_other_versions_of_a_runtime_on_the_host(rig: Rig) -> None:
    device = rig.devices["pi"][""]
    device.facts = {**FACTS, "runtimes": {"fake": "1.0"}}
    suite = suite_on("pi", names=["float"])
    (record,) = rig.run(suite)
    assert record.status == "ok"
    device.facts = {**FACTS, "runtimes": {"fake": "2.0"}}
    with pytest.raises(UsageError, match=r"fake 1\.0 and 2\.0"):
        rig.run(suite, resume=True)


def test_a_record_says_which_versions_ran_on_its_host(rig: Rig) -> None:
    rig.devices["pi"][""].facts = {**FACTS, "runtimes": {"litert": "9.9"}, "numpy": "1.2.3"}
    (record,) = rig.run(suite_on("pi", names=["float"]))
    assert record.versions["ai-edge-litert"] == "9.9" and record.versions["numpy"] == "1.2.3"


def test_a_governor_is_set_while_measuring_and_given_back_before_the_board(rig: Rig) -> None:
    rig.options = HostOptions(governor="performance")
    assert statuses(rig.run(suite_on("pi"))) == ["ok", "ok"]
    log = rig.devices["pi"][""].lease_log
    changes = [entry for entry in log if entry not in ("show", "take")]
    assert "take" in log[: log.index("set performance")]
    assert set(changes[:-2]) == {"set performance"} and changes[-2:] == ["restore", "release"]


def test_without_being_asked_no_governor_is_touched(rig: Rig) -> None:
    rig.run(suite_on("pi"))
    assert rig.devices["pi"][""].calls["governor"] == 0


def test_a_clock_that_is_set_while_a_job_runs_does_not_eat_the_budget(rig: Rig) -> None:
    device = rig.devices["pi"][""]

    def set_clock(job: Job, number: int) -> list[str]:
        device.clock += 1e6
        return []

    # The script asks once a job, between its start and its result.
    device.disturb, plain = set_clock, device._say
    device._say = lambda job, kind, **values: (plain(job, kind, **values), set_clock(job, 0))  # type: ignore[method-assign]
    suite = suite_on("pi", names=["float"], measure=replace(MEASURE, budget_seconds=1e4))
    (record,) = rig.run(suite)
    assert record.rounds_valid == ROUNDS
    assert max(line["seconds"] for line in rig.lines(suite.cases[0], "latency")) <= OPTIONS.timeout_seconds
