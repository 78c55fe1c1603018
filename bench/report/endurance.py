"""What sustained runs showed, as a table and as sentences; and what energy was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.findings import Panel
from bench.core.record import Record
from bench.report.cells import NO_CELL, metric_cell, note_cell
from bench.report.columns import ColumnMaker, in_milliseconds, lay_out
from bench.report.labels import in_reading_order
from bench.report.table import Cell, Column, Table
from bench.report.units import milliseconds, number, ratio, significant

# A steady state within this of the burst is the same speed to anybody.
SAME_SPEED = 0.02

# The burst of a shorter run is its first tenth, not its first minute (see `bench.metrics.sustained`).
LONG_SECONDS = 600.0


def sustained_table(panel: Panel, records: Sequence[Record]) -> Table | None:
    """Build the table of sustained runs; None where none was asked for."""
    asked = [record for record in records if record.metric("latency_steady_p50_ns")]
    if not asked:
        return None
    columns: list[ColumnMaker] = [
        (Column("Burst", "ms, inference p50, first minute"), in_milliseconds("latency_burst_p50_ns")),
        (Column("Steady", "ms, inference p50, last third"), in_milliseconds("latency_steady_p50_ns")),
        (Column("Ratio", "steady to burst"), lambda r: metric_cell(r, "latency_steady_ratio", _times)),
        (Column("Hottest", "°C"), lambda r: metric_cell(r, "peak_temperature_c", _one_decimal)),
        (Column("Held back", "share of looks"), _held_back),
        (Column("Since", "min"), lambda r: _cell(r, "first_throttled_s", _minutes)),
        (Column("Lowest clock", "MHz"), lambda r: _cell(r, "lowest_frequency_hz", _megahertz)),
        (Column("Length", "min"), lambda r: _cell(r, "seconds", _minutes)),
        (Column("Notes", "", False), lambda r: note_cell(r, "latency_steady_p50_ns")),
    ]
    caption = (
        "One process a case that runs without a pause. Clock: inference (invoke alone). Burst is the first "
        "minute, or the first tenth of a shorter run; steady is the last third, a fixed share, so that cases "
        "can be compared. There is no interval: calls of one process are not independent."
    )
    return lay_out("Sustained runs", caption, panel, in_reading_order(asked), columns)


def energy_table(panel: Panel, records: Sequence[Record]) -> Table | None:
    """Build the table of energy; None where no machine has a meter."""
    metered = [record for record in records if record.metric("energy_per_inference_j")]
    if not metered:
        return None
    columns: list[ColumnMaker] = [
        (Column("Energy above rest", "mJ an inference"), _millijoules("energy_per_inference_j")),
        (Column("Energy in all", "mJ an inference"), _millijoules("energy_per_inference_gross_j")),
        (Column("Under load", "W"), lambda r: metric_cell(r, "load_power_w", significant)),
        (Column("At rest", "W"), lambda r: metric_cell(r, "idle_power_w", significant)),
        (Column("Measured by", "", False), lambda r: note_cell(r, "energy_per_inference_gross_j")),
    ]
    caption = (
        "Power is sampled ten times a second in processes of their own: first at rest, then while the model "
        "runs without a pause. Above rest, power at rest is subtracted. Feeding the inputs is in it."
    )
    return lay_out("Energy", caption, panel, in_reading_order(metered), columns)


def sustained_sentences(records: Sequence[Record], labels: dict[str, str]) -> list[str]:
    """Say of each case how its speed lasts, and what held it back."""
    known = [record for record in records if record.value("latency_steady_ratio") is not None]
    return [f"{labels[record.case]}: {_sentence(record)}" for record in in_reading_order(known)]


def _sentence(record: Record) -> str:
    steady_ratio = record.value("latency_steady_ratio") or 1.0
    burst, steady = (record.value(f"latency_{name}_p50_ns") or 0.0 for name in ("burst", "steady"))
    seconds = max((run["seconds"] for run in record.sustained), default=0.0)
    minutes, first = _minutes(seconds), "minute" if seconds >= LONG_SECONDS else "tenth"
    times = f"{milliseconds(burst)} ms in the first {first}, {milliseconds(steady)} ms in the last third"
    if abs(steady_ratio - 1) <= SAME_SPEED:
        speed = f"keeps its speed over {minutes} min ({times})"
    else:
        word = "slower" if steady_ratio > 1 else "faster"
        factor = ratio(steady_ratio if steady_ratio > 1 else 1 / steady_ratio)
        speed = f"gets {factor}× {word} over {minutes} min ({times})"
    return f"{speed}{_heat(record)}; {_throttling(record)}."


def _heat(record: Record) -> str:
    peak = record.value("peak_temperature_c")
    return "" if peak is None else f", {number(peak, 0)} °C at the most"


def _throttling(record: Record) -> str:
    share = record.value("throttled_share")
    if share is None:
        return "whether the processor was held back is unknown"
    if not share:
        return "the processor was never held back"
    causes = list(dict.fromkeys(name for run in record.sustained for name in run["causes"]))
    since = [run["first_throttled_s"] for run in record.sustained if run["first_throttled_s"] is not None]
    after = f", first after {_minutes(min(since))} min" if since else ""
    return f"held back at {number(share * 100, 0)}% of the looks{after} ({', '.join(causes)})"


def _held_back(record: Record) -> Cell:
    causes = list(dict.fromkeys(name for run in record.sustained for name in run["causes"]))
    cell = metric_cell(record, "throttled_share", lambda value: f"{number(value * 100, 0)}%")
    return replace(cell, detail=", ".join(causes))


def _cell(record: Record, key: str, shown: Any) -> Cell:
    """Show one value of the runs over time: the longest run, the earliest throttling, the lowest clock."""
    values = [run[key] for run in record.sustained if run.get(key) is not None]
    if not values:
        return NO_CELL
    value = float(max(values) if key == "seconds" else min(values))
    return Cell(shown(value), value=value, record=f"{record.case}#sustained:{key}")


def _millijoules(name: str) -> Any:
    return lambda record: metric_cell(record, name, lambda joules: significant(joules * 1e3))


def _minutes(seconds: float) -> str:
    return number(seconds / 60, 1)


def _megahertz(hertz: float) -> str:
    return number(hertz / 1e6, 0)


def _one_decimal(value: float) -> str:
    return number(value, 1)


def _times(value: float) -> str:
    return f"{ratio(value)}×"
