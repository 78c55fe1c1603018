"""What the README shows works as shown: commands parse, files exist, suites and snippets run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.parser import make_parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What makes a command of the README quick enough for a test, without making it another command.
QUICKLY = {
    "run": {"--profile": "smoke", "--only": "precision=fp32,runtime=onnxruntime"},
    "train": {"--steps": "2", "--images": "16"},
    "diagnose": {"--images": "8"},
    "noise": {"--trials": "4"},
}

# Gating is shown on results in full, of which a test has none: two rounds decide nothing about times.
MAY_BE_INCONCLUSIVE = ("gate", "compare")

# What cannot run here: these fetch from the internet. The loopback server of tests/cli stands in for it.
NEEDS_NETWORK = "bench data get "
# And these need a device: tests/ssh/test_ssh_readme.py runs them over SSH.
NEEDS_DEVICE = re.compile(r"^bench host |--host pi5")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return the lines that call bench, in the order of the page."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith("bench ")]


def arguments_of(command: str) -> list[str]:
    """Return a command's words after `bench`, without a redirection of the shell."""
    return shlex.split(command.partition(" > ")[0])[1:]


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_readme_is_one(command: str) -> None:
    make_parser().parse_args(arguments_of(command))


def test_every_command_stands_in_the_readme() -> None:
    (choices,) = (action.choices for action in make_parser()._actions if action.dest == "command")
    shown = {arguments_of(command)[0] for command in commands()}
    assert set(choices or ()) <= shown


def test_every_suite_is_named_and_every_link_leads_somewhere() -> None:
    for suite in (ROOT / "suites").glob("*.yaml"):
        assert f"`{suite.stem}`" in README, f"the README does not name {suite.name}"
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), f"the README links {target}, which is not there"


def test_the_suite_of_the_readme_loads(tmp_path: Path) -> None:
    from bench.suite import load_suite

    for name in ("detector.keras", "instances_val.json"):
        (tmp_path / name).write_text("{}")
    for name in ("val", "train"):
        (tmp_path / name).mkdir()
    (tmp_path / "suite.yaml").write_text(blocks("yaml")[0])
    assert len(load_suite(tmp_path / "suite.yaml").cases) == 20


@pytest.mark.parametrize("line", blocks("yaml")[1].splitlines())
def test_every_data_line_of_the_readme_loads(line: str, tmp_path: Path) -> None:
    from bench.suite import load_suite

    for name in ("instances_val.json", "data.yaml", "map.pbtxt", "val.record-00000-of-00001"):
        (tmp_path / name).write_text("{}")
    for name in ("val", "train", "JPEGImages", "Annotations"):
        (tmp_path / name).mkdir()
    (tmp_path / "suite.yaml").write_text(f"name: s\nmodel: builtin\n{line}\nmatrix: {{precision: [fp32]}}\n")
    assert load_suite(tmp_path / "suite.yaml").cases


def make_yolo_data(folder: Path) -> None:
    """Make the small YOLO data set that a command of the README converts."""
    from PIL import Image

    for name in ("images/val", "labels/val"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(folder / "images/val/one.png")
    (folder / "labels/val/one.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    (folder / "data.yaml").write_text("val: images/val\nnames: [cat]\n")


def call_results_decisive(results: Path) -> None:
    """Let figures of the smoke profile pass for figures in full."""
    for path in results.rglob("records.jsonl"):
        path.write_text(path.read_text().replace('"decision_grade":false', '"decision_grade":true'))


@pytest.mark.slow
def test_the_commands_of_the_readme_run_one_after_the_other(tmp_path: Path) -> None:
    for name in ("suites", "bench"):
        (tmp_path / name).symlink_to(ROOT / name)
    make_yolo_data(tmp_path / "my-data")
    for command in commands():
        if command.startswith(NEEDS_NETWORK) or NEEDS_DEVICE.search(command):
            continue
        words = arguments_of(command)
        quick = [word for pair in QUICKLY.get(words[0], {}).items() if pair[0] not in words for word in pair]
        if words[0] == "baseline":
            call_results_decisive(tmp_path / "results")
        call = [sys.executable, "-m", "bench", *words, *quick]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
        expected = {0, 5} if words[0] in MAY_BE_INCONCLUSIVE else {0}
        assert done.returncode in expected, f"{command}\n{done.stdout}\n{done.stderr}"
    snippet = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]], cwd=tmp_path, check=True, capture_output=True
    )
    assert b"map_50_95" in snippet.stdout
