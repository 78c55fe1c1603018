"""Tables that put hosts beside each other: what to ship, the same variants, the machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.compare import Comparison
from bench.analysis.findings import Panel
from bench.analysis.hosts import Across, Variant
from bench.analysis.interval import known_value, sign
from bench.core.metric import Metric
from bench.core.record import Record
from bench.report.answers import unfit_words
from bench.report.cells import NO_CELL, difference_cell, metric_cell, weak_words
from bench.report.labels import case_labels, keys_of
from bench.report.machines import (
    NOT_VALID,
    clock_words,
    governor_words,
    processor_name,
    runtime_words,
    temperature_words,
    thread_words,
)
from bench.report.table import Cell, Column, Keys, Row, Table, Tone
from bench.report.units import bounds, is_known, kibibytes, mebibytes, milliseconds, points, ratio

# Facts that tell machines apart: title -> how a record's environment says it.
FACTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Board": lambda facts: facts.get("board"),
    "Revision": lambda facts: facts.get("board_revision"),
    "Processor": processor_name,
    "Cores": lambda facts: facts.get("num_cores") or facts.get("num_threads"),
    "CPU features": lambda facts: facts.get("cpu_features"),
    "RAM, MiB": lambda facts: _mebibytes(facts.get("ram_bytes") or facts.get("memory_bytes")),
    "Page size, bytes": lambda facts: facts.get("page_size"),
    "Kernel": lambda facts: facts.get("kernel"),
    "System": lambda facts: facts.get("os"),
    "C library": lambda facts: facts.get("libc"),
    "Python": lambda facts: facts.get("python"),
    "Emulated": lambda facts: {True: "yes", False: "no"}.get(facts.get("is_emulated")),  # type: ignore[arg-type]
}


# Likewise, as the timed rounds saw it.
WHILE_MEASURING: dict[str, Callable[[Sequence[Record]], str]] = {
    "Governor": governor_words,
    "Clock": clock_words,
    "Temperature": temperature_words,
    "Runtimes": runtime_words,
    "Threads in effect": thread_words,
}


def choices_table(across: Across) -> Table:
    """Build the table of recommendations, a row a host."""
    columns = (
        Column("Host", "", False),
        Column("Ship", "", False),
        Column("mAP", "points"),
        Column("mAP difference", "points, to its fp32"),
        Column("Inference p50", "ms"),
        Column("Speed-up", "× its fp32, same host"),
        Column("Peak memory", "MiB, RSS"),
        Column("File", "KiB"),
        Column("Figures", "", False),
    )
    rows = tuple(_choice_row(panel) for panel in across.panels)
    caption = "Each host by itself; the rule stands in its section. A ratio divides by the same host's fp32."
    return Table("What to ship on each host", caption, columns, rows, is_main=True)


def variants_table(across: Across) -> Table | None:
    """Build the table of variants that ran on several hosts, a row a variant; None where there is none."""
    shared = [variant for variant in across.variants if len(variant.records) > 1]
    if not shared:
        return None
    hosts = [host for host in across.hosts if any(host in variant.records for variant in shared)]
    reference = hosts[0]
    others = [host for host in hosts[1:] if host not in across.emulated and reference not in across.emulated]
    columns = [Column("Variant", "", False)]
    for host in hosts:
        mark = f", {NOT_VALID}" if host in across.emulated else ""
        columns.append(Column(host, f"ms, inference p50{mark}", keys=Keys(host=host)))
        columns.append(Column(host, f"speed-up, × its own fp32{mark}", keys=Keys(host=host)))
    columns += [Column(f"{host} / {reference}", "times the latency") for host in others]
    labels = case_labels([variant.first for variant in shared])
    rows = tuple(
        Row(
            (
                Cell(labels[variant.first.case]),
                *(cell for host in hosts for cell in _host_cells(across, variant, host)),
                *(_host_ratio(variant, host, reference) for host in others),
            ),
            "base" if variant.first.precision == "fp32" else "",
            replace(keys_of(variant.first), case="", host=""),
        )
        for variant in shared
    )
    caption = (
        "The same file under the same runtime and threads. Speed-up divides the latency of the same host's "
        "fp32 by the variant's: above 1 is faster. Ratios between hosts are of the values alone."
    )
    return Table("The same variants side by side", caption, tuple(columns), rows, is_main=True)


def machines_table(across: Across) -> Table | None:
    """Build the table of machines, a column a host; None where nothing is known of them."""
    facts = {panel.host: _facts(panel) for panel in across.panels}
    told = {
        title: [_plain(read(one)) if one else "" for one in facts.values()] for title, read in FACTS.items()
    }
    told |= {
        title: [read(panel.records) for panel in across.panels] for title, read in WHILE_MEASURING.items()
    }
    rows = tuple(_fact_row(title, values) for title, values in told.items() if any(values))
    if not rows:
        return None
    columns = (Column("Fact", "", False), *(Column(host, "", False, Keys(host=host)) for host in facts))
    return Table("The machines", "As each told of itself; what all share is grey.", columns, rows)


def speed_up_cell(metric: Metric | None, case: str = "") -> Cell:
    """Show a case's latency ratio to fp32 turned round: above 1 is faster."""
    if metric is None or not is_known(metric) or not metric.value:
        return NO_CELL
    ends = bounds(metric)
    turned = (1 / ends[1], 1 / ends[0]) if ends and ends[0] > 0 else None
    tones: dict[int | None, Tone] = {-1: "good", 0: "tie", 1: "bad", None: ""}
    return Cell(
        f"{ratio(1 / metric.value)}×",
        f"[{ratio(turned[0])}, {ratio(turned[1])}]{weak_words(metric)}" if turned else "",
        tones[sign(metric, 1.0)],
        value=1 / metric.value,
        record=f"{case}#latency_ratio:inverse",
        ends=turned,
    )


