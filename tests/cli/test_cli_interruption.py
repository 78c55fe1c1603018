"""After Ctrl-C: devices are stopped only by who says so on a terminal, and everybody is told how to go on."""

from __future__ import annotations

import io

import pytest

from bench.cli.interruption import ask_to_stop, say_interrupted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "stops"), [("y\n", True), ("yes\n", True), ("\n", False), ("", False)])
def test_a_device_is_stopped_by_a_yes_alone(
    monkeypatch: pytest.MonkeyPatch, answer: str, stops: bool
) -> None:
    said = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", said)
    assert ask_to_stop(["pi5", "pi4"]) is stops
    assert "pi5, pi4 would go on" in said.getvalue()


def test_without_a_terminal_nobody_is_asked_and_devices_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    monkeypatch.setattr("sys.stderr", said)
    assert not ask_to_stop(["pi5"])
    assert said.getvalue() == ""


def test_who_interrupts_is_told_how_to_go_on_and_how_to_stop(capsys: pytest.CaptureFixture[str]) -> None:
    say_interrupted(["pi5"])
    said = capsys.readouterr().err
    assert "--resume" in said and "bench host stop pi5" in said
