"""Colours where the terminal can and is not told otherwise; any text on any encoding."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.screen import allow_any_text, find_screen, wants_color

ROOT = Path(__file__).parent.parent.parent


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "on_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": ""}, True, False),
        ({"NO_COLOR": "0", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_colors_follow_the_customs(variables: dict[str, str], on_terminal: bool, in_pipe: bool) -> None:
    assert wants_color(Terminal(), variables) is on_terminal
    assert wants_color(io.StringIO(), variables) is in_pipe


def test_only_a_terminal_limits_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert find_screen(Terminal(), {}).columns == 72
    assert find_screen(io.StringIO(), {"FORCE_COLOR": "1"}).columns is None


def test_a_stream_without_our_signs_gets_plain_ones() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    allow_any_text(stream)
    stream.write("−0.21 [−0.50, +0.09] 0.83× “fp32” 量…")
    assert stream.buffer.getvalue() == b'-0.21 [-0.50, +0.09] 0.83x "fp32" ?...'  # type: ignore[attr-defined]


def test_a_command_in_a_pipe_prints_neither_colors_nor_a_trace() -> None:
    results = ROOT / "tests" / "report"
    code = (
        f"import sys; sys.path.insert(0, {str(results)!r})\n"
        "from fake_records import quickstart_records\n"
        "from bench.cli.screen import allow_any_text, find_screen\n"
        "from bench.report import terminal_table\n"
        "allow_any_text(sys.stdout)\n"
        "print(terminal_table(quickstart_records(), find_screen()))"
    )
    variables = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    variables = {name: value for name, value in variables.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=variables, check=True)
    assert b"\x1b" not in done.stdout and b"0.60x" in done.stdout and b"?" not in done.stdout


def test_a_reader_that_goes_away_changes_no_exit_code() -> None:
    program = "import sys; from bench.cli.screen import say; say('x' * 200_000); say('y'); sys.exit(1)"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (1, b"")
