"""How the boards of one host differ: the latency of each, of any such board, and where the spread lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from bench.analysis.findings import Panel
from bench.core.record import Record
from bench.report.cells import NO_CELL
from bench.report.columns import ColumnMaker, lay_out
from bench.report.table import Cell, Column, Table
from bench.report.units import milliseconds, number

LEVELS = {"board": "boards", "process": "processes", "call": "calls"}

# What to take more of where a level dominates the uncertainty of the figure.
CURES = {"board": "measure on more boards", "process": "take more rounds", "call": "take more calls"}


def boards_table(panel: Panel, records: Sequence[Record]) -> Table | None:
    """Build the table; None where no case ran on several boards."""
    names = dict.fromkeys(name for record in records for name in record.boards.get("values", {}))
    if len(names) < 2:
        return None
    columns: list[ColumnMaker] = [(Column(name, "ms, inference p50"), _board_of(name)) for name in names]
    columns.append((Column("Any such board", "ms, t interval"), _any_board))
    columns += [
        (Column(f"Between {LEVELS[level]}", "%, deviation"), _deviation_of(level)) for level in LEVELS
    ]
    columns.append((Column("Mostly between", "share of the variance", False), _largest))
    caption = (
        "The same case on identical boards. Intervals elsewhere on this page are over processes on these "
        "boards; that of any such board is wider, and needs 3 boards. Deviations are square roots of "
        "variance components (nested analysis of variance of log times), in percent of the time itself. "
        "That between boards is rough: it rests on as many values as there are boards. The last column is of "
        "the mean's variance: which level to repeat more of."
    )
    return lay_out("Boards", caption, panel, records, columns)


def board_sentences(records: Sequence[Record]) -> tuple[str, ...]:
    """Say which level dominates the uncertainty of most cases, and what to do about it."""
    largest = [found[0] for record in records if (found := _largest_share(record))]
    if not largest:
        return ()
    level = max(LEVELS, key=largest.count)
    return (
        f"Boards: in {largest.count(level)} of {len(largest)} cases most of the uncertainty lies between "
        f"{LEVELS[level]}; {CURES[level]} to narrow it.",
    )


def _board_of(name: str) -> Any:
    def make(record: Record) -> Cell:
        value = record.boards.get("values", {}).get(name)
        if not isinstance(value, Mapping):
            return NO_CELL
        count = value.get("num_processes", 0)
        detail = f"{count} round{'' if count == 1 else 's'}"
        latency_ns = float(value["latency_p50_ns"])
        return Cell(milliseconds(latency_ns), detail, value=latency_ns, record=f"{record.case}#boards:{name}")

    return make


def _any_board(record: Record) -> Cell:
    found = record.boards.get("any_board")
    if not found:
        return Cell(NO_CELL.text, tone="muted", note="2 boards give no interval of any such board")
    ends = f"[{milliseconds(found['low'])}, {milliseconds(found['high'])}]"
    value = float(found["value"])
    return Cell(milliseconds(value), ends, value=value, record=f"{record.case}#boards:any_board")


def _deviation_of(level: str) -> Any:
    def make(record: Record) -> Cell:
        variance = record.boards.get("variance", {})
        value = variance.get(level)
        if value is None:
            return NO_CELL
        is_negative = level in variance.get("negative", ())
        note = "the estimate was negative and is shown as 0: too little to be seen" if is_negative else ""
        detail = "estimate below 0" if is_negative else ""
        source = f"{record.case}#boards:variance:{level}"
        return Cell(number(100 * sqrt(value), 2), detail, note=note, value=float(value), record=source)

    return make


def _largest(record: Record) -> Cell:
    found = _largest_share(record)
    return Cell(f"{LEVELS[found[0]]}, {number(100 * found[1], 0)}%") if found else NO_CELL


def _largest_share(record: Record) -> tuple[str, float] | None:
    """Return the level with the largest share in the variance of the mean, and that share."""
    shares = record.boards.get("contributions") or {}
    level = max(shares, key=lambda name: shares[name], default=None)
    return (level, float(shares[level])) if level in LEVELS else None
