"""Progress tells a person the case, the stage and the time left, on a terminal or in a log."""

from __future__ import annotations

import io

from bench.cli.progress import ProgressLine
from bench.running.following import cooling_words
from bench.running.listener import Step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_time_left_is_the_mean_of_finished_steps_times_those_ahead() -> None:
    progress = ProgressLine({"": {"latency": 4}}, io.StringIO())
    progress.end(Step("latency", "a", 1, 4), 10.0, "")
    assert progress.seconds_left() == 30.0
    progress.end(Step("latency", "b", 2, 4), 20.0, "")
    assert progress.time_left() == "0:35"


def test_a_log_gets_a_line_for_each_finished_step() -> None:
    stream = io.StringIO()
    progress = ProgressLine({"": {"check": 1}}, stream)
    progress.end(Step("check", "builtin/int8/litert/t1@local", 1, 1), 1.0, "")
    assert "check" in stream.getvalue() and "builtin/int8/litert/t1@local" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_problem_is_shown_everywhere() -> None:
    for stream in (io.StringIO(), Terminal()):
        ProgressLine({}, stream).end(Step("latency", "case", 1, 3), 1.0, "ran longer than 5 s")
        assert "case: ran longer than 5 s" in stream.getvalue()


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    stream = Terminal()
    progress = ProgressLine({"": {"latency": 2}}, stream)
    progress.begin(Step("latency", "case", 1, 2))
    assert stream.getvalue().startswith("\r\x1b[K") and "\n" not in stream.getvalue()


def test_the_slowest_host_decides_how_long_it_still_takes() -> None:
    progress = ProgressLine({"": {"score": 0}, "local": {"latency": 2}, "pi": {"latency": 4}}, io.StringIO())
    progress.end(Step("latency", "a", 1, 4, "local"), 10.0, "")
    progress.end(Step("latency", "b", 1, 4, "pi"), 20.0, "")
    assert progress.seconds_left() == 60.0
    progress.plan("latency", 1, "pi")
    assert progress.seconds_left() == 20.0


def test_a_transfer_ends_with_how_much_and_how_fast() -> None:
    stream = io.StringIO()
    progress = ProgressLine({}, stream)
    step = Step("transfer", "pi5", 1, 1, "pi5")
    progress.progress(step, 1.0, "12.0 of 12.0 MB, 9.8 MB/s")
    progress.end(step, 1.2, "")
    assert "transfer" in stream.getvalue() and "pi5 12.0 of 12.0 MB, 9.8 MB/s, 1.2 s" in stream.getvalue()


def test_a_board_is_named_beside_the_case_that_runs_on_it() -> None:
    stream = io.StringIO()
    ProgressLine({}, stream).end(Step("check", "m/int8/litert/t1@pis", 1, 1, "pis/pi-a"), 1.0, "")
    assert "t1@pis on pi-a" in stream.getvalue()


def test_a_host_that_is_waited_for_says_so_once_in_a_log() -> None:
    stream = io.StringIO()
    progress = ProgressLine({}, stream)
    for _ in range(3):
        progress.progress(Step("ready", "pi5", host="pi5"), 0.0, "waits: ann@laptop measures there")
    assert stream.getvalue().count("ann@laptop") == 1


def test_a_sustained_run_counts_with_the_time_that_the_suite_gives_it() -> None:
    progress = ProgressLine({"": {"sustained": 2}}, io.StringIO(), {"sustained": 1800.0})
    assert progress.seconds_left() == 3600.0


def test_a_board_that_cools_is_shown_on_the_line() -> None:
    stream = Terminal()
    words = cooling_words({"temperature_c": 71.4, "target_c": 60.0})
    ProgressLine({}, stream).progress(Step("latency", "case", 1, 3, "pi5"), 0.0, words)
    assert "case cools, 71 °C to 60 °C" in stream.getvalue()
