"""The second stage of a run, end to end on fake devices of known speed: answers, journals, resume, faults."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import fake_device
import pytest
from fake_device import FakeDetachedHost, FakeDevice
from fake_suite import OPTIONS, make_artifacts, make_case, make_data, make_suite

from bench.core.artifact import Artifact
from bench.core.data import EvaluationData
from bench.core.host import HostSettings
from bench.core.record import Record
from bench.core.suite import Case, Overrides, Suite
from bench.core.verdict import Verdict
from bench.errors import HostError
from bench.gating.against_file import read_against
from bench.gating.deciding import overall
from bench.gating.gate import first_stage, with_pairs
from bench.gating.sides import Side, read_side
from bench.hosts.base import Host
from bench.running import looks
from bench.running.against import AgainstOptions, judge_against
from bench.running.deriving import derive_records
from bench.running.evidence import Evidence
from bench.running.listener import Silent
from bench.running.older import Older, OlderCase
from bench.running.opening import begin_run, resume_run
from bench.running.together import measure_hosts
from bench.running.twins import twin_of
from bench.running.work import Work
from bench.store.folder import RunFolder, read_run_info
from bench.wire.job import Job

ROUNDS = 10
MEASURE = replace(OPTIONS, rounds=ROUNDS)
GATE = {"latency_p50_ns": {"max_increase": "2%"}, "peak_rss_bytes": {"max_increase": "5%"}}
CASE = "m/float/fake/t1@pi"


@dataclass
class Speeds:
    """How fast the fake device is.

    Attributes:
        by_file: sha256 -> factor of a model file; `machine` of all, `memory` of a file's peak.
    """

    machine: float = 1.0
    by_file: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def result_of(self, job: Job, facts: dict[str, Any]) -> dict[str, Any]:
        sha256 = job.model.rpartition("/")[2]
        if job.kind == "memory":
            peak = 3e7 * self.memory.get(sha256, 1.0) * (1 + 0.001 * self.chance.random())
            return {**_RESULT(job, facts), "baseline_rss_bytes": 1e7, "peak_rss_bytes": peak}
        result = _RESULT(job, facts)
        if job.kind != "latency":
            return result
        scale = self.machine * self.by_file.get(sha256, 1.0) * (1 + 0.005 * self.chance.random())
        return {**result, "inference_ns": [round(scale * value) for value in result["inference_ns"]]}


_RESULT: Callable[[Job, dict[str, Any]], dict[str, Any]] = fake_device.result_of


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> EvaluationData:
    return make_data(tmp_path_factory.mktemp("cache"))


class Rig:
    """Runs a suite on fake devices, twice: older files first, then newer ones against them."""

    def __init__(self, folder: Path, data: EvaluationData, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.data, self.speeds = folder, data, Speeds()
        self.devices = {"": FakeDevice()}
        self.pairs = "suspects"
        self.missing: dict[str, str] = {}
        self.removed: tuple[str, ...] = ()
        self.commit = ""
        # What differs of how older files are fed and read.
        self.fed: dict[str, Any] = {}
        monkeypatch.setattr("bench.running.together.open_host", self._open)
        monkeypatch.setattr("bench.running.settling.open_host", self._open)
        monkeypatch.setattr(fake_device, "result_of", self.speeds.result_of)
        monkeypatch.setenv("BENCH_CACHE", str(folder / "cache"))

    def _open(self, settings: HostSettings, root: Path) -> list[Host]:
        return [FakeDetachedHost(device, settings.name, board) for board, device in self.devices.items()]

    def suite(self, *names: str) -> Suite:
        cases = [_on_pi(make_case(name, "fp32")) for name in names or ("float",)]
        return replace(make_suite(cases, MEASURE), hosts=("pi",), gate=GATE)

    def measure(self, suite: Suite, kind: str, resume: bool = False) -> tuple[Work, list[Record]]:
        """Measure a suite with the files of one kind, `old` or `new`."""
        begin = resume_run if resume else begin_run
        with begin(suite, Overrides(), self.folder / kind) as run:
            return self._measure(suite, run, kind)

    def _measure(self, suite: Suite, run: RunFolder, kind: str) -> tuple[Work, list[Record]]:
        work = Work(suite, run, self.data, self.files(suite, kind), (), Silent())
        losses = measure_hosts(work, lambda names: False)
        info = read_run_info(run.path)
        evidence = Evidence(
            run,
            info,
            suite,
            self.data,
            work.artifacts,
            {},
            lost_hosts=losses.hosts,
            lost_boards=losses.boards,
        )
        records = derive_records(evidence)
        run.write_records(records)
        return work, records

    def files(self, suite: Suite, kind: str) -> dict[str, Artifact]:
        folder = self.folder / f"files-{kind}"
        folder.mkdir(exist_ok=True)
        return {
            case: replace(artifact, sha256=sha_of(kind, number))
            for number, (case, artifact) in enumerate(make_artifacts(folder, list(suite.cases)).items())
        }

    def older(self, suite: Suite, side: Side | None) -> Older:
        description = replace(suite.models[0].description, **self.fed)
        found = {
            case: OlderCase(file, description, "from a test")
            for case, file in self.files(suite, "old").items()
        }
        have = {case: one for case, one in found.items() if case not in self.missing}
        lost = frozenset() if side else frozenset(self.missing)
        return Older("the older run", have, self.missing, side, self.commit, lost=lost, removed=self.removed)

    def judge(self, suite: Suite, resume: bool = False, with_side: bool = True) -> list[Verdict]:
        """Measure the newer files against the older run and return the verdicts."""
        # Whether this checkout has changes is not the matter of these tests.
        side = replace(read_side(self.folder / "old"), source={}) if with_side else None
        begin = resume_run if resume else begin_run
        with begin(suite, Overrides(), self.folder / "new") as run:
            work, _ = self._measure(suite, run, "new")
            options = AgainstOptions("old", self.pairs, self.folder / "baselines")  # type: ignore[arg-type]
            return list(judge_against(work, self.older(suite, side), options, lambda names: False))

    def lines(self, kind: str, case: str = CASE) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "new").rglob("rounds.jsonl"))
        lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [line for line in lines if line["case"] == case and line["kind"] == kind]


def sha_of(kind: str, number: int = 0) -> str:
    return f"{'ab'[kind == 'new']}{number:063d}"


def _on_pi(case: Case) -> Case:
    return replace(case, id=case.id.replace("@local", "@pi"), host="pi", sibling="")


@pytest.fixture
def rig(tmp_path: Path, data: EvaluationData, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, data, monkeypatch)


def answers(verdicts: Sequence[Verdict]) -> dict[str, str]:
    return {verdict.metric: verdict.answer for verdict in verdicts if verdict.case == CASE}


def test_what_stored_figures_pass_is_not_measured_again(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    verdicts = rig.judge(suite)
    assert answers(verdicts) == {"latency_p50_ns": "pass", "peak_rss_bytes": "pass"}
    assert not rig.lines("pair") and not rig.lines("memory_pair")


def test_a_slower_file_fails_after_pairs_and_the_run_folder_says_the_same_later(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    verdicts = rig.judge(suite)
    assert answers(verdicts) == {"latency_p50_ns": "fail", "peak_rss_bytes": "pass"}
    assert overall(verdicts) == 1
    (slower,) = (verdict for verdict in verdicts if verdict.answer == "fail")
    assert slower.is_paired and slower.low is not None and 0.08 < slower.low < 0.11
    assert "measured again in turns" in slower.method
    assert len(rig.lines("pair")) == len(rig.lines("pair", f"{CASE}~before")) == 10
    before, after = read_side(rig.folder / "old"), read_side(rig.folder / "new")
    assert with_pairs(first_stage(before, after), before, after) == verdicts
    against = read_against(Path(after.name))
    assert against is not None and against.suspects == ((CASE, "latency_p50_ns"),)
    assert [one.answer for one in against.verdicts] == [one.answer for one in verdicts]


def test_the_halves_of_a_pair_run_next_to_each_other_in_either_order(rig: Rig) -> None:
    suite = rig.suite("float", "fast")
    rig.measure(suite, "old")
    rig.pairs = "all"
    done = rig.devices[""].done
    first = len(done)
    rig.judge(suite)
    timed = [job.model.rpartition("/")[2] for job in done[first:] if job.kind == "latency"][2 * ROUNDS :]
    pairs = [tuple(timed[i : i + 2]) for i in range(0, len(timed), 2)]
    assert len(pairs) == 12
    assert {frozenset(pair) for pair in pairs} == {
        frozenset((sha_of("old", n), sha_of("new", n))) for n in (0, 1)
    }
    assert {pair[0][0] for pair in pairs} == {"a", "b"}


def test_a_revision_without_figures_is_judged_by_pairs_and_by_sizes(rig: Rig) -> None:
    suite = replace(rig.suite(), gate={**GATE, "size_bytes": {"max_increase": 0}})
    rig.speeds.by_file[sha_of("new")] = 1.1
    verdicts = rig.judge(suite, with_side=False)
    assert answers(verdicts) == {"latency_p50_ns": "fail", "peak_rss_bytes": "pass", "size_bytes": "pass"}
    assert len(rig.lines("memory_pair")) == 6


def test_a_case_that_a_revision_had_and_that_is_gone_is_missing(rig: Rig) -> None:
    rig.removed = ("m/gone/fake/t1@pi",)
    verdicts = rig.judge(rig.suite(), with_side=False)
    assert [one.answer for one in verdicts if one.case == rig.removed[0]] == ["missing"]
    assert overall(verdicts) == 3


def test_a_revision_whose_file_cannot_be_had_is_not_passed_as_new(rig: Rig) -> None:
    rig.missing = {CASE: "git does not keep it"}
    verdicts = rig.judge(rig.suite(), with_side=False)
    assert [(one.answer, one.reason) for one in verdicts] == [
        ("not_comparable", "its older file cannot be had: git does not keep it")
    ]


def test_a_revision_that_was_fed_otherwise_is_not_passed_as_new(rig: Rig) -> None:
    suite = rig.suite()
    rig.fed = {"preprocess": replace(suite.models[0].description.preprocess, pad_value=7)}
    verdicts = rig.judge(suite, with_side=False)
    assert answers(verdicts) == dict.fromkeys(GATE, "not_comparable")
    assert all("preprocessing" in one.reason for one in verdicts)
    assert not rig.lines("pair")


def test_pairs_without_a_value_end_and_are_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_device, "result_of", _without_cpu_time)
    suite = replace(rig.suite(), gate={"cpu_per_call_ns": {"max_increase": "5%"}})
    (verdict,) = rig.judge(suite, with_side=False)
    assert verdict.answer == "inconclusive" and "have no such value" in verdict.reason


def _without_cpu_time(job: Job, facts: dict[str, Any]) -> dict[str, Any]:
    return {**_RESULT(job, facts), "inference_cpu_ns": 0}


def test_figures_of_another_kernel_are_replaced_by_pairs(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    rig.devices[""].facts["kernel"] = "Linux 7.0"
    before = read_side(rig.folder / "old")
    assert answers(rig.judge(suite)) == {"latency_p50_ns": "pass", "peak_rss_bytes": "pass"}
    alone = first_stage(before, read_side(rig.folder / "new"))
    assert answers(alone) == {"latency_p50_ns": "not_comparable", "peak_rss_bytes": "not_comparable"}


def test_more_memory_is_confirmed_by_probes_in_turns(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    rig.speeds.memory[sha_of("new")] = 1.2
    verdicts = rig.judge(suite)
    assert answers(verdicts) == {"latency_p50_ns": "pass", "peak_rss_bytes": "fail"}
    assert len(rig.lines("memory_pair")) == 10 and not rig.lines("pair")


def test_a_slower_machine_fails_nothing_and_is_named(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    rig.speeds.machine = 1.8
    (time,) = (verdict for verdict in rig.judge(suite) if verdict.metric == "latency_p50_ns")
    assert time.answer == "pass"
    assert "the older file itself takes 80% longer" in time.reason and "set the baseline anew" in time.reason


def test_what_stands_against_stored_times_alone_is_not_compared_on_a_changed_machine(rig: Rig) -> None:
    suite = rig.suite("float", "fast")
    rig.measure(suite, "old")
    rig.speeds.machine = 0.6
    rig.speeds.by_file[sha_of("new", 1)] = 2.0
    times = {one.case: one for one in rig.judge(suite) if one.metric == "latency_p50_ns"}
    assert times["m/fast/fake/t1@pi"].answer == "fail"
    # Against its stored time it would pass, twice as slow as it were.
    assert times[CASE].answer == "not_comparable"
    assert "40% less time" in times[CASE].reason and "--pairs all" in times[CASE].reason


def test_an_interrupted_stage_goes_on_where_it_was(rig: Rig) -> None:
    suite, device = rig.suite(), rig.devices[""]
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    interrupt_after(rig, ROUNDS + 7)
    with pytest.raises(KeyboardInterrupt):
        rig.judge(suite)
    device.queue.clear()
    kept = rig.lines("pair"), rig.lines("pair", f"{CASE}~before")
    assert min(map(len, kept)) >= 3 and sum(map(len, kept)) == 7
    assert answers(rig.judge(suite, resume=True))["latency_p50_ns"] == "fail"
    again = rig.lines("pair"), rig.lines("pair", f"{CASE}~before")
    assert all(new[: len(old)] == old for old, new in zip(kept, again, strict=True))
    # The half pair was taken anew, and nothing else.
    assert sum(map(len, again)) == 21 and len(rig.lines("latency")) == ROUNDS


def test_what_a_device_did_while_nobody_watched_is_adopted(rig: Rig) -> None:
    suite, device = rig.suite(), rig.devices[""]
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    interrupt_after(rig, ROUNDS + 4)
    with pytest.raises(KeyboardInterrupt):
        rig.judge(suite)
    device.go_on()
    assert answers(rig.judge(suite, resume=True))["latency_p50_ns"] == "fail"
    assert len(rig.lines("pair")) == len(rig.lines("pair", f"{CASE}~before")) == 10
    assert len(rig.lines("latency")) == ROUNDS


def test_an_older_file_that_breaks_is_told_and_changes_no_record(rig: Rig) -> None:
    suite, device = rig.suite("float", "fast"), rig.devices[""]
    rig.measure(suite, "old")
    rig.speeds.by_file |= {sha_of("new"): 1.1, sha_of("new", 1): 1.1}
    device.breaks.add(sha_of("old"))
    times = {one.case: one for one in rig.judge(suite) if one.metric == "latency_p50_ns"}
    assert times[CASE].answer == "inconclusive"
    assert "the older file broke" in times[CASE].reason and "0 pairs" in times[CASE].reason
    assert times["m/fast/fake/t1@pi"].answer == "fail"
    (path,) = (rig.folder / "new").rglob("records.jsonl")
    before = path.read_bytes()
    _, records = rig.measure(suite, "new", resume=True)
    assert path.read_bytes() == before
    assert [record.status for record in records] == ["ok", "ok"]


def test_a_case_without_an_older_file_is_left_in_doubt_and_told(rig: Rig) -> None:
    suite = rig.suite()
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    rig.missing = {CASE: "its file is gone"}
    (time,) = (verdict for verdict in rig.judge(suite) if verdict.metric == "latency_p50_ns")
    assert time.answer == "inconclusive"
    assert time.reason.endswith("its older file cannot be had: its file is gone")
    assert not rig.lines("pair")


def test_files_made_under_a_profile_do_not_stand_for_their_commit(rig: Rig) -> None:
    rig.commit, suite = "c" * 40, rig.suite()
    for profile, told in ((None, rig.commit), ("smoke", "")):
        with begin_run(suite, Overrides(profile=profile), rig.folder / "old") as run:
            rig._measure(suite, run, "old")
        rig.judge(suite)
        against = read_against(Path(read_side(rig.folder / "new").name))
        assert against is not None and against.commit == told
        # Runs of one second have no order by their names.
        for kind in ("old", "new"):
            shutil.rmtree(rig.folder / kind)


def test_boards_of_a_host_share_the_pairs(rig: Rig) -> None:
    suite = rig.suite()
    settings = HostSettings("pi", boards=("one", "two"))
    suite = replace(suite, hosts_settings=(settings,))
    rig.devices = {"one": FakeDevice(), "two": FakeDevice()}
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    assert answers(rig.judge(suite))["latency_p50_ns"] == "fail"
    boards = [line["board"] for line in rig.lines("pair")]
    assert boards.count("one") == boards.count("two") == 5


def test_a_disturbed_half_takes_its_pair_with_it(rig: Rig) -> None:
    suite, device = rig.suite(), rig.devices[""]
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    device.disturb = lambda job, number: ["throttled"] if number == ROUNDS + 2 else []
    assert answers(rig.judge(suite))["latency_p50_ns"] == "fail"
    assert len(rig.lines("pair")) > 10
    numbers = [line["round"] for line in rig.lines("pair") if line["valid"]]
    assert len(numbers) == len(set(numbers))


def test_pairs_that_do_not_fit_into_the_time_are_told(rig: Rig) -> None:
    suite = rig.suite()
    suite = replace(suite, measure=replace(MEASURE, budget_seconds=4.0))
    rig.measure(suite, "old")
    rig.speeds.by_file[sha_of("new")] = 1.1
    (time,) = (verdict for verdict in rig.judge(suite) if verdict.metric == "latency_p50_ns")
    assert time.answer == "inconclusive" and "the time of 4 s for pairs on pi is spent" in time.reason


def interrupt_after(rig: Rig, count: int) -> None:
    """Play Ctrl-C in the main thread once so many timed jobs are done; the device keeps what is queued."""
    device, begun = rig.devices[""], list[str]()

    def on_job(job: Job) -> None:
        begun.extend([job.id] if job.kind == "latency" else [])
        if len(begun) > count:
            device.on_job = lambda job: None
            device.let_go.clear()
            os.kill(os.getpid(), signal.SIGINT)
            assert device.let_go.wait(10)
            raise HostError("closed meanwhile")

    # Whoever runs the tests in the background of a shell has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    device.on_job = on_job


def test_a_revision_is_judged_on_accuracy_too(rig: Rig) -> None:
    suite = replace(rig.suite("float", "fast"), gate={"map_50_95": {"max_drop": 0.005}})
    verdicts = rig.judge(suite, with_side=False)
    assert [verdict.answer for verdict in verdicts] == ["pass", "pass"]
    assert all(verdict.method.startswith("paired over 6 images") for verdict in verdicts)
    # The twin's accuracy stands in a folder of its own, and is not run again.
    assert len(rig.lines("accuracy", f"{CASE}~before")) == len(rig.lines("accuracy")) == 1
    assert [verdict.answer for verdict in rig.judge(suite, resume=True, with_side=False)] == ["pass", "pass"]
    assert len(rig.lines("accuracy", f"{CASE}~before")) == 1


def test_an_older_file_that_breaks_has_no_accuracy_to_compare(rig: Rig) -> None:
    suite = replace(rig.suite(), gate={"map_50_95": {"max_drop": 0.005}})
    rig.devices[""].breaks.add(sha_of("old"))
    (verdict,) = rig.judge(suite, with_side=False)
    assert verdict.answer == "inconclusive" and "could not be scored: " in verdict.reason
    assert "SIGABRT" in verdict.reason


@pytest.mark.slow
def test_real_processes_of_known_speed_are_told_apart(
    tmp_path: Path, data: EvaluationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent itself on the local host: its fake runtime takes 6 ms a call for the older file, then 9."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    case = make_case("float", "fp32", latency_ns=9_000_000)
    older = replace(case.runtime, options={"latency_ns": 6_000_000})
    monkeypatch.setattr(looks, "twin_of", lambda case: replace(twin_of(case), runtime=older))
    suite = replace(make_suite([case]), gate={"latency_p50_ns": {"max_increase": "2%"}})
    files = make_artifacts(tmp_path, list(suite.cases))
    with begin_run(suite, Overrides(), tmp_path / "results") as run:
        work = Work(suite, run, data, files, (), Silent())
        measure_hosts(work, lambda names: False)
        evidence = Evidence(run, read_run_info(run.path), suite, data, files, {})
        run.write_records(derive_records(evidence))
        found = {case.id: OlderCase(files[case.id], suite.models[0].description, "from a test")}
        options = AgainstOptions("old", baselines=tmp_path / "baselines")
        (verdict,) = judge_against(work, Older("older", found), options, lambda names: False)
    assert verdict.answer == "fail" and verdict.low is not None and verdict.low > 0.2
