"""Progress tells a person the case, the stage and the time left, on a terminal or in a log."""

from __future__ import annotations

import io

from bench.cli.progress import ProgressLine
from bench.running.listener import Step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_time_left_is_the_mean_of_finished_steps_times_those_ahead() -> None:
    progress = ProgressLine({"latency": 4}, io.StringIO())
    progress.end(Step("latency", "a", 1, 4), 10.0, "")
    assert progress.seconds_left() == 30.0
    progress.end(Step("latency", "b", 2, 4), 20.0, "")
    assert progress.time_left() == "0:35"


def test_a_log_gets_a_line_for_each_finished_step() -> None:
    stream = io.StringIO()
    progress = ProgressLine({"check": 1}, stream)
    progress.end(Step("check", "builtin/int8/litert/t1@local", 1, 1), 1.0, "")
    assert "check" in stream.getvalue() and "builtin/int8/litert/t1@local" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_problem_is_shown_everywhere() -> None:
    for stream in (io.StringIO(), Terminal()):
        ProgressLine({}, stream).end(Step("latency", "case", 1, 3), 1.0, "ran longer than 5 s")
        assert "case: ran longer than 5 s" in stream.getvalue()


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    stream = Terminal()
    progress = ProgressLine({"latency": 2}, stream)
    progress.begin(Step("latency", "case", 1, 2))
    assert stream.getvalue().startswith("\r\x1b[K") and "\n" not in stream.getvalue()
