"""Absolute goals: what they are read as, and what is answered where a case meets, misses or lacks a value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_gating_sides import CASE, a_round, make_run

from bench.cli import main
from bench.core.metric import make_metric
from bench.core.verdict import Verdict
from bench.errors import SuiteError, UsageError
from bench.gating.candidates import Candidate
from bench.gating.deciding import overall
from bench.gating.goals import judge_goals
from bench.suite import load_suite
from bench.suite.constraints import read_goal
from bench.suite.schema import suite_schema

SUITE = "name: s\nmodel: builtin\nmatrix: {precision: [fp32]}\n"


def a_case(value: float | None = 0.3, low: float = 0.28, high: float = 0.32, **changes: Any) -> Candidate:
    words = {"host": "pi5", "precision": "int8", "runtime": "litert", "model": "m", "group": "m"}
    ends = {} if value is None else {"low": low, "high": high, "level": 0.95}
    metrics = {"map_50_95": make_metric("map_50_95", value, note="" if value else "no objects", **ends)}
    return Candidate(**{"case": "c", "words": words, "status": "ok", "metrics": metrics, **changes})


def only(goal: str, *cases: Candidate) -> Verdict:
    (verdict,) = judge_goals([read_goal(goal)], cases)
    return verdict


def test_people_write_on_a_host_and_points() -> None:
    goal = read_goal("end_to_end_p95 <= 100 ms on pi5 and map_50_95_difference >= -1 point")
    assert [(one.subject, one.operator, one.value) for one in goal.words] == [("host", "==", "pi5")]
    assert [one.value for one in goal.demands] == [1e8, -0.01]
    assert read_goal("map_50 >= 22 points").demands[0].value == pytest.approx(0.22)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host == pi5", "demands no metric"),
        ("latency_p50 == 5 ms", "never met exactly; expected <= or >="),
        ("map_50_95 >= nan", "got 'nan', expected an amount such as 0.22, 22% or 1 point"),
        ("map_50_59 >= 0.2", "did you mean 'map_50_95'?"),
    ],
)
def test_what_is_no_goal_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_goal(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("goal", "answer"),
    [
        ("map_50_95 >= 0.22", "pass"),
        ("map_50_95 >= 0.29", "inconclusive"),
        ("map_50_95 >= 0.31", "inconclusive"),
        ("map_50_95 >= 33 points", "fail"),
    ],
)
def test_an_interval_across_the_limit_is_inconclusive(goal: str, answer: str) -> None:
    verdict = only(goal, a_case())
    assert (verdict.answer, verdict.goal, verdict.after) == (answer, goal, 0.3)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (a_case(status="failed", reason="killed by SIGILL"), "failed: killed by SIGILL"),
        (a_case(status="missing", reason="no record"), "missing: no record"),
        (a_case(status="unavailable", reason="no such kernel"), "unavailable: no such kernel"),
        (a_case(value=None), "has no value: no objects"),
        (a_case(metrics={}), "has no value: it was not measured"),
        (a_case(value=-1.0), "has no value: it was not measured"),
    ],
)
def test_a_goal_without_a_value_is_missing(case: Candidate, reason: str) -> None:
    verdict = only("map_50_95 >= 0.22", case)
    assert (verdict.answer, verdict.reason) == ("missing", reason)


def test_a_goal_that_fits_no_case_is_missing() -> None:
    verdict = only("map_50_95 >= 0.22 on pi4", a_case())
    assert verdict.answer == "missing" and "no case of these results fits" in verdict.reason
    assert overall([verdict]) == 3
    assert only("map_50_95 >= 0.22", *[]).answer == "missing"


def test_the_float_model_has_no_difference_to_itself() -> None:
    metric = make_metric("map_50_95_difference", -0.002, low=-0.004, high=0.0, level=0.95)
    int8 = a_case(metrics={metric.name: metric})
    verdict = only("map_50_95_difference >= -1 point", a_case(case="fp32", is_reference=True), int8)
    assert (verdict.case, verdict.answer) == ("c", "pass")
    assert only("map_50_95_difference >= -1 point", a_case(metrics={})).answer == "missing"


def test_a_tail_of_ten_processes_is_bounded_by_their_own_tails() -> None:
    metrics = {"latency_p95_ns": make_metric("latency_p95_ns", 9.9e6, note="an interval needs 45 processes")}
    own = tuple(9e6 + 1e5 * number for number in range(10))
    case = a_case(metrics=metrics, processes={"latency_p95_ns": own})
    assert only("latency_p95 <= 10 ms", case).answer == "pass"
    assert only("latency_p95 <= 9.8 ms", case).answer == "inconclusive"
    assert only("latency_p95 < 9 ms", case).answer == "fail"
    few = only("latency_p95 <= 10 ms", a_case(metrics=metrics, processes={"latency_p95_ns": own[:3]}))
    assert few.answer == "inconclusive" and "needs 45 processes" in few.reason


def test_a_smoke_profile_reaches_no_goal_but_a_size() -> None:
    size = make_metric("size_bytes", 1000.0)
    smoke = a_case(decision_grade=False)
    assert only("map_50_95 >= 0.22", smoke).answer == "inconclusive"
    small = a_case(metrics={"size_bytes": size}, decision_grade=False)
    assert only("size <= 1 kB", small).answer == "pass" and only("size < 1 kB", small).answer == "fail"


def test_wrong_goals_are_told_with_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SUITE + "gate:\n  size: {max_increase: 0}\n  goals:\n    - size <= 5\n    - 7\n")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert str(caught.value).replace(str(path), "s.yaml").splitlines() == [
        "s.yaml:7 gate.goals[0]: 'size <= 5': got '5', expected an amount such as 5 MB "
        "(units: B, kB, MB, GB, KiB, MiB, GiB)",
        "s.yaml:8 gate.goals[1]: got 7, expected a goal such as 'map_50_95 >= 0.22'",
    ]
    path.write_text(SUITE + "gate: {goals: map >= 1}\n")
    with pytest.raises(SuiteError, match="gate.goals: got 'map >= 1', expected a list of goals"):
        load_suite(path)


def test_goals_load_and_fit_the_schema(tmp_path: Path) -> None:
    import yaml

    text = SUITE + "gate: {goals: [size <= 5 MB on pi5], size: {max_increase: 0}}\n"
    (tmp_path / "s.yaml").write_text(text)
    assert load_suite(tmp_path / "s.yaml").gate == {
        "size_bytes": {"max_increase": 0},
        "goals": ["size <= 5 MB on pi5"],
    }
    validator = Draft202012Validator(suite_schema())
    assert validator.is_valid(yaml.safe_load(text))
    assert not validator.is_valid(yaml.safe_load(SUITE + "gate: {goals: []}"))


def with_goals(run: Path, *goals: str, planned: tuple[str, ...] = ()) -> Path:
    """Give a stored run goals, and further cases in its plan."""
    info = json.loads((run / "run.json").read_text())
    info["gate"]["goals"] = list(goals)
    info["cases"] = [{"id": case, "host": case.split("@")[1]} for case in planned]
    (run / "run.json").write_text(json.dumps(info))
    return run


@pytest.mark.parametrize(
    ("goals", "code", "said"),
    [
        (("size <= 1 kB on pi5",), 0, "1 pass"),
        (("size < 1 kB",), 1, "1 fail"),
        (("size <= 1 kB on pi4",), 3, "1 missing"),
        (("latency_p95 <= 10 ms and size <= 1 kB",), 3, "1 missing, 1 pass"),
    ],
)
def test_goals_are_judged_without_a_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], goals: tuple[str, ...], code: int, said: str
) -> None:
    run = with_goals(make_run(tmp_path, "20261121-000000-000000", [a_round(0)]), *goals)
    assert main(["gate", str(run), "--goals-only", "--junit", str(tmp_path / "j.xml")]) == code
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == said and goals[0] in out
    assert "tests=" in (tmp_path / "j.xml").read_text()


def test_a_planned_case_without_a_record_is_missing_from_its_goal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path, "20261121-000000-000000", [a_round(0)])
    with_goals(run, "size <= 1 kB on pi5", planned=("gone@pi5", "other@pi4"))
    assert main(["gate", str(run), "--goals-only"]) == 3
    assert "gone@pi5" in (out := capsys.readouterr().out) and "other@pi4" not in out


def test_without_a_baseline_goals_are_judged_and_all_cases_are_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_goals(make_run(tmp_path, "20261121-000000-000000", [a_round(0)]), "size <= 1 kB")
    nowhere = ["--root", str(tmp_path / "none")]
    assert main(["gate", str(run), *nowhere]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "1 new, 1 pass" and "regressions are not" in told.err
    # Who names a baseline wants that one, and who has no goals wants to be judged by something.
    assert main(["gate", str(run), "--baseline", "main", *nowhere]) == 3
    bare = make_run(tmp_path / "bare", "20261121-000000-000000", [a_round(0)])
    assert main(["gate", str(bare), *nowhere]) == 3
    assert main(["gate", str(bare), "--goals-only"]) == 2
    assert "has no goals to judge" in capsys.readouterr().err


def test_goals_stand_beside_regressions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = make_run(tmp_path / "a", "20261121-000000-000000", [a_round(n) for n in range(10)])
    after = make_run(tmp_path / "b", "20261121-000000-000001", [a_round(n, sitting="t") for n in range(10)])
    with_goals(after, "size < 1 kB")
    assert main(["gate", str(after), "--baseline", str(before), "--format", "json"]) == 1
    verdicts = json.loads(capsys.readouterr().out)["verdicts"]
    assert [one["goal"] for one in verdicts] == ["size < 1 kB", "", ""] and verdicts[0]["case"] == CASE
