"""How the latency of a case is spread over its rounds, and what each round was like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bench.core.record import Record
from bench.report.cells import metric_cell
from bench.report.detail.model import Line, Mark, Strip
from bench.report.units import milliseconds

# More rounds than this no eye tells apart on a phone: every so-manieth is drawn.
MOST_MARKS = 60


def make_strip(record: Record, lines: Sequence[Line]) -> Strip | None:
    """Build the strip from the journal; None without a timed round that ended well."""
    rounds = sorted((line for line in lines if is_timed(line)), key=lambda line: str(line.get("started", "")))
    marks = [mark for number, line in enumerate(rounds, start=1) if (mark := _mark(number, line))]
    if not marks:
        return None
    invalid = sum(not mark.is_valid for mark in marks)
    step = math.ceil(len(marks) / MOST_MARKS)
    shown = [mark for index, mark in enumerate(marks) if index % step == 0 or not mark.is_valid]
    parts = [
        f"{invalid} crossed out: measured on a disturbed machine, kept and not counted." if invalid else "",
        f"{len(shown)} of {len(marks)} processes are drawn." if len(shown) < len(marks) else "",
    ]
    return Strip(
        title="Latency, process by process",
        caption=" ".join(filter(None, parts)),
        precision=record.precision,
        marks=tuple(shown),
        middle=metric_cell(record, "latency_p50_ns", milliseconds),
        medians_ns=tuple(mark.median_ns for mark in marks if mark.is_valid),
    )


def is_timed(line: Line) -> bool:
    """Whether a line of a journal is a timed round that ended well; pairs with an older file are not."""
    return line.get("kind") == "latency" and line.get("status") == "ok"


def _mark(number: int, line: Line) -> Mark | None:
    calls = sorted(
        value for value in _calls(line) if isinstance(value, (int, float)) and 0 < value < math.inf
    )
    if not calls:
        return None
    low, middle, high = (_quantile(calls, share) for share in (0.25, 0.5, 0.75))
    is_valid = line.get("valid") is not False
    board = f" on {line['board']}" if line.get("board") else ""
    why = line.get("reason") or ", ".join(map(str, line.get("causes") or ())) or "no cause was recorded"
    tip = (
        f"Process {number}{board}: median {milliseconds(middle)} ms, middle half "
        f"{milliseconds(low)} to {milliseconds(high)} ms, {len(calls):,} calls"
    )
    return Mark(middle, (low, high), len(calls), is_valid, tip if is_valid else f"{tip}. Not counted: {why}")


def _calls(line: Line) -> Sequence[Any]:
    result = line.get("result")
    calls = result.get("inference_ns") if isinstance(result, dict) else None
    return calls if isinstance(calls, (list, tuple)) else ()


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile by linear interpolation, as numpy's default does."""
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
