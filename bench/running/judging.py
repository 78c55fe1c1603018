"""What a case's journal amounts to: complete, failed, or without enough valid rounds; and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.record import Status
from bench.metrics.conditions import invalid_reasons
from bench.running.schedule import MEMORY_PROBES, MIN_ROUNDS, Done, summarise

Line = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """What a complete journal holds.

    Attributes:
        boards: that measure the case; one without a name where the host has one.
        needs_rounds: False where the accuracy alone is measured.
        loss: why the host was given up; empty if it was not.
        lost_boards: why single boards were, where others of the host went on.
    """

    num_images: int
    options: MeasureOptions
    boards: Sequence[str] = ("",)
    needs_rounds: bool = True
    loss: str = ""
    lost_boards: Mapping[str, str] = field(default_factory=dict)

    @property
    def needed(self) -> int:
        """The fewest valid rounds that say something."""
        return min(MIN_ROUNDS, self.options.rounds)


@dataclass(frozen=True)
class Judgement:
    """What a journal amounts to, with the last words of the process that failed."""

    status: Status
    reason: str = ""
    stderr_tail: tuple[str, ...] = ()


def judge(lines: Sequence[Line], expected: Expected) -> Judgement:
    """Judge the lines of a case, all measured under one setup."""
    # A board that was given up has left what it had; it cannot fail the others' case.
    boards = [board for board in expected.boards if board not in expected.lost_boards] or [""]
    done = {board: summarise(lines, board) for board in boards}
    for board, one in done.items():
        if one.broken:
            return Judgement("failed", _on(board) + one.broken, _last_words(lines, board))
    missing = expected.num_images - len(done[boards[0]].image_ids)
    if expected.loss and (missing > 0 or not all(_is_whole(one, expected) for one in done.values())):
        kept = "; what was measured is kept" if lines else ""
        advice = "" if "--resume" in expected.loss else "; go on with --resume"
        return Judgement("failed", f"{expected.loss}{kept}{advice}")
    if missing > 0:
        return Judgement("failed", f"{missing} images were not run; go on with --resume")
    if expected.needs_rounds:
        for board, one in done.items():
            if one.num_valid < expected.needed:
                return Judgement("invalid", _on(board) + _shortage(lines, board, one, expected.needed))
    return Judgement("ok")


def timed_lines(lines: Sequence[Line], expected: Expected) -> list[Line]:
    """Return the timed rounds without those of boards that were given up before they had enough of them."""
    few = {board for board in expected.lost_boards if summarise(lines, board).num_valid < expected.needed}
    return [line for line in lines if line["kind"] == "latency" and line.get("board", "") not in few]


def _is_whole(done: Done, expected: Expected) -> bool:
    """Tell whether a board has taken all that it was to take; a budget may have ended its rounds early."""
    if not expected.needs_rounds:
        return True
    rounds = expected.needed if expected.options.budget_seconds else expected.options.rounds
    return done.has_check and done.num_memory >= MEMORY_PROBES and done.num_valid >= rounds


def _shortage(lines: Sequence[Line], board: str, done: Done, needed: int) -> str:
    own = [line for line in lines if line["kind"] == "latency" and line.get("board", "") == board]
    causes = sorted(invalid_reasons(own).items(), key=lambda item: (-item[1], item[0]))
    told = f": {', '.join(f'{cause} ({count})' for cause, count in causes)}" if causes else ""
    return f"{done.num_valid} valid rounds of at least {needed}; {done.num_invalid} were invalid{told}"


def _last_words(lines: Sequence[Line], board: str) -> tuple[str, ...]:
    failed = [line for line in lines if line.get("status") == "failed" and line.get("board", "") == board]
    return tuple(failed[-1].get("stderr_tail", ()))


def _on(board: str) -> str:
    return f"on {board}: " if board else ""
