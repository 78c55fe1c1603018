"""A compact table for the end of a run, in plain characters that line up."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.findings import Panel, analyse
from bench.core.record import Record
from bench.report.across import across_lines
from bench.report.answers import make_answer
from bench.report.cells import difference_cell, metric_cell, ratio_cell
from bench.report.failures import make_failures
from bench.report.labels import case_labels, in_reading_order
from bench.report.machines import validity_label
from bench.report.model import Failure
from bench.report.published import has_published, published_cell, short_lines
from bench.report.tables import nms_words
from bench.report.texts import printable
from bench.report.units import kibibytes, mebibytes, milliseconds, points

HEAD = ("case", "mAP", "difference", "inference ms", "ratio", "end to end", "peak MiB", "KiB")

# Names longer than this are cut, so that the figures stay in sight.
LONGEST_NAME = 44
LONGEST_REASON = 100


def terminal_table(records: Sequence[Record]) -> str:
    """Render the main figures of each section, its answer, and the cases without figures."""
    panels = analyse(records)
    blocks = [_panel(panel) for panel in panels]
    if across := across_lines(panels):
        blocks.append("\n".join(["Hosts beside each other", *(f"  {printable(line)}" for line in across)]))
    if any(not record.decision_grade for record in records):
        blocks.append("NOT FOR DECISIONS: this run was cut short on the command line.")
    return "\n\n".join(blocks)


def _panel(panel: Panel) -> str:
    labels = case_labels(panel.records)
    ordered = in_reading_order(panel.records)
    measured = [record for record in ordered if record.status == "ok"]
    clock = f" ({nms_words(measured)}; p50)" if measured else ""
    lines = [f"{printable(panel.group)} on {printable(panel.host)}{clock}"]
    lines += [f"  {printable(line)}" for line in (validity_label(panel.records),) if line]
    if measured:
        rows = [HEAD, *(_row(record, panel, labels) for record in measured)]
        if has_published(measured):
            shown = ["published", *(published_cell(record).text for record in measured)]
            rows = [(*row[:2], cell, *row[2:]) for row, cell in zip(rows, shown, strict=True)]
        lines += _align(rows)
        lines += [f"  {printable(line)}" for line in short_lines(panel.published, labels)]
    lines += [_problem(failure) for failure in make_failures(ordered)]
    answer = make_answer(panel, labels)
    return "\n".join([*lines, f"  -> {printable(answer.headline)}. {printable(answer.cost)}"])


def _row(record: Record, panel: Panel, labels: dict[str, str]) -> tuple[str, ...]:
    comparison = panel.comparisons.get(record.case)
    difference = difference_cell(comparison)
    return (
        _cut(printable(labels[record.case]), LONGEST_NAME),
        metric_cell(record, "map_50_95", points).text,
        f"{difference.text} {difference.detail}".strip(),
        metric_cell(record, "latency_p50_ns", milliseconds).text,
        ratio_cell(comparison).text,
        metric_cell(record, "end_to_end_p50_ns", milliseconds).text,
        metric_cell(record, "peak_rss_bytes", mebibytes).text,
        metric_cell(record, "size_bytes", kibibytes).text,
    )


def _align(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]


def _problem(failure: Failure) -> str:
    name = _cut(printable(failure.case), LONGEST_NAME)
    return f"  {name}: {failure.status}, {_cut(printable(failure.reason), LONGEST_REASON)}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
