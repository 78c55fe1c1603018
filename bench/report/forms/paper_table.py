"""The trade-off as a paper prints it: one table a model and host, intervals beside the figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis.findings import Panel, analyse
from bench.core.record import Record
from bench.report.cells import metric_cell
from bench.report.columns import (
    ColumnMaker,
    difference_of,
    in_milliseconds,
    in_points,
    latency_ratio_of,
    lay_out,
)
from bench.report.labels import in_reading_order
from bench.report.machines import NOT_VALID, emulation_words, processor_name
from bench.report.markdown import render_table
from bench.report.table import Column, Table
from bench.report.tables import level_words, nms_words
from bench.report.units import kibibytes, mebibytes

NOTHING = "No case was measured."


def make_paper_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Build a table for each model group and host that has measured cases."""
    tables = (_paper_table(panel) for panel in analyse(records))
    return tuple(table for table in tables if table.rows)


def render_paper_table(records: Sequence[Record]) -> str:
    """Render the tables as Markdown, to be pasted into a text."""
    blocks = [block for table in make_paper_tables(records) for block in render_table(table)]
    return "\n\n".join(block for block in blocks or [NOTHING] if block) + "\n"


def _paper_table(panel: Panel) -> Table:
    measured = in_reading_order([record for record in panel.records if record.status == "ok"])
    columns: list[ColumnMaker] = [
        (Column("mAP", "points"), in_points("map_50_95")),
        (Column("Latency", "ms"), in_milliseconds("latency_p50_ns")),
        (Column("End to end", "ms"), in_milliseconds("end_to_end_p50_ns")),
        (Column("Memory", "MiB"), lambda r: metric_cell(r, "peak_rss_bytes", mebibytes)),
        (Column("File", "KiB"), lambda r: metric_cell(r, "size_bytes", kibibytes)),
    ]
    if panel.comparisons:
        difference = (Column("Difference", "points"), difference_of(panel))
        ratio = (Column("Ratio", "to fp32"), latency_ratio_of(panel))
        columns = [columns[0], difference, columns[1], ratio, *columns[2:]]
    title = f"{panel.group} on {panel.host}"
    return lay_out(title, _caption(panel, measured), panel, measured, columns)


def _caption(panel: Panel, measured: Sequence[Record]) -> str:
    """Say all that a reader of the table alone has to know."""
    processors = dict.fromkeys(processor_name(record.environment) for record in measured)
    machine = ", ".join(name for name in processors if name)
    images = {metric.count for record in measured if (metric := record.metric("map_50_95")) and metric.count}
    paired = " Differences are to fp32 under the same runtime, paired over images." * bool(panel.comparisons)
    parts = [
        f"{panel.group} on {panel.host}{f' ({machine})' if machine else ''}.",
        f"mAP: COCO AP at IoU .50:.95{f' over {_listed(images)} images' if images else ''}.",
        f"Latency: the runtime's invoke alone, {nms_words(measured)}; end to end: photo in memory to final "
        f"boxes; both are the median of the medians{_of(record.rounds_valid for record in measured)}.",
        f"{level_words(measured)}.{paired}",
        "Bold: recommended." if panel.recommendation.case else "",
        _mark(measured),
    ]
    return " ".join(part for part in parts if part)


def _of(counts: Iterable[int]) -> str:
    return f" of {_listed(set(counts))} processes"


def _listed(counts: set[int]) -> str:
    return " or ".join(map(str, sorted(counts)))


def _mark(measured: Sequence[Record]) -> str:
    """Say why nobody should decide by the table: it travels alone."""
    if any(not record.decision_grade for record in measured):
        return f"The run was cut short: {NOT_VALID}."
    words = emulation_words(measured)
    return f"Times are of {words}: {NOT_VALID}." if words else ""