def _speed_up(comparison: Comparison | None) -> Cell:
    return speed_up_cell(comparison.latency_ratio, comparison.case) if comparison else NO_CELL


def _choice_row(panel: Panel) -> Row:
    host, case = Cell(panel.host), panel.recommendation.case
    if case is None:
        none = any(record.status == "ok" for record in panel.records)
        words = "no case passes the rule" if none else "nothing was measured"
        return Row((host, Cell(words, tone="muted"), *[NO_CELL] * 7), keys=Keys(host=panel.host))
    record = next(record for record in panel.records if record.case == case)
    comparison = panel.comparisons.get(case)
    is_fit = not unfit_words(record, panel.recommendation.clock)
    return Row(
        (
            host,
            Cell(case_labels(panel.records)[case]),
            metric_cell(record, "map_50_95", points),
            difference_cell(comparison),
            metric_cell(record, "latency_p50_ns", milliseconds),
            _speed_up(comparison),
            metric_cell(record, "peak_rss_bytes", mebibytes),
            metric_cell(record, "size_bytes", kibibytes),
            Cell("valid" if is_fit else NOT_VALID, tone="" if is_fit else "bad"),
        ),
        keys=Keys(host=panel.host),
    )


def _host_cells(across: Across, variant: Variant, host: str) -> tuple[Cell, Cell]:
    record = variant.records.get(host)
    if record is None:
        return NO_CELL, NO_CELL
    panel = next(panel for panel in across.panels if panel.host == host)
    comparison = panel.comparisons.get(record.case)
    return metric_cell(record, "latency_p50_ns", milliseconds), _speed_up(comparison)


def _host_ratio(variant: Variant, host: str, reference: str) -> Cell:
    records = variant.records
    if host not in records or reference not in records:
        return NO_CELL
    value, base = (known_value(records[name], "latency_p50_ns") for name in (host, reference))
    if not value or not base:
        return NO_CELL
    source = f"{records[host].case}#latency_p50_ns:over:{records[reference].case}"
    return Cell(f"{ratio(value / base)}×", value=value / base, record=source)


def _fact_row(title: str, values: Sequence[str]) -> Row:
    tone: Tone = "" if len({value for value in values if value}) > 1 else "muted"
    return Row((Cell(title), *(Cell(value or NO_CELL.text, tone=tone) for value in values)))


def _facts(panel: Panel) -> dict[str, Any]:
    told: Sequence[Record] = [record for record in panel.records if record.environment]
    return told[0].environment if told else {}


def _mebibytes(size: object) -> str:
    return mebibytes(float(size)) if isinstance(size, (int, float)) else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value or "")
