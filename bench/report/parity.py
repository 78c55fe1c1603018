"""Parity between hosts as a table and a sentence: whether the same file finds the same boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.compare import difference_metric
from bench.analysis.hosts import Across
from bench.analysis.interval import sign
from bench.core.record import Record
from bench.report.cells import NO_CELL, figure_cell
from bench.report.labels import case_labels, keys_of, precision_name
from bench.report.table import Cell, Column, Row, Table, Tone
from bench.report.units import point_difference

# A sentence that names more cases than this counts the others.
MOST_NAMES = 4

# A table of more rows is folded; the sentence says it in short.
MOST_OPEN = 12

COLUMNS = (
    Column("Host", "", False),
    Column("Precision", "", False),
    Column("Runtime", "", False),
    Column("mAP difference", "points, to the reference host"),
    Column("Identical boxes", "to the last bit"),
    Column("Same boxes", "but for rounding"),
    Column("Largest score difference", "of boxes at the same place"),
    Column("Images that differ", "in any bit"),
    Column("To look at", "image ids", False),
)


def parity_table(across: Across) -> Table | None:
    """Build the table; None where nothing was compared."""
    records = _compared(across)
    if not records:
        return None
    reference = str((records[0].parity or {}).get("host", ""))
    bounds = next((record.parity for record in records if "same_box" in (record.parity or {})), None) or {}
    rounding = (
        f"Same but for rounding: one category, overlap of at least {bounds['same_box']:g}, scores within "
        f"{bounds['same_score']:g}. "
        if bounds
        else ""
    )
    caption = (
        f"Each file's detections beside those of the same file on the same photos on {reference}. {rounding}"
        "The interval of the difference is paired over images. Shares are of the boxes of both sides, those "
        "of low score too."
    )
    rows = tuple(Row(_cells(record, record.parity or {}), keys=keys_of(record)) for record in records)
    notes = dict.fromkeys(cell.note for row in rows for cell in row.cells if cell.note)
    return Table(f"Parity with {reference}", caption, COLUMNS, rows, tuple(notes), len(rows) <= MOST_OPEN)


def parity_sentences(across: Across) -> tuple[str, ...]:
    """Say for each host how far it finds what the reference host finds."""
    hosts = dict.fromkeys(record.host for record in _compared(across))
    found = (_sentence([r for r in _compared(across) if r.host == host]) for host in hosts)
    return tuple(sentence for sentence in found if sentence)


def _compared(across: Across) -> list[Record]:
    return [
        record
        for panel in across.panels
        for record in panel.records
        if record.parity and record.status in ("ok", "invalid")
    ]


def _sentence(records: Sequence[Record]) -> str:
    known = [record for record in records if "share_equal" in (record.parity or {})]
    if not known:
        return ""
    host, reference = known[0].host, (known[0].parity or {})["host"]
    if all((record.parity or {})["share_equal"] == 1.0 for record in known):
        return f"Parity: all {len(known)} cases find exactly the same boxes on {host} as on {reference}."
    same, equal = _span(known, "share_matched"), _span(known, "share_equal")
    labels = case_labels(known)
    apart = [labels[record.case] for record in known if sign(_difference(record)) not in (0, None)]
    more = f" and {len(apart) - MOST_NAMES} more" if len(apart) > MOST_NAMES else ""
    said = (
        f"mAP differs beyond its interval for {', '.join(apart[:MOST_NAMES])}{more}"
        if apart
        else "no difference in mAP was seen"
    )
    return (
        f"Parity: {same} of the boxes on {host} are those on {reference} but for rounding, {equal} to the "
        f"last bit; {said}."
    )


def _span(records: Sequence[Record], name: str) -> str:
    """Return a share that the cases have, as `80.00% to 100%` where they differ."""
    shares = [float((record.parity or {})[name]) for record in records]
    low, high = _share(min(shares)), _share(max(shares))
    return low if low == high else f"{low} to {high}"


def _difference(record: Record) -> Any:
    return difference_metric((record.parity or {}).get("difference"))


def _cells(record: Record, parity: dict[str, Any]) -> tuple[Cell, ...]:
    named = (Cell(record.host), Cell(precision_name(record)), Cell(record.runtime))
    if "share_equal" not in parity:
        reason = str(parity.get("reason") or "not compared")
        return (*named, Cell(NO_CELL.text, tone="muted", note=reason), *[NO_CELL] * 4, Cell(reason))
    largest = parity.get("largest_score_difference")
    differing, images = parity.get("num_differing", 0), parity.get("num_images", 0)
    return (
        *named,
        _difference_cell(record),
        _told(record, "share_equal", _share(parity["share_equal"])),
        _told(record, "share_matched", _share(parity["share_matched"])),
        NO_CELL if largest is None else _told(record, "largest_score_difference", f"{largest:.2g}"),
        _told(record, "num_differing", f"{differing:,} of {images:,}"),
        Cell(", ".join(map(str, parity.get("differing_images", ()))) or "–"),
    )


def _told(record: Record, name: str, text: str) -> Cell:
    value = float((record.parity or {}).get(name, 0))
    return Cell(text, value=value, record=f"{record.case}#parity:{name}")


def _difference_cell(record: Record) -> Cell:
    metric = _difference(record)
    if metric is None:
        return NO_CELL
    tones: dict[int | None, Tone] = {-1: "bad", 0: "tie", 1: "good", None: ""}
    cell = figure_cell(metric, f"{record.case}#parity:difference", point_difference)
    return replace(cell, tone=tones[sign(metric)])


def _share(value: float) -> str:
    """Format a share so that only a whole one reads as 100%."""
    return "100%" if value == 1 else f"{min(value, 0.9999) * 100:.2f}%"
