"""The table of what ran: per case the runtime's own word for version, threads, provider and operators."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.findings import Panel
from bench.analysis.proof import delegated_share, fused_share, provider
from bench.core.record import Record
from bench.report.cells import NO_CELL
from bench.report.columns import WHAT_RAN, ColumnMaker, lay_out
from bench.report.table import Cell, Column, Table

# Digits of a hash that a reader compares by eye.
HASH_DIGITS = 12


def ran_table(panel: Panel, records: Sequence[Record]) -> Table:
    """Build the table."""
    columns: list[ColumnMaker] = [
        (Column("Runtime version", "", False), lambda r: _text(r.proof.get("runtime_version"))),
        (Column("Threads", "in effect"), lambda r: _told(r, "threads")),
        (Column("Delegate or provider", "", False), lambda r: _text(provider(r))),
        (Column("Operators taken", "by the delegate, or in integers"), _share_cell),
        (Column("Conversions left", "quantize, dequantize"), lambda r: _told(r, "num_quantize_ops")),
        (Column("Model file", "sha256", False), lambda r: _hash(r.artifact.get("sha256"))),
        (Column("Agent", "sha256", False), lambda r: _hash(r.proof.get("agent_sha256"))),
    ]
    seen = {_features(record) for record in records}
    if len(seen) > 1:
        columns.insert(5, (Column("CPU features seen", "", False), lambda r: _text(_features(r))))
    shared = f" CPU features seen: {seen.pop()}." if len(seen) == 1 and all(seen) else ""
    caption = (
        "As the runtime and the machine reported it while the case ran, not as the suite asked for it. The "
        f"agent is the program that measured; – where nothing was reported.{shared}"
    )
    return lay_out("What ran", caption, panel, records, columns)


def _share_cell(record: Record) -> Cell:
    share = fused_share(record) or delegated_share(record)
    if share is None:
        return NO_CELL
    source = f"{record.case}#proof:{'num_fused' if share.kind == 'fused' else 'num_delegated'}"
    text = f"{share.count} of {share.total}"
    return Cell(text, WHAT_RAN[share.kind], value=float(share.count), record=source)


def _told(record: Record, name: str) -> Cell:
    """Show a whole number that the runtime told."""
    value = record.proof.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return NO_CELL
    return Cell(f"{value:,}", value=float(value), record=f"{record.case}#proof:{name}")


def _features(record: Record) -> str:
    found = record.environment.get("cpu_features")
    return ", ".join(map(str, found)) if isinstance(found, (list, tuple)) else ""


def _text(value: object) -> Cell:
    return NO_CELL if value in (None, "") else Cell(str(value))


def _hash(value: object) -> Cell:
    return Cell(str(value)[:HASH_DIGITS]) if value else NO_CELL
