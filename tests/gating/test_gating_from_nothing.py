"""The README's lines from nothing to a gated pull request, run as they stand; then what they leave."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = Path("results") / "examples" / "ci"

# What the copied suite is replaced by: one case that is quick to build, and few calls.
TINY = """name: hosted
model: builtin
data: {rendered: {evaluation: 16, calibration: 16, training: 16}}
matrix: {precision: fp32}
measure: {rounds: 2, warmup: 1, warmup_time: 0s, calls: 5, images: 2}
gate:
  size: {max_increase: 20%}
  map_50_95: {max_drop: 0.5}
  latency_p50: {max_increase: 1000%, find: 3000%}
"""
# A person's name for commits, and nothing of the settings of whoever runs the tests.
GIT = {
    **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def lines() -> str:
    """Return the block of the README."""
    (found,) = re.findall(r"<!-- test: from nothing -->\n```bash\n(.*?)```", README, re.DOTALL)
    return str(found)


def test_the_way_to_a_gated_pull_request_is_under_fifteen_lines() -> None:
    assert len(lines().splitlines()) < 15


@pytest.mark.slow
def test_the_lines_lead_from_nothing_to_a_gated_pull_request(tmp_path: Path) -> None:
    checkout, remote, tools = tmp_path / "bench", tmp_path / "remote.git", tmp_path / "tools"
    shutil.copytree(ROOT / EXAMPLES, checkout / EXAMPLES)
    (checkout / EXAMPLES / "suite-hosted.yaml").write_text(TINY)
    tools.mkdir()
    (tools / "bench").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bench "$@"\n')
    (tools / "bench").chmod(0o755)
    environment = os.environ | GIT | {"BENCH": str(checkout), "PATH": f"{tools}:{os.environ['PATH']}"}

    def run(command: list[str], folder: Path) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], tmp_path)
    run(["git", "clone", "-q", str(remote), "project"], tmp_path)
    told = run(["bash", "-euo", "pipefail", "-c", lines()], tmp_path / "project")
    assert "measured again in turns" in told
    assert told.count("3 pass") == 2

    # As on a runner: a fresh clone of the branch, with what the workflow asks of the action.
    run(["git", "clone", "-q", "-b", "smaller-weights", str(remote), "runner"], tmp_path)
    workflow = yaml.safe_load((tmp_path / "runner/.github/workflows/bench.yml").read_text())
    asked = workflow["jobs"]["hosted"]["steps"][1]["with"]
    assert asked == {"suite": "suite-hosted.yaml", "baseline": "main", "against": "main"}
    measured = ["bench", "run", asked["suite"], "--against", asked["against"], "--results", "bench-results"]
    run(measured, tmp_path / "runner")
    judged = run(["bench", "gate", "bench-results", "--baseline", asked["baseline"]], tmp_path / "runner")
    assert "3 pass" in judged
