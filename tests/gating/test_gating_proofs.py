"""The gate proved on real runs: it never cries wolf, and is not silent where something is worse.

`pytest -m proof -s tests/gating` does all of it with 20 tries of equal runs, in a quarter of an hour on two
free cores, and prints what came of each; `BENCH_PROOF_TRIES` takes another number. A small one is `slow`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.cli import main
from bench.core.verdict import Verdict
from bench.gating.against_file import read_against
from bench.gating.sides import read_side
from bench.store.folder import find_runs

TRIES = int(os.environ.get("BENCH_PROOF_TRIES", "20"))
SLOWED_AGENT = Path(__file__).parent / "slowed_agent.py"
FP32, INT8 = (f"builtin/{precision}/onnxruntime/t1@local" for precision in ("fp32", "int8"))
# Two threads, of which a core holds back one.
FP32_WIDE, INT8_WIDE = (name.replace("/t1@", "/t2@") for name in (FP32, INT8))


@dataclass(frozen=True)
class Size:
    """How much is measured, and how strictly it is judged."""

    photos: int
    calls: int
    rounds: int
    gate: str


FULL = Size(
    100,
    40,
    10,
    '{map_50_95: {max_drop: 0.003}, latency_p50: {max_increase: "1%"}, size: {max_increase: "1%"}}',
)
SMALL = Size(40, 15, 8, '{map_50_95: {max_drop: 0.02}, latency_p50: {max_increase: "10%", find: "60%"}}')


class Project:
    """A folder with a suite that is measured again and again, each time as it then is.

    Attributes:
        precisions, calibration, threads: what its next run has.
    """

    threads = 1

    def __init__(self, folder: Path, size: Size, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.size, self._patch = folder, size, monkeypatch
        self.precisions, self.calibration = "[fp32, int8]", "{images: 40}"
        monkeypatch.chdir(folder)

    def run(self, *options: str) -> tuple[int, Path]:
        """Measure, and return the exit code and the run's folder."""
        suite = self.folder / "suite.yaml"
        suite.write_text(
            "name: proof\nmodel: builtin\n"
            f"data: {{rendered: {{evaluation: {self.size.photos}, calibration: 40}}}}\n"
            f"recipes: {{int8: {{calibration: {self.calibration}}}}}\n"
            f"matrix: {{precision: {self.precisions}, runtime: [onnxruntime], threads: [{self.threads}]}}\n"
            f"measure: {{rounds: {self.size.rounds}, warmup: 2, calls: {self.size.calls}}}\n"
            f"gate: {self.size.gate}\n"
        )
        code = main(["run", str(suite), "--quiet", *options])
        return code, find_runs(self.folder / "results")[-1]

    def slow_down(self, spared: Sequence[str]) -> None:
        """Slow the jobs of all model files but these, unknown to whoever starts them."""
        listed = self.folder / "spared.json"
        listed.write_text(json.dumps(list(spared)))
        agent = (sys.executable, "-P", str(SLOWED_AGENT), str(listed))
        self._patch.setattr("bench.hosts.local._AGENT", agent)

    def against(self, older: Path) -> tuple[int, dict[tuple[str, str], Verdict], Path]:
        """Measure against a run, and return what was said; the gate says the same of the folder alone."""
        code, run = self.run("--against", str(older))
        against = read_against(run)
        assert against is not None
        assert main(["gate", str(run), "--baseline", str(older)]) == code
        return code, {(one.case, one.metric): one for one in against.verdicts}, run


Verdicts = dict[tuple[str, str], Verdict]


def tell(capsys: pytest.CaptureFixture[str], what: str, code: int, verdicts: Verdicts) -> None:
    """Print what came of a try."""
    answers = [one.answer for one in verdicts.values()]
    counts = ", ".join(f"{answers.count(answer)} {answer}" for answer in dict.fromkeys(answers))
    with capsys.disabled():
        print(f"  {time.strftime('%H:%M:%S')} {what}: exit {code}, {counts}", flush=True)


def prove_equal_runs(project: Project, capsys: pytest.CaptureFixture[str], tries: int) -> Path:
    code, older = project.run()
    assert code == 0
    for number in range(1, tries + 1):
        code, verdicts, _ = project.against(older)
        tell(capsys, f"nothing changed, try {number}", code, verdicts)
        assert {one.answer for one in verdicts.values()} <= {"pass", "inconclusive", "not_comparable"}
        assert code in (0, 4, 5)
    return older


def prove_noise_calibration(project: Project, capsys: pytest.CaptureFixture[str], older: Path) -> None:
    project.calibration = "{images: 40, source: noise}"
    code, verdicts, _ = project.against(older)
    tell(capsys, "calibrated on noise", code, verdicts)
    harmed = verdicts[INT8, "map_50_95"]
    assert code == 1 and harmed.answer == "fail" and harmed.low is not None and harmed.low > 0.02
    project.calibration = "{images: 40}"


def prove_removed_case(project: Project, capsys: pytest.CaptureFixture[str], older: Path) -> None:
    project.precisions = "[fp32]"
    code, verdicts, _ = project.against(older)
    tell(capsys, "a case removed", code, verdicts)
    assert code == 3
    assert [one.answer for one in verdicts.values() if one.case == INT8] == ["missing"]
    project.precisions = "[fp32, int8]"


def prove_slowed_agent(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Hold the new int8 file alone to one core; then everything, which is the machine's fault."""
    project.threads = 2
    _, older = project.run()
    side = read_side(older)
    project.calibration = "{images: 39}"
    project.slow_down([case.artifact for case in side.cases.values()])
    code, verdicts, run = project.against(older)
    tell(capsys, "the agent slower with the new file", code, verdicts)
    slowed = verdicts[INT8_WIDE, "latency_p50_ns"]
    with capsys.disabled():
        print(f"    {slowed.change:+.1%} [{slowed.low:+.1%}, {slowed.high:+.1%}] in {slowed.method}")
    assert code == 1 and slowed.answer == "fail" and slowed.is_paired
    assert verdicts[FP32_WIDE, "latency_p50_ns"].answer != "fail"
    # Nothing in what is recorded tells the two apart.
    assert read_side(run).cases[slowed.case].setting == side.cases[slowed.case].setting
    project.calibration = "{images: 40}"
    project.slow_down([])
    code, verdicts, _ = project.against(older)
    tell(capsys, "the agent slower with both files", code, verdicts)
    times = [one for one in verdicts.values() if one.metric == "latency_p50_ns"]
    assert all(one.answer != "fail" for one in times)
    assert all("machine or load changed" in one.reason for one in times if one.answer == "pass")
    assert any("machine or load changed" in one.reason for one in times)


@pytest.mark.slow
def test_a_run_is_judged_against_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path, SMALL, monkeypatch)
    older = prove_equal_runs(project, capsys, 1)
    project.precisions, project.calibration = "[int8]", "{images: 40, source: noise}"
    code, verdicts, _ = project.against(older)
    answers = {one.case: one.answer for one in verdicts.values() if one.answer in ("fail", "missing")}
    assert code == 1 and answers == {FP32: "missing", INT8: "fail"}
    assert verdicts[INT8, "map_50_95"].answer == "fail"


@pytest.mark.proof
def test_equal_runs_never_fail_and_harmed_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path, FULL, monkeypatch)
    older = prove_equal_runs(project, capsys, TRIES)
    prove_noise_calibration(project, capsys, older)
    prove_removed_case(project, capsys, older)


@pytest.mark.proof
def test_an_agent_slowed_behind_the_harness_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prove_slowed_agent(Project(tmp_path, FULL, monkeypatch), capsys)
