"""The records as CSV: one row a case, base units, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from bench.core.metric import METRICS
from bench.core.record import Record
from bench.report.labels import precision_name
from bench.report.units import bounds, is_known

TEXTS = (
    "suite",
    "run",
    "case",
    "status",
    "reason",
    "model",
    "group",
    "precision",
    "precision_found",
    "runtime",
    "threads",
    "host",
    "sibling",
    "rounds_valid",
    "rounds_invalid",
    "decision_grade",
)


# What the machine and the runtime said of themselves.
SEEN = ("board", "is_emulated", "runtime_version", "agent_sha256")

# Agreement with the same file on the reference host; only where there are several hosts.
PARITY = ("parity_host", "parity_difference", "parity_share_equal", "parity_share_matched")


# Columns of the accuracy that the suite says was published; only where one says so.
PUBLISHED = ("expected_map_50_95", "expected_data", "expected_source")


def render_csv(records: Sequence[Record]) -> str:
    """Render records as CSV with a header; empty cells where there is no figure."""
    names = [name for name in METRICS if any(record.metric(name) for record in records)]
    ended = [name for name in names if any(bounds(record.metric(name)) for record in records)]
    measured = [column for name in names for column in _columns(name, name in ended)]
    published = PUBLISHED if any(record.expected for record in records) else ()
    file = io.StringIO()
    agreed = PARITY if any(record.parity for record in records) else ()
    columns = [*TEXTS, "recipe", "artifact_sha256", *SEEN, *agreed, *measured, *published]
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    for record in records:
        expected = record.expected or {}
        about = {name: _text(expected.get(name.removeprefix("expected_"), "")) for name in published}
        parity = {name: value for name, value in _parity(record).items() if agreed}
        writer.writerow(_row(record, names, ended) | _seen(record) | parity | about)
    return file.getvalue()


def _seen(record: Record) -> dict[str, Any]:
    told = {**record.environment, **record.proof}
    return {name: "" if told.get(name) is None else _text(told[name]) for name in SEEN}


def _parity(record: Record) -> dict[str, Any]:
    parity = record.parity or {}
    difference = parity.get("difference") or {}
    values = (
        parity.get("host"),
        difference.get("value"),
        parity.get("share_equal"),
        parity.get("share_matched"),
    )
    return {name: "" if value is None else _text(value) for name, value in zip(PARITY, values, strict=True)}


def _columns(name: str, has_ends: bool) -> list[str]:
    return [name, f"{name}_low", f"{name}_high"] if has_ends else [name]


def _row(record: Record, names: Sequence[str], ended: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: _text(getattr(record, name)) for name in TEXTS}
    row["recipe"] = _text(precision_name(record))
    row["artifact_sha256"] = record.artifact.get("sha256", "")
    for name in names:
        metric = record.metric(name)
        row[name] = metric.value if metric and is_known(metric) else ""
        if name in ended:
            low, high = (metric and is_known(metric) and bounds(metric)) or ("", "")
            row |= {f"{name}_low": low, f"{name}_high": high}
    return row


def _text(value: Any) -> Any:
    """Keep spreadsheets from running a text as a formula; half a surrogate pair cannot be written."""
    if not isinstance(value, str) or not value:
        return value
    text = value.encode("utf-8", "replace").decode("utf-8")
    return f"'{text}" if text[0] in "=+-@\t\r" else text
