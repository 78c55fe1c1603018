"""The GitHub Action and the example workflows: their shell lines run, their commands and suites are ones."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.cli.parser import make_parser
from bench.suite import load_suite
from bench.wire.lease import LEASE_VARIABLE

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "results" / "examples" / "ci"
WORKFLOWS = ("github-hosted.yml", "github-pi.yml")
# Everything else in a workflow would be somebody else's code, at whatever state it is in that day.
TRUSTED = re.compile(r"actions/(checkout|upload-artifact)@v\d+|YOUR-ORG/bench@[0-9a-f]{40}")

# A `bench` that notes its arguments and ends as it is told; it leaves a file where a run's results would be.
STUB = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
[ "$1" != run ] || mkdir -p "$4"
[ "$1" = run ] && exit "$RUN_CODE" || exit "$GATE_CODE"
"""
FAKE_PYTHON = """#!/bin/sh
printf 'python3 %s\\n' "$*" >> "$CALLS"
mkdir -p "$3/bin"
printf '#!/bin/sh\\nprintf "pip %%s\\\\n" "$*" >> "$CALLS"\\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"""


def read(path: Path) -> Any:
    """Read YAML with every scalar as text: YAML 1.1 takes the key `on` for a truth."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


ACTION = read(ROOT / "action.yml")
STEPS = ACTION["runs"]["steps"]


class Runner:
    """Runs steps of the action as GitHub does, with stand-ins on the PATH."""

    def __init__(self, folder: Path, run_code: int = 0, gate_code: int = 0) -> None:
        self.folder, self.calls = folder, folder / "calls"
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name, text in (("bench", STUB), ("python3", FAKE_PYTHON)):
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)
        self.codes = {"RUN_CODE": str(run_code), "GATE_CODE": str(gate_code)}
        self.known = {"github.action_path": str(ROOT)}

    def run(self, **inputs: str) -> int:
        """Run all steps until one fails; returns its exit code."""
        for name, about in ACTION["inputs"].items():
            self.known[f"inputs.{name}"] = inputs.get(name.replace("-", "_"), about.get("default", ""))
        return next((code for step in STEPS if (code := self._step(step))), 0)

    def _step(self, step: dict[str, Any]) -> int:
        output = self.folder / "output"
        output.write_text("")
        given = {name: self._filled(text) for name, text in step.get("env", {}).items()}
        # git's editor and the like are no concern of a step; HOME and PATH are.
        environment = {
            **given, **self.codes, LEASE_VARIABLE: os.environ.get(LEASE_VARIABLE, ""),
            "PATH": f"{self.tools}:{os.environ['PATH']}", "HOME": str(self.folder), "CALLS": str(self.calls),
            "RUNNER_TEMP": str(self.folder / "temp"), "GITHUB_OUTPUT": str(output),
            "GITHUB_PATH": str(self.folder / "path"),
        }  # fmt: skip
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        code = subprocess.run(shell, env=environment, cwd=self.folder, check=False).returncode
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{name}"] = value
        return code

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([^ ]+) \}\}", lambda found: self.known[found[1]], text)

    def commands(self) -> list[list[str]]:
        """Return the calls of bench."""
        lines = self.calls.read_text().splitlines()
        return [line.split() for line in lines if line.startswith(("run", "gate"))]


def test_the_action_installs_measures_and_judges(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    assert runner.run(suite="suites/pi.yaml", baseline="main", run_arguments="--host pi5\n  --wait 30m") == 0
    assert [" ".join(words) for words in runner.commands()] == [
        "run suites/pi.yaml --results bench-results/pi --quiet --host pi5 --wait 30m",
        "gate bench-results/pi --root results/baselines --format github "
        "--junit bench-results/pi/gate.xml --comment bench-results/pi/gate.md --baseline main",
    ]
    for command in runner.commands():
        make_parser().parse_args(command)
    installing = (tmp_path / "calls").read_text().splitlines()[:2]
    assert installing[1] == f"pip install --quiet -c {ROOT}/.ci/constraints.txt -e {ROOT}"
    assert (tmp_path / "path").read_text().strip() == f"{tmp_path}/temp/bench/bin"


def test_the_action_measures_against_what_it_is_told_with_the_same_baselines(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.run(suite="s.yaml", baseline="main", against="git:origin/main", baselines="kept")
    measured, judged = map(make_parser().parse_args, runner.commands())
    assert (measured.against, str(measured.root)) == ("git:origin/main", "kept")
    assert (judged.baseline, str(judged.root)) == ("main", "kept")


def test_the_actions_choices_reach_the_gate(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.run(
        suite="s.yaml", goals_only="true", format="json", gate_arguments="--accept kernel", baselines="kept"
    )
    gate = make_parser().parse_args(runner.commands()[1])
    assert (gate.goals_only, gate.format, gate.accept, str(gate.root)) == (True, "json", ["kernel"], "kept")
    assert gate.baseline is None


@pytest.mark.parametrize(
    ("run_code", "gate_code", "code", "num_commands"),
    [
        (0, 1, 1, 2),
        (0, 5, 5, 2),
        (3, 3, 3, 2),
        (3, 0, 3, 2),  # What was not measured is never good.
        (3, 1, 1, 2),
        (1, 5, 1, 2),
        (5, 0, 5, 2),
        (4, 5, 4, 2),
        (5, 3, 3, 2),
        (0, 2, 2, 2),  # The gate was called wrongly.
        (2, 0, 2, 1),  # A wrong suite is not judged.
        (130, 0, 130, 1),
    ],
)
def test_the_actions_answer_is_the_worst(
    tmp_path: Path, run_code: int, gate_code: int, code: int, num_commands: int
) -> None:
    runner = Runner(tmp_path, run_code, gate_code)
    assert runner.run(suite="s.yaml") == code
    assert len(runner.commands()) == num_commands
    if num_commands == 2:
        assert runner.known["steps.judge.outputs.answer"] == str(code)


def test_a_hostile_input_is_an_argument_and_no_shell(tmp_path: Path) -> None:
    hostile = "$(touch made);`touch made`"
    Runner(tmp_path).run(suite=f"{hostile}.yaml", baseline=hostile, run_arguments=hostile)
    assert not (tmp_path / "made").exists()
    for step in STEPS:
        assert "${{" not in step["run"], (
            f"{step['name']}: an expression in a script is code of whoever set it"
        )


def test_the_actions_outputs_are_made_by_its_steps(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.run(suite="s.yaml")
    for output in ACTION["outputs"].values():
        assert runner._filled(output["value"])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_uses_trusted_actions_as_they_are(name: str) -> None:
    workflow = read(EXAMPLES / name)
    assert workflow["permissions"] == {"contents": "read"} and "secrets" not in (EXAMPLES / name).read_text()
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(TRUSTED.fullmatch(step["uses"]) for step in steps)
    (ours,) = (step["with"] for step in steps if step["uses"].startswith("YOUR-ORG"))
    assert set(ours) <= set(ACTION["inputs"])
    make_parser().parse_args(["run", ours["suite"], *shlex.split(ours.get("run-arguments", ""))])
    (checkout,) = (step["with"] for step in steps if "checkout" in step["uses"])
    # Pairs decide about what the gate judges, and older files are built from history.
    assert ours["against"] == ours["baseline"]
    assert checkout["fetch-depth"] == "0"
    assert (EXAMPLES / ours["suite"]).is_file()
    # What is kept is where the action measures into.
    (kept,) = (step["with"]["path"] for step in steps if "upload-artifact" in step["uses"])
    assert kept == ACTION["inputs"]["results"]["default"]


def test_the_lines_for_gitlab_are_commands() -> None:
    job = read(EXAMPLES / "gitlab-ci.yml")["bench"]
    commands = [shlex.split(line.partition(" || ")[0]) for line in job["script"]]
    parsed = [make_parser().parse_args(words[1:]) for words in commands if words[0] == "bench"]
    assert [options.command for options in parsed] == ["run", "gate"]
    assert parsed[0].against == parsed[1].baseline == "main"
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert str(parsed[1].results) == str(parsed[0].results) and (EXAMPLES / parsed[0].suite).is_file()
    assert job["artifacts"]["reports"]["junit"] == str(parsed[1].junit)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("suite-*.yaml")), ids=lambda path: path.stem)
def test_a_suite_of_the_examples_loads_and_has_goals_that_fit(path: Path) -> None:
    from bench.gating.candidates import Candidate
    from bench.gating.goals import NO_CASE, judge_goals
    from bench.suite.constraints import read_goal

    suite = load_suite(path)
    planned = [
        Candidate(case.id, {"host": case.host, "precision": case.precision}, "missing")
        for case in suite.cases
    ]
    verdicts = judge_goals([read_goal(text) for text in suite.gate["goals"]], planned)
    assert verdicts and all(verdict.case != NO_CASE for verdict in verdicts)


@pytest.mark.slow
def test_the_action_gates_a_real_run(tmp_path: Path) -> None:
    """Measure, keep the figures as the baseline, pass; then a goal that is out of reach."""
    runner = Runner(tmp_path)
    (tmp_path / "tools" / "bench").write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bench "$@"\n'
    )
    (tmp_path / "tools" / "bench").chmod(0o755)
    suite = (
        "name: tiny\nmodel: builtin\ndata: {rendered: {evaluation: 16, calibration: 16, training: 16}}\n"
        "matrix: {precision: fp32}\nmeasure: {rounds: 1, warmup: 1, calls: 5}\n"
        "gate: {size: {max_increase: 0}, goals: [SIZE]}\n"
    )
    (tmp_path / "tiny.yaml").write_text(suite.replace("SIZE", "size <= 5 MB"))
    assert runner.run(suite="tiny.yaml") == 0
    kept = ["baseline", "set", "bench-results/tiny", "--name", "main"]
    subprocess.run([str(tmp_path / "tools" / "bench"), *kept], cwd=tmp_path, check=True)
    assert runner.run(suite="tiny.yaml", baseline="main") == 0
    assert "<testsuite" in (tmp_path / "bench-results/tiny/gate.xml").read_text()
    (tmp_path / "tiny.yaml").write_text(suite.replace("SIZE", "size <= 1 kB"))
    assert runner.run(suite="tiny.yaml", baseline="main") == 1
    assert "size &lt;= 1 kB" in (tmp_path / "bench-results/tiny/gate.md").read_text()


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 0), (3, 0), (4, 0), (5, 0), (2, 2), (130, 2)])
def test_on_gitlab_whatever_was_measured_is_judged(tmp_path: Path, code: int, expected: int) -> None:
    (line,) = (line for line in read(EXAMPLES / "gitlab-ci.yml")["bench"]["script"] if "bench run" in line)
    (tmp_path / "bench").write_text(f"#!/bin/sh\nexit {code}\n")
    (tmp_path / "bench").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(["sh", "-e", "-c", line], env=environment, check=False).returncode == expected
