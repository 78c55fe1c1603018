"""The tables of one section: the trade-off first, then accuracy, latency, end to end, memory and proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.advice import cause_words
from bench.analysis.findings import Panel
from bench.core.record import Record
from bench.report.boards import boards_table
from bench.report.cells import STANDARD_LEVEL, field_cell, metric_cell, note_cell
from bench.report.classes import classes_table
from bench.report.columns import (
    ColumnMaker,
    count_cell,
    difference_of,
    in_milliseconds,
    in_points,
    latency_ratio_of,
    lay_out,
    proof_cell,
    size_ratio_of,
)
from bench.report.endurance import energy_table, sustained_table
from bench.report.labels import in_reading_order
from bench.report.machines import NOT_VALID, emulation_words
from bench.report.published import has_published, published_cell
from bench.report.ran import ran_table
from bench.report.table import Cell, Column, Table
from bench.report.units import kibibytes, mebibytes, milliseconds, percent, points

ACCURACY_TITLES = {
    "map_50_95": ("mAP", "IoU .50:.95"),
    "map_50": ("AP50", "IoU .50"),
    "map_75": ("AP75", "IoU .75"),
    "map_small": ("AP small", "< 32² px"),
    "map_medium": ("AP medium", "32² to 96² px"),
    "map_large": ("AP large", "> 96² px"),
    "mar_1": ("AR1", "1 detection"),
    "mar_10": ("AR10", "10 detections"),
    "mar_100": ("AR100", "100 detections"),
    "mar_small": ("AR small", "< 32² px"),
    "mar_medium": ("AR medium", "32² to 96² px"),
    "mar_large": ("AR large", "> 96² px"),
}


def make_tables(panel: Panel) -> tuple[Table, ...]:
    """Build the tables of a section; none where nothing was measured."""
    records = in_reading_order([record for record in panel.records if record.status == "ok"])
    if not records:
        return ()
    tables = [
        _trade_off(panel, records),
        _accuracy(panel, records),
        _latency(panel, records),
        _end_to_end(panel, records),
        _resources(panel, records),
        ran_table(panel, records),
    ]
    further = (
        energy_table(panel, records),
        sustained_table(panel, records),
        boards_table(panel, records),
        classes_table(records),
    )
    return (*tables, *(table for table in further if table))


def nms_words(records: Sequence[Record]) -> str:
    """Say whether suppression is inside the graphs, and so inside the inference clock."""
    placements = {record.nms_in_graph for record in records}
    if placements == {False}:
        return "NMS outside the graph"
    if placements == {True}:
        return "NMS inside the graph"
    return "NMS inside the graph for some" if True in placements else "NMS placement not recorded"


def level_words(records: Sequence[Record]) -> str:
    """Name the confidence level of the intervals, or say that there are none."""
    levels = {metric.level for record in records for metric in record.metrics if metric.level}
    if not levels:
        return "No intervals are known"
    weaker = ", or the lower level beside them," if min(levels) < STANDARD_LEVEL else ""
    return f"{percent(max(levels))} intervals{weaker} in brackets"


def _emulated(records: Sequence[Record]) -> str:
    words = emulation_words(records)
    return f" Times of {words}: {NOT_VALID}." if words else ""


def _trade_off(panel: Panel, records: Sequence[Record]) -> Table:
    compared = panel.comparisons
    inference = f"ms, {nms_words(records)}"
    columns: list[ColumnMaker] = [
        (Column("mAP", "points, IoU .50:.95"), lambda r: metric_cell(r, "map_50_95", points)),
        (Column("Inference p50", inference), lambda r: metric_cell(r, "latency_p50_ns", milliseconds)),
        (Column("End to end p50", "ms, NMS included"), in_milliseconds("end_to_end_p50_ns")),
        (Column("Peak memory", "MiB, RSS"), lambda r: metric_cell(r, "peak_rss_bytes", mebibytes)),
        (Column("File", "KiB"), lambda r: metric_cell(r, "size_bytes", kibibytes)),
    ]
    if compared:
        beside_accuracy = (Column("mAP difference", "points, to fp32"), difference_of(panel))
        beside_latency = (Column("Inference ratio", "to fp32, < 1 is faster"), latency_ratio_of(panel))
        beside_size = (Column("File ratio", "to fp32"), size_ratio_of(panel))
        columns = [columns[0], beside_accuracy, columns[1], beside_latency, *columns[2:], beside_size]
    if has_published(records):
        place = next(i for i, (column, _) in enumerate(columns) if column.title == "mAP") + 1
        columns.insert(place, (Column("Published", "mAP, points, by others"), published_cell))
    if len({record.nms_in_graph for record in records}) > 1:
        columns.append((Column("NMS", "", False), lambda r: Cell("inside" if r.nms_in_graph else "outside")))
    columns.append((Column("Rounds", "valid"), lambda r: field_cell(r, "rounds_valid")))
    caption = (
        f"{level_words(records)}. Inference is the runtime's invoke alone; end to end is the photo in memory "
        f"to final boxes. p50 is the median over processes of each process's median.{_emulated(records)}"
    )
    return lay_out("The trade-off", caption, panel, records, columns, is_main=True)


def _accuracy(panel: Panel, records: Sequence[Record]) -> Table:
    columns = [(Column(*ACCURACY_TITLES[name]), in_points(name)) for name in ACCURACY_TITLES]
    caption = "Points (0 to 100), COCO's twelve statistics; – where the data has no such objects."
    return lay_out("Accuracy in full", caption, panel, records, columns)


def _latency(panel: Panel, records: Sequence[Record]) -> Table:
    names = {
        "latency_p50_ns": "p50",
        "latency_p90_ns": "p90",
        "latency_p95_ns": "p95",
        "latency_p99_ns": "p99",
        "load_ns": "Load",
        "first_call_ns": "First call",
    }
    columns = [(Column(title, "ms"), in_milliseconds(name)) for name, title in names.items()]
    cpu = Column("CPU per call", "mean, ms, inputs' copy included")
    columns.append((cpu, in_milliseconds("cpu_per_call_ns")))
    columns.append((Column("Calls", "timed"), lambda r: count_cell(r, "latency_p90_ns")))
    columns.append(
        (
            Column("Rounds", "valid + invalid"),
            _rounds_cell,
        )
    )
    columns.append(
        (Column("Outliers", "and other notes on p50", False), lambda r: note_cell(r, "latency_p50_ns"))
    )
    caption = (
        f"Clock: inference (invoke alone), {nms_words(records)}. A round is a fresh process."
        f"{_emulated(records)}"
    )
    return lay_out("Inference latency in full", caption, panel, records, columns)


def _rounds_cell(record: Record) -> Cell:
    text = f"{record.rounds_valid} + {record.rounds_invalid}"
    return replace(field_cell(record, "rounds_valid", text), detail=cause_words(record))


def _end_to_end(panel: Panel, records: Sequence[Record]) -> Table:
    names = {
        "end_to_end_p50_ns": ("p50", "ms"),
        "end_to_end_p90_ns": ("p90", "ms"),
        "end_to_end_p95_ns": ("p95", "ms"),
        "end_to_end_p99_ns": ("p99", "ms"),
        "decode_p50_ns": ("Decode", "ms, p50"),
        "preprocess_p50_ns": ("Preprocess", "ms, p50"),
        "invoke_p50_ns": ("Invoke", "ms, p50"),
        "postprocess_p50_ns": ("Postprocess", "ms, p50"),
    }
    columns = [(Column(*titles), in_milliseconds(name)) for name, titles in names.items()]
    caption = (
        "Clock: end to end, the photo in memory to final boxes, NMS included wherever it runs. The parts are "
        f"medians by themselves and need not add up to the whole's median.{_emulated(records)}"
    )
    return lay_out("End-to-end latency in full", caption, panel, records, columns)


def _resources(panel: Panel, records: Sequence[Record]) -> Table:
    columns: list[ColumnMaker] = [
        (Column("Peak", "MiB, RSS"), lambda r: metric_cell(r, "peak_rss_bytes", mebibytes)),
        (Column("Baseline", "MiB, runtime alone"), lambda r: metric_cell(r, "baseline_rss_bytes", mebibytes)),
        (Column("Model's share", "MiB"), lambda r: metric_cell(r, "model_rss_bytes", mebibytes)),
        (Column("File", "KiB"), lambda r: metric_cell(r, "size_bytes", kibibytes)),
        (Column("Compressed", "KiB, zlib 9"), lambda r: metric_cell(r, "compressed_bytes", kibibytes)),
        (Column("Found in the file", "", False), lambda r: Cell(r.precision_found or "–")),
        (Column("What ran", "", False), proof_cell),
    ]
    columns.append((Column("How memory was read", "", False), lambda r: note_cell(r, "peak_rss_bytes")))
    if panel.comparisons:
        columns.insert(5, (Column("File ratio", "to fp32"), size_ratio_of(panel)))
    caption = "Memory is read in processes of its own, outside the timed rounds."
    return lay_out("Memory, size and what ran", caption, panel, records, columns)
