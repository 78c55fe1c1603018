"""Live progress on a terminal (one line, redrawn) or as plain lines elsewhere: case, stage, time left."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Mapping
from typing import TextIO

from bench.running.estimate import GUESSED_SECONDS
from bench.running.listener import LOST, Step

# Seconds between redraws of the live line; people do not read faster.
REDRAW_SECONDS = 0.2


class ProgressLine:
    """A listener that tells a person what is going on, and how long it will still take.

    Hosts measure at the same time, so that the slowest of them decides.

    Args:
        ahead: host -> stage -> number of steps expected, for the time left of stages that have not begun;
            this machine's own work stands under the empty name.
        guesses: stage -> seconds of a step, where a suite says more than the usual guess.
    """

    def __init__(
        self,
        ahead: Mapping[str, Mapping[str, int]],
        stream: TextIO | None = None,
        guesses: Mapping[str, float] | None = None,
    ) -> None:
        self._guesses = {**GUESSED_SECONDS, **(guesses or {})}
        self._left = {host: dict(stages) for host, stages in ahead.items()}
        self._spent: dict[tuple[str, str], list[float]] = {}
        self._notes: dict[str, str] = {}
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._drawn = 0.0
        self._talking = threading.Lock()

    def plan(self, stage: str, count: int, host: str = "") -> None:
        """Correct the number of steps of a stage that now begins."""
        with self._talking:
            self._left.setdefault(host, {})[stage] = count

    def begin(self, step: Step) -> None:
        """Show a step that starts."""
        with self._talking:
            self._draw(step, 0.0, "", force=True)

    def progress(self, step: Step, fraction: float, note: str = "") -> None:
        """Show how far a step is; what a host says of itself is a line of its own where lines are kept."""
        with self._talking:
            is_news = note != self._notes.get(step.host, "")
            self._notes[step.host] = note
            if step.stage == "ready" and note and is_news and not self._is_live:
                self._print(f"  {self._head(step)} {note}")
            self._draw(step, fraction, note)

    def end(self, step: Step, seconds: float, problem: str) -> None:
        """Count a finished step, and leave a line for it where lines are kept or it went wrong."""
        with self._talking:
            self._spent.setdefault((step.host, step.stage), []).append(seconds)
            left = self._left.setdefault(step.host, {})
            left[step.stage] = max(0, left.get(step.stage, 1) - 1)
            if step.stage == LOST:
                left.clear()
            note = self._notes.pop(step.host, "")
            if problem:
                self._print(f"  {step.stage:<8} {_subject(step)}: {problem}")
            elif not self._is_live and (step.stage not in ("latency", "pair") or step.index == step.total):
                told = f" {note}," if note else ""
                self._print(f"  {self._head(step)}{told} {seconds:.1f} s, {self.time_left()} left")

    def close(self) -> None:
        """Remove the live line."""
        if self._is_live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def seconds_left(self) -> float:
        """Estimate the seconds left: this machine's own work, and what the slowest host still has to do."""
        left = {host: self._seconds_of(host) for host in self._left}
        return left.pop("", 0.0) + max(left.values(), default=0.0)

    def time_left(self) -> str:
        """Return the time left as `m:ss`, rounded up to five seconds."""
        seconds = int(self.seconds_left() // 5 + 1) * 5
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _seconds_of(self, host: str) -> float:
        """Return steps ahead times the mean of those done there, or a guess."""
        return sum(count * self._mean(host, stage) for stage, count in self._left[host].items())

    def _mean(self, host: str, stage: str) -> float:
        spent = self._spent.get((host, stage))
        return sum(spent) / len(spent) if spent else self._guesses.get(stage, 1.0)

    def _head(self, step: Step) -> str:
        count = f"{step.index}/{step.total}" if step.total else ""
        return f"{step.stage:<9} {count:>6} {_subject(step)}"

    def _draw(self, step: Step, fraction: float, note: str, force: bool = False) -> None:
        if not self._is_live or (not force and time.monotonic() - self._drawn < REDRAW_SECONDS):
            return
        self._drawn = time.monotonic()
        percent = f" {fraction:4.0%}" if fraction else ""
        told = f" {note}" if note else ""
        text = f"{self._head(step)}{percent}{told} · {self.time_left()} left"
        self._stream.write("\r\x1b[K" + text[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def _print(self, text: str) -> None:
        if self._is_live:
            self._stream.write("\r\x1b[K")
        self._stream.write(text + "\n")
        self._stream.flush()


def _subject(step: Step) -> str:
    """Return what a step works on; a case's id names its host, but not which board of it."""
    board = step.host.partition("/")[2]
    return f"{step.subject} on {board}" if board and step.subject != step.host else step.subject
