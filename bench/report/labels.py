"""Short names of cases: as short as tells the cases of one table apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.core.record import Record
from bench.report.table import Keys


def precision_name(record: Record) -> str:
    """Return what the matrix calls the case's recipe, or a given file's declared precision."""
    return str((record.recipe or {}).get("name") or record.precision)


def keys_of(record: Record) -> Keys:
    """Return what a reader filters the case's rows, points and parts by."""
    return Keys(record.case, record.host, record.runtime, record.precision, str(record.threads))


def case_labels(records: Sequence[Record]) -> dict[str, str]:
    """Return a label for each case id: `int8 on litert`, with threads or model where they vary."""
    has_threads = len({record.threads for record in records}) > 1
    has_models = len({record.model for record in records}) > 1
    labels = {record.case: _label(record, has_threads, has_models) for record in records}
    seen = Counter(labels.values())
    return {case: case if seen[label] > 1 else label for case, label in labels.items()}


def in_reading_order(records: Sequence[Record]) -> list[Record]:
    """Sort so that each fp32 stands above the variants that are compared with it."""
    first = {record.case: index for index, record in enumerate(records)}
    family = {record.case: first.get(record.sibling, first[record.case]) for record in records}
    return sorted(
        records, key=lambda record: (family[record.case], record.precision != "fp32", first[record.case])
    )


def _label(record: Record, has_threads: bool, has_models: bool) -> str:
    name = f"{record.model} {precision_name(record)}" if has_models else precision_name(record)
    threads = f", {record.threads} threads" if has_threads and record.threads != 1 else ""
    one = ", 1 thread" if has_threads and record.threads == 1 else ""
    return f"{name} on {record.runtime}{threads}{one}"
