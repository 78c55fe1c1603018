"""Live progress on a terminal (one line, redrawn) or as plain lines elsewhere: case, stage, time left."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

from bench.running.estimate import GUESSED_SECONDS
from bench.running.listener import Step

# Seconds between redraws of the live line; people do not read faster.
REDRAW_SECONDS = 0.2


class ProgressLine:
    """A listener that tells a person what is going on, and how long it will still take.

    Args:
        ahead: stage -> number of steps expected, for the time left of stages that have not begun.
    """

    def __init__(self, ahead: dict[str, int], stream: TextIO | None = None) -> None:
        self._left = dict(ahead)
        self._spent: dict[str, list[float]] = {}
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._drawn = 0.0
        self._began = time.monotonic()

    def plan(self, stage: str, count: int, host: str = "") -> None:
        """Correct the number of steps of a stage that now begins."""
        self._left[stage] = count

    def begin(self, step: Step) -> None:
        """Show a step that starts."""
        self._draw(step, 0.0, force=True)

    def progress(self, step: Step, fraction: float, note: str = "") -> None:
        """Show how far a step is."""
        self._draw(step, fraction)

    def end(self, step: Step, seconds: float, problem: str) -> None:
        """Count a finished step, and leave a line for it where lines are kept or it went wrong."""
        self._spent.setdefault(step.stage, []).append(seconds)
        self._left[step.stage] = max(0, self._left.get(step.stage, 1) - 1)
        if problem:
            self._print(f"  {step.stage:<8} {step.subject}: {problem}")
        elif not self._is_live and (step.stage != "latency" or step.index == step.total):
            self._print(f"  {self._head(step)} {seconds:.1f} s, {self.time_left()} left")

    def close(self) -> None:
        """Remove the live line."""
        if self._is_live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def seconds_left(self) -> float:
        """Estimate the seconds left: steps ahead times the mean of those done, or a guess."""
        return sum(count * self._mean(stage) for stage, count in self._left.items())

    def time_left(self) -> str:
        """Return the time left as `m:ss`, rounded up to five seconds."""
        seconds = int(self.seconds_left() // 5 + 1) * 5
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _mean(self, stage: str) -> float:
        spent = self._spent.get(stage)
        return sum(spent) / len(spent) if spent else GUESSED_SECONDS.get(stage, 1.0)

    def _head(self, step: Step) -> str:
        count = f"{step.index}/{step.total}" if step.total else ""
        return f"{step.stage:<8} {count:>7} {step.subject}"

    def _draw(self, step: Step, fraction: float, force: bool = False) -> None:
        if not self._is_live or (not force and time.monotonic() - self._drawn < REDRAW_SECONDS):
            return
        self._drawn = time.monotonic()
        percent = f" {fraction:4.0%}" if fraction else ""
        text = f"{self._head(step)}{percent} · {self.time_left()} left"
        self._stream.write("\r\x1b[K" + text[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def _print(self, text: str) -> None:
        if self._is_live:
            self._stream.write("\r\x1b[K")
        self._stream.write(text + "\n")
        self._stream.flush()
