"""Where the time and the memory of a case go, beside its fp32 sibling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from bench.core.record import Record
from bench.report.cells import NO_CELL, metric_cell
from bench.report.detail.model import Bar, Line, Stack
from bench.report.table import Cell
from bench.report.units import mebibytes, milliseconds

STAGES = ("decode", "preprocess", "invoke", "postprocess")


def make_stages(record: Record, sibling: Record | None, label: str) -> Stack | None:
    """Build the split of the end-to-end clock; None where it was not measured."""
    names = [f"{stage}_p50_ns" for stage in STAGES]
    if all(record.value(name) is None for name in names):
        return None
    bars = tuple(
        Bar(name, one.precision, tuple(_time(one, key, one is record) for key in names))
        for name, one in _beside(record, sibling, label)
    )
    totals = _of(record, sibling, lambda one: _time(one, "end_to_end_p50_ns", one is record))
    return Stack(
        "Where the time goes",
        _inside(record),
        "ms",
        tuple(map(str.title, STAGES)),
        bars,
        ("End to end", totals),
    )


def _time(record: Record, name: str, is_own: bool) -> Cell:
    """Show a time; the sibling's intervals stand where it is the case itself."""
    cell = metric_cell(record, name, milliseconds)
    return cell if is_own else replace(cell, detail="", ends=None)


def make_memory(
    record: Record, sibling: Record | None, label: str, lines: Sequence[Line], base_lines: Sequence[Line]
) -> Stack | None:
    """Build the ladder: runtime alone, after loading where the journal tells, peak; None if not measured."""
    if record.value("peak_rss_bytes") is None or record.value("baseline_rss_bytes") is None:
        return None
    journals = (lines, base_lines)
    ones = _beside(record, sibling, label)
    loaded = [_loaded(one, journal) for (_, one), journal in zip(ones, journals, strict=False)]
    is_split = all(cell is not NO_CELL for cell in loaded)
    parts = ("Runtime alone", "Model loaded", "Running") if is_split else ("Runtime alone", "Model's share")
    bars = tuple(
        Bar(name, one.precision, _rungs(one, cell, is_split))
        for (name, one), cell in zip(ones, loaded, strict=True)
    )
    totals = _of(record, sibling, lambda one: metric_cell(one, "peak_rss_bytes", mebibytes))
    return Stack("Where the memory goes", "", "MiB", parts, bars, ("Peak", totals))


def _rungs(record: Record, loaded: Cell, is_split: bool) -> tuple[Cell, ...]:
    first = metric_cell(record, "baseline_rss_bytes", mebibytes)
    share = metric_cell(record, "model_rss_bytes", mebibytes)
    if not is_split or share.value is None or loaded.value is None:
        return (first, share)
    # What the probes tell by medians need not add up to the last byte; a bar never runs backwards.
    running = max(0.0, share.value - loaded.value)
    source = f"{record.case}#model_rss_bytes:running"
    return (first, loaded, Cell(mebibytes(running), value=running, record=source))


def _loaded(record: Record, lines: Sequence[Line]) -> Cell:
    """Show how much more than the runtime alone was resident when the model was loaded, before it ran."""
    probes = [line.get("result") or {} for line in lines if _is_probe(line)]
    grown = [
        probe["loaded_rss_bytes"] - probe["baseline_rss_bytes"]
        for probe in probes
        if isinstance(probe.get("loaded_rss_bytes"), int) and isinstance(probe.get("baseline_rss_bytes"), int)
    ]
    if not grown:
        return NO_CELL
    value = max(0.0, float(median(grown)))
    return Cell(mebibytes(value), value=value, record=f"{record.case}#journal:loaded_rss_bytes")


def _is_probe(line: Line) -> bool:
    return line.get("kind") == "memory" and line.get("status") == "ok" and line.get("valid") is not False


def _inside(record: Record) -> str:
    if record.nms_in_graph is None:
        return ""
    where = "inside the graph, so invoke holds it" if record.nms_in_graph else "part of postprocess"
    return f"Suppression is {where}."


def _beside(record: Record, sibling: Record | None, label: str) -> list[tuple[str, Record]]:
    return [(label, record), *([("fp32", sibling)] if sibling else [])]


def _of(record: Record, sibling: Record | None, cell: Callable[[Record], Cell]) -> tuple[Cell, ...]:
    return tuple(cell(one) for one in (record, sibling) if one is not None)
