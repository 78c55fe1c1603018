"""Chart data of sustained runs: latency, temperature and clock over time, in people's units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.core.record import Record
from bench.report.labels import in_reading_order, keys_of
from bench.report.model import CourseChart, CourseLine

# More lines than this cannot be told apart; the table below has all cases.
MOST_LINES = 8


def make_courses(records: Sequence[Record], labels: dict[str, str]) -> tuple[CourseChart, ...]:
    """Build the chart of the sustained runs of one host; none where there were none."""
    ran = [record for record in in_reading_order(records) if record.sustained]
    lines = [_line(record, run, labels) for record in ran for run in record.sustained if run["at_s"]]
    if not lines:
        return ()
    left = f" The first {MOST_LINES} of {len(lines)} runs." if len(lines) > MOST_LINES else ""
    caption = (
        "Sustained runs: the median of inference (invoke alone) over time, the processor's temperature and "
        f"its clock; crosses mark where something held the processor back.{left}"
    )
    chart = CourseChart("sustained", "Sustained runs", "Minutes", caption, tuple(lines[:MOST_LINES]))
    return (chart,)


def _line(record: Record, run: dict[str, Any], labels: dict[str, str]) -> CourseLine:
    board = f" ({run['board']})" if run.get("board") and len(record.sustained) > 1 else ""
    return CourseLine(
        label=labels[record.case] + board,
        precision=record.precision,
        runtime=record.runtime,
        minutes=_scaled(run["at_s"], 1 / 60),
        latency_ms=_scaled(run["latency_p50_ns"], 1e-6),
        probe_minutes=_scaled(run["probe_s"], 1 / 60),
        temperature_c=_scaled(run["temperature_c"], 1.0),
        clock_mhz=_scaled(run["frequency_hz"], 1e-6),
        is_throttled=tuple(bool(flag) for flag in run["is_throttled"]),
        keys=keys_of(record),
    )


def _scaled(values: Sequence[float | None], scale: float) -> tuple[float, ...]:
    """Return values in other units; NaN, which no line is drawn through, where one is unknown."""
    return tuple(float("nan") if value is None else value * scale for value in values)
