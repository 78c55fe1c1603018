"""The README's commands for a device, one after the other, on a device that nothing was installed on."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ssh_rig import SshRig

from bench.suite.hosts_file import find_hosts

ROOT = Path(__file__).parent.parent.parent
SECTION = (
    (ROOT / "README.md")
    .read_text(encoding="utf-8")
    .partition("## On a Raspberry Pi")[2]
    .partition("\n## ")[0]
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith("bench ")]


def test_from_nothing_to_a_report_takes_less_than_ten_lines() -> None:
    assert 1 < len(blocks("sh")[0].splitlines()) < 10


def test_the_hosts_file_of_the_readme_loads(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text(blocks("yaml")[0])
    assert len(find_hosts(path, None).hosts) == 3


@pytest.mark.slow
def test_the_commands_of_the_readme_run_on_a_bare_device(tmp_path: Path, ssh_rig: SshRig) -> None:
    for name in ("suites", "bench"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "hosts.yaml").write_text("pi5: {ssh: loop}\n")
    variables = {**os.environ, **ssh_rig.environment}
    for command in commands():
        words = shlex.split(command)[1:]
        quick = ["--profile", "smoke", "--only", "precision=int8,runtime=litert"] if words[0] == "run" else []
        call = [sys.executable, "-m", "bench", *words, *quick]
        done = subprocess.run(call, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    report = next((tmp_path / "results").rglob("report.md")).read_text(encoding="utf-8")
    assert "builtin on local and pi5" in report
