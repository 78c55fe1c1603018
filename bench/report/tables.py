"""The tables of one section: the trade-off first, then accuracy, latency, end to end, memory and proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.analysis.findings import Panel
from bench.analysis.proof import delegated_share, fused_share
from bench.core.record import Record
from bench.report.cells import (
    NO_CELL,
    STANDARD_LEVEL,
    difference_cell,
    metric_cell,
    note_cell,
    plain_ratio_cell,
    ratio_cell,
)
from bench.report.classes import classes_table
from bench.report.labels import in_reading_order, precision_name
from bench.report.model import Cell, Column, Row, Table, Tone
from bench.report.published import has_published, published_cell
from bench.report.units import kibibytes, mebibytes, milliseconds, percent, points

Maker = Callable[[Record], Cell]
ColumnMaker = tuple[Column, Maker]

# What the operators of a share have in common, as the table says it.
WHAT_RAN = {"fused": "in integers", "delegated": "delegated"}

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
    ]
    by_class = classes_table(records)
    return (*tables, by_class) if by_class else tuple(tables)


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


def _trade_off(panel: Panel, records: Sequence[Record]) -> Table:
    compared = panel.comparisons
    inference = f"ms, {nms_words(records)}"
    columns: list[ColumnMaker] = [
        (Column("mAP", "points, IoU .50:.95"), lambda r: metric_cell(r, "map_50_95", points)),
        (Column("Inference p50", inference), lambda r: metric_cell(r, "latency_p50_ns", milliseconds)),
        (Column("End to end p50", "ms, NMS included"), _milliseconds("end_to_end_p50_ns")),
        (Column("Peak memory", "MiB, RSS"), lambda r: metric_cell(r, "peak_rss_bytes", mebibytes)),
        (Column("File", "KiB"), lambda r: metric_cell(r, "size_bytes", kibibytes)),
    ]
    if compared:
        beside_accuracy = (Column("mAP difference", "points, to fp32"), _difference(panel))
        beside_latency = (Column("Inference ratio", "to fp32, < 1 is faster"), _latency_ratio(panel))
        beside_size = (Column("File ratio", "to fp32"), _size_ratio(panel))
        columns = [columns[0], beside_accuracy, columns[1], beside_latency, *columns[2:], beside_size]
    if has_published(records):
        place = next(i for i, (column, _) in enumerate(columns) if column.title == "mAP") + 1
        columns.insert(place, (Column("Published", "mAP, points, by others"), published_cell))
    if len({record.nms_in_graph for record in records}) > 1:
        columns.append((Column("NMS", "", False), lambda r: Cell("inside" if r.nms_in_graph else "outside")))
    columns.append((Column("Rounds", "valid"), lambda r: Cell(str(r.rounds_valid))))
    caption = (
        f"{level_words(records)}. Inference is the runtime's invoke alone; end to end is the photo in memory "
        "to final boxes. p50 is the median over processes of each process's median."
    )
    return _table("The trade-off", caption, panel, records, columns, is_main=True)


def _accuracy(panel: Panel, records: Sequence[Record]) -> Table:
    columns = [(Column(*ACCURACY_TITLES[name]), _points(name)) for name in ACCURACY_TITLES]
    caption = "Points (0 to 100), COCO's twelve statistics; – where the data has no such objects."
    return _table("Accuracy in full", caption, panel, records, columns)


def _latency(panel: Panel, records: Sequence[Record]) -> Table:
    names = {
        "latency_p50_ns": "p50",
        "latency_p90_ns": "p90",
        "latency_p95_ns": "p95",
        "latency_p99_ns": "p99",
        "load_ns": "Load",
        "first_call_ns": "First call",
    }
    columns = [(Column(title, "ms"), _milliseconds(name)) for name, title in names.items()]
    cpu = Column("CPU per call", "mean, ms, inputs' copy included")
    columns.append((cpu, _milliseconds("cpu_per_call_ns")))
    columns.append((Column("Calls", "timed"), lambda r: _count(r, "latency_p90_ns")))
    columns.append(
        (Column("Rounds", "valid + invalid"), lambda r: Cell(f"{r.rounds_valid} + {r.rounds_invalid}"))
    )
    columns.append(
        (Column("Outliers", "and other notes on p50", False), lambda r: note_cell(r, "latency_p50_ns"))
    )
    caption = f"Clock: inference (invoke alone), {nms_words(records)}. A round is a fresh process."
    return _table("Inference latency in full", caption, panel, records, columns)


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
    columns = [(Column(*titles), _milliseconds(name)) for name, titles in names.items()]
    caption = (
        "Clock: end to end, the photo in memory to final boxes, NMS included wherever it runs. The parts are "
        "medians by themselves and need not add up to the whole's median."
    )
    return _table("End-to-end latency in full", caption, panel, records, columns)


def _resources(panel: Panel, records: Sequence[Record]) -> Table:
    columns: list[ColumnMaker] = [
        (Column("Peak", "MiB, RSS"), lambda r: metric_cell(r, "peak_rss_bytes", mebibytes)),
        (Column("Baseline", "MiB, runtime alone"), lambda r: metric_cell(r, "baseline_rss_bytes", mebibytes)),
        (Column("Model's share", "MiB"), lambda r: metric_cell(r, "model_rss_bytes", mebibytes)),
        (Column("File", "KiB"), lambda r: metric_cell(r, "size_bytes", kibibytes)),
        (Column("Compressed", "KiB, zlib 9"), lambda r: metric_cell(r, "compressed_bytes", kibibytes)),
        (Column("Found in the file", "", False), lambda r: Cell(r.precision_found or "–")),
        (Column("What ran", "", False), _proof),
    ]
    columns.append((Column("How memory was read", "", False), lambda r: note_cell(r, "peak_rss_bytes")))
    if panel.comparisons:
        columns.insert(5, (Column("File ratio", "to fp32"), _size_ratio(panel)))
    caption = "Memory is read in processes of its own, outside the timed rounds."
    return _table("Memory, size and what ran", caption, panel, records, columns)


def _table(
    title: str,
    caption: str,
    panel: Panel,
    records: Sequence[Record],
    makers: Sequence[ColumnMaker],
    is_main: bool = False,
) -> Table:
    """Put the columns that name a case before the others, and collect the reasons of missing figures."""
    named = [*_naming_columns(records), *makers]
    chosen = panel.recommendation.case
    rows = tuple(Row(tuple(make(r) for _, make in named), _row_tone(r, chosen)) for r in records)
    notes = dict.fromkeys(
        f"{column.title}: {cell.note}"
        for row in rows
        for (column, _), cell in zip(named, row.cells, strict=True)
        if cell.note
    )
    return Table(title, caption, tuple(column for column, _ in named), rows, tuple(notes), is_main)


def _naming_columns(records: Sequence[Record]) -> list[ColumnMaker]:
    columns: list[ColumnMaker] = [
        (Column("Precision", "", False), lambda r: Cell(precision_name(r))),
        (Column("Runtime", "", False), lambda r: Cell(r.runtime)),
    ]
    if len({record.model for record in records}) > 1:
        columns.insert(0, (Column("Model", "", False), lambda r: Cell(r.model)))
    if len({record.threads for record in records}) > 1:
        columns.append((Column("Threads"), lambda r: Cell(str(r.threads))))
    return columns


def _row_tone(record: Record, chosen: str | None) -> Tone:
    if record.case == chosen:
        return "chosen"
    return "base" if record.precision == "fp32" else ""


def _milliseconds(name: str) -> Maker:
    return lambda record: metric_cell(record, name, milliseconds)


def _points(name: str) -> Maker:
    return lambda record: metric_cell(record, name, points)


def _difference(panel: Panel) -> Maker:
    return lambda record: difference_cell(panel.comparisons.get(record.case))


def _latency_ratio(panel: Panel) -> Maker:
    def make(record: Record) -> Cell:
        comparison = panel.comparisons.get(record.case)
        return ratio_cell(comparison.latency_ratio) if comparison else NO_CELL

    return make


def _size_ratio(panel: Panel) -> Maker:
    def make(record: Record) -> Cell:
        comparison = panel.comparisons.get(record.case)
        return plain_ratio_cell(comparison.size_ratio) if comparison else NO_CELL

    return make


def _count(record: Record, name: str) -> Cell:
    metric = record.metric(name)
    return Cell(f"{metric.count:,}") if metric and metric.count else NO_CELL


def _proof(record: Record) -> Cell:
    shares = [share for share in (fused_share(record), delegated_share(record)) if share]
    words = [f"{share.count} of {share.total} {WHAT_RAN[share.kind]}" for share in shares[:1]]
    version = record.proof.get("runtime_version")
    return Cell("; ".join([*words, *([f"{record.runtime} {version}"] if version else [])]) or "–")
